-- What every step begins with: the keys of the current generation, Redis' own
-- clock in milliseconds, and how a run becomes ready.
local prefix = KEYS[1]
local generation = redis.call('GET', prefix .. 'generation')
if not generation then
  return redis.error_reply('LOST the queue has no generation')
end

local function key(name)
  return prefix .. generation .. ':' .. name
end

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function make_ready(run)
  local flow = redis.call('HGET', key('run:' .. run), 'flow')
  redis.call('HSET', key('run:' .. run), 'state', 'ready')
  redis.call('RPUSH', key('flow:' .. flow), run)
  -- A flow that comes back joins at the pass of the flow that ran last.
  redis.call('ZADD', key('flows'), 'NX', redis.call('GET', key('pass')) or '0', flow)
  redis.call('PUBLISH', prefix .. 'news', run)
end

local function is_held(run, agent, fence)
  local held = redis.call('HMGET', key('run:' .. run), 'state', 'agent', 'fence', 'until')
  return held[1] == 'leased' and held[2] == agent and held[3] == fence and tonumber(held[4]) > now
end

