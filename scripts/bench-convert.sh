#!/usr/bin/env bash
# How long a conversion takes against copying the checkpoint, and how much memory it needs.
#
#   scripts/bench-convert.sh [FOLDER] [ROUNDS]
#
# FOLDER is a Hugging Face folder with one safetensors file; without one, random weights in Phi-3's shapes are made below .build/bench.
# A copy reads and writes as many bytes as a conversion to the same width must, so the ratio tells what the work costs.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=.build/release/edgepipe
bench=.build/bench
model=${1:-$bench/phi3-323m}
rounds=${2:-3}
[[ -x $edgepipe ]] || { echo "bench-convert: build first: swift build -c release" >&2; exit 1; }
mkdir -p "$bench"
[[ -f $model/config.json ]] || python3 scripts/make-random-checkpoint.py "$model" --preset "$(basename "$model")"

output=$bench/converted.gguf
copy=$bench/copy.safetensors
trap 'rm -f "$output" "$copy"' EXIT

# edgepipe waits for its output to be on the disk by itself.
commands=(copy sh -c 'cp "$0" "$1" && sync' "$(echo "$model"/*.safetensors)" "$copy")
for type in f16 bf16; do
    commands+=(-- "convert to $type" "$edgepipe" convert "$model" -o "$output" --type "$type")
done
python3 scripts/measure.py --rounds "$rounds" "${commands[@]}" | awk -F '\t' '
    { name[NR] = $1; time[NR] = $2; memory[NR] = $5; if ($1 == "copy") base = $2 }
    END {
        printf "%-18s %10s %10s %10s\n", "", "seconds", "x copy", "peak MiB"
        for (i = 1; i <= NR; i++) printf "%-18s %10.2f %10.2f %10d\n", name[i], time[i], time[i] / base, memory[i]
    }'
