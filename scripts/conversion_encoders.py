"""The encoders of compare-conversion.py: configurations, model classes, and a tokenizer of whole words and their parts."""

import json


def families(some):
    """Name: configuration class, settings, tokenizer."""
    plain = {key: value for key, value in some().items() if key != "num_key_value_heads"}
    return {
        "bert": ("BertConfig", plain, "wordpiece"),
        "nomic-bert": ("BertConfig", plain, "wordpiece"),
        "bert-reranker-head": ("BertConfig", {**plain, "num_labels": 1}, "wordpiece"),
    }


# transformers' classes, where a family has no head that predicts.
CLASSES = {
    "bert": "BertModel", "nomic-bert": "BertModel", "bert-reranker-head": "BertForSequenceClassification",
}
RULES = {"wordpiece": "jina-v2-en"}


def save_wordpiece(text, folder):
    """Trains a WordPiece tokenizer as BERT has it and saves it as transformers does. -> the vocabulary's size."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    roles = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train([str(text)], trainers.WordPieceTrainer(vocab_size=600, special_tokens=roles, show_progress=False))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]"
    )
    wrapped.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "tokenizer_class": "BertTokenizer"}, indent=2))
    return len(wrapped)


def as_nomic(path, config):
    """As nomic-embed-text, whose class is in no release of transformers: the tensors of a BERT under its names."""
    import torch
    from safetensors.torch import load_file, save_file

    old = load_file(path)
    dtype = next(iter(old.values())).dtype
    tensors = {}

    def take(name, *others):
        for ending in ["weight", "bias"]:
            if name + "." + ending in old:
                tensors[others[0] + "." + ending] = old[name + "." + ending]

    take("embeddings.word_embeddings", "embeddings.word_embeddings")
    take("embeddings.token_type_embeddings", "embeddings.token_type_embeddings")
    take("embeddings.LayerNorm", "emb_ln")
    for layer in range(config["num_hidden_layers"]):
        one, two = f"encoder.layer.{layer}.", f"encoder.layers.{layer}."
        parts = [old[f"{one}attention.self.{part}.weight"] for part in ["query", "key", "value"]]
        tensors[two + "attn.Wqkv.weight"] = torch.cat(parts)
        tensors[two + "attn.out_proj.weight"] = old[one + "attention.output.dense.weight"]
        take(one + "attention.output.LayerNorm", two + "norm1")
        take(one + "output.LayerNorm", two + "norm2")
        tensors[two + "mlp.fc11.weight"] = old[one + "intermediate.dense.weight"]
        tensors[two + "mlp.fc12.weight"] = (old[one + "intermediate.dense.weight"].float().flip(0) * 0.5).to(dtype)
        tensors[two + "mlp.fc2.weight"] = old[one + "output.dense.weight"]
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})
    own = dict(
        architectures=["NomicBertModel"], model_type="nomic_bert", n_embd=config["hidden_size"], n_head=config["num_attention_heads"],
        n_layer=config["num_hidden_layers"], n_inner=config["intermediate_size"], n_positions=8192, max_trained_positions=2048,
        activation_function="swiglu", causal=False, qkv_proj_bias=False, mlp_fc1_bias=False, mlp_fc2_bias=False, prenorm=False,
        rotary_emb_fraction=1.0, rotary_emb_interleaved=False, rotary_emb_scale_base=None, rotary_emb_base=1000,
        layer_norm_epsilon=1e-12, type_vocab_size=2, vocab_size=config["vocab_size"],
    )
    config.clear()
    config.update(own)
    import conversion_purposes

    conversion_purposes._pool(path.parent, {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True})


# Read without its class, which takes its own defaults.
WITHOUT_CLASS = {"nomic-bert"}
WHOLE = WITHOUT_CLASS


def pool_cls(path, config):
    """The files of sentence-transformers, whose vector is the first token's."""
    import conversion_purposes

    conversion_purposes._pool(path.parent, {"word_embedding_dimension": 64, "pooling_mode_cls_token": True})


# What is done to a family; each by its name.
CHANGES = {
    "bert": pool_cls, "nomic-bert": as_nomic,
}
