#!/usr/bin/env bash
# Proves push, pull and import against Docker's registry and other people's clients, all on the loopback address.
#
#   scripts/prove-oci.sh [REGISTRY.db]
#
# Needs Debian's docker-registry, skopeo, apache2-utils (htpasswd) and openssl; oras, modelpack-client and cryptography come from PyPI
# into .build/oci-clients. Without a registry, the quickstart pipeline makes one. Each line says what was shown; the first thing
# that does not hold ends the script.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s inherit_errexit

edgepipe=$PWD/.build/release/edgepipe
[[ -x $edgepipe ]] || { echo "prove-oci: build first: swift build -c release" >&2; exit 1; }
for tool in docker-registry skopeo htpasswd openssl python3; do
    command -v "$tool" > /dev/null || { echo "prove-oci: $tool is missing (apt-get install docker-registry skopeo apache2-utils)" >&2; exit 1; }
done
clients=$PWD/.build/oci-clients
if [[ ! -x $clients/bin/modelpack ]]; then
    python3 -m venv "$clients"
    "$clients/bin/pip" install -q oras modelpack-client cryptography
fi
python=$clients/bin/python
work=$(mktemp -d)
servers=()
finish() { for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done; rm -rf "$work"; }
trap finish EXIT
export XDG_RUNTIME_DIR=$work/run DOCKER_CONFIG=$work/docker HOME=$work
mkdir -p "$work/run" "$work/docker"
cd "$work"

registry=${1:-}
if [[ -z $registry ]]; then
    registry=$work/registry.db
    (cd "$OLDPWD" && "$edgepipe" run pipelines/quickstart.yaml --registry "$registry" --quiet > /dev/null)
fi
export EDGEPIPE_REGISTRY=$registry
names=$("$edgepipe" registry list --json | python3 -c 'import json, sys; print(*[build["name"] for build in json.load(sys.stdin)])')
model=${names%%:*}
builds=$(for name in $names; do [[ $name == "$model":* ]] && echo "${name#*:}"; done | tr '\n' ' ')
version=${model#*@}
sha() { "$edgepipe" registry show "$model:$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["build"]["digest"])'; }
field() { python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }
show() { printf '%-6s %s\n' "$1" "$2"; }
check() { if [[ $2 == "$3" ]]; then show ok "$1"; else show FAIL "$1: $2, not $3"; exit 1; fi; }

serve() { # CONFIGURATION PORT
    docker-registry serve "$1" > "$1.log" 2>&1 &
    servers+=($!)
    for _ in $(seq 100); do python3 -c "import socket; socket.create_connection(('127.0.0.1', $2), 1)" 2> /dev/null && return; sleep 0.1; done
    echo "prove-oci: the registry of $1 does not answer" >&2
    exit 1
}
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
configuration() { # NAME PORT REST
    printf 'version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s}\n  delete: {enabled: true}\nhttp:\n  addr: 127.0.0.1:%s\n  secret: fixed\n%s\n' \
        "$work/$1-data" "$2" "$3" > "$1.yml"
}
clients_pull() { # HOST WHAT EXTRA-SKOPEO-OPTIONS...
    local host=$1 what=$2
    shift 2
    for type in $builds; do
        skopeo copy -q "$@" "docker://$host/models/m:$version-$type" "dir:$work/skopeo-$type" > /dev/null
        check "skopeo pulls $type from $what" "$(sha256sum "$work/skopeo-$type/$(sha "$type")" | cut -d' ' -f1)" "$(sha "$type")"
        rm -rf "$work/skopeo-$type"
    done
}

# Plain
plain=$(port)
configuration plain "$plain" ""
serve plain.yml "$plain"
first=$("$edgepipe" push "$model" "oci://127.0.0.1:$plain/models/m" --insecure --json)
show ok "pushed $(field bytesSent <<< "$first") bytes"
again=$("$edgepipe" push "$model" "oci://127.0.0.1:$plain/models/m" --insecure --json)
check "a second push sends no blob byte" "$(field bytesSent <<< "$again")" 0
other=$("$edgepipe" push "$model" "oci://127.0.0.1:$plain/copies/m" --insecure --json)
check "a push to another repository of the host sends no blob byte" "$(field bytesSent <<< "$other")" 0
clients_pull "127.0.0.1:$plain" "a plain registry" --src-tls-verify=false
for type in $builds; do
    "$python" - "127.0.0.1:$plain/models/m:$version-$type" "$work/oras-$type" <<'PYTHON' > /dev/null
import sys
import oras.client
oras.client.OrasClient(insecure=True).pull(target=sys.argv[1], outdir=sys.argv[2])
PYTHON
    check "oras pulls $type" "$(sha256sum "$work/oras-$type"/*.gguf | cut -d' ' -f1)" "$(sha "$type")"
    "$clients/bin/modelpack" --insecure pull "127.0.0.1:$plain/models/m:$version-$type-modelpack" "$work/pack-$type" > /dev/null
    check "modelpack-client pulls $type" "$(sha256sum "$work/pack-$type"/*.gguf | cut -d' ' -f1)" "$(sha "$type")"
    for dialect in "" -modelpack -ollama; do
        "$edgepipe" pull "oci://127.0.0.1:$plain/models/m:$version-$type$dialect" -o "$work/own.gguf" --insecure --quiet > /dev/null
        check "edgepipe pulls $type$dialect" "$(sha256sum "$work/own.gguf" | cut -d' ' -f1)" "$(sha "$type")"
    done
done

# Elsewhere, the same answers
"$edgepipe" registry init --registry "$work/there.db" --quiet > /dev/null
"$edgepipe" registry import "oci://127.0.0.1:$plain/models/m" --insecure --channels --registry "$work/there.db" --quiet > /dev/null
for question in "--ram 3GB --platform android" "--device iphone-15" "--ram 50MB --platform ios"; do
    # shellcheck disable=SC2086
    check "an import answers 'query $question' as the original" \
        "$("$edgepipe" query $question --json --registry "$work/there.db" 2> /dev/null | sha256sum)" \
        "$("$edgepipe" query $question --json 2> /dev/null | sha256sum)"
done

# What skopeo wrote
type=${names##*:}
skopeo copy -q --src-tls-verify=false "docker://127.0.0.1:$plain/models/m:$version-$type" "oci:$work/layout:$model:$type" > /dev/null
"$edgepipe" registry export "$model:$type" -o "$work/export" --quiet > /dev/null
skopeo copy -q "oci:$work/export:$model:$type" "oci:$work/back:$model:$type" > /dev/null
"$edgepipe" registry init --registry "$work/back.db" --quiet > /dev/null
"$edgepipe" registry import "$work/back" --registry "$work/back.db" --quiet > /dev/null
check "what skopeo wrote imports" "$("$edgepipe" registry show "$model:$type" --registry "$work/back.db" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["build"]["digest"])')" "$(sha "$type")"

# TLS and a password
secure=$(port)
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2> /dev/null
htpasswd -Bbc htpasswd edge secret 2> /dev/null
configuration secure "$secure" "  tls: {certificate: $work/tls.crt, key: $work/tls.key}
auth:
  htpasswd: {realm: edge, path: $work/htpasswd}"
serve secure.yml "$secure"
mkdir -p certs && cp tls.crt certs/ca.crt
export SSL_CERT_FILE=$work/tls.crt
if said=$("$edgepipe" push "$model" "oci://localhost:$secure/models/m" 2>&1); then show FAIL "a push without a password"; exit 1; fi
show ok "without a password: ${said##*: }"
skopeo login -u edge -p secret --authfile "$DOCKER_CONFIG/config.json" --cert-dir certs "localhost:$secure" > /dev/null
"$edgepipe" push "$model" "oci://localhost:$secure/models/m" --quiet > /dev/null
clients_pull "localhost:$secure" "TLS with a password" --src-cert-dir certs --src-authfile "$DOCKER_CONFIG/config.json"

# Tokens
tokens=$(port) guarded=$(port)
openssl req -x509 -newkey rsa:2048 -nodes -keyout token.key -out token.crt -days 2 -subj /CN=tokens 2> /dev/null
"$python" "$OLDPWD/scripts/oci_token_server.py" "$tokens" token.key edge secret edge-issuer > scopes.log &
servers+=($!)
configuration guarded "$guarded" "auth:
  token: {realm: \"http://127.0.0.1:$tokens/token\", service: edge-registry, issuer: edge-issuer, rootcertbundle: $work/token.crt}"
serve guarded.yml "$guarded"
export EDGEPIPE_OCI_USER=edge EDGEPIPE_OCI_PASSWORD=secret
"$edgepipe" push "$model" "oci://127.0.0.1:$guarded/models/m" --insecure --quiet > /dev/null
"$edgepipe" push "$model" "oci://127.0.0.1:$guarded/copies/m" --insecure --quiet > /dev/null
unset EDGEPIPE_OCI_USER EDGEPIPE_OCI_PASSWORD
check "a mount asks for two scopes at once" "$(grep -c 'copies/m:pull,push repository:models/m:pull' scopes.log | head -c1 | tr 1-9 1)" 1
clients_pull "127.0.0.1:$guarded" "a registry with tokens" --src-tls-verify=false
if grep -rl -e secret -e "Basic " "$work"/*.log > /dev/null; then show FAIL "a secret stands in a log"; exit 1; fi
show ok "no secret stands in a log"
