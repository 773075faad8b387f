#!/usr/bin/env bash
# usage: link-static.sh BUILD OUTPUT
# Links the program once more from the objects of `swift build -c release --product edgepipe` in BUILD (.build/release), with
# Swift's runtime, Foundation, ICU, SQLite and zstd inside, and strips it.
#
# SwiftPM's --static-swift-stdlib would compile all packages again; only the link differs, so this does that alone.
set -euo pipefail
build=$(realpath "$1")
output=$(realpath -m "$2")
objects=$build/edgepipe.product/Objects.LinkFileList
[[ -s $objects ]] || { echo "link-static: $objects: not there; build first: make build" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the static Foundation needs, the compiler notes in whatever imports it.
echo 'import Foundation' > "$work/anchor.swift"
(cd "$work" && swiftc -static-stdlib -parse-as-library -c anchor.swift -o anchor.o)

# The linker takes libsqlite3.a and libzstd.a because this folder, which has no .so, comes first.
mkdir "$work/archives"
for library in sqlite3 zstd; do
    archive=$(clang -print-file-name="lib$library.a")
    [[ -s $archive ]] || { echo "link-static: no lib$library.a; install the development package of $library" >&2; exit 1; }
    ln -s "$(realpath "$archive")" "$work/archives/"
done

cd "$work" # what is written into the program has no name that changes
swiftc -static-stdlib -emit-executable -o edgepipe -module-name edgepipe \
    -Xlinker --as-needed -Xlinker --gc-sections -Xlinker --no-export-dynamic -Xlinker --build-id \
    -Xlinker --defsym -Xlinker main=edgepipe_main \
    -L archives "@$objects" anchor.o -lzstd -lstdc++ -lm -lz
strip --strip-all -o "$output" edgepipe
