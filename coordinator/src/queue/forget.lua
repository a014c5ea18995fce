-- run → nothing.
forget(ARGV[1])
