-- agent, term in milliseconds → run and fence; or in how many milliseconds one may be
-- ready, and -1 where nobody can say; -2 for an agent that is drained.
local agent, term = ARGV[1], tonumber(ARGV[2])
if redis.call('SISMEMBER', key('draining'), agent) == 1 then
  return { -2 }
end
promote()
while true do
  local institution = redis.call('ZRANGE', key('institutions'), 0, 0)[1]
  if not institution then
    break
  end
  local flow = redis.call('ZRANGE', key('flows:' .. institution), 0, 0, 'WITHSCORES')
  local organization, pass = flow[1], tonumber(flow[2])
  local run = redis.call('ZRANGE', key('runs:' .. institution .. '/' .. organization), 0, 0)[1]
  -- A flow that was set aside for long has one turn ahead of the others, not many.
  local last = math.max(pass, tonumber(redis.call('GET', key('pass')) or 0))
  redis.call('SET', key('pass'), last)
  redis.call('ZADD', key('flows:' .. institution), last + 1, organization)
  local since = redis.call('ZSCORE', key('waiting:' .. institution), run)
  take_out(run, organization, institution)
  local known = redis.call('HMGET', key('run:' .. run), 'connection', 'state')
  if known[2] == 'ready' then
    local fence = generation .. '.' .. redis.call('HINCRBY', key('fences'), known[1], 1)
    local lapses = now + term
    redis.call('HSET', key('run:' .. run), 'state', 'leased', 'agent', agent, 'fence', fence, 'until', lapses, 'since', now)
    redis.call('ZADD', key('leased'), lapses, run)
    redis.call('SADD', key('working:' .. institution), run)
    local pace = redis.call('HMGET', key('institution:' .. institution), 'next', 'interval')
    local interval = tonumber(pace[2] or 0)
    if interval > 0 then
      redis.call('HSET', key('institution:' .. institution), 'next', math.max(now, tonumber(pace[1] or 0)) + interval)
    end
    settle(institution)
    remember('waits', now - tonumber(since or now))
    return { run, fence }
  end
  settle(institution)
end
local soonest = -1
for _, name in ipairs({ 'aside', 'delayed' }) do
  local first = redis.call('ZRANGE', key(name), 0, 0, 'WITHSCORES')
  if #first > 0 then
    local left = math.max(tonumber(first[2]) - now, 0)
    soonest = soonest < 0 and left or math.min(soonest, left)
  end
end
return { soonest }
