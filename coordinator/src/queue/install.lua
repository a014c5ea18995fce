-- generation → nothing. Begins a generation unless a later one is known.
local known = tonumber(redis.call('GET', KEYS[1] .. 'generation') or '0')
if tonumber(ARGV[1]) > known then
  redis.call('SET', KEYS[1] .. 'generation', ARGV[1])
end
