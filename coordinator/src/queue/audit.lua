-- → what is wrong, a sentence each. Changes nothing; for tests and for operators, as it
-- looks at everything.
local wrong = {}
local function say(...)
  table.insert(wrong, table.concat({ ... }))
end
local delayed, leased = {}, {}
for _, run in ipairs(redis.call('ZRANGE', key('delayed'), 0, -1)) do delayed[run] = true end
for _, run in ipairs(redis.call('ZRANGE', key('leased'), 0, -1)) do leased[run] = true end
local ready, working = {}, {}
for _, institution in ipairs(redis.call('SMEMBERS', key('known'))) do
  local held = redis.call('SMEMBERS', key('working:' .. institution))
  for _, run in ipairs(held) do working[run] = institution end
  local known = redis.call('HMGET', key('institution:' .. institution), 'cap', 'probing')
  local flows = redis.call('ZRANGE', key('flows:' .. institution), 0, -1)
  local count = 0
  for _, organization in ipairs(flows) do
    local runs = redis.call('ZRANGE', key('runs:' .. institution .. '/' .. organization), 0, -1)
    if #runs == 0 then say('flow ', institution, '/', organization, ' has no run') end
    for _, run in ipairs(runs) do
      ready[run] = true
      count = count + 1
      if not redis.call('ZSCORE', key('waiting:' .. institution), run) then say('run ', run, ' is ready and not waiting') end
    end
  end
  if redis.call('ZCARD', key('waiting:' .. institution)) ~= count then
    say('institution ', institution, ' counts other runs than its flows have')
  end
  local listed = redis.call('ZSCORE', key('institutions'), institution)
  if listed and #flows == 0 then say('institution ', institution, ' is listed without a run') end
  if listed and #held >= math.min(tonumber(known[1] or 0), known[2] == '1' and 1 or math.huge) then say('institution ', institution, ' is listed at its cap') end
end
for _, connection in ipairs(redis.call('HKEYS', key('open'))) do
  local run = redis.call('HGET', key('open'), connection)
  local known = redis.call('HMGET', key('run:' .. run), 'connection', 'state')
  if known[1] ~= connection then say('connection ', connection, ' has a run of another') end
  local places = (delayed[run] and 1 or 0) + (leased[run] and 1 or 0) + (ready[run] and 1 or 0)
  if places ~= 1 then say('run ', run, ' is in ', tostring(places), ' places') end
  local place = ready[run] and 'ready' or delayed[run] and 'delayed' or leased[run] and 'leased' or 'none'
  local state = known[2]
  if (state == 'parked' or state == 'lapsed') and place == 'leased' then state = 'leased' end
  if state ~= place then say('run ', run, ' is ', tostring(known[2]), ' and stands among the ', place) end
  local is_parked = redis.call('ZSCORE', key('parked'), run)
  if (known[2] == 'parked') ~= (is_parked and true or false) then say('run ', run, ' is parked in one place alone') end
  local is_held = known[2] == 'leased' or known[2] == 'parked'
  if is_held ~= (working[run] ~= nil) then say('run ', run, ' counts against no cap, or wrongly') end
  working[run], delayed[run], leased[run], ready[run] = nil, nil, nil, nil
end
for _, left in ipairs({ working, delayed, leased, ready }) do
  for run in pairs(left) do say('run ', run, ' belongs to no connection') end
end
return wrong
