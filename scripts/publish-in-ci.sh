#!/usr/bin/env bash
# What action.yml runs: a pipeline file, its gates, and a push. It reads its settings from the environment:
#
#   PIPELINE=pipelines/phi3.yaml VERSION=1.1.0 PLACE=oci://host/phi3 DIALECT=docker scripts/publish-in-ci.sh
#
# Writes a summary to GITHUB_STEP_SUMMARY and outputs to GITHUB_OUTPUT, and prints errors as annotations with their places. Without PLACE
# nothing is pushed; with INSECURE=1 the registry speaks plain HTTP. Exit status: that of `edgepipe run`, 2 for a gate that was not met.
set -euo pipefail

summary=${GITHUB_STEP_SUMMARY:-/dev/null}
outputs=${GITHUB_OUTPUT:-/dev/null}
registry=${EDGEPIPE_REGISTRY:-${RUNNER_TEMP:-/tmp}/edgepipe-registry/registry.db}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$registry")"
version=()
[[ -z ${VERSION:-} ]] || version=(--set "version=$VERSION")

# GitHub shows ten annotations a step. Each has its place where the message begins with one: file:line:column: words.
annotate() {
    python3 - "$1" <<'PYTHON'
import re
import sys

def escaped(text, more=""):
    for letter in "%\r\n" + more:
        text = text.replace(letter, "%%%02X" % ord(letter))
    return text

shown = 0
for line in open(sys.argv[1], errors="replace").read().splitlines():
    found = re.match(r"(?:edgepipe: )?(?P<file>[^:\s]+):(?P<line>\d+):(?P<column>\d+): (?P<words>.+)", line)
    if found:
        place = f" file={escaped(found['file'], ':,')},line={found['line']},col={found['column']}"
        print(f"::error{place}::{escaped(found['words'])}")
    elif line.startswith("edgepipe: "):
        print(f"::error::{escaped(line.removeprefix('edgepipe: '))}")
    else:
        continue
    shown += 1
    if shown == 10:
        break
PYTHON
}

run() { # NAME COMMAND...: prints what it said as annotations where it failed, and ends with its status
    local name=$1 status=0
    shift
    "$@" > "$work/$name.out" 2> >(tee "$work/$name.err" >&2) || status=$?
    wait || true
    if ((status)); then
        annotate "$work/$name.err"
        { echo "### $name failed"; echo; sed 's/^/    /' "$work/$name.err" | tail -n 50; } >> "$summary"
        exit "$status"
    fi
}

run validate edgepipe validate "$PIPELINE" "${version[@]}"
run run edgepipe run "$PIPELINE" "${version[@]}" --registry "$registry" --json
python3 - "$work/run.out" "$work/names" >> "$outputs" <<'PYTHON'
import json
import sys

report = json.load(open(sys.argv[1]))
print("builds=" + json.dumps(report["builds"], separators=(",", ":")))
open(sys.argv[2], "w").write("\n".join(build["build"] for build in report["builds"]))
PYTHON
run verify edgepipe registry verify --read-data --registry "$registry" --quiet
# A summary may take a megabyte.
edgepipe run "$PIPELINE" "${version[@]}" --registry "$registry" --format markdown --quiet | head -c 900000 >> "$summary"

if [[ -n ${PLACE:-} ]]; then
    mapfile -t names < "$work/names"
    insecure=()
    [[ -z ${INSECURE:-} ]] || insecure=(--insecure)
    run push edgepipe push "${names[@]}" "$PLACE" --dialect "${DIALECT:-docker,modelpack,ollama}" \
        --registry "$registry" "${insecure[@]}" --json
    python3 - "$work/push.out" "$summary" >> "$outputs" <<'PYTHON'
import json
import sys

report = json.load(open(sys.argv[1]))
print("pushed=" + json.dumps(report["pushed"], separators=(",", ":")))
with open(sys.argv[2], "a") as summary:
    print("\n| build | for | where | digest |\n|---|---|---|---|", file=summary)
    for manifest in report["pushed"]:
        cells = [manifest["build"], manifest["dialect"], manifest["reference"], manifest["digest"]]
        print("| " + " | ".join(f"`{cell}`" for cell in cells) + " |", file=summary)
PYTHON
fi
