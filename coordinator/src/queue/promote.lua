-- → how many delayed runs became ready.
local due = redis.call('ZRANGEBYSCORE', key('delayed'), '-inf', now, 'LIMIT', 0, 500)
for _, run in ipairs(due) do
  redis.call('ZREM', key('delayed'), run)
  make_ready(run)
end
return #due
