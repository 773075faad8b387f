#!/usr/bin/env python3
"""What a registry takes for eight builds of the tiny model, and for a second version in which one layer changed.

    scripts/measure-registry-storage.py [--program .build/release/edgepipe]

Prints bytes on the disk against the sum of the files, measured, and pulls every build to see that it is what was
published. Needs no package.
"""

import argparse
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PIPELINE = """pipeline: tiny-phi3
version: {version}
model: {{ source: {source}, license: mit }}
steps:
  - id: f16
    convert: {{ type: f16 }}
  - id: builds
    quantize: {{ model: f16, types: [q8_0, q6_k, q5_k_m, q4_k_m, q4_k_s, q4_0, q3_k_m, q2_k] }}
  - id: publish
    publish: {{ builds: builds }}
"""


def change_layer(path: pathlib.Path, layer: str) -> int:
    """Flips a bit in every fourth byte of a layer's tensors; returns how many tensors there were."""
    data = bytearray(path.read_bytes())
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    changed = 0
    for name, tensor in header.items():
        if layer not in name:
            continue
        begin, end = (8 + length + offset for offset in tensor["data_offsets"])
        for index in range(begin, end, 4):
            data[index] ^= 0x10
        changed += 1
    path.write_bytes(data)
    return changed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build/release/edgepipe")
    program = parser.parse_args().program.resolve()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        registry = work / "registry.db"

        def edgepipe(*arguments):
            command = [program, *arguments, "--registry", registry]
            return subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=work).stdout

        before = 0
        for version in ("1.0.0", "1.1.0"):
            source = work / version
            shutil.copytree(ROOT / "models/tiny-phi3", source)
            if version != "1.0.0":
                changed = change_layer(source / "model.safetensors", ".layers.1.")
                assert changed > 0, "the model has no such layer"
            (work / "pipeline.yaml").write_text(PIPELINE.format(version=version, source=version))
            edgepipe("run", "pipeline.yaml", "--quiet")
            report = json.loads(edgepipe("registry", "storage", "--json"))
            files, stored = report["fileBytes"], report["storedBytes"]
            print(f"{report['builds']:2} builds: files {files / 1e6:.2f} MB, on the disk {stored / 1e6:.2f} MB, ", end="")
            print(f"ratio {files / stored:.3f}; this version added {(stored - before) / 1e6:.2f} MB")
            before = stored
        for build in json.loads(edgepipe("registry", "list", "--json")):
            edgepipe("pull", build["name"], "-o", work / "out.gguf")
            digest = subprocess.run(["sha256sum", work / "out.gguf"], check=True, stdout=subprocess.PIPE).stdout
            assert digest.split()[0].decode() == build["digest"], build["name"]
        print("every build came out as it was published")
    return 0


if __name__ == "__main__":
    sys.exit(main())
