-- → the agents that were heard of lately: id, name, seats, milliseconds since,
-- and whether it gets no lease.
local answer = {}
for _, agent in ipairs(redis.call('ZRANGEBYSCORE', key('seen'), now - 60000, '+inf')) do
  local seen = tonumber(redis.call('ZSCORE', key('seen'), agent))
  table.insert(answer, {
    agent, redis.call('HGET', key('agents'), agent) or '', redis.call('HGET', key('seats'), agent) or '',
    math.max(now - seen, 0),
    redis.call('SISMEMBER', key('draining'), agent),
  })
end
return answer
