#!/usr/bin/env bash
# Writes registry.db.example: the registry that the quickstart pipeline makes, as one file. The objects are left out;
# they hold the builds' bytes, and the quickstart makes them again in a minute.
set -euo pipefail
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$program" run pipelines/quickstart.yaml --registry "$work/registry.db" --quiet
# One file, without a write-ahead log beside it.
python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("VACUUM INTO ?", (sys.argv[2],))' \
    "$work/registry.db" "$work/example.db"
mv "$work/example.db" registry.db.example
"$program" query --registry registry.db.example --ram 3GB --platform android
