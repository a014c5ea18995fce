-- agent, its name, its seats; an empty text says nothing new → nothing. Those that nobody
-- heard of for long are forgotten.
if ARGV[2] ~= '' then
  redis.call('HSET', key('agents'), ARGV[1], ARGV[2])
end
if ARGV[3] ~= '' then
  redis.call('HSET', key('seats'), ARGV[1], ARGV[3])
end
redis.call('ZADD', key('seen'), now, ARGV[1])
local silent = redis.call('ZRANGEBYSCORE', key('seen'), '-inf', now - 60000, 'LIMIT', 0, 100)
for _, agent in ipairs(silent) do
  redis.call('HDEL', key('agents'), agent)
  redis.call('HDEL', key('seats'), agent)
  redis.call('ZREM', key('seen'), agent)
  redis.call('SREM', key('draining'), agent)
end
