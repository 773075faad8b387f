#!/usr/bin/env bash
# Speed and memory of edgepipe quantize against llama-quantize, on the same F16 file, type by type and by threads.
#
#   LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/bench-quantize.sh [F16.gguf] [ROUNDS]
#
# Without a file, random weights in Phi-3's shapes are made and converted below .build/bench. Runs are interleaved and
# the medians compared; a ratio above 1 means that edgepipe is faster. Both outputs are compared too, and edgepipe measures
# no errors, as llama-quantize does not: figures of programs that do not do the same work say nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=.build/release/edgepipe
llama=${LLAMA_CPP_BIN:?set LLAMA_CPP_BIN to the folder of llama-quantize}/llama-quantize
bench=.build/bench
source=${1:-$bench/phi3-323m.f16.gguf}
rounds=${2:-3}
types=${TYPES:-Q8_0 Q4_0 Q2_K Q3_K_M Q4_K_M Q6_K}
threads=${THREADS:-1 2}
[[ -x $edgepipe ]] || { echo "bench-quantize: build first: swift build -c release" >&2; exit 1; }
[[ -x $llama ]] || { echo "bench-quantize: $llama is no program" >&2; exit 1; }
mkdir -p "$bench"
if [[ ! -f $source ]]; then
    checkpoint=$bench/phi3-323m
    [[ -f $checkpoint/config.json ]] || python3 scripts/make-random-checkpoint.py "$checkpoint" --preset phi3-323m
    "$edgepipe" convert "$checkpoint" -o "$source" --type f16 > /dev/null
fi

ours=$bench/ours.gguf
theirs=$bench/theirs.gguf
trap 'rm -f "$ours" "$theirs"' EXIT

printf '%-8s %7s %10s %10s %8s %10s %10s  %s\n' type threads edgepipe llama ratio MiB "llama MiB" bytes
for type in $types; do
    for count in $threads; do
        figures=$(python3 scripts/measure.py --rounds "$rounds" \
            ours "$edgepipe" quantize "$source" -o "$ours" --type "$type" --threads "$count" --no-errors -- \
            theirs "$llama" "$source" "$theirs" "$type" "$count")
        same=$(cmp -s "$ours" "$theirs" && echo equal || echo DIFFERENT)
        awk -F '\t' -v type="$type" -v count="$count" -v same="$same" '
            $1 == "ours" { time = $2; memory = $5 }
            $1 == "theirs" { llama = $2; llamaMemory = $5 }
            END {
                printf "%-8s %7d %9.2fs %9.2fs %7.2fx %10d %10d  %s\n",
                    type, count, time, llama, llama / time, memory, llamaMemory, same
            }' <<< "$figures"
    done
done
