-- run → nothing.
local run = ARGV[1]
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
