#!/usr/bin/env python3
"""Checks that only Architectures, and Conversion, which makes them, know architectures by name.

The names are read from the table itself, Sources/Architectures/Families. Elsewhere a string that is one of them, or a
metadata key that begins with one, means that a room decides by a name what ARCHITECTURE.md wants decided by a value.
"""
import pathlib
import re
import sys

FAMILIES = pathlib.Path("Sources/Architectures/Families")
ROOMS = {"Architectures", "Conversion"}

# Names of other things that are spelled like an architecture's.
OTHERS = {
    # Forms of chat templates, as llama.cpp calls them.
    "Sources/Evaluation/Talk/ChatForm+Known.swift": {"phi3", "gemma", "gemma4", "granite", "gpt-oss"},
    # Kinds of tokenizers, in `tokenizer.ggml.model`.
    "Sources/Inference/Vocabulary+GGUF.swift": {"llama", "gpt2", "gemma4"},
    # Ways to split text, in `tokenizer.ggml.pre`.
    "Sources/Tokenizers/PreTokenizer.swift": {"exaone4", "falcon", "falcon-h1", "glm4", "hunyuan-dense", "lfm2", "modern-bert", "olmo", "qwen2"},
    "Sources/Tokenizers/CharacterPairRule.swift": {"gemma4"},
    # A word in a model's own name, by which llama.cpp tells how its special tokens are read.
    "Sources/Tokenizers/TokenAttributes.swift": {"phi3"},
}


def names() -> set[str]:
    found = set()
    for file in FAMILIES.glob("*.swift"):
        found.update(re.findall(r'^\s*"([^"]+)": (?:Family|partial)\(', file.read_text(encoding="utf-8"), re.MULTILINE))
    return found


def literals(file: pathlib.Path):
    """The strings of a file, with the numbers of their lines; comments are left out, and code that a string holds."""
    text = re.sub(
        r'"""\n.*?"""', lambda quoted: "\n" * quoted[0].count("\n"), file.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    for number, line in enumerate(text.splitlines(), 1):
        for found in re.finditer(r'//.*|"((?:[^"\\]|\\.)*)"', line):
            if found[1] is not None:
                yield number, found[1]


def name_in(text: str, known: set[str]) -> str | None:
    """The architecture that a string names, alone or in front of a metadata key."""
    first, *rest = text.split(".", 1)
    is_key = bool(rest) and text != "llama.cpp" and re.fullmatch(r"[a-z0-9_.]+", rest[0])
    return first if first in known and (not rest or is_key) else None


def main() -> int:
    known = names()
    problems = [] if known else [f"{FAMILIES}: no architecture found; does {sys.argv[0]} still read the table?"]
    for file in sorted(pathlib.Path("Sources").rglob("*.swift")):
        if file.parts[1] in ROOMS:
            continue
        allowed = OTHERS.get(str(file), set())
        seen = set()
        for number, text in literals(file):
            name = name_in(text, known)
            if name in allowed:
                seen.add(name)
            elif name:
                problems.append(f'{file}:{number}: names the architecture "{name}"; take a value of Architectures')
        for name in sorted(allowed - seen):
            problems.append(f'{file}: no longer has "{name}"; take it out of {sys.argv[0]}')
    for file in OTHERS:
        if not pathlib.Path(file).exists():
            problems.append(f"{file} is gone; take it out of {sys.argv[0]}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
