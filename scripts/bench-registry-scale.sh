#!/usr/bin/env bash
# Speed of queries and publications in a registry of 100,000 builds of 2,000 models.
#
#   scripts/bench-registry-scale.sh [MODELS] [SHAPES]
#
# The registry is filled once, by the code that publishes, and kept below .build/bench (2 GB; some minutes). Each query
# opens the registry, answers, and writes the answer as JSON; each publication imports a file of four kilobytes. What is
# promised: a query by memory, device or model in 50 ms, a publication in 20 ms beyond the bytes, both at the 99th percentile.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build -c release --product RegistryScale > /dev/null
exec .build/release/RegistryScale ".build/bench/scale-${1:-2000}-${2:-200}" "${1:-2000}" "${2:-200}"
