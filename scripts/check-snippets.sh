#!/usr/bin/env bash
# Compiles the Swift snippet of a build of the quickstart against llama.cpp, loads the build with it and prints what it answers; and
# looks up the names that the other snippets use, where llama.cpp's sources have them.
#
#   LLAMA_CPP=/path/to/llama.cpp LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/check-snippets.sh
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
for kind in react-native flutter; do
    snippet "$kind" > "$work/$kind"
    echo "$kind: $(wc -l < "$work/$kind") lines; its package is not at hand, so its names are those of docs/integration.md"
done
