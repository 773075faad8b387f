#!/usr/bin/env bash
# Proves the pages of a registry in a headless Chromium: no message in the console, no overflow on a phone, contrast, headings, labels,
# in both languages, in the dark and in print.
#
#   scripts/prove-pages.sh [-o FOLDER] [REGISTRY.db]
#
# Needs chromium (CHROMIUM names another) and python3. Without a registry, the quickstart pipeline makes one. Drawings of the pages go into
# FOLDER; without one they are not kept.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s inherit_errexit

edgepipe=$PWD/.build/release/edgepipe
[[ -x $edgepipe ]] || { echo "prove-pages: build first: swift build -c release" >&2; exit 1; }
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[[ -n $chromium ]] || { echo "prove-pages: chromium is missing; set CHROMIUM to a browser" >&2; exit 1; }
work=$(mktemp -d)
servers=()
finish() { for server in "${servers[@]}"; do kill "$server" 2> /dev/null || true; done; rm -rf "$work"; }
trap finish EXIT
drawings=$work/drawings
if [[ ${1:-} == -o ]]; then
    drawings=$(realpath -m "$2")
    shift 2
fi
mkdir -p "$drawings"
registry=${1:-$work/registry.db}
[[ -n ${1:-} ]] || "$edgepipe" run pipelines/quickstart.yaml --registry "$registry" --quiet > /dev/null
"$edgepipe" export site "$work/site" --registry "$registry" --quiet
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -m http.server --bind 127.0.0.1 --directory "$work/site" "$port" > /dev/null 2>&1 &
servers+=($!)
for _ in $(seq 50); do
    python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/')" 2> /dev/null && break
    sleep 0.1
done
# One page of each kind, in each language.
mapfile -t pages < <(cd "$work/site" && for folder in . ru; do
    (cd "$folder" && for page in index.html best/index.html best/android/3gb.html best/android/1gb.html best/device/iphone-15.html \
        "$(find models -mindepth 2 -maxdepth 2 -name index.html | sort | head -1)" \
        "$(find models -mindepth 3 -name index.html | sort | head -1)" \
        "$(find builds -name index.html | sort | head -1)"; do
        [[ $folder == . ]] && echo "/$page" || echo "/$folder/$page"
    done)
done)
python3 scripts/prove-pages.py "$chromium" "$drawings" "http://127.0.0.1:$port" "${pages[@]}"

# The form, which a server alone has: empty, with an answer, where nothing fits, and filled in wrongly
"$edgepipe" serve --registry "$registry" --listen 127.0.0.1:0 2> "$work/serve.log" &
servers+=($!)
for _ in $(seq 100); do
    address=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' "$work/serve.log" | head -1)
    [[ -n $address ]] && break
    sleep 0.1
done
[[ -n $address ]] || { cat "$work/serve.log" >&2; exit 1; }
mapfile -t pages < <(for language in en ru; do
    printf '%s\n' "/?lang=$language" "/query?lang=$language" "/query?platform=android&ram=3GB&min-speed=5&lang=$language" \
        "/query?device=pixel-8&lang=$language" "/query?platform=ios&ram=100MB&lang=$language" "/query?ram=wrong&model=wrong&lang=$language"
done)
python3 scripts/prove-pages.py "$chromium" "$drawings" "$address" "${pages[@]}"
