-- → for each institution: name, ready, started, cap, milliseconds until something may start
-- there (0: now), since when the oldest ready run waits in milliseconds, arrivals in the last
-- full minute; and of the whole queue: delayed, leased, parked, waits, services.
local institutions, span = {}, math.floor(now / SPAN)
for _, institution in ipairs(redis.call('SMEMBERS', key('known'))) do
  local known = redis.call('HMGET', key('institution:' .. institution), 'cap', 'next', 'closed_until', 'probing')
  local closed = math.max(tonumber(known[2] or 0), tonumber(known[3] or 0))
  local oldest = redis.call('ZRANGE', key('waiting:' .. institution), 0, 0, 'WITHSCORES')
  local arrivals = 0
  for back = 1, 6 do
    arrivals = arrivals + tonumber(redis.call('HGET', key('arrivals:' .. (span - back)), institution) or 0)
  end
  table.insert(institutions, {
    institution,
    redis.call('ZCARD', key('waiting:' .. institution)),
    redis.call('SCARD', key('working:' .. institution)),
    math.min(tonumber(known[1] or 0), known[4] == '1' and 1 or math.huge),
    math.max(closed - now, 0),
    #oldest > 0 and now - tonumber(oldest[2]) or 0,
    arrivals,
  })
end
return {
  institutions,
  redis.call('ZCARD', key('delayed')),
  redis.call('ZCARD', key('leased')),
  redis.call('ZCARD', key('parked')),
  redis.call('LRANGE', key('waits'), 0, -1),
  redis.call('LRANGE', key('services'), 0, -1),
}
