-- What every step begins with: the keys of the current generation, Redis' own
-- clock in milliseconds, and how runs come and go.
local prefix = KEYS[1]
local generation = redis.call('GET', prefix .. 'generation')
if not generation then
  return redis.error_reply('LOST the queue has no generation')
end
-- A server that was started since, or another that took over, may have come back older than it was.
if redis.call('GET', prefix .. 'process') ~= redis.call('INFO', 'server'):match('run_id:(%x+)') then
  return redis.error_reply('LOST the generation began in another process')
end

-- The number is that of this layout of keys: coordinators with another one keep out of it.
local function key(name)
  return prefix .. generation .. ':2:' .. name
end

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- A run of the classes that follow is started when none of those before is ready.
local CLASS_WEIGHT = 2 ^ 44
-- How much is remembered of waits and of services, and how long one span of arrivals is.
local SAMPLES, SPAN = 500, 10000

-- Puts an institution among those whose turn it may be, or sets it aside: until a time,
-- or until one of its leases ends. What is set aside keeps nobody else waiting. Whoever waits
-- for a run hears of an institution that comes back.
local function settle(institution)
  local first = redis.call('ZRANGE', key('flows:' .. institution), 0, 0, 'WITHSCORES')
  local known = redis.call('HMGET', key('institution:' .. institution), 'cap', 'next', 'closed_until', 'probing')
  local opens = math.max(tonumber(known[2] or 0), tonumber(known[3] or 0))
  -- Where nobody has said what an institution may be asked, it is asked nothing.
  local cap = math.min(tonumber(known[1] or 0), known[4] == '1' and 1 or math.huge)
  local was_aside = redis.call('ZREM', key('institutions'), institution) == 0
  redis.call('ZREM', key('aside'), institution)
  if #first == 0 then
    return
  end
  if opens > now then
    redis.call('ZADD', key('aside'), opens, institution)
  elseif redis.call('SCARD', key('working:' .. institution)) < cap then
    redis.call('ZADD', key('institutions'), first[2], institution)
    if was_aside then
      redis.call('PUBLISH', prefix .. 'news', institution)
    end
  end
end

-- Institutions whose time has come.
local function bring_back()
  for _, institution in ipairs(redis.call('ZRANGEBYSCORE', key('aside'), '-inf', now, 'LIMIT', 0, 100)) do
    settle(institution)
  end
end

local function remember(list, value)
  redis.call('LPUSH', key(list), value)
  redis.call('LTRIM', key(list), 0, SAMPLES - 1)
end

local function make_ready(run)
  local known = redis.call('HMGET', key('run:' .. run), 'organization', 'institution', 'class', 'place')
  local organization, institution = known[1], known[2]
  local flow = institution .. '/' .. organization
  -- A run that comes back keeps its place.
  local place = known[4] or tostring(redis.call('INCR', key('places')))
  redis.call('HSET', key('run:' .. run), 'state', 'ready', 'place', place)
  redis.call('ZADD', key('runs:' .. flow), tonumber(known[3]) * CLASS_WEIGHT + tonumber(place), run)
  redis.call('ZADD', key('waiting:' .. institution), now, run)
  -- A flow that comes back joins at the pass of the flow that ran last, or at its own if it
  -- is ahead of that: to come and go wins nothing.
  local pass = math.max(
    tonumber(redis.call('GET', key('pass')) or 0), tonumber(redis.call('HGET', key('passes'), flow) or 0))
  redis.call('HDEL', key('passes'), flow)
  redis.call('ZADD', key('flows:' .. institution), 'NX', pass, organization)
  settle(institution)
  local span = key('arrivals:' .. math.floor(now / SPAN))
  redis.call('HINCRBY', span, institution, 1)
  redis.call('PEXPIRE', span, SPAN * 12)
  redis.call('PUBLISH', prefix .. 'news', run)
end

-- Makes delayed runs ready that are due.
local function promote()
  local due = redis.call('ZRANGEBYSCORE', key('delayed'), '-inf', now, 'LIMIT', 0, 500)
  for _, run in ipairs(due) do
    redis.call('ZREM', key('delayed'), run)
    make_ready(run)
  end
  bring_back()
  return #due
end

-- Takes a ready run out of its flow. A flow without runs leaves its pass behind, if it is
-- ahead of the others.
local function take_out(run, organization, institution)
  local flow = institution .. '/' .. organization
  redis.call('ZREM', key('runs:' .. flow), run)
  redis.call('ZREM', key('waiting:' .. institution), run)
  if redis.call('EXISTS', key('runs:' .. flow)) == 0 then
    local pass = redis.call('ZSCORE', key('flows:' .. institution), organization)
    redis.call('ZREM', key('flows:' .. institution), organization)
    if pass and tonumber(pass) > tonumber(redis.call('GET', key('pass')) or 0) then
      redis.call('HSET', key('passes'), flow, pass)
    end
  end
end

-- Ends a lease, whoever has it; the run is in no place then.
local function let_go(run)
  local institution = redis.call('HGET', key('run:' .. run), 'institution')
  redis.call('ZREM', key('leased'), run)
  redis.call('ZREM', key('parked'), run)
  redis.call('HDEL', key('run:' .. run), 'agent', 'fence', 'before', 'until', 'renewed', 'since', 'waited')
  if institution and redis.call('SREM', key('working:' .. institution), run) == 1 then
    settle(institution)
  end
end

-- Takes a run out, wherever it is.
local function forget(run)
  local known = redis.call('HMGET', key('run:' .. run), 'connection', 'organization', 'institution', 'state', 'since', 'waited')
  if not known[1] then
    return
  end
  if known[4] == 'ready' then
    take_out(run, known[2], known[3])
    settle(known[3])
  elseif known[5] then
    remember('services', now - tonumber(known[5]) - tonumber(known[6] or 0))
  end
  let_go(run)
  redis.call('ZREM', key('delayed'), run)
  if redis.call('HGET', key('open'), known[1]) == run then
    redis.call('HDEL', key('open'), known[1])
  end
  redis.call('DEL', key('run:' .. run))
end

local function is_held(run, agent, fence)
  local held = redis.call('HMGET', key('run:' .. run), 'state', 'agent', 'fence', 'until')
  return (held[1] == 'leased' or held[1] == 'parked')
    and held[2] == agent and held[3] == fence and tonumber(held[4]) > now
end

