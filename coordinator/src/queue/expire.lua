-- grace in milliseconds → the runs whose lease has lapsed, and whether it was ever
-- renewed. They are the caller's until the grace is over: nobody holds them, and
-- nobody gets them, until they are taken back or forgotten.
local grace = tonumber(ARGV[1])
local lapsed = redis.call('ZRANGEBYSCORE', key('leased'), '-inf', now, 'LIMIT', 0, 100)
local answer = {}
for _, run in ipairs(lapsed) do
  local was_renewed = redis.call('HGET', key('run:' .. run), 'renewed') or '0'
  redis.call('HSET', key('run:' .. run), 'state', 'lapsed')
  redis.call('HDEL', key('run:' .. run), 'agent', 'fence', 'until', 'renewed')
  redis.call('ZADD', key('leased'), now + grace, run)
  table.insert(answer, { run, was_renewed })
end
return answer
