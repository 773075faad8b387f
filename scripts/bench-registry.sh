#!/usr/bin/env bash
# Speed and memory of publishing into a registry and pulling out of it, against zstd on the same bytes.
#
#   scripts/bench-registry.sh [FILE.gguf] [ROUNDS]
#
# Without a file, random weights in Phi-3's shapes (0.65 GB as F16) are made, converted and quantized below .build/bench.
# `registry import` into an empty registry stands against `zstd -3 -T0`, which hashes nothing and syncs nothing; `pull`
# against `zstd -d` of the same bytes with `sha256sum` behind it. Runs take turns and medians are compared; a ratio above
# 1 means that edgepipe is faster. A file that is pulled must be the file that was published. At the end a file of two
# gigabytes is published and pulled, verified and exported; the peak memory says that it depends on no file's size.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=$PWD/.build/release/edgepipe
bench=$PWD/.build/bench
rounds=${2:-3}
[[ -x $edgepipe ]] || { echo "bench-registry: build first: swift build -c release" >&2; exit 1; }
mkdir -p "$bench"
files=()
if [[ -n ${1:-} ]]; then
    files=("$(realpath "$1")")
else
    checkpoint=$bench/phi3-323m
    [[ -f $checkpoint/config.json ]] || python3 scripts/make-random-checkpoint.py "$checkpoint" --preset phi3-323m
    f16=$bench/phi3-323m.f16.gguf
    [[ -f $f16 ]] || "$edgepipe" convert "$checkpoint" -o "$f16" --type f16 > /dev/null
    for type in q8_0 q4_k_m; do
        [[ -f $bench/phi3-323m.$type.gguf ]] \
            || "$edgepipe" quantize "$f16" -o "$bench/phi3-323m.$type.gguf" --type "$type" --no-errors > /dev/null
        files+=("$bench/phi3-323m.$type.gguf")
    done
    files=("$f16" "${files[@]}")
fi
work=$(mktemp -d -p "$bench")
trap 'rm -rf "$work"' EXIT

printf '%-24s %8s %10s %10s %7s %10s %10s\n' file what edgepipe zstd ratio MiB 'bytes left'
for file in "${files[@]}"; do
    cat "$file" > /dev/null
    publish="rm -rf $work/r && mkdir $work/r && $edgepipe registry init --registry $work/r/registry.db --quiet"
    publish+=" && exec $edgepipe registry import $file --as m@1.0.0:t --license mit --registry $work/r/registry.db --quiet"
    line() {
        python3 scripts/measure.py --rounds "$rounds" edgepipe bash -c "$2" -- zstd bash -c "$3" > "$work/times"
        python3 - "$work/times" "$(basename "$file")" "$1" "$4" <<'PYTHON'
import sys
times, name, what, left = sys.argv[1:]
ours, theirs = (line.split("\t") for line in open(times).read().splitlines())
print(f"{name:24} {what:>8} {float(ours[1]):9.2f}s {float(theirs[1]):9.2f}s {float(theirs[1]) / float(ours[1]):7.2f} {float(ours[4]):10.0f} {left:>10}")
PYTHON
    }
    zstd -3 -T0 -q -f "$file" -o "$work/z.zst"
    bash -c "$publish" > /dev/null
    stored=$(du -sb "$work/r/registry.db.objects" | cut -f1)
    left=$(python3 -c "print(f'{$stored / $(stat -c %s "$file"):.3f}')")
    line publish "$publish" "exec zstd -3 -T0 -q -f $file -o $work/z.zst" "$left"
    line pull "exec $edgepipe pull m@1.0.0:t -o $work/out.gguf --registry $work/r/registry.db --quiet" \
        "zstd -d -q -f $work/z.zst -o $work/z.gguf && sha256sum $work/z.gguf" "$left"
    cmp "$file" "$work/out.gguf"
done

large=$bench/large-2g.gguf
if [[ ! -f $large ]]; then
    python3 scripts/make-large-gguf.py "$large" --gigabytes 2
fi
rm -rf "$work/r"
mkdir "$work/r"
registry=(--registry "$work/r/registry.db" --quiet)
"$edgepipe" registry init "${registry[@]}" > /dev/null
cat "$large" > /dev/null
echo
printf '%-24s %10s %10s\n' "$(basename "$large")" seconds 'peak MiB'
for step in "publish registry import $large --as m@1.0.0:t --license mit" "pull pull m@1.0.0:t -o $work/out.gguf" \
    "verify registry verify --read-data" "export registry export -o $work/out.tar"; do
    read -r name command <<< "$step"
    # shellcheck disable=SC2086 # the command is several words
    python3 scripts/measure.py --rounds 1 "$name" "$edgepipe" $command "${registry[@]}" \
        | awk -F '\t' '{ printf "%-24s %9.2fs %10.0f\n", $1, $2, $5 }'
done
cmp "$large" "$work/out.gguf"
