-- run, agent, fence, delay in milliseconds, whether it was begun → 1 if the run was taken back.
local run, agent, fence, delay, begun = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
if not is_held(run, agent, fence) then
  return 0
end
if begun == 'unbegun' then
  -- The bank was asked nothing: somebody else may start in its place.
  local institution = key('institution:' .. redis.call('HGET', key('run:' .. run), 'institution'))
  local pace = redis.call('HMGET', institution, 'next', 'interval')
  if tonumber(pace[1] or 0) > 0 then
    redis.call('HSET', institution, 'next', tonumber(pace[1]) - tonumber(pace[2] or 0))
  end
end
let_go(run)
if delay > 0 then
  redis.call('HSET', key('run:' .. run), 'state', 'delayed')
  redis.call('ZADD', key('delayed'), now + delay, run)
else
  make_ready(run)
end
return 1
