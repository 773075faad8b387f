#!/usr/bin/env bash
# What Q4_0 gains on a model trained for four bits when it keeps the model's grid: error, mean KL divergence from the model's own
# weights and perplexity, by --rounding reference and lattice, once with the mix's embedding and once with one of Q4_0.
#
#   PYTHON=python3 scripts/compare-lattice.sh [CHECKPOINT]...
#
# A checkpoint (models/tiny-phi3) is put on a grid first; make-qat-checkpoint.py says how. CHUNKS chooses how much text.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=.build/release/edgepipe
[[ -x $edgepipe ]] || { echo "compare-lattice: build first: make build" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
measure=(--text texts/sample.txt --chunks "${CHUNKS:-40}" --quiet)
(($#)) || set -- models/tiny-phi3

printf '%-16s %-10s %-10s %12s %9s %10s %11s %8s\n' model rounding embedding bytes 'error %' 'KL div.' perplexity top-1
for checkpoint in "$@"; do
    "${PYTHON:-python3}" scripts/make-qat-checkpoint.py "$checkpoint" "$work/qat"
    "$edgepipe" convert "$work/qat" -o "$work/f32.gguf" --type f32 --quiet > /dev/null
    "$edgepipe" perplexity "$work/f32.gguf" "${measure[@]}" --save-logits "$work/base" > /dev/null
    for embedding in mix q4_0; do
        options=()
        [[ $embedding == mix ]] || options=(--token-embedding-type q4_0 --output-tensor-type q4_0)
        for rounding in reference lattice; do
            "$edgepipe" quantize "$work/f32.gguf" -o "$work/build.gguf" --type q4_0 --rounding "$rounding" "${options[@]}" \
                --errors --json --quiet > "$work/report.json"
            "$edgepipe" perplexity "$work/build.gguf" --quiet --base-logits "$work/base" --json > "$work/quality.json"
            python3 - "$work" "$(basename "$checkpoint")" "$rounding" "$embedding" << 'PYTHON'
import json, sys
work, model, rounding, embedding = sys.argv[1:]
report, quality = (json.load(open(f"{work}/{name}.json")) for name in ("report", "quality"))
print(f"{model:16} {rounding:10} {embedding:10} {report['bytes']:12} {report['relativeError'] * 100:9.3f} "
      f"{quality['kld']['mean']:10.6f} {quality['perplexity']:11.4f} {quality['sameTopPercent']:7.2f}%")
PYTHON
        done
    done
    rm -rf "$work/qat"
done
