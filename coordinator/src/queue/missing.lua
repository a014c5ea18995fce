-- pairs of connection and run → the runs that aren't their connections' open ones. One reading
-- for many: most are there.
local answer = {}
for first = 1, #ARGV, 2000 do
  local connections = {}
  for place = first, math.min(first + 1999, #ARGV), 2 do
    table.insert(connections, ARGV[place])
  end
  local open = redis.call('HMGET', key('open'), unpack(connections))
  for place = 1, #connections do
    local run = ARGV[first + place * 2 - 1]
    if open[place] ~= run then
      table.insert(answer, run)
    end
  end
end
return answer
