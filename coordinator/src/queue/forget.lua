-- run → nothing.
local run = ARGV[1]
local known = redis.call('HMGET', key('run:' .. run), 'connection', 'flow')
if not known[1] then
  return
end
redis.call('ZREM', key('leased'), run)
redis.call('ZREM', key('delayed'), run)
redis.call('LREM', key('flow:' .. known[2]), 0, run)
if redis.call('HGET', key('open'), known[1]) == run then
  redis.call('HDEL', key('open'), known[1])
end
redis.call('DEL', key('run:' .. run))
