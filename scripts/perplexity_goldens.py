"""Tests/Goldens/perplexity: what llama.cpp measures on models whose weights anyone can make again; compare-perplexity.py
writes them.

A file holds a model's hyperparameters, the names and shapes of its tensors with the range of their numbers, and what the
programs said. The numbers follow from the seed by SplitMix64, tensor by tensor, and the vocabulary is tiny-phi3's.
"""

import json

SEED = 20261122
GAMMA, FACTORS = 0x9E3779B97F4A7C15, (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
# Hyperparameters that no checkpoint of a family's class leads to: the model that is changed, and how.
DERIVED = {
    "granite-unturned": (
        "granite",
        {"granite.rope.scaling.finetuned": False, "granite.attention.scale": 0.4, "granite.residual_scale": 0.9},
    ),
    # Bytes, and every sixteenth of the other tokens, are never written.
    "granite-suppressed": ("granite", {"tokenizer.ggml.suppress_tokens": [*range(3, 259), *range(259, 3072, 16)]}),
    "lfm2-window": ("lfm2-deep", {"lfm2.attention.sliding_window": 32}),
    "gemma3-capped": (
        "gemma3-window", {"gemma3.attention.sliding_window_pattern": 2, "gemma3.final_logit_softcapping": 8.0},
    ),
}
# Hyperparameters that are changed in a family's own golden. The reference takes an epsilon of zero for Qwen2-VL, whatever the
# file says.
CHANGES = {"qwen2-vl": {"qwen2vl.attention.layer_norm_rms_epsilon": 0.0}}


def numbers(first, count, center, spread):
    """`count` of the generator's numbers after the `first` ones: center plus up to spread either way."""
    import numpy

    with numpy.errstate(over="ignore"):
        mixed = numpy.arange(first + 1, first + count + 1, dtype=numpy.uint64) * numpy.uint64(GAMMA) + numpy.uint64(SEED)
        mixed = (mixed ^ (mixed >> numpy.uint64(30))) * numpy.uint64(FACTORS[0])
        mixed = (mixed ^ (mixed >> numpy.uint64(27))) * numpy.uint64(FACTORS[1])
        mixed ^= mixed >> numpy.uint64(31)
    fraction = (mixed >> numpy.uint64(40)).astype(numpy.float32) / numpy.float32(1 << 24)
    return numpy.float32(center) + numpy.float32(spread) * (numpy.float32(2) * fraction - numpy.float32(1))


def spread_of(name, shape, is_deep=False):
    """-> center and spread that keep activations near one; and, of a deep model, let parts add little to the state."""
    if is_deep and ("post_" in name or "q_norm" in name):
        return (0.3, 0.12) if "q_norm" in name else (0.1, 0.04)
    if name.startswith("rope_f"):
        return 2.0, 1.0
    if name.endswith("ssm_a"):  # What fades must not grow.
        return -1.0, 0.5
    if "altup_router." in name or "_coef." in name:  # What is routed is divided by its width.
        return 0.0, 8.0 if "router" in name else 0.3
    if name.endswith("ssm_d") or "correct_scale" in name:
        return 1.0, 0.5
    if name.endswith(".bias"):
        return 0.0, 0.3
    if "norm" in name:
        return 1.0, 0.4
    if name.endswith(".scale") or "output_scale" in name:
        return 1.0, 0.2
    kind = 10 if "ffn_gate_inp.weight" in name else 1.4 if name.split(".")[0] in ("token_embd", "output", "position_embd", "per_layer_token_embd") else 2.6
    return 0.0, round(kind / shape[0] ** 0.5, 4)


def recipe(path, tokens, changes):
    """-> metadata and tensors of a GGUF file, as if its vocabulary had so many tokens."""
    from gguf import GGUFReader

    reader = GGUFReader(path)
    architecture = reader.fields["general.architecture"].contents()
    metadata = {"general.architecture": ["STRING", architecture]}
    for key, field in reader.fields.items():
        if key.startswith((architecture + ".", "xielu.")) and not key.endswith(".vocab_size"):
            metadata[key] = [" ".join(kind.name for kind in field.types), field.contents()]
    for key, value in changes.items():
        metadata[key] = [{bool: "BOOL", int: "UINT32", float: "FLOAT32", list: "ARRAY INT32"}[type(value)], value]
    tensors = []
    for tensor in reader.tensors:
        shape = [int(size) for size in tensor.shape]
        if tensor.name.split(".")[0] in ("token_embd", "output", "per_layer_token_embd"):
            shape[-1] = tokens
        tensors.append([tensor.name, shape, *spread_of(tensor.name, shape, architecture == "gemma3n")])
    return metadata, tensors


def write_model(path, vocabulary, metadata, tensors):
    """Writes the model as a GGUF file, with the tokenizer of the file `vocabulary`."""
    from gguf import GGUFReader, GGUFValueType, GGUFWriter

    writer = GGUFWriter(path, metadata["general.architecture"][1])
    for key, (kinds, value) in metadata.items():
        if key != "general.architecture":
            writer.add_key_value(key, value, *(GGUFValueType[kind] for kind in kinds.split()))
    for key, field in GGUFReader(vocabulary).fields.items():
        if key.startswith("tokenizer."):
            writer.add_key_value(key, field.contents(), *field.types[:2])
    first = 0
    for name, shape, center, spread in tensors:
        count = 1
        for size in shape:
            count *= size
        writer.add_tensor(name, numbers(first, count, center, spread).reshape(shape[::-1]))
        first += count
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_golden(output, provenance, metadata, tensors, measured):
    golden = {"source": provenance, "seed": SEED, **measured, "metadata": metadata, "tensors": tensors}
    lines = []
    for key, value in golden.items():
        if key == "metadata":
            entries = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in value.items())
            lines.append(f' "metadata": {{\n{entries}\n }}')
        elif key == "tensors":
            lines.append(' "tensors": [\n' + ",\n".join(f"  {json.dumps(entry)}" for entry in value) + "\n ]")
        else:
            lines.append(f" {json.dumps(key)}: {json.dumps(value)}")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text("{\n" + ",\n".join(lines) + "\n}\n")
