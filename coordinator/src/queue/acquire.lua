-- agent, term in milliseconds → run and fence, or nothing.
local agent, term = ARGV[1], tonumber(ARGV[2])
while true do
  local first = redis.call('ZRANGE', key('flows'), 0, 0, 'WITHSCORES')
  if #first == 0 then
    return false
  end
  local flow, pass = first[1], tonumber(first[2])
  local run = redis.call('LPOP', key('flow:' .. flow))
  if redis.call('LLEN', key('flow:' .. flow)) == 0 then
    redis.call('ZREM', key('flows'), flow)
  else
    redis.call('ZADD', key('flows'), pass + 1, flow)
  end
  redis.call('SET', key('pass'), pass)
  local connection = run and redis.call('HGET', key('run:' .. run), 'connection')
  if connection then
    local fence = generation .. '.' .. redis.call('HINCRBY', key('fences'), connection, 1)
    local lapses = now + term
    redis.call('HSET', key('run:' .. run), 'state', 'leased', 'agent', agent, 'fence', fence, 'until', lapses)
    redis.call('ZADD', key('leased'), lapses, run)
    return { run, fence }
  end
end
