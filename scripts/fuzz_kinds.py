"""The kinds of tokenizers that fuzz-tokenizers.py compares: how each is trained, and what encodes like it."""

import json
import pathlib
import random
import re
import unicodedata

from conversion_families import BYTE_LEVEL, CASED, FAMILIES

ROOT = pathlib.Path(__file__).resolve().parent.parent
ADDED = ["<|user|>", "<|end|>", "<|assistant|>", "<tool_call>", "<extra>"]
TEKKEN = CASED.replace(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "").replace(r"\p{N}{1,3}", r"\p{N}")
SAMPLES = """Größe überfließt naïve façade señor ¿qué? Привет мир, как дела? Ελληνικά κείμενα שלום עולם مرحبا بالعالم
नमस्ते दुनिया हिन्दी ภาษาไทย កាន់តែពិសេស 你好世界 我想在工作 日本語のテキスト カタカナ 한국어 문장입니다 😀😃👍 3.14159 1000000
for (int i = 0; i < 10; i++) { return x->y; }     // four    spaces\t\ttabs""".split()


def corpus():
    """Words of English prose and of a few other languages."""
    words = [word for name in ["sample", "calibration"] for word in (ROOT / f"texts/{name}.txt").read_text().split()]
    return words + SAMPLES * 20


def training_lines(words):
    pick = random.Random(7)
    for _ in range(4000):
        yield " ".join(pick.choice(words) for _ in range(12)) + pick.choice(["", "\n", "  \n\n", "    ", "'ll I've", " 2024"])


def checkpoint(family, folder, vocabulary_count, **changed):
    """Weights and config.json of a family, with random numbers."""
    import torch
    import transformers

    class_name, settings, _ = FAMILIES[family]
    torch.manual_seed(1)
    config = getattr(transformers, class_name)(
        **{**settings, "vocab_size": vocabulary_count, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, **changed}
    )
    transformers.AutoModelForCausalLM.from_config(config).to(torch.float16).save_pretrained(folder)


def newer_characters(llama_cpp):
    """The characters that the package `tokenizers` knows and llama.cpp, with an older Unicode, does not."""
    from tokenizers import Regex, normalizers

    source = (llama_cpp / "src/unicode-data.cpp").read_text()
    ranges = re.search(r"unicode_ranges_flags = \{(.*?)\};", source, re.S)[1]
    starts = [(int(start, 16), int(flags, 16)) for start, flags in re.findall(r"\{0x(\w+), 0x(\w+)\}", ranges)]
    everything = [chr(code_point) for code_point in range(0x110000) if not 0xD800 <= code_point <= 0xDFFF]
    newer = set()
    for expression, flag in [(r"\p{L}", 4), (r"\p{N}", 2), (r"\p{M}", 16)]:
        known = set(everything) - set(normalizers.Replace(Regex(expression), "").normalize_str("".join(everything)))
        for (start, flags), (end, _) in zip(starts, starts[1:]):
            if flags & flag:
                known.difference_update(map(chr, range(start, end)))
        newer |= known
    return newer


def has_case_or_mark(text, *_):
    """Whether a character counts otherwise for llama.cpp where words end at capitals."""
    return any(
        unicodedata.category(character)[0] == "M" or (unicodedata.category(character) in ("Lu", "Ll", "Lt") and character > "~")
        for character in text
    )


def has_equal_sum(text, ours, theirs):
    """Whether both wrote a text in the same tokens, in another order, which has the same sum of scores."""
    return sorted(ours) == sorted(theirs)


class FastKind:
    """A tokenizer of the package `tokenizers`, in tokenizer.json."""

    # Why llama.cpp may encode a text otherwise than the package; docs/tokenizers.md explains each.
    causes = {}
    asks_for_letters = False
    encodes_special = True
    vocabulary_count = 3000

    def __init__(self, family):
        self.family = family
        self.special = ["<s>", "</s>", *ADDED]

    def make(self, folder, words):
        from transformers import PreTrainedTokenizerFast

        tokenizer = self.train(words)
        tokenizer.add_special_tokens(["<s>", "</s>", *ADDED[:3]])
        tokenizer.add_tokens(ADDED[3:])
        self.finish(tokenizer)
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
        if self.family == "phi4-mini":  # Its class decides which vocabulary is read.
            path = folder / "tokenizer_config.json"
            path.write_text(json.dumps({**json.loads(path.read_text()), "tokenizer_class": "GPT2Tokenizer"}))
        checkpoint(self.family, folder, tokenizer.get_vocab_size())

    def finish(self, tokenizer):
        from tokenizers import processors

        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
        )

    def package(self, folder):
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        return lambda texts: [encoding.ids for encoding in tokenizer.encode_batch(texts)]


class ByteLevelKind(FastKind):
    asks_for_letters = True

    def __init__(self, family, expressions, whole_words=False):
        super().__init__(family)
        if any(r"\p{Lu}" in step for step in expressions):
            self.causes = {"case or mark": has_case_or_mark}
        self.expressions = expressions
        self.whole_words = whole_words

    def train(self, words):
        from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE(ignore_merges=self.whole_words))
        steps = [
            pre_tokenizers.Digits(individual_digits=True) if step == "digits"
            else pre_tokenizers.Split(Regex(step), behavior="isolated")
            for step in self.expressions
        ]
        steps.append(
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=self.expressions in ([], ["digits"]))
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=self.vocabulary_count, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        )
        tokenizer.train_from_iterator(training_lines(words), trainer)
        return tokenizer


class UnigramKind(FastKind):
    """As transformers writes a SentencePiece model of the Unigram kind."""

    causes = {
        "white space": lambda text, *_: re.search(r"[^\S ]|^ | $|▁", text),
        "added token": lambda text, *_: any(token in text for token in ["<s>", "</s>", *ADDED]),
        "equal sums": has_equal_sum,
    }

    def train(self, words):
        from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Strip(left=True, right=True), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
        tokenizer.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="always")
        trainer = trainers.UnigramTrainer(
            vocab_size=self.vocabulary_count, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
        )
        tokenizer.train_from_iterator(training_lines(words), trainer)
        return tokenizer


class JSONPieceKind(FastKind):
    """A SentencePiece model of byte pairs in tokenizer.json, as transformers brings it there."""

    causes = {
        "added token": lambda text, *_: any(token in text for token in ["<s>", "</s>", *ADDED]),
        "space mark": lambda text, *_: "▁" in text,
    }

    def __init__(self, family, normalizers, **settings):
        super().__init__(family)
        self.normalizers = normalizers
        self.settings = settings

    def train(self, words):
        from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

        trained = train_pieces(words, self.vocabulary_count, **self.settings)
        vocabulary = {trained.IdToPiece(i): i for i in range(trained.GetPieceSize())}
        pairs = []
        for piece, index in vocabulary.items():
            for cut in range(1, len(piece)):
                if piece[:cut] in vocabulary and piece[cut:] in vocabulary:
                    pairs.append((-trained.GetScore(index), vocabulary[piece[:cut]], vocabulary[piece[cut:]], piece[:cut], piece[cut:]))
        tokenizer = Tokenizer(models.BPE(
            vocabulary, [pair[3:] for pair in sorted(pairs)], unk_token="<unk>", fuse_unk=True, byte_fallback=True
        ))
        tokenizer.normalizer = normalizers.Sequence([getattr(normalizers, name)(*texts) for name, *texts in self.normalizers])
        tokenizer.decoder = decoders.Sequence(
            [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        )
        runs = self.settings.get("user_defined_symbols", [])
        tokenizer.add_tokens([AddedToken(text, normalized=False) for text in runs])
        return tokenizer


def train_pieces(words, count, **settings):
    """-> a SentencePieceProcessor."""
    import io

    import sentencepiece

    model = io.BytesIO()
    settings = {
        "model_type": "bpe", "vocab_size": count, "hard_vocab_limit": False, "byte_fallback": True,
        "max_sentence_length": 1 << 16, "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False, "character_coverage": 0.999, "split_digits": True,
        "allow_whitespace_only_pieces": True, "minloglevel": 2, **settings,
    }
    lines = (line.replace("\n", " ") for line in training_lines(words))
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=lines, model_writer=model, **settings)
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


class PieceKind:
    """A tokenizer of the package `sentencepiece`, in tokenizer.model. The package takes no special tokens in texts."""

    encodes_special = False
    asks_for_letters = False
    vocabulary_count = 3000
    causes = {
        "equal sums": has_equal_sum,
        "user-defined piece": lambda text, *_: re.search(r"▁|^ |  |<tool>", text),
    }

    def __init__(self, family, added=(), **settings):
        self.family = family
        self.settings = settings
        self.added = list(added)
        self.special = ["<s>", "</s>", "<unk>", *self.added, *settings.get("user_defined_symbols", [])]

    def make(self, folder, words):
        folder.mkdir(parents=True)
        trained = train_pieces(words, self.vocabulary_count, **self.settings)
        (folder / "tokenizer.model").write_bytes(trained.serialized_model_proto())
        count = trained.vocab_size()
        decoder = {
            str(count + i): {"content": text, "special": i < 3, "rstrip": True} for i, text in enumerate(self.added)
        }
        (folder / "tokenizer_config.json").write_text(json.dumps({
            "add_bos_token": True, "add_eos_token": False, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
            "added_tokens_decoder": decoder, "tokenizer_class": "LlamaTokenizer",
        }))
        checkpoint(self.family, folder, count + len(self.added), _name_or_path="x")

    def package(self, folder):
        import sentencepiece

        processor = sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model"))
        return lambda texts: [[processor.bos_id(), *ids] for ids in processor.encode(texts)]


GEMMA_RUNS = ["\n" * count for count in range(1, 12)] + ["▁" * count for count in range(2, 12)] + ["\t", "<table>"]

KINDS = {
    "gpt-2": ByteLevelKind("gpt2", []),
    "llama-bpe": ByteLevelKind("llama3", BYTE_LEVEL["llama3"][0], whole_words=True),
    "smaug-bpe": ByteLevelKind("llama3", BYTE_LEVEL["llama3"][0]),
    "qwen2": ByteLevelKind("qwen2", BYTE_LEVEL["qwen2"][0]),
    "smollm": ByteLevelKind("smollm2", ["digits"]),
    "refact": ByteLevelKind("granite", ["digits"]),
    "gpt-4o": ByteLevelKind("phi4-mini", [CASED]),
    "tekken": ByteLevelKind("mistral", [TEKKEN], whole_words=True),
    "dbrx": ByteLevelKind("olmo2", BYTE_LEVEL["olmo2"][0]),
    "stablelm2": ByteLevelKind("stablelm", BYTE_LEVEL["stablelm2"][0]),
    "lfm2": ByteLevelKind("lfm2", BYTE_LEVEL["lfm2"][0], whole_words=True),
    "llama": PieceKind("llama"),
    "mistral": PieceKind("mistral", split_digits=False),
    "phi3": PieceKind("phi3", added=["<|endoftext|>", *ADDED]),  # llama.cpp insists on the first.
    "gemma": PieceKind("gemma", add_dummy_prefix=False, user_defined_symbols=GEMMA_RUNS),
    "llama-json": JSONPieceKind("llama", [("Prepend", "\u2581"), ("Replace", " ", "\u2581")]),
    "gemma-json": JSONPieceKind(
        "gemma3", [("Replace", " ", "\u2581")], add_dummy_prefix=False, user_defined_symbols=GEMMA_RUNS
    ),
    "unigram": PieceKind(
        "llama", model_type="unigram", byte_fallback=False, normalization_rule_name="nmt_nfkc",
        remove_extra_whitespaces=True, allow_whitespace_only_pieces=False,
    ),
    "unigram-kept": PieceKind(  # Nothing normalized, nothing removed.
        "llama", model_type="unigram", byte_fallback=False, user_defined_symbols=["<tool>", "▁▁"]
    ),
    "unigram-json": UnigramKind("llama"),
}
