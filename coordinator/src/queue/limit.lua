-- institution, how many leases at once, milliseconds between two starts → nothing.
local institution = ARGV[1]
redis.call('HSET', key('institution:' .. institution), 'cap', ARGV[2], 'interval', ARGV[3])
redis.call('SADD', key('known'), institution)
settle(institution)
