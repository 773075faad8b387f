#!/usr/bin/env bash
# Installs the two system libraries that edgepipe links to, SQLite and zstd, where they are missing.
set -euo pipefail

if pkg-config --exists sqlite3 libzstd 2>/dev/null; then exit 0; fi

case "$(uname -s)" in
Darwin)
    brew install pkg-config zstd # macOS brings SQLite along
    ;;
Linux)
    if ! command -v apt-get >/dev/null; then
        echo "Install the development files of SQLite 3 and zstd, and pkg-config, with this system's package manager." >&2
        exit 1
    fi
    as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -qq
    as_root apt-get install -y -qq --no-install-recommends libsqlite3-dev libzstd-dev pkg-config python3
    ;;
esac
