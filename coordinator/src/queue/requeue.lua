-- run, agent, fence, delay in milliseconds → 1 if the run was taken back.
local run, agent, fence, delay = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not is_held(run, agent, fence) then
  return 0
end
let_go(run)
if delay > 0 then
  redis.call('HSET', key('run:' .. run), 'state', 'delayed')
  redis.call('ZADD', key('delayed'), now + delay, run)
else
  make_ready(run)
end
return 1
