#!/usr/bin/env bash
# Proves `export site` with nginx, configured as docs/site.md says: an app's way from the answer to the verified file, exports that are
# killed, repeated and run at once.
#
#   scripts/prove-site.sh [REGISTRY.db]
#
# Needs nginx and python3. Without a registry, the quickstart pipeline makes one. Each line says what was shown; the first thing that does
# not hold ends the script.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s inherit_errexit

edgepipe=$PWD/.build/release/edgepipe
[[ -x $edgepipe ]] || { echo "prove-site: build first: swift build -c release" >&2; exit 1; }
nginx=${NGINX:-$(command -v nginx || echo /usr/sbin/nginx)}
[[ -x $nginx ]] || { echo "prove-site: nginx is missing" >&2; exit 1; }
work=$(mktemp -d)
server=
finish() { [[ -z $server ]] || kill "$server" 2> /dev/null || true; rm -rf "$work"; }
trap finish EXIT
show() { printf '%-6s %s\n' "$1" "$2"; }
check() { if [[ $2 == "$3" ]]; then show ok "$1"; else show FAIL "$1: $2, not $3"; exit 1; fi; }
field() { python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }

registry=${1:-$work/registry.db}
[[ -n ${1:-} ]] || "$edgepipe" run pipelines/quickstart.yaml --registry "$registry" --quiet > /dev/null
export EDGEPIPE_REGISTRY=$registry
site=$work/site
"$edgepipe" export site "$site" --quiet --json > "$work/first.json"
check "an export writes everything" "$(field written < "$work/first.json")" "$(field files < "$work/first.json")"
find "$site" -type f -not -path '*/.edgepipe-site/*' -printf '%P %T@ %s\n' | sort > "$work/before"
check "the next one writes nothing" "$("$edgepipe" export site "$site" --quiet --json | field written)" 0
find "$site" -type f -not -path '*/.edgepipe-site/*' -printf '%P %T@ %s\n' | sort > "$work/after"
check "and changes no time" "$(cmp "$work/before" "$work/after" && echo same)" same

# What an app does, through nginx as documented
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
{
    printf 'daemon off; worker_processes 1; pid %s/nginx.pid; error_log %s/error.log;\n' "$work" "$work"
    [[ $(id -u) != 0 ]] || echo "user root;"
    printf 'events { worker_connections 64; }\nhttp { access_log off; client_body_temp_path %s/body; proxy_temp_path %s/proxy;\n' "$work" "$work"
    printf 'fastcgi_temp_path %s/fastcgi; uwsgi_temp_path %s/uwsgi; scgi_temp_path %s/scgi;\n' "$work" "$work" "$work"
    printf 'types { text/html html; application/json json; }\n'
    sed -n '/^```nginx$/,/^```$/p' docs/site.md | sed "1d;\$d;s|listen 80;|listen 127.0.0.1:$port;|;s|/srv/models|$site|"
    echo "}"
} > "$work/nginx.conf"
"$nginx" -e "$work/error.log" -c "$work/nginx.conf" &
server=$!
for _ in $(seq 50); do
    python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/')" 2> /dev/null && break
    sleep 0.1
done
python3 scripts/prove-site.py "http://127.0.0.1:$port" "$site"

# Answers are those of the command
python3 - "$edgepipe" "$site" << 'PYTHON'
import json, pathlib, subprocess, sys
edgepipe, site = sys.argv[1], pathlib.Path(sys.argv[2])
def plain(answer):
    builds = [answer["best"]] * (answer["best"] is not None) + answer["alternatives"]
    for build in builds: build.pop("download", None)
    return answer
cases = [("best/android/3gb.json", "--ram 3GB --platform android"), ("best/ios/1.5gb.json", "--ram 1.5GB --platform ios"),
         ("best/device/pixel-8.json", "--device pixel-8"), ("best/android/1gb.json", "--ram 1GB --platform android")]
for path, options in cases:
    printed = subprocess.run([edgepipe, "query", "--json", *options.split()], capture_output=True, text=True).stdout
    if plain(json.loads((site / path).read_text())) != json.loads(printed):
        print(f"FAIL   {path} is another answer than query {options}"); sys.exit(1)
    print(f"ok     {path} is what query {options} prints")
PYTHON

# Killed anywhere: what is visible is whole, and the next export goes on
python3 - "$edgepipe" "$work/killed" "$site" << 'PYTHON'
import hashlib, json, os, pathlib, random, subprocess, sys, time
edgepipe, folder, whole = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
random.seed(1)
def names(path, document):
    for build in [document["best"]] * (document["best"] is not None) + document["alternatives"]:
        for key in ("url", "parts"): yield (path.parent / build["download"][key]).resolve()
kills, took = 0, None
for attempt in range(40):
    process = subprocess.Popen([edgepipe, "export", "site", str(folder), "--quiet"], stdout=subprocess.DEVNULL)
    try:
        process.wait(timeout=random.uniform(0.02, 0.6))
    except subprocess.TimeoutExpired:
        process.kill(); process.wait(); kills += 1
    else:
        assert process.returncode == 0, process.returncode
        if kills >= 8: break
        subprocess.run(["rm", "-rf", str(folder)], check=True)
    for blob in folder.glob("blobs/sha256/*"):
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name, f"{blob} is not whole"
    for path in folder.glob("best/*/*.json"):
        document = json.loads(path.read_text())
        for name in names(path, document): assert name.is_file(), f"{path} names {name}, which is not there"
    for path in folder.rglob("*.html"): assert path.read_text().rstrip().endswith("</html>"), f"{path} is not whole"
print(f"ok     {kills} exports were killed; all that was visible was whole")
subprocess.run([edgepipe, "export", "site", str(folder), "--quiet"], check=True, stdout=subprocess.DEVNULL)
difference = subprocess.run(["diff", "-r", "-x", ".edgepipe-site", str(folder), str(whole)], capture_output=True, text=True).stdout
if difference: print("FAIL   the site after that differs:", difference[:300]); sys.exit(1)
left = list((folder / ".edgepipe-site").rglob("incoming/*"))
if left: print("FAIL   left behind:", left); sys.exit(1)
print("ok     the next export made the same site, byte for byte")
PYTHON

# Two at once, files of somebody else, builds that are withdrawn
exec 9> "$site/.edgepipe-site/lock"
flock 9
check "a second export at once stops" "$("$edgepipe" export site "$site" --quiet 2>&1 > /dev/null | grep -c 'another export')" 1
exec 9>&-
echo mine > "$site/CNAME"
mkdir "$work/other"
echo mine > "$work/other/index.html"
check "a page of somebody else is not replaced" "$("$edgepipe" export site "$work/other" --quiet > /dev/null 2>&1 || cat "$work/other/index.html")" mine
if [[ -z ${1:-} ]]; then
    name=$("$edgepipe" registry list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["name"])')
    digest=$("$edgepipe" registry show "$name" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["build"]["digest"])')
    "$edgepipe" registry delete "$name" --why "for a proof" --apply > /dev/null
    "$edgepipe" export site "$site" --quiet > /dev/null
    check "a withdrawn build's file is gone" "$(find "$site" -name "*$digest*" | wc -l)" 0
    check "and so is its page" "$(find "$site" -path "*builds*${name##*:}*" | wc -l)" 0
fi
check "files of somebody else stay" "$(cat "$site/CNAME")" mine
