#!/usr/bin/env python3
"""Checks that every target imports only what Package.swift lists for it.

SwiftPM lets a target import any module that happens to be built; the layers of ARCHITECTURE.md hold only because this
script compares each `import` with the manifest.
"""
import json
import pathlib
import re
import subprocess
import sys

# What the toolchain brings along, and is free to use anywhere.
TOOLCHAIN = {"Swift", "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "Glibc", "Musl", "Darwin", "Testing"}

# Layers from the ground up; an arrow may only lead downwards.
LAYERS = [
    {"CKernels", "CZstd"},
    {"BinaryIO", "Tensors", "Work", "Zstd"},
    {"BlockFormats", "GGUF", "Safetensors", "Settings", "Tokenizers", "Transfer"},
    {"Architectures"},
    {"Conversion", "Delta", "Inference", "ModelHub", "ObjectStorage", "Quantization"},
    {"DeviceFit", "Evaluation", "Recipes", "Registry"},
    {"Briefs"},
    {"Answers", "Distribution", "Pipeline"},
    {"Site", "Steps"},
    {"Cluster", "Server"},
    {"edgepipe", "RegistryScale"},
]
# Rooms that must not know each other although their layers would allow it.
STRANGERS = {
    "Registry": {"GGUF", "Safetensors", "BlockFormats", "Conversion", "Inference", "Quantization", "Tokenizers"},
    "DeviceFit": {"BlockFormats", "Inference"},
    "GGUF": {"BlockFormats"},
    "BlockFormats": {"GGUF"},
    "Pipeline": {"Conversion", "DeviceFit", "Evaluation", "GGUF", "Inference", "ModelHub", "Quantization"},
}


def main() -> int:
    dump = subprocess.run(["swift", "package", "dump-package"], check=True, capture_output=True, text=True)
    targets = json.loads(dump.stdout)["targets"]
    level = {name: index for index, names in enumerate(LAYERS) for name in names}
    problems = []
    for target in targets:
        name, is_test = target["name"], target["type"] == "test" or target["name"].endswith("TestSupport")
        folder = pathlib.Path(target.get("path") or f"{'Tests' if is_test else 'Sources'}/{name}")
        allowed = {entry[0] for dependency in target["dependencies"] for entry in dependency.values() if entry}
        if not is_test:
            if name not in level:
                problems.append(f"Package.swift: target {name} belongs to no layer; add it to {sys.argv[0]}")
            for other in allowed & level.keys():
                if level[other] >= level.get(name, -1):
                    problems.append(f"Package.swift: {name} depends on {other}, which is not in a lower layer")
                if other in STRANGERS.get(name, ()):
                    problems.append(f"Package.swift: {name} must not know {other}")
        for file in sorted(folder.rglob("*.swift")):
            # Code that a string holds is somebody else's; its lines stay, for the numbers.
            text = re.sub(
                r'"""\n.*?"""', lambda quoted: "\n" * quoted[0].count("\n"), file.read_text(encoding="utf-8"), flags=re.DOTALL
            )
            for number, line in enumerate(text.splitlines(), 1):
                found = re.match(r"\s*(?:@\w+\s+)*(?:public\s+|package\s+|internal\s+)?import\s+(?:\w+\s+)?(\w+)", line)
                if found and found[1] not in allowed | TOOLCHAIN | {name}:
                    problems.append(f"{file}:{number}: {name} imports {found[1]}, which Package.swift does not list")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
