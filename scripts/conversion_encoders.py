"""The encoders of compare-conversion.py: configurations, model classes, and tokenizers."""

import json


def families(some):
    """Name: configuration class, settings, tokenizer."""
    plain = {key: value for key, value in some().items() if key != "num_key_value_heads"}
    return {
        "bert": ("BertConfig", plain, "wordpiece"),
        "nomic-bert": ("BertConfig", plain, "wordpiece"),
        "bert-reranker-head": ("BertConfig", {**plain, "num_labels": 1}, "wordpiece"),
        "bert-labels": ("BertConfig", {**plain, "num_labels": 3}, "wordpiece"),
        "xlm-roberta": ("XLMRobertaConfig", {**plain, "type_vocab_size": 1}, "multilingual"),
        "xlm-roberta-json": ("XLMRobertaConfig", {**plain, "type_vocab_size": 1}, "multilingual-json"),
        "xlm-roberta-reranker-head": ("XLMRobertaConfig", {**plain, "num_labels": 1}, "multilingual"),
        "modern-bert": ("ModernBertConfig", {**plain, "local_attention": 32, "num_hidden_layers": 4}, "modern"),
        "modern-bert-reranker-head": (
            "ModernBertConfig", {**plain, "local_attention": 32, "num_labels": 1, "classifier_pooling": "mean"}, "modern"
        ),
    }


# transformers' classes, where a family has no head that predicts.
CLASSES = {
    "bert": "BertModel", "nomic-bert": "BertModel", "bert-reranker-head": "BertForSequenceClassification",
    "bert-labels": "BertForSequenceClassification", "xlm-roberta": "XLMRobertaModel", "xlm-roberta-json": "XLMRobertaModel",
    "xlm-roberta-reranker-head": "XLMRobertaForSequenceClassification", "modern-bert": "ModernBertModel",
    "modern-bert-reranker-head": "ModernBertForSequenceClassification",
}
RULES = {"wordpiece": "jina-v2-en", "modern": "modern-bert"}


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


def save_multilingual(text, folder, keeps_pieces):
    """Trains a Unigram model as XLM-RoBERTa has it and saves it as transformers does, beside SentencePiece's own file or without.
    -> the vocabulary's size."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2
    from transformers import XLMRobertaTokenizer

    file = folder / "sentencepiece.bpe.model"
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "trained"), vocab_size=500, model_type="unigram", minloglevel=2,
        normalization_rule_name="nmt_nfkc", num_threads=1,
    )
    (folder / "trained.model").rename(file)
    (folder / "trained.vocab").unlink()
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(file.read_bytes())
    own = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces = own + [(piece.piece, piece.score) for piece in model.pieces[3:]] + [("<mask>", 0.0)]
    tokenizer = XLMRobertaTokenizer(vocab=pieces, _spm_precompiled_charsmap=model.normalizer_spec.precompiled_charsmap)
    tokenizer.save_pretrained(folder)
    if not keeps_pieces:
        file.unlink()
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "clean_up_tokenization_spaces": True}, indent=2))
    return len(tokenizer)


def save_modern(text, folder):
    """Trains a byte-level tokenizer as ModernBERT has it. -> the vocabulary's size."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train([str(text)], trainer)
    roles = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    tokenizer.add_special_tokens([AddedToken(role, special=True) for role in roles])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(role, tokenizer.token_to_id(role)) for role in ["[CLS]", "[SEP]"]],
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", mask_token="[MASK]"
    )
    wrapped.save_pretrained(folder)
    return len(wrapped)


def pad_in_front(path, config):
    """The numbers of XLM-RoBERTa's own tokens, by which positions begin."""
    config.update(bos_token_id=0, pad_token_id=1, eos_token_id=2)
    if config["architectures"] == ["XLMRobertaModel"]:
        pool_cls(path, config)


def as_modern(path, config):
    """What the Hub's configurations have and transformers 5 leaves out; and how the model pools."""
    config["layer_norm_eps"] = config["norm_eps"]
    config["global_attn_every_n_layers"] = 3
    for role in ["cls", "sep", "bos", "eos", "pad"]:
        config.pop(f"{role}_token_id", None)
    import conversion_purposes

    if config["architectures"] == ["ModernBertModel"]:
        conversion_purposes._pool(path.parent, {"word_embedding_dimension": 64, "pooling_mode_mean_tokens": True})


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
    "bert": pool_cls, "nomic-bert": as_nomic, "xlm-roberta": pad_in_front, "xlm-roberta-json": pad_in_front,
    "xlm-roberta-reranker-head": pad_in_front, "modern-bert": as_modern, "modern-bert-reranker-head": as_modern,
}
