#!/bin/sh
# Makes the secrets of compose.yaml, once, in `secrets` beside it or in the folder that is named. What is there stays:
# a new master key would open nothing that was sealed with the old one.
set -eu
folder=${1:-$(dirname "$0")/secrets}
if [ -e "$folder" ]; then
    echo "error: $folder is there already" >&2
    echo "hint: to begin anew, take it away, and the volumes with it" >&2
    exit 1
fi
# Only this user gets into the folder. Containers have each file by itself, and read it as users of their own.
mkdir -m 700 "$folder"
umask 022
word() { head -c 32 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_' | tr -d =; }
redis=$(word) postgres=$(word) agent=$(word)
printf '%s' "$agent" >"$folder/agent.token"
printf '%s' "$postgres" >"$folder/postgres.password"
cat >"$folder/redis.conf" <<END
requirepass $redis
save ""
appendonly no
maxmemory-policy noeviction
END
cat >"$folder/settings.toml" <<END
[store]
url = "postgres://bursar:$postgres@postgres/bursar"

[redis]
url = "redis://:$redis@redis:6379"

[vault]
master_key = "$(head -c 32 /dev/urandom | base64 | tr -d '\n')"

[agents]
token = "$agent"

[control]
token = "$(word)"

[pool]
# As --slots and --parked of the agents.
slots_per_agent = 2
parked_per_agent = 10
END
echo "Keep a copy of $folder/settings.toml apart from the database: with it the database is readable, without it, lost." >&2
