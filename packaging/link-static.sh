#!/usr/bin/env bash
# usage: link-static.sh BUILD OUTPUT
# Links the program once more from the objects of `swift build -c release --product edgepipe` in BUILD (.build/release), with
# Swift's runtime, Foundation, ICU, SQLite and zstd inside, and strips it.
#
# SwiftPM's --static-swift-stdlib would compile all packages again; only the link differs, so this does that alone.
set -euo pipefail
build=$(cd "$1" && pwd -P)
output=$2
objects=$build/edgepipe.product/Objects.LinkFileList
[[ -s $objects ]] || { echo "link-static: $objects: not there; build first: make build" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the static Foundation needs, the compiler notes in whatever imports it.
echo 'import Foundation' > "$work/anchor.swift"
swiftc -static-stdlib -parse-as-library -c "$work/anchor.swift" -o "$work/anchor.o"

# The linker takes libsqlite3.a and libzstd.a because this folder, which has no .so, comes first.
mkdir "$work/archives"
for library in sqlite3 zstd; do
    archive=$(pkg-config --variable=libdir "$([ $library = zstd ] && echo libzstd || echo $library)")/lib$library.a
    [[ -s $archive ]] || { echo "link-static: $archive: not there; install the development package of $library" >&2; exit 1; }
    ln -s "$archive" "$work/archives/"
done

swiftc -static-stdlib -emit-executable -o "$work/edgepipe" -module-name edgepipe \
    -L "$work/archives" "@$objects" "$work/anchor.o" -lzstd -lstdc++ -lm -lz \
    -Xlinker --gc-sections -Xlinker --as-needed -Xlinker --defsym -Xlinker main=edgepipe_main -Xlinker --build-id
strip --strip-all -o "$output" "$work/edgepipe"
