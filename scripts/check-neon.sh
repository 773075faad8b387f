#!/usr/bin/env bash
# Builds the inner loops for 64-bit Arm and runs each NEON loop against the plain one, under qemu where this is no Arm machine.
#
#   scripts/check-neon.sh [SEED]
#
# Needs clang, and elsewhere than on Arm Debian's qemu-user and libc6-dev-arm64-cross. Says nothing of speed.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sources=(scripts/check-neon.c Sources/CKernels/*.c)
flags=(-O3 -std=c17 -ISources/CKernels -ISources/CKernels/include)
if [[ $(uname -m) == aarch64 || $(uname -m) == arm64 ]]; then
    clang "${flags[@]}" "${sources[@]}" -lm -o "$work/check"
    "$work/check" "$@"
else
    for source in "${sources[@]}"; do
        clang --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include "${flags[@]}" -c "$source" \
            -o "$work/$(basename "$source").o"
    done
    aarch64-linux-gnu-gcc -static "$work"/*.o -lm -o "$work/check"
    qemu-aarch64 "$work/check" "$@"
fi
