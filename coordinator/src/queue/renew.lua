-- run, agent, fence, term in milliseconds → 1 if the lease goes on.
local run, agent, fence, term = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if not is_held(run, agent, fence) then
  return 0
end
redis.call('HSET', key('run:' .. run), 'until', now + term, 'renewed', '1')
redis.call('ZADD', key('leased'), now + term, run)
return 1
