#!/usr/bin/env bash
# How long a conversion takes against copying the checkpoint and against llama.cpp's converter, and how much memory each
# needs: of a dense model, of one whose rows change places, of one whose experts are stacked, and with an adapter merged.
#
#   scripts/bench-convert.sh [ROUNDS]
#   LLAMA_CPP=/path/to/llama.cpp PYTHON=python ... scripts/bench-convert.sh     beside convert_hf_to_gguf.py
#
# The models are random, of about 640 MB, made below .build/bench. A copy reads and writes as many bytes as a conversion to
# the same width must, so the ratio tells what the work costs; both wait until the bytes are on the disk.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=.build/release/edgepipe
bench=.build/bench
rounds=${1:-3}
[[ -x $edgepipe ]] || { echo "bench-convert: build first: swift build -c release" >&2; exit 1; }
mkdir -p "$bench"
output=$bench/converted.gguf
copy=$bench/copy.safetensors
trap 'rm -f "$output" "$copy"' EXIT

for family in phi3 llama mixtral; do
    model=$bench/$family-323m
    adapter=$model-lora
    [[ -f $adapter/adapter_config.json ]] ||
        python3 scripts/make-random-checkpoint.py "$model" --preset "$family-323m" --adapter "$adapter"
    commands=(
        copy sh -c 'cp "$0" "$1" && sync "$1"' "$model/model.safetensors" "$copy"
        -- "to bf16" "$edgepipe" convert "$model" -o "$output" --type bf16
        -- "to f16" "$edgepipe" convert "$model" -o "$output" --type f16
        -- "to f16 with an adapter" "$edgepipe" convert "$model" -o "$output" --type f16 --lora "$adapter"
    )
    if [[ -n ${LLAMA_CPP:-} ]]; then
        commands+=(
            -- "reference to f16" "${PYTHON:-python3}" "$LLAMA_CPP/convert_hf_to_gguf.py" "$model" --outfile "$output"
            --outtype f16
        )
    fi
    python3 scripts/measure.py --rounds "$rounds" "${commands[@]}" | awk -F '\t' -v family="$family" '
        { name[NR] = $1; time[NR] = $2; memory[NR] = $5; if ($1 == "copy") base = $2 }
        END {
            printf "%-24s %10s %10s %10s\n", family, "seconds", "x copy", "peak MiB"
            for (i = 1; i <= NR; i++) printf "%-24s %10.2f %10.2f %10d\n", name[i], time[i], time[i] / base, memory[i]
        }'
done
