"""Tests/Goldens/families and projectors: what the reference makes of a family, small enough to ship; compare-conversion.py
and compare-projectors.py write them.

A file holds the checkpoint's config.json, the names and shapes of its tensors and how its tokenizer splits text; and of
the reference's f16 file the metadata that do not depend on the folder's name and the tokens, and the tensors.
"""

import json
import struct

import conversion_purposes

LEFT_OUT = {"general.name", "general.version", "general.finetune", "general.basename", "general.organization"}
TOKENIZER_KEYS = {"tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.add_space_prefix"}


def checkpoint_tensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return [[name, entry["dtype"], entry["shape"]] for name, entry in header.items() if name != "__metadata__"]


def write_golden(source, reference, output, provenance):
    """Writes a family's golden.

    `source` is the checkpoint's folder, `reference` the file that the reference made of it.
    """
    from gguf import GGUFReader

    reader = GGUFReader(reference)
    metadata = []
    for key, field in reader.fields.items():
        is_plain = not key.startswith(("GGUF.", "tokenizer.", "general.sampling")) and key not in LEFT_OUT
        if is_plain or key in TOKENIZER_KEYS:
            metadata.append([key, [kind.name for kind in field.types], field.contents()])
    config = json.loads((source / "config.json").read_text())
    settings = json.loads((source / "tokenizer_config.json").read_text())
    tokenizer = source / "tokenizer.json"
    files = {name: (source / name).read_text() for name in conversion_purposes.FILES if (source / name).exists()}
    golden = {
        "source": provenance,
        "config": {key: value for key, value in config.items() if key != "transformers_version"},
        "tokenizer_class": settings.get("tokenizer_class"),
        "pre_tokenizer": json.loads(tokenizer.read_text())["pre_tokenizer"] if tokenizer.exists() else None,
        **({"files": files} if files else {}),
        "has_tokenizer_model": (source / "tokenizer.model").exists(),
        "checkpoint": checkpoint_tensors(source / "model.safetensors"),
        "metadata": metadata,
        "tensors": [[t.name, t.tensor_type.name, [int(n) for n in t.shape]] for t in reader.tensors],
    }
    write(golden, output / f"{source.parent.parent.name}.json")


def write_projector_golden(source, reference, output, provenance):
    """Writes the golden of a family's projector: of the checkpoint what the projector reads, and no tokenizer."""
    from gguf import GGUFReader

    reader = GGUFReader(reference)
    metadata = [
        [key, [kind.name for kind in field.types], field.contents()] for key, field in reader.fields.items()
        if not key.startswith("GGUF.") and key not in LEFT_OUT
    ]
    config = json.loads((source / "config.json").read_text())
    names = ["preprocessor_config.json", "processor_config.json"]
    golden = {
        "source": provenance,
        "config": {key: value for key, value in config.items() if key != "transformers_version"},
        "files": {name: (source / name).read_text() for name in names if (source / name).exists()},
        "checkpoint": checkpoint_tensors(source / "model.safetensors"),
        "metadata": metadata,
        "tensors": [[t.name, t.tensor_type.name, [int(n) for n in t.shape]] for t in reader.tensors],
    }
    write(golden, output / f"{source.parent.parent.name}.json")


def write(golden, path):
    """A line for each tensor and each key, so that changes can be read."""
    lines = ",\n".join(
        f" {json.dumps(key)}: " + (
            "[\n" + ",\n".join(f"  {json.dumps(entry)}" for entry in value) + "\n ]"
            if key in ("checkpoint", "metadata", "tensors") else json.dumps(value)
        )
        for key, value in golden.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + lines + "\n}\n")
