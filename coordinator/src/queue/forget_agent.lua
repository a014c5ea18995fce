-- agent → nothing. It was heard of last, as if its minute were over.
redis.call('ZADD', key('seen'), 'XX', now - 60001, ARGV[1])
