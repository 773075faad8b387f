#!/usr/bin/env bash
# Compiles the Swift snippet of a build of the quickstart against llama.cpp, loads the build with it and prints what it answers; and
# looks up the names that the other snippets use where their packages declare them.
#
#   LLAMA_CPP=/path/to/llama.cpp LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin \
#       LLAMA_RN=/path/to/llama.rn FLLAMA=/path/to/fllama scripts/check-snippets.sh
#
# There is no XCFramework outside of Apple's systems: a module map over llama.h stands for it.
set -euo pipefail
cd "$(dirname "$0")/.."

edgepipe=$PWD/.build/release/edgepipe
source=${LLAMA_CPP:?set LLAMA_CPP to the folder of llama.cpp}
libraries=$(cd "${LLAMA_CPP_BIN:?set LLAMA_CPP_BIN to the folder of libllama.so}" && pwd)
[[ -x $edgepipe ]] || { echo "check-snippets: build first: swift build -c release" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$edgepipe" run pipelines/quickstart.yaml --registry "$work/registry.db" --quiet > /dev/null
build=tiny-phi3:q4_k_m
"$edgepipe" pull "$build" -o "$work/model.gguf" --registry "$work/registry.db" --quiet > /dev/null
snippet() { "$edgepipe" snippet "$build" --for "$1" --registry "$work/registry.db"; }

mkdir "$work/llama"
cp "$source"/include/llama.h "$source"/ggml/include/*.h "$work/llama/"
printf 'module llama {\n  header "llama.h"\n  export *\n}\n' > "$work/llama/module.modulemap"
snippet swift > "$work/LocalModel.swift"
cat > "$work/main.swift" << 'SWIFT'
import Foundation

let model = try LocalModel(path: CommandLine.arguments[1])
var answer = ""
try model.answer("It was the best of times, it was", limit: 32) { text in
    answer += text
    return true
}
print(answer)
exit(answer.isEmpty ? 1 : 0)
SWIFT
swiftc -swift-version 6 -O "$work/LocalModel.swift" "$work/main.swift" -I "$work/llama" -L "$libraries" \
    -Xlinker -rpath -Xlinker "$libraries" -lllama -lggml -lggml-base -lggml-cpu -o "$work/answer"
echo "swift: compiled, and answers:"
"$work/answer" "$work/model.gguf" 2> /dev/null | sed 's/^/    /'

# What the Kotlin snippet calls must be declared in llama.cpp's Android library.
android=$source/examples/llama.android/lib/src/main
for name in getInferenceEngine loadModel sendUserPrompt predictLength cleanUp DEFAULT_CONTEXT_SIZE BATCH_SIZE; do
    snippet kotlin | grep -q "$name" || { echo "kotlin: the snippet does not use $name" >&2; exit 1; }
    grep -rqw "$name" "$android" || { echo "kotlin: $name is not in llama.cpp's Android library" >&2; exit 1; }
done
echo "kotlin: all names are in llama.cpp's Android library"

# Looks for each name of a snippet where its package declares it.
#   declared KIND FOLDER NAME=PATTERN...
declared() {
    local kind=$1 folder=$2 pair
    shift 2
    for pair in "$@"; do
        snippet "$kind" | grep -qw -- "${pair%%=*}" || { echo "$kind: the snippet does not use ${pair%%=*}" >&2; exit 1; }
        grep -rqE -- "${pair#*=}" "$folder" || { echo "$kind: ${pair%%=*} is not declared in $folder" >&2; exit 1; }
    done
    echo "$kind: all $# names are declared in $folder"
}

if [[ -n ${LLAMA_RN:-} ]]; then
    declared react-native "$LLAMA_RN/src" \
        initLlama='export async function initLlama\(' releaseAllLlama='export async function releaseAllLlama\(' \
        LlamaContext='export class LlamaContext' completion='^  async completion\(' stopCompletion='^  stopCompletion\(' \
        model='^  model: string' n_ctx='^  n_ctx\?: number' n_batch='^  n_batch\?: number' n_ubatch='^  n_ubatch\?: number' \
        cache_type_k='^  cache_type_k\?: string' cache_type_v='^  cache_type_v\?: string' n_gpu_layers='^  n_gpu_layers\?: number' \
        use_mmap='^  use_mmap\?: boolean' n_predict='^  n_predict\?: number' stop='^  stop\?: Array<string>' \
        messages='messages\?: RNLlamaOAICompatibleMessage\[\]' token='^  token: string'
else
    echo "react-native: not checked; set LLAMA_RN to the folder of llama.rn"
fi
if [[ -n ${FLLAMA:-} ]]; then
    declared flutter "$FLLAMA/lib" \
        OpenAiRequest='^class OpenAiRequest' modelPath='^  final String modelPath;' contextSize='^  final int contextSize;' \
        maxTokens='^  final int maxTokens;' numGpuLayers='^  final int numGpuLayers;' temperature='^  final double temperature;' \
        topP='^  final double topP;' messages='^  final List<Message> messages;' Message='^class Message' user='^  user;' \
        fllamaChat='^Future<int> fllamaChat\(' fllamaCancelInference='^void fllamaCancelInference\(int '
else
    echo "flutter: not checked; set FLLAMA to the folder of fllama"
fi
