-- run, connection, organization, institution, class, delay in milliseconds → nothing.
-- A run of the same connection that nobody holds makes way: the store has one open run for
-- each, so that one has ended there.
local run, connection, delay = ARGV[1], ARGV[2], tonumber(ARGV[6])
local other = redis.call('HGET', key('open'), connection)
local state = other and other ~= run and redis.call('HGET', key('run:' .. other), 'state')
if state == 'ready' or state == 'delayed' then
  forget(other)
end
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
