"""What makes an embedding model or a reranker of a checkpoint of compare-conversion.py: other files, other names."""

import json


def _without_head(path):
    """Names as a model has them that was saved without its head."""
    from safetensors.torch import load_file, save_file

    tensors = {
        name.removeprefix("model."): tensor for name, tensor in load_file(path).items() if name != "lm_head.weight"
    }
    save_file(tensors, path, metadata={"format": "pt"})


def _pool(folder, settings):
    """The files of sentence-transformers."""
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps(settings))


def embed(path, config):
    """As Qwen3-Embedding: a causal model whose last token stands for the text."""
    _without_head(path)
    _pool(path.parent, {"word_embedding_dimension": 64, "pooling_mode_lasttoken": True})


def embed_both_ways(path, config):
    """A headless model that sees the whole text at once."""
    _without_head(path)
    config["architectures"] = [config["architectures"][0].replace("ForCausalLM", "Model")]
    config["is_causal"] = False
    _pool(path.parent, {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True})


def embed_gemma(path, config):
    """As EmbeddingGemma, whose window transformers halves once the configuration is loaded."""
    _without_head(path)
    config.update(architectures=["Gemma3TextModel"], use_bidirectional_attention=True)
    _pool(path.parent, {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True})


def add_dense(path, config):
    """The two modules that EmbeddingGemma has behind it."""
    import torch
    from safetensors.torch import save_file

    modules = json.loads((path.parent / "modules.json").read_text())
    for index, (columns, rows) in enumerate([(64, 160), (160, 64)], start=2):
        folder = path.parent / f"{index}_Dense"
        folder.mkdir()
        settings = {"in_features": columns, "out_features": rows, "bias": False,
                    "activation_function": "torch.nn.modules.linear.Identity"}
        (folder / "config.json").write_text(json.dumps(settings))
        save_file({"linear.weight": torch.randn(rows, columns) / columns ** 0.5}, folder / "model.safetensors", metadata={"format": "pt"})
        modules.append({"idx": index, "name": str(index), "path": folder.name, "type": "sentence_transformers.models.Dense"})
    (path.parent / "modules.json").write_text(json.dumps(modules))


def leave_out_head(path, config):
    _without_head(path)
    config["architectures"] = [config["architectures"][0].replace("ForCausalLM", "Model")]


def rerank(path, config):
    """As Qwen3-Reranker, which nothing but its card's title tells."""
    (path.parent / "README.md").write_text("A model.\n\n# Qwen3-Reranker-0.6B\n")


# What is done to a family by the end of its name.
CHANGES = {"-embedding": embed, "-both-ways": embed_both_ways, "-headless": leave_out_head, "-reranker": rerank,
           "embeddinggemma": embed_gemma, "dense-embeddinggemma": add_dense}
# The files that say it, which a golden holds.
FILES = ["README.md", "modules.json", "1_Pooling/config.json"]
