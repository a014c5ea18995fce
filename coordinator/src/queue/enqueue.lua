-- run, connection, flow, delay in milliseconds → nothing.
local run, connection, flow, delay = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if redis.call('HSETNX', key('open'), connection, run) == 0 then
  return
end
redis.call('HSET', key('run:' .. run), 'connection', connection, 'flow', flow)
if delay > 0 then
  redis.call('HSET', key('run:' .. run), 'state', 'delayed')
  redis.call('ZADD', key('delayed'), now + delay, run)
else
  make_ready(run)
end
