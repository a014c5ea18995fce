-- run → nothing. A run whose lease has lapsed is ready again.
local run = ARGV[1]
if redis.call('HGET', key('run:' .. run), 'state') == 'lapsed' then
  redis.call('ZREM', key('leased'), run)
  make_ready(run)
end
