#!/usr/bin/env bash
# Tokens a second of edgepipe perplexity against llama-perplexity, on the same file and text.
#
#   LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/bench-perplexity.sh MODEL.gguf... [-- ROUNDS]
#
# A ratio above 1 means that edgepipe is faster. The perplexities are printed side by side: they should agree.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=.build/release/edgepipe
llama=${LLAMA_CPP_BIN:?set LLAMA_CPP_BIN to the folder of llama-perplexity}/llama-perplexity
text=${TEXT:-texts/sample.txt}
context=${CONTEXT:-512}
chunks=${CHUNKS:-8}
threads=${THREADS:-2}
rounds=3
models=()
while (($#)); do
    if [[ $1 == -- ]]; then rounds=$2; shift 2; else models+=("$1"); shift; fi
done
((${#models[@]})) || { echo "bench-perplexity: name a GGUF file" >&2; exit 1; }
[[ -x $edgepipe ]] || { echo "bench-perplexity: build first: swift build -c release" >&2; exit 1; }
[[ -x $llama ]] || { echo "bench-perplexity: $llama is no program" >&2; exit 1; }

printf '%-28s %12s %12s %8s %10s %10s %12s %12s\n' model edgepipe llama ratio MiB "llama MiB" perplexity "of llama"
for model in "${models[@]}"; do
    ours=("$edgepipe" perplexity "$model" --text "$text" --context "$context" --chunks "$chunks" --threads "$threads" --json)
    theirs=("$llama" -m "$model" -f "$text" -c "$context" --chunks "$chunks" -t "$threads")
    mine=$("${ours[@]}" 2> /dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["perplexity"])')
    other=$("${theirs[@]}" 2>&1 | sed -n 's/.*Final estimate: PPL = \([0-9.]*\).*/\1/p')
    figures=$(python3 scripts/measure.py --rounds "$rounds" ours "${ours[@]}" -- theirs "${theirs[@]}")
    awk -F '\t' -v model="$(basename "$model")" -v tokens="$((context * chunks))" -v mine="$mine" -v other="$other" '
        $1 == "ours" { time = $2; memory = $5 }
        $1 == "theirs" { llama = $2; llamaMemory = $5 }
        END {
            printf "%-28s %8.0f t/s %8.0f t/s %7.2fx %10d %10d %12.4f %12s\n",
                model, tokens / time, tokens / llama, llama / time, memory, llamaMemory, mine, other
        }' <<< "$figures"
done
