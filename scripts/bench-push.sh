#!/usr/bin/env bash
# Speed of push and pull to Debian's docker-registry on the loopback address, against skopeo on the same bytes.
#
#   scripts/bench-push.sh [FILE.gguf] [ROUNDS]
#
# Needs docker-registry and skopeo. Without a file, one of 1.3 GB is made below .build/bench. Both send the same build into an empty
# registry, and fetch it into a new file; runs take turns and medians are compared. A ratio above 1 means that edgepipe is faster.
# Last comes a query from afar beside the same query on the disk, with what was fetched before in the cache.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=$PWD/.build/release/edgepipe
bench=$PWD/.build/bench
rounds=${2:-3}
[[ -x $edgepipe ]] || { echo "bench-push: build first: swift build -c release" >&2; exit 1; }
mkdir -p "$bench"
file=${1:-$bench/phi3-323m.f32.gguf}
if [[ ! -f $file ]]; then
    checkpoint=$bench/phi3-323m
    [[ -f $checkpoint/config.json ]] || python3 scripts/make-random-checkpoint.py "$checkpoint" --preset phi3-323m
    "$edgepipe" convert "$checkpoint" -o "$file" --type f32 --quiet > /dev/null
fi
work=$(mktemp -d -p "$bench")
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export XDG_RUNTIME_DIR=$work/run HOME=$work EDGEPIPE_CACHE=$work/cache
mkdir -p "$work/run"
printf 'version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s}\n  delete: {enabled: true}\nhttp: {addr: "127.0.0.1:%s"}\n' \
    "$work/data" "$port" > "$work/registry.yml"
docker-registry serve "$work/registry.yml" > "$work/registry.log" 2>&1 &
server=$!
trap 'kill $server 2> /dev/null || true; rm -rf "$work"' EXIT
sleep 1

export EDGEPIPE_REGISTRY=$work/registry.db
"$edgepipe" registry init --quiet > /dev/null
"$edgepipe" registry import "$file" --as m@1.0.0:t --license mit --quiet > /dev/null
"$edgepipe" registry export m@1.0.0:t -o "$work/layout" --quiet > /dev/null
place=127.0.0.1:$port
line() { # WHAT OURS THEIRS
    python3 scripts/measure.py --rounds "$rounds" edgepipe bash -c "$2" -- other bash -c "$3" > "$work/times"
    python3 - "$work/times" "$1" <<'PYTHON'
import sys
ours, theirs = (line.split("\t") for line in open(sys.argv[1]).read().splitlines())
print(f"{sys.argv[2]:8} {float(ours[1]):8.2f} s {float(theirs[1]):8.2f} s  ratio {float(theirs[1]) / float(ours[1]):5.2f}  {float(ours[4]):6.0f} MiB")
PYTHON
}
empty="rm -rf $work/data/docker $work/registry.db.work"
line push "$empty; exec $edgepipe push m@1.0.0:t oci://$place/m --insecure --dialect docker --quiet" \
    "$empty; exec skopeo copy -q --dest-tls-verify=false oci:$work/layout:m@1.0.0:t docker://$place/m:1.0.0-t"
bash -c "$empty"
"$edgepipe" push m@1.0.0:t "oci://$place/m" --insecure --quiet > /dev/null
line pull "rm -f $work/out.gguf; exec $edgepipe pull oci://$place/m:1.0.0-t -o $work/out.gguf --insecure --quiet" \
    "rm -rf $work/out; exec skopeo copy -q --src-tls-verify=false docker://$place/m:1.0.0-t dir:$work/out"
cmp "$file" "$work/out.gguf"
"$edgepipe" query --ram 8GB --platform android --registry "oci://$place/m" --insecure > /dev/null
line query "exec $edgepipe query --ram 8GB --platform android --registry oci://$place/m --insecure" \
    "exec $edgepipe query --ram 8GB --platform android"
