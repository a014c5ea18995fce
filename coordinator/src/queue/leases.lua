-- how many at most → the leased runs whose lease lapses first: run, connection, organization,
-- institution, state, agent, milliseconds since when, and until when.
local answer = {}
for _, run in ipairs(redis.call('ZRANGE', key('leased'), 0, tonumber(ARGV[1]) - 1)) do
  local known = redis.call('HMGET', key('run:' .. run),
    'connection', 'organization', 'institution', 'state', 'agent', 'since', 'until')
  if known[5] then
    table.insert(answer, {
      run, known[1], known[2], known[3], known[4], known[5],
      math.max(now - tonumber(known[6] or now), 0), math.max(tonumber(known[7] or now) - now, 0),
    })
  end
end
return answer
