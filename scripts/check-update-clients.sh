#!/usr/bin/env bash
# Compiles the Swift client of docs/updates, and lets it update a build of the quickstart from a server.
#
#   scripts/check-update-clients.sh
#
# Two versions of a build that differ in one tensor are published and served; the client has the first and its list of parts, and ends
# with the second. Needs Python. The Kotlin client is not compiled here.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=$PWD/.build/release/edgepipe
[[ -x $edgepipe ]] || { echo "check-update-clients: build first: make build" >&2; exit 1; }
work=$(mktemp -d)
trap 'kill "${server:-0}" 2> /dev/null || true; rm -rf "$work"' EXIT
registry=(--registry "$work/registry.db" --quiet)

"$edgepipe" run pipelines/quickstart.yaml "${registry[@]}" > /dev/null
"$edgepipe" pull tiny-phi3:q4_k_m -o "$work/old.gguf" "${registry[@]}" > /dev/null
python3 - "$work" << 'PYTHON'
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
data = bytearray((folder / "old.gguf").read_bytes())
data[-1000:] = bytes(byte ^ 1 for byte in data[-1000:])
(folder / "new.gguf").write_bytes(data)
PYTHON
"$edgepipe" registry import "$work/new.gguf" --as update@1.1.0:q4_k_m "${registry[@]}" > /dev/null
"$edgepipe" registry import "$work/old.gguf" --as update@1.0.0:q4_k_m "${registry[@]}" > /dev/null

"$edgepipe" serve --registry "$work/registry.db" --listen 127.0.0.1:0 2> "$work/log" &
server=$!
for _ in $(seq 100); do grep -q listening "$work/log" && break; sleep 0.1; done
address=$(grep -o 'http://[0-9.:]*' "$work/log" | head -1)
python3 - "$address" "$work" << 'PYTHON'
import hashlib, json, pathlib, sys, urllib.request
address, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def get(path):
    request = urllib.request.Request(address + path, headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
    return urllib.request.urlopen(request).read()
for name, version in (("old", "1.0.0"), ("new", "1.1.0")):
    manifest = get(f"/v2/update/manifests/{version}-q4_k_m")
    listed = json.loads(get(f"/v2/update/referrers/sha256:{hashlib.sha256(manifest).hexdigest()}"))["manifests"]
    parts = next(item for item in listed if item["artifactType"].endswith("parts.v1+json"))
    layer = json.loads(get(f"/v2/update/manifests/{parts['digest']}"))["layers"][0]["digest"]
    (folder / f"{name}.json").write_bytes(get(f"/v2/update/blobs/{layer}"))
PYTHON

mkdir -p "$work/client/Sources/client"
cp docs/updates/ModelUpdate.swift "$work/client/Sources/client/"
cat > "$work/client/Package.swift" << 'SWIFT'
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "client",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")],
    targets: [.executableTarget(name: "client", dependencies: [.product(name: "Crypto", package: "swift-crypto")])]
)
SWIFT
cat > "$work/client/Sources/client/main.swift" << 'SWIFT'
import Foundation

let folder = URL(fileURLWithPath: CommandLine.arguments[2])
func parts(_ name: String) throws -> ModelUpdate.Parts {
    try JSONDecoder().decode(ModelUpdate.Parts.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
}
let new = try parts("new.json")
let update = ModelUpdate(
    old: (folder.appendingPathComponent("old.gguf"), try parts("old.json")),
    new: new,
    blob: URL(string: "\(CommandLine.arguments[1])/v2/update/blobs/\(new.build)")!
)
try await update.run(to: folder.appendingPathComponent("updated.gguf"))
SWIFT
swift build -c release --package-path "$work/client" > "$work/build.log" 2>&1 || { cat "$work/build.log" >&2; exit 1; }
"$work/client/.build/release/client" "$address" "$work"
cmp "$work/new.gguf" "$work/updated.gguf"
echo "swift: the old file was updated from the server, byte for byte"
