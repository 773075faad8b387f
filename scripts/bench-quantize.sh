#!/usr/bin/env bash
# Speed and memory of edgepipe quantize against llama-quantize, on the same F16 file, type by type and by threads.
#
#   LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/bench-quantize.sh [F16.gguf] [ROUNDS]
#   TYPES="Q4_K_M Q4_K_M+matrix" THREADS=2 ... scripts/bench-quantize.sh
#
# Without a file, random weights in Phi-3's shapes are made and converted below .build/bench; the importance matrix is
# random in any case. Runs are interleaved and the medians compared; a ratio above 1 means that edgepipe is faster. Both
# outputs are compared too, and edgepipe measures no errors, as llama-quantize does not: figures of programs that do not do
# the same work say nothing. ERRORS=1 leaves the measuring on, as it is by default.
#
# Last, eight levels are made in one pass, as a pipeline does it, against the eight one after the other.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=$PWD/.build/release/edgepipe
llama=${LLAMA_CPP_BIN:?set LLAMA_CPP_BIN to the folder of llama-quantize}/llama-quantize
bench=.build/bench
source=$(realpath -m "${1:-$bench/phi3-323m.f16.gguf}")
rounds=${2:-5}
plain="F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K_S Q3_K_M Q4_K_S Q4_K_M Q5_K_M Q6_K IQ3_S IQ4_NL IQ4_XS"
weighted="Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K_M Q4_K_M Q5_K_M Q6_K IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_M IQ3_XXS IQ3_S IQ4_NL IQ4_XS"
types=${TYPES:-$plain $(printf '%s+matrix ' $weighted)}
threads=${THREADS:-1 2}
errors=$([[ ${ERRORS:-} == 1 ]] || echo --no-errors)
[[ -x $edgepipe ]] || { echo "bench-quantize: build first: swift build -c release" >&2; exit 1; }
[[ -x $llama ]] || { echo "bench-quantize: $llama is no program" >&2; exit 1; }
mkdir -p "$bench"
if [[ ! -f $source ]]; then
    checkpoint=$bench/phi3-323m
    [[ -f $checkpoint/config.json ]] || python3 scripts/make-random-checkpoint.py "$checkpoint" --preset phi3-323m
    "$edgepipe" convert "$checkpoint" -o "$source" --type f16 > /dev/null
fi
scripts/make-random-imatrix.py "$source" "$bench/random.imatrix"

# The matrix's path becomes part of the file: both programs get the same.
cd "$bench"
trap 'rm -f ours.gguf theirs.gguf' EXIT

printf '%-15s %7s %10s %10s %8s %10s %10s  %s\n' type threads edgepipe llama ratio MiB "llama MiB" bytes
for entry in $types; do
    type=${entry%+matrix}
    matrix=$([[ $entry == "$type" ]] || echo "--imatrix random.imatrix.gguf")
    for count in $threads; do
        figures=$(python3 ../../scripts/measure.py --rounds "$rounds" \
            ours "$edgepipe" quantize "$source" -o ours.gguf --type "$type" $matrix --threads "$count" $errors -- \
            theirs "$llama" $matrix "$source" theirs.gguf "$type" "$count")
        same=$(cmp -s ours.gguf theirs.gguf && echo equal || echo DIFFERENT)
        awk -F '\t' -v type="$entry" -v count="$count" -v same="$same" '
            $1 == "ours" { time = $2; memory = $5 }
            $1 == "theirs" { llama = $2; llamaMemory = $5 }
            END {
                printf "%-15s %7d %9.2fs %9.2fs %7.2fx %10d %10d  %s\n",
                    type, count, time, llama, llama / time, memory, llamaMemory, same
            }' <<< "$figures"
    done
done

levels="q8_0 q6_k q5_k_m q4_k_m q4_0 q3_k_m iq4_xs q2_k"
cat > eight.yaml << YAML
pipeline: eight
version: 1.0.0
model: { source: "$source" }
steps:
  - { id: source, convert: { keep: false } }
  - { id: builds, quantize: { model: source, types: [${levels// /, }] } }
YAML
trap 'rm -rf ours.gguf theirs.gguf eight.yaml eight.db*' EXIT
for count in $threads; do
    alone=0
    for level in $levels; do
        figures=$(python3 ../../scripts/measure.py --rounds 3 \
            alone "$edgepipe" quantize "$source" -o ours.gguf --type "$level" --threads "$count")
        alone=$(awk -F '\t' -v sum="$alone" '{ print sum + $2 }' <<< "$figures")
    done
    python3 ../../scripts/measure.py --rounds 3 \
        together sh -c 'rm -rf eight.db*; exec "$0" run eight.yaml --registry eight.db --jobs "$1" --quiet' \
        "$edgepipe" "$count" | awk -F '\t' -v alone="$alone" -v count="$count" '
        { printf "eight levels, %d threads: %.2fs together, %.2fs one by one, share %.2f, %d MiB\n", count, $2, alone, $2 / alone, $5 }'
done
