#!/usr/bin/env bash
# Speed and memory of `edgepipe serve`: a large file against nginx, and queries by many clients.
#
#   scripts/bench-serve.sh [FILE.gguf]
#   COMPRESS_FROM=10% scripts/bench-serve.sh FILE.gguf     parts that compression makes less than 10 % smaller stay as they are
#
# Needs Debian's nginx-light, wrk and curl. Without a file, random weights in Phi-3's shapes are converted to F32 (1.3 GB). nginx sends
# the plain file from the page cache with sendfile; the server sends it from the registry's parts, which are compressed where that
# pays. Clients are curl processes on this machine, which share its processors with the server.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s inherit_errexit

edgepipe=$PWD/.build/release/edgepipe
bench=$PWD/.build/bench
[[ -x $edgepipe ]] || { echo "bench-serve: build first: swift build -c release" >&2; exit 1; }
for tool in nginx wrk curl; do
    command -v "$tool" > /dev/null || { echo "bench-serve: $tool is missing (apt-get install nginx-light wrk curl)" >&2; exit 1; }
done
mkdir -p "$bench"
file=${1:-$bench/phi3-323m.f32.gguf}
if [[ ! -f $file ]]; then
    [[ -f $bench/phi3-323m/config.json ]] || python3 scripts/make-random-checkpoint.py "$bench/phi3-323m" --preset phi3-323m
    "$edgepipe" convert "$bench/phi3-323m" -o "$file" --type f32 > /dev/null
fi
file=$(realpath "$file")
work=$(mktemp -d -p "$bench")
servers=()
finish() { for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done; wait; rm -rf "$work"; }
trap finish EXIT
cd "$work"

"$edgepipe" registry init --registry registry.db --quiet > /dev/null
"$edgepipe" registry storage --compress-from "${COMPRESS_FROM:-1%}" --registry registry.db > /dev/null
"$edgepipe" registry import "$file" --as bench@1.0.0:f32 --license mit --registry registry.db --quiet > /dev/null
digest=$("$edgepipe" registry list --json --registry registry.db | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["digest"])')
"$edgepipe" serve --listen 127.0.0.1:0 --registry registry.db 2> server.log &
server=$!
servers+=("$server")
for _ in $(seq 100); do
    base=$(sed -n 's/^listening on //p' server.log)
    [[ -n $base ]] && break
    sleep 0.1
done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
ln "$file" file.gguf 2> /dev/null || cp "$file" file.gguf
cat > nginx.conf <<CONF
worker_processes auto; daemon off; pid $work/nginx.pid; error_log $work/nginx.err;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; server { listen 127.0.0.1:$port; root $work; } }
CONF
chmod 755 "$work"
nginx -c "$work/nginx.conf" &
servers+=($!)
sleep 1

cat file.gguf > /dev/null
own=$base/v2/bench/blobs/sha256:$digest
other=http://127.0.0.1:$port/file.gguf
curl -s -o /dev/null "$own"
printf '%-28s %10s %10s %7s\n' "$(basename "$file"), $(stat -c %s file.gguf) bytes" 'nginx' 'serve' 'ratio'
row() { python3 -c "import sys; n, s = map(float, sys.argv[2:]); print(f'{sys.argv[1]:<28} {n:9.2f}s {s:9.2f}s {n / s:7.2f}')" "$@"; }
once() { curl -s -o /dev/null -w '%{time_total}\n' "$1"; }
median() { sort -n | sed -n "$((($1 + 1) / 2))p"; }
for round in 1 2 3 4 5; do once "$other" >> nginx.times; once "$own" >> serve.times; done
row 'one client, median of 5' "$(median 5 < nginx.times)" "$(median 5 < serve.times)"
resident() { awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$server/status"; }
echo "memory so far: $(resident) MiB"
# Each of 64 clients begins somewhere else and takes a sixty-fourth, so that all of the file is on its way at once.
many() {
    local size step started
    size=$(stat -c %s file.gguf)
    step=$((size / 64))
    started=$(date +%s.%N)
    for number in $(seq 0 63); do curl -s -o /dev/null -r "$((number * step))-$((number * step + step - 1))" "$1" & pids[number]=$!; done
    wait "${pids[@]}"
    python3 -c "import sys; print(float(sys.argv[1]) - float(sys.argv[2]))" "$(date +%s.%N)" "$started"
}
row '64 clients, a part each' "$(many "$other")" "$(many "$own")"
echo "most memory: $(resident) MiB"
echo
echo "32 clients ask queries for 10 s; an answer that is known, and questions that differ:"
wrk -t2 -c32 -d10s --latency "$base/api/v1/query?ram=3GB&platform=android" | grep -E '99%|Requests/sec'
cat > vary.lua <<'LUA'
local number = 0
request = function()
    number = number + 1
    return wrk.format("GET", string.format("/api/v1/query?ram=%dMB&platform=android&context=%d", 500 + number % 4000, 512 + number % 3000))
end
LUA
wrk -t2 -c32 -d10s --latency -s vary.lua "$base" | grep -E '99%|Requests/sec|Non-2xx' || true
