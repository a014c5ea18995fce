-- grace in milliseconds → the runs whose lease has lapsed, and whether it was ever
-- renewed. They are the caller's until the grace is over: nobody holds them, and
-- nobody gets them, until they are taken back or forgotten.
local grace = tonumber(ARGV[1])
local answer = {}
for _, run in ipairs(redis.call('ZRANGEBYSCORE', key('leased'), '-inf', now, 'LIMIT', 0, 100)) do
  local was_renewed = redis.call('HGET', key('run:' .. run), 'renewed') or '0'
  let_go(run)
  redis.call('HSET', key('run:' .. run), 'state', 'lapsed')
  redis.call('ZADD', key('leased'), now + grace, run)
  table.insert(answer, { run, was_renewed })
end
return answer
