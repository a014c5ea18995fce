-- run, agent, fence, term in milliseconds → the fence from now on, and the lease lasts for another term; nothing if it
-- isn't held. Asked again under the fence before, the answer is the same.
local run, agent, fence, term = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local known = redis.call('HMGET', key('run:' .. run), 'connection', 'fence', 'before')
local current = known[2]
if known[3] == fence and current and is_held(run, agent, current) then
  fence = current
elseif is_held(run, agent, fence) then
  current = generation .. '.' .. redis.call('HINCRBY', key('fences'), known[1], 1)
  redis.call('HSET', key('run:' .. run), 'fence', current, 'before', fence)
else
  return false
end
redis.call('HSET', key('run:' .. run), 'until', now + term, 'renewed', '1')
redis.call('ZADD', key('leased'), now + term, run)
return current
