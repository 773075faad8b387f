#!/usr/bin/env bash
# What refined rounding gains on the shipped model: mean KL divergence from the F32 model on the sample text, with the
# matrix of the goldens, type by type. TYPES and CHUNKS choose how much.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=.build/release/edgepipe
[[ -x $edgepipe ]] || { echo "compare-rounding: build first: make build" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
text=texts/sample.txt
matrix=Tests/Goldens/tiny-phi3/imatrix.gguf
chunks=${CHUNKS:-40}

"$edgepipe" convert models/tiny-phi3 -o "$work/f32.gguf" --type f32 --quiet > /dev/null
"$edgepipe" convert models/tiny-phi3 -o "$work/f16.gguf" --type f16 --quiet > /dev/null
"$edgepipe" perplexity "$work/f32.gguf" --text "$text" --chunks "$chunks" --save-logits "$work/base" --quiet > /dev/null

printf '%-8s %10s %10s %8s %11s %11s\n' type reference refined change 'perplexity' 'refined'
for type in ${TYPES:-q2_k q3_k_m q4_0 q4_1 q4_k_m q5_0 q5_k_m q6_k}; do
    figures=()
    for rounding in reference refined; do
        "$edgepipe" quantize "$work/f16.gguf" -o "$work/build.gguf" --type "$type" --imatrix "$matrix" \
            --rounding "$rounding" --quiet > /dev/null
        figures+=($("$edgepipe" perplexity "$work/build.gguf" \
            --base-logits "$work/base" --json --quiet |
            python3 -c 'import json, sys; r = json.load(sys.stdin); print(r["kld"]["mean"], r["perplexity"])'))
    done
    awk -v type="$type" -v a="${figures[0]}" -v b="${figures[2]}" -v p="${figures[1]}" -v q="${figures[3]}" \
        'BEGIN { printf "%-8s %10.6f %10.6f %+7.1f%% %11.4f %11.4f\n", type, a, b, 100 * (b / a - 1), p, q }'
done
