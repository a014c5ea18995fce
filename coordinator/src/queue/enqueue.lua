-- run, connection, organization, institution, class, delay in milliseconds → nothing.
local run, connection, delay = ARGV[1], ARGV[2], tonumber(ARGV[6])
if redis.call('HSETNX', key('open'), connection, run) == 0 then
  return
end
redis.call('HSET', key('run:' .. run),
  'connection', connection, 'organization', ARGV[3], 'institution', ARGV[4], 'class', ARGV[5])
redis.call('SADD', key('known'), ARGV[4])
if delay > 0 then
  redis.call('HSET', key('run:' .. run), 'state', 'delayed')
  redis.call('ZADD', key('delayed'), now + delay, run)
else
  make_ready(run)
end
