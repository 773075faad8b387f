#!/usr/bin/env bash
# Proves `edgepipe serve` against other people's clients, all on the loopback address.
#
#   scripts/prove-serve.sh [REGISTRY.db]
#
# Needs Debian's skopeo, curl and openssl; huggingface_hub, oras and schemathesis come from PyPI into .build/serve-clients. With
# LLAMA_CPP_BIN, a llama-completion or llama-cli there downloads a build with -hf and generates. Without a registry, the quickstart
# pipeline makes one. Each line says what was shown; the first thing that does not hold ends the script.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s inherit_errexit

edgepipe=$PWD/.build/release/edgepipe
parts=$PWD/scripts/serve_clients.py
[[ -x $edgepipe ]] || { echo "prove-serve: build first: swift build -c release" >&2; exit 1; }
for tool in skopeo curl openssl python3; do
    command -v "$tool" > /dev/null || { echo "prove-serve: $tool is missing (apt-get install skopeo curl openssl)" >&2; exit 1; }
done
clients=$PWD/.build/serve-clients
if [[ ! -x $clients/bin/schemathesis ]]; then
    python3 -m venv "$clients"
    "$clients/bin/pip" install -q huggingface_hub oras schemathesis
fi
python=$clients/bin/python
work=$(mktemp -d)
servers=()
finish() { for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done; rm -rf "$work"; }
trap finish EXIT
export XDG_RUNTIME_DIR=$work/run HOME=$work
mkdir -p "$work/run"
cd "$work"

registry=${1:-}
if [[ -z $registry ]]; then
    registry=$work/registry.db
    (cd "$OLDPWD" && "$edgepipe" run pipelines/quickstart.yaml --registry "$registry" --quiet > /dev/null)
fi
read -r model version type sha < <("$edgepipe" registry list --json --registry "$registry" | python3 -c '
import json, sys
build = min((b for b in json.load(sys.stdin) if ":mmproj-" not in b["name"]), key=lambda b: b["fileBytes"])
name, type = build["name"].split(":")
print(*name.split("@"), type, build["digest"])')
tag=$version-$type
show() { printf '%-6s %s\n' "$1" "$2"; }
check() { if [[ $2 == "$3" ]]; then show ok "$1"; else show FAIL "$1: $2, not $3"; exit 1; fi; }

# Starts a server and waits for its line; its address is in $base, its process in $server.
start() {
    : > server.log
    "$edgepipe" serve --listen 127.0.0.1:0 "$@" 2> server.log &
    server=$!
    servers+=("$server")
    for _ in $(seq 100); do
        base=$(sed -n 's/^listening on //p' server.log)
        [[ -n $base ]] && return
        sleep 0.1
    done
    echo "prove-serve: the server does not answer: $(cat server.log)" >&2
    exit 1
}
ends() { local status=0; kill -TERM "$server"; wait "$server" || status=$?; check "SIGTERM ends it with 0" "$status" 0; }

start --registry "$registry"
host=${base#http://}
check "a query answers what the command prints" \
    "$(curl -sf "$base/api/v1/query?ram=3GB&platform=android" | sha256sum)" \
    "$("$edgepipe" query --ram 3GB --platform android --json --registry "$registry" | sha256sum)"
check "curl fetches a build" "$(curl -sf "$base/edgepipe/$model/resolve/main/$model-$type.gguf" | sha256sum | cut -d' ' -f1)" "$sha"
# A download that is cut goes on where it was.
curl -sf --max-filesize 100000000 -r 0-99999 -o cut.gguf "$base/edgepipe/$model/resolve/main/$model-$type.gguf"
curl -sf -C - -o cut.gguf "$base/edgepipe/$model/resolve/main/$model-$type.gguf"
check "curl resumes a download" "$(sha256sum cut.gguf | cut -d' ' -f1)" "$sha"
show ok "huggingface_hub lists and downloads $("$python" "$parts" hub "$base" "$model" 2> hub.log) files, and raises its exceptions"
skopeo copy -q --src-tls-verify=false "docker://$host/$model:$tag" oci:copy:x
check "skopeo copies a build" "$(sha256sum "copy/blobs/sha256/$sha" | cut -d' ' -f1)" "$sha"
check "oras pulls a build" "$("$python" "$parts" oras "$host" "$model" "$tag" | head -1)" "$sha"
check "Ollama's requests bring a build" "$("$python" "$parts" ollama "$base" "$model" "$tag")" "$sha"
"$edgepipe" pull "oci://$host/$model:$tag" -o "$work/pulled.gguf" --insecure --quiet > /dev/null
check "edgepipe pulls a build" "$(sha256sum pulled.gguf | cut -d' ' -f1)" "$sha"
check "edgepipe queries from afar" \
    "$("$edgepipe" query --ram 3GB --platform android --json --registry "oci://$host/$model" --insecure | sha256sum)" \
    "$("$edgepipe" query --ram 3GB --platform android --model "$model" --json --registry "$registry" | sha256sum)"
llama=$(for name in llama-completion llama-cli; do [[ -x ${LLAMA_CPP_BIN:-/none}/$name ]] && echo "$LLAMA_CPP_BIN/$name" && break; done || true)
if [[ -n $llama ]]; then
    mkdir llama
    LLAMA_CACHE=$work/llama HF_HOME=$work/llama MODEL_ENDPOINT=$base/ timeout 120 "$llama" -hf "edgepipe/$model:$type" -p hi -n 4 -no-cnv \
        > llama.log 2>&1 < /dev/null
    check "llama.cpp downloads with -hf" "$(find llama -type f -size +100k -exec sha256sum {} + | cut -d' ' -f1 | head -1)" "$sha"
else
    show skip "llama.cpp: set LLAMA_CPP_BIN to a build that has the downloader"
fi
# That a text is no size is the server's to say, whatever the schema allows.
"$clients/bin/schemathesis" run "$base/openapi.json" --max-examples 40 --exclude-checks positive_data_acceptance > schema.log 2>&1 \
    || { tail -60 schema.log; exit 1; }
show ok "schemathesis: $(grep -Eo '[0-9]+ generated' schema.log | head -1) requests, no failure"
check "the server's log holds nothing but its address" "$(wc -l < server.log)" 1
curl -s --limit-rate 2M -o slow.gguf "$base/v2/$model/blobs/sha256:$sha" &
slow=$!
sleep 0.3
ends
wait "$slow"
check "a download that was on its way ended whole" "$(sha256sum slow.gguf | cut -d' ' -f1)" "$sha"

# Private, and taking builds in.
"$edgepipe" registry init --registry copy.db --quiet > /dev/null
push=$("$edgepipe" serve token new --model "$model" --allow push --expires 1d --tokens tokens.json --quiet)
pull=$("$edgepipe" serve token new --model '*' --allow pull --tokens tokens.json --quiet)
sed -i 's/"private" : false/"private" : true/' tokens.json
start --registry copy.db --writable --tokens tokens.json
host=${base#http://}
check "a private server asks for a token" "$(curl -s -o /dev/null -w '%{http_code}' "$base/api/v1/builds")" 401
if "$edgepipe" push "oci://$host/$model" --insecure --registry "$registry" --quiet > push.log 2>&1; then
    show FAIL "a push without a token went through"
    exit 1
fi
EDGEPIPE_OCI_USER=ci EDGEPIPE_OCI_PASSWORD=$push "$edgepipe" push "$model@$version" "oci://$host/$model" --insecure --registry "$registry" --quiet > push.log
digests() { "$edgepipe" registry list --json --registry "$1" | python3 -c 'import json, sys; print(*[b["name"] + b["digest"] for b in json.load(sys.stdin) if b["name"].startswith(sys.argv[1])])' "$model@$version"; }
check "a push publishes builds" "$(digests copy.db)" "$(digests "$registry")"
check "what came in is sound" "$("$edgepipe" registry verify --read-data --registry copy.db --quiet > /dev/null && echo yes)" yes
check "a second push sends nothing" "$(EDGEPIPE_OCI_USER=ci EDGEPIPE_OCI_PASSWORD=$push "$edgepipe" push "$model@$version" "oci://$host/$model" \
    --insecure --registry "$registry" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["bytesSent"])')" 0
check "skopeo reads with a token as the password" "$(skopeo inspect --tls-verify=false --creds "ci:$pull" --raw "docker://$host/$model:$tag" \
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["layers"][0]["digest"])')" "sha256:$sha"
check "Ollama's requests bring a private build" "$("$python" "$parts" ollama "$base" "$model" "$tag" "$pull")" "$sha"
check "no token is in the log" "$(grep -c -e "$push" -e "$pull" server.log || true)" 0
ends

# TLS, and addresses that others reach.
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2> /dev/null
start --registry "$registry" --tls-cert cert.pem --tls-key key.pem
check "curl fetches a build over TLS" \
    "$(curl -sf --cacert cert.pem "$base/v2/$model/blobs/sha256:$sha" | sha256sum | cut -d' ' -f1)" "$sha"
ends
status=0
"$edgepipe" serve --listen 0.0.0.0:0 --registry "$registry" 2> refused.log || status=$?
check "another address needs TLS" "$status $(grep -c -- --behind-proxy refused.log)" "64 1"
