-- → the process of Redis that answers, and the generation that began in it, if one did.
local process = redis.call('INFO', 'server'):match('run_id:(%x+)')
if redis.call('GET', KEYS[1] .. 'process') ~= process then
  return { process }
end
return { process, redis.call('GET', KEYS[1] .. 'generation') }
