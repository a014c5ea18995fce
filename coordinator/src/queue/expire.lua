-- → the runs whose lease has lapsed; they are ready again.
local lapsed = redis.call('ZRANGEBYSCORE', key('leased'), '-inf', now, 'LIMIT', 0, 100)
for _, run in ipairs(lapsed) do
  redis.call('ZREM', key('leased'), run)
  redis.call('HDEL', key('run:' .. run), 'agent', 'fence', 'until')
  make_ready(run)
end
return lapsed
