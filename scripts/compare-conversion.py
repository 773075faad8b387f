#!/usr/bin/env python3
"""Runs edgepipe convert and convert_hf_to_gguf.py side by side on a small random checkpoint of every model family and
compares what they write, byte by byte.

    LLAMA_CPP=/path/to/llama.cpp python scripts/compare-conversion.py
    ... --families qwen3,gemma3 --types f16 --forms 5

Needs the PyPI packages torch, transformers and sentencepiece. Each checkpoint is converted with its config.json in the
form of transformers 5 (BF16 weights), in that of transformers 4 (F16), and in the latter without what the class fills in
by itself (F32). One line a case: equal, or DIFFERENT with the first difference, and then the exit status is 1.

The reference knows pre-tokenizers by a hash of a text's tokens, which no freshly trained tokenizer has; the name that it
gives the same rule in the family's published models is put in its place. It also gives all pieces of a SentencePiece model
in tokenizer.json one score, with which texts are encoded wrongly; the scores of the model that was saved there are put in
their place, see docs/tokenizers.md. Where it takes an exponential, in Qwen3.5 and Mamba 2, the correctly rounded one is put in its place.
"""

import argparse
import contextlib
import json
import os
import pathlib
import runpy
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/compare-conversion"
TINY = ROOT / "models/tiny-phi3"
GOLDENS = ROOT / "Tests/Goldens/families"
# A folder's name says something of the model, too.
CHECKPOINT = "model-1.5-instruct"
FORMS = {"5": "bfloat16", "4": "float16", "4-short": "float32"}

sys.path.insert(0, str(ROOT / "scripts"))
import conversion_encoders  # noqa: E402
import conversion_more_families  # noqa: E402
import conversion_purposes  # noqa: E402
import conversion_state_families  # noqa: E402
import conversion_storage  # noqa: E402
from conversion_families import (  # noqa: E402
    ARCHITECTURES, BYTE_LEVEL, FAMILIES, OWN_OPTIONS, REFERENCE_OPTIONS, older, predictors, shorter,
)
from conversion_goldens import write_golden  # noqa: E402
CHANGES = {
    **conversion_storage.CHANGES, **conversion_purposes.CHANGES, **conversion_more_families.CHANGES,
    **conversion_state_families.CHANGES,
}
WHOLE = conversion_more_families.WHOLE | conversion_state_families.WHOLE | conversion_encoders.WHOLE

TEMPLATE = "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}{% endfor %}"


def byte_level_tokenizer(kind, folder):
    """Trains a tokenizer on the sample text and saves it as transformers does."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    expressions, _, beginning, end = BYTE_LEVEL[kind]
    tokenizer = Tokenizer(models.BPE(ignore_merges=kind == "llama3"))
    steps = [
        pre_tokenizers.Digits(individual_digits=True) if step == "digits"
        else pre_tokenizers.Split(Regex(step), behavior="isolated")
        for step in expressions
    ]
    has_own_rule = expressions in ([], ["digits"])
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=has_own_rule))
    tokenizer.pre_tokenizer = steps[0] if len(steps) == 1 else pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train([str(ROOT / "texts/sample.txt")], trainer)
    # transformers adds the last one to Qwen's vocabularies if it is not there.
    special = [beginning, end, "<|endoftext|>" if kind.startswith(("qwen2", "qwen35")) else None]
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in special if text])
    tokenizer.add_tokens([AddedToken("<tool_call>", normalized=False), AddedToken("<|looks_special|>")])
    if kind == "qwen2-judge":  # A reranker's scores are those of two words.
        tokenizer.add_tokens([AddedToken("yes"), AddedToken("no")])
    if kind == "glm4":  # The token that ends a turn is known by its text.
        tokenizer.add_tokens([AddedToken("<|user|>", special=True)])
    if beginning:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{beginning} $A",
            pair=f"{beginning} $A {beginning} $B",
            special_tokens=[(beginning, tokenizer.token_to_id(beginning))],
        )
    else:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    roles = {"eos_token": end, "pad_token": end, **({"bos_token": beginning} if beginning else {})}
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles)
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)
    if kind == "gpt4o":  # As in Phi-4-mini, where the class decides which vocabulary is read.
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "tokenizer_class": "GPT2Tokenizer"}, indent=2))
    return len(wrapped) + 5


def sentencepiece_as_json(folder):
    """Saves tiny-phi3's SentencePiece model in the form of tokenizer.json, as fast tokenizers have it."""
    from sentencepiece import SentencePieceProcessor
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors
    from transformers import PreTrainedTokenizerFast

    pieces = SentencePieceProcessor(str(TINY / "tokenizer.model"))
    vocabulary = {pieces.IdToPiece(i): i for i in range(pieces.GetPieceSize())}
    pairs = []
    for piece, index in vocabulary.items():
        for cut in range(1, len(piece)):
            if piece[:cut] in vocabulary and piece[cut:] in vocabulary:
                pairs.append((-pieces.GetScore(index), vocabulary[piece[:cut]], (piece[:cut], piece[cut:])))
    tokenizer = Tokenizer(
        models.BPE(vocabulary, [pair for *_, pair in sorted(pairs)], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in ["<unk>", "<s>", "</s>"]])
    tokenizer.add_tokens([AddedToken("<extra>", normalized=False), "<|looks_special|>"])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>", add_prefix_space=True
    )
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(folder)
    return len(wrapped)


def character_pairs(folder):
    """Saves tiny-phi3's pieces as Gemma 4 has its own: merges of characters, tokens that mark parts, and runs of newlines."""
    from sentencepiece import SentencePieceProcessor
    from tokenizers import AddedToken
    from transformers import GemmaTokenizer

    pieces = SentencePieceProcessor(str(TINY / "tokenizer.model"))
    scored = [(pieces.IdToPiece(i), pieces.GetScore(i)) for i in range(3, pieces.GetPieceSize())]
    roles = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    marks = ["<|channel>", "<channel|>", "<|tool_call>", "<|turn>", "<turn|>", '<|"|>']
    texts = roles + marks + ["<unused0>", "\n", "\n\n", "\n\n\n"] + [text for text, _ in scored]
    vocabulary = {text: index for index, text in enumerate(dict.fromkeys(texts))}
    pairs = [(-score, left, text) for text, score in scored for left in range(1, len(text))
             if text[:left] in vocabulary and text[left:] in vocabulary]
    merges = [("\n", "\n"), ("\n\n", "\n")] + [(text[:left], text[left:]) for _, left, text in sorted(pairs)]
    tokenizer = GemmaTokenizer(
        vocab=vocabulary, merges=merges, soc_token="<|channel>", eoc_token="<channel|>", sot_token="<|turn>",
        eot_token="<turn|>", escape_token='<|"|>', extra_special_tokens=["<|video|>"],
    )
    tokenizer.add_tokens([AddedToken("<extra>", normalized=False)])
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def add_tokenizer(kind, folder):
    """-> the vocabulary's size, some tokens of padding included."""
    if kind == "gemma4":
        return character_pairs(folder)
    if kind == "sentencepiece-json":
        return sentencepiece_as_json(folder)
    if kind == "wordpiece":
        return conversion_encoders.save_wordpiece(ROOT / "texts/sample.txt", folder)
    if kind in ("multilingual", "multilingual-json"):
        return conversion_encoders.save_multilingual(ROOT / "texts/sample.txt", folder, kind == "multilingual")
    if kind == "modern":
        return conversion_encoders.save_modern(ROOT / "texts/sample.txt", folder)
    if kind in BYTE_LEVEL:
        return byte_level_tokenizer(kind, folder)
    for name in ["tokenizer.model", "tokenizer_config.json", "added_tokens.json", "special_tokens_map.json"]:
        shutil.copyfile(TINY / name, folder / name)
    return 3080


def make_checkpoint(name, folder):
    """Writes the folder of a family in all forms, `folder/form`."""
    import torch
    import transformers

    class_name, settings, kind = FAMILIES[name]
    folder.mkdir(parents=True)
    tokenizer = folder / "tokenizer"
    tokenizer.mkdir()
    count = add_tokenizer(kind, tokenizer)
    if kind == "gemma4":
        for part in [settings, settings.get("text_config", {})]:
            if "hidden_size" in part:
                part["vocab_size_per_layer_input"] = count
    sized = {**settings, "vocab_size": count}
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    configuration = getattr(transformers, class_name)
    if "text_config" in settings:
        vision = conversion_more_families.VISION.get(class_name) or dict(
            hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
        )
        config = configuration(text_config={**settings["text_config"], "vocab_size": count, **ids},
                               vision_config=vision)
        model_class = transformers.AutoModelForImageTextToText
    else:
        config = configuration(**sized, **ids)
        model_class = transformers.AutoModelForCausalLM
        if name in conversion_encoders.CLASSES:
            model_class = getattr(transformers, conversion_encoders.CLASSES[name])
    torch.manual_seed(sum(name.encode()))
    model = model_class.from_config(config) if hasattr(model_class, "from_config") else model_class(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape) * 0.5 + 0.01)
    text = {**settings, **settings.get("text_config", {})}
    for form, dtype in FORMS.items():
        path = folder / form / CHECKPOINT
        model.to(getattr(torch, dtype)).save_pretrained(path)
        for file in tokenizer.iterdir():
            shutil.copyfile(file, path / file.name)
        if text.get("mtp_num_hidden_layers"):
            add_predictors(path / "model.safetensors", text["hidden_size"])
        changed = json.loads((path / "config.json").read_text())
        if name in conversion_encoders.CHANGES:
            conversion_encoders.CHANGES[name](path / "model.safetensors", changed)
        for ending, change in CHANGES.items():
            if name.endswith(ending):
                change(path / "model.safetensors", changed)
        if name in ARCHITECTURES:
            changed["architectures"] = [ARCHITECTURES[name]]
        if form != "5":
            changed = older(changed)
        if form == "4-short" and name not in WHOLE:
            changed = shorter(changed, configuration().to_dict())
        (path / "config.json").write_text(json.dumps(changed, indent=2) + "\n")


def add_predictors(path, width):
    """Adds a layer that predicts further tokens, which transformers leaves out."""
    import torch
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    dtype = next(iter(tensors.values())).dtype
    for name, shape in predictors(shapes, width):
        tensors[name] = (torch.randn(shape) * 0.5 + 0.01).to(dtype)
    save_file(tensors, path, metadata={"format": "pt"})


def run_reference(llama_cpp, source, output, kind, outtype):
    """Runs the reference in a child that shares this process's imports. -> an error's last line, or None."""
    log = output.with_suffix(".log")
    child = os.fork()
    if child == 0:
        with open(log, "w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        status = 1
        try:
            from conversion.base import ModelBase, TextModel

            if output.parent.parent.name in conversion_state_families.WITHOUT_CLASS | conversion_encoders.WITHOUT_CLASS:
                ModelBase.load_hparams = staticmethod(lambda folder, is_mistral_format: json.loads((folder / "config.json").read_text()))
            if kind == "sentencepiece-json":
                import gguf
                from sentencepiece import SentencePieceProcessor

                pieces = SentencePieceProcessor(str(TINY / "tokenizer.model"))
                gguf.LlamaHfVocab.get_token_score = lambda self, id: (
                    pieces.GetScore(id) if id < pieces.GetPieceSize() else -1000.0
                )
            import torch

            # Its libraries round some numbers of a hundred otherwise than correctly, and not on all machines the same.
            exponential = torch.exp
            torch.exp = lambda numbers: exponential(numbers.double()).to(numbers.dtype)
            if kind in BYTE_LEVEL:
                TextModel.get_vocab_base_pre = lambda self, tokenizer: BYTE_LEVEL[kind][1]
            if kind in conversion_encoders.RULES:
                TextModel.get_vocab_base_pre = lambda self, tokenizer: conversion_encoders.RULES[kind]
            options = REFERENCE_OPTIONS.get(output.parent.parent.name, [])
            sys.argv = ["convert_hf_to_gguf.py", str(source), "--outfile", str(output), "--outtype", outtype, *options]
            with contextlib.suppress(SystemExit):
                runpy.run_path(str(llama_cpp / "convert_hf_to_gguf.py"), run_name="__main__")
            status = 0
        except BaseException as error:  # The child must never come back into the caller's loop.
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return None if status == 0 and output.exists() else (log.read_text().splitlines() or ["no message"])[-1]


def first_difference(ours, reference):
    """In words: metadata keys, then tensors, then bytes."""
    from gguf import GGUFReader

    mine, theirs = GGUFReader(ours), GGUFReader(reference)

    def fields(reader):
        return [(k, [str(t) for t in f.types], str(f.contents())) for k, f in reader.fields.items() if k[:5] != "GGUF."]

    def tensors(reader):
        return [(t.name, str(t.tensor_type), tuple(t.shape), t.data.tobytes()) for t in reader.tensors]

    for read in [fields, tensors]:
        a, b = read(mine), read(theirs)
        names = [entry[0] for entry in a], [entry[0] for entry in b]
        if names[0] != names[1]:
            missing, extra = [n for n in names[1] if n not in names[0]], [n for n in names[0] if n not in names[1]]
            return f"missing {missing[:5]}, extra {extra[:5]}" if missing or extra else f"order {names[0]} for {names[1]}"
        for x, y in zip(a, b):
            if x != y:
                shown = [tuple(part if len(str(part)) < 60 else "…" for part in entry[1:]) for entry in (x, y)]
                return f"{x[0]}: {shown[0]} for {shown[1]}"
    return "bytes between the parts"


def compare(llama_cpp, name, form, outtype):
    """-> the verdict."""
    folder = WORK / name / form
    source = folder / CHECKPOINT
    ours, reference = folder / f"ours-{outtype}.gguf", folder / f"reference-{outtype}.gguf"
    for path in [ours, reference]:
        path.unlink(missing_ok=True)
    refusal = run_reference(llama_cpp, source, reference, FAMILIES[name][2], outtype)
    run = subprocess.run(
        [EDGEPIPE, "convert", source, "-o", ours, "--type", outtype, "--quiet", *OWN_OPTIONS.get(name, [])],
        capture_output=True, text=True,
    )
    if refusal is not None:
        return f"REFUSED by the reference: {refusal}"
    if run.returncode != 0:
        return f"DIFFERENT refused: {run.stderr.strip().splitlines()[-1]}"
    if ours.read_bytes() == reference.read_bytes():
        return "equal"
    return f"DIFFERENT {first_difference(ours, reference)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--types", default="f32,f16,bf16,q8_0")
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--keep", action="store_true", help="reuse checkpoints that are there")
    parser.add_argument(
        "--goldens", metavar="REVISION", help="also write Tests/Goldens/families, naming llama.cpp's revision"
    )
    arguments = parser.parse_args()
    llama_cpp = pathlib.Path(os.environ["LLAMA_CPP"])
    os.environ["HF_HUB_OFFLINE"] = "1"
    sys.path[:0] = [str(llama_cpp), str(llama_cpp / "gguf-py")]
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    differences = 0
    for name in arguments.families.split(","):
        if not (arguments.keep and (WORK / name).exists()):
            shutil.rmtree(WORK / name, ignore_errors=True)
            make_checkpoint(name, WORK / name)
        for form in arguments.forms.split(","):
            for outtype in arguments.types.split(","):
                verdict = compare(llama_cpp, name, form, outtype)
                differences += verdict != "equal"
                is_plain = not name.endswith(conversion_storage.NUMBERS)
                if arguments.goldens and is_plain and (form, outtype) == ("5", "f16"):
                    folder = WORK / name / form
                    provenance = (
                        f"convert_hf_to_gguf.py of llama.cpp {arguments.goldens}, transformers {transformers.__version__}"
                    )
                    write_golden(folder / CHECKPOINT, folder / "reference-f16.gguf", GOLDENS, provenance)
                print(f"{name:17} {form:8} {outtype:5} {verdict}", flush=True)
    print(f"{differences} differences" if differences else "all equal")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
