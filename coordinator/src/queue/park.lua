-- run, agent, fence, and whether a person is waited for → 1 if the lease is held.
local run, agent, fence, waits = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
if not is_held(run, agent, fence) then
  return 0
end
redis.call('HSET', key('run:' .. run), 'state', waits and 'parked' or 'leased')
if waits then
  redis.call('ZADD', key('parked'), 'NX', now, run)
else
  local since = redis.call('ZSCORE', key('parked'), run)
  redis.call('ZREM', key('parked'), run)
  redis.call('HINCRBY', key('run:' .. run), 'waited', now - tonumber(since or now))
end
return 1
