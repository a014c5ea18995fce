-- generation, process → 1 if a generation began. It doesn't where a later one is known, or
-- where another process of Redis answers than the one that was looked at.
local process = redis.call('INFO', 'server'):match('run_id:(%x+)')
local known = tonumber(redis.call('GET', KEYS[1] .. 'generation') or '0')
if ARGV[2] ~= process or tonumber(ARGV[1]) <= known then
  return 0
end
redis.call('SET', KEYS[1] .. 'generation', ARGV[1])
redis.call('SET', KEYS[1] .. 'process', process)
return 1
