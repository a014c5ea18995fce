-- institution, milliseconds for which nothing is started there, and whether one run is
-- then started at a time → nothing.
local institution, closed = ARGV[1], tonumber(ARGV[2])
redis.call('HSET', key('institution:' .. institution),
  'closed_until', closed > 0 and now + closed or 0, 'probing', ARGV[3])
redis.call('SADD', key('known'), institution)
settle(institution)
