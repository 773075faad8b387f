#!/usr/bin/env bash
# Tokens a second of edgepipe generate against llama-bench's tg, on the same files.
#
#   LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/bench-generate.sh MODEL.gguf...
#
# A ratio above 1 means that edgepipe is faster. Medians of ROUNDS runs (3) in turn, at 1 thread and at THREADS (2).
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=.build/release/edgepipe
llama=${LLAMA_CPP_BIN:?set LLAMA_CPP_BIN to the folder of llama-bench}/llama-bench
count=${TOKENS:-128}
rounds=${ROUNDS:-3}
(($#)) || { echo "bench-generate: name a GGUF file" >&2; exit 1; }
[[ -x $edgepipe ]] || { echo "bench-generate: build first: swift build -c release" >&2; exit 1; }
[[ -x $llama ]] || { echo "bench-generate: $llama is no program" >&2; exit 1; }

ours() {
    "$edgepipe" generate "$1" --prompt "Once upon a time" -n "$count" --greedy --threads "$2" --json --quiet |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["tokensPerSecond"])'
}
theirs() { # llama-bench reads a file anew each time, as edgepipe does
    "$llama" -m "$1" -p 0 -n "$count" -t "$2" -r 1 -o json 2> /dev/null |
        python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["avg_ts"])'
}
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

printf '%-28s %8s %12s %12s %8s\n' model threads edgepipe llama ratio
for model in "$@"; do
    for threads in 1 "${THREADS:-2}"; do
        a=() b=()
        for ((round = 0; round < rounds; round++)); do
            a+=("$(ours "$model" "$threads")")
            b+=("$(theirs "$model" "$threads")")
        done
        mine=$(printf '%s\n' "${a[@]}" | median)
        other=$(printf '%s\n' "${b[@]}" | median)
        awk -v model="$(basename "$model")" -v threads="$threads" -v a="$mine" -v b="$other" \
            'BEGIN { printf "%-28s %8d %8.1f t/s %8.1f t/s %7.2fx\n", model, threads, a, b, a / b }'
    done
done
