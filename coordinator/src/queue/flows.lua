-- how many at most → flows that have ready runs: institution, organization, how many, and
-- milliseconds since when its first run waits.
local answer, limit = {}, tonumber(ARGV[1])
for _, institution in ipairs(redis.call('SMEMBERS', key('known'))) do
  for _, organization in ipairs(redis.call('ZRANGE', key('flows:' .. institution), 0, limit - #answer - 1)) do
    local runs = key('runs:' .. institution .. '/' .. organization)
    local first = redis.call('ZRANGE', runs, 0, 0)[1]
    local since = first and redis.call('ZSCORE', key('waiting:' .. institution), first)
    table.insert(answer, {
      institution, organization, redis.call('ZCARD', runs), math.max(now - tonumber(since or now), 0),
    })
  end
  if #answer >= limit then
    break
  end
end
return answer
