#!/usr/bin/env python3
"""Gives the program damaged files of every kind that it reads, and fails where it does anything but say what is wrong.

    scripts/fuzz.py --seconds 60
    scripts/fuzz.py --seconds 3600 --jobs 2 --seed 7 --keep /tmp/found
    scripts/fuzz.py --seed 7 --case 1234 --keep /tmp/found      # one case again

A case fails where the program ends by a signal, runs longer than 20 s, takes more than 1 GB, ends with a code that it does
not document, or leaves behind a file that is not whole. Every case follows from the seed and its number.
"""
import argparse
import collections
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import fuzz_corpus
import fuzz_mutations as damage

# Not 64, wrong usage: the commands are right, and the files are not.
CODES = {0, 1, 2, 3, 4, 5}
LONGEST = 20
MOST_MEMORY = 1 << 30
QUICK = ["--threads", "1"]
READS = ["--text", "text.txt", "--context", "16", "--chunks", "1", *QUICK]
REGISTRY = ["registry.db", "registry.db-wal", "registry.db-shm", "registry.db.objects"]
NEW = ["new.db", "new.db-wal", "new.db-shm", "new.db.objects"]
TYPES = {
    "TYPE": ["f16", "q8_0", "q4_0", "q4_k_m", "q2_k", "iq4_nl", "tq1_0"], "KEPT": ["f32", "f16", "bf16", "q8_0"],
}


def file_damage(name, change):
    """Damages one file of the work folder."""
    def apply(folder, chance):
        path = folder / name
        path.write_bytes(change(path.read_bytes(), chance))
    return apply


def folder_damage(name, changes):
    """Damages one of a folder's files, or takes it away."""
    def apply(folder, chance):
        path = folder / name / chance.choice(list(changes))
        if chance.random() < 0.05:
            path.unlink()
        else:
            path.write_bytes(changes[path.name](path.read_bytes(), chance))
    return apply


def layout_damage(folder, chance):
    """Damages the index of a layout, one of its documents, or a blob."""
    files = [path for path in (folder / "layout").rglob("*") if path.is_file()]
    path = chance.choice([folder / "layout" / "index.json", *files])
    kind = chance.random()
    if kind < 0.05:
        path.unlink()
        path.symlink_to(chance.choice(["/dev/zero", "/etc/passwd", "missing"]))
    elif kind < 0.1:
        path.unlink()
        os.mkfifo(path)
    elif path.stat().st_size < 100_000:
        path.write_bytes(damage.as_json(path.read_bytes(), chance))
    else:
        path.write_bytes(damage.blind(path.read_bytes(), chance))


# kind -> inputs, damage, commands; a word "OUT" stands for the file that the command writes.
KINDS = {
    "gguf": (["f16.gguf", "text.txt", *NEW], file_damage("f16.gguf", damage.as_gguf), [
        ["inspect", "f16.gguf", "--tensors"], ["fit", "f16.gguf", "--device", "pixel-8"],
        ["quantize", "f16.gguf", "-o", "OUT", "--type", "TYPE", *QUICK], ["perplexity", "f16.gguf", *READS],
        ["imatrix", "f16.gguf", "-o", "OUT", *READS], ["tokenize", "f16.gguf", "some text"],
        ["generate", "f16.gguf", "--prompt", "a b", "-n", "2", "--greedy", *QUICK],
        ["registry", "import", "f16.gguf", "--as", "m@1.0.0:f16", "--registry", "new.db"],
        ["sensitivity", "f16.gguf", "--tensor", "attn_q", "--type", "q4_0", *READS],
    ]),
    "model": (["model", "text.txt"], folder_damage("model", {
        "config.json": damage.as_json, "tokenizer_config.json": damage.as_json, "added_tokens.json": damage.as_json,
        "generation_config.json": damage.as_json, "tokenizer.model": damage.blind,
        "model.safetensors": damage.as_safetensors,
    }), [
        ["convert", "model", "-o", "OUT", "--type", "KEPT", *QUICK], ["tokenize", "model", "some text"],
        ["convert", "model", "-o", "OUT", *QUICK], ["quantize", "model", "-o", "OUT", "--type", "q4_k_m", *QUICK],
    ]),
    "adapter": (["model", "adapter"], folder_damage("adapter", {
        "adapter_config.json": damage.as_json, "adapter_model.safetensors": damage.as_safetensors,
    }), [
        ["convert", "model", "-o", "OUT", "--lora", "adapter", "--type", "f16", *QUICK],
        ["convert", "model", "-o", "OUT", "--lora", "adapter", "--lora-only", *QUICK],
    ]),
    "imatrix": (["f16.gguf", "imatrix.gguf"], file_damage("imatrix.gguf", damage.as_gguf), [
        ["quantize", "f16.gguf", "-o", "OUT", "--type", "TYPE", "--imatrix", "imatrix.gguf", *QUICK],
        ["imatrix", "--show", "imatrix.gguf"], ["imatrix", "--merge", "imatrix.gguf", "imatrix.gguf", "-o", "OUT"],
    ]),
    "old imatrix": (["f16.gguf", "imatrix.dat"], file_damage("imatrix.dat", damage.blind), [
        ["quantize", "f16.gguf", "-o", "OUT", "--type", "TYPE", "--imatrix", "imatrix.dat", *QUICK],
        ["imatrix", "--show", "imatrix.dat"],
    ]),
    "layout": (["layout", *NEW], layout_damage, [["registry", "import", "layout", "--registry", "new.db"]]),
    "tar": (["layout.tar", *NEW], file_damage("layout.tar", damage.as_tar),
            [["registry", "import", "layout.tar", "--registry", "new.db"]]),
    "yaml": (["pipeline.yaml", "more.yaml", "model", "text.txt", *NEW], file_damage("pipeline.yaml", damage.as_lines), [
        ["validate", "pipeline.yaml"], ["plan", "pipeline.yaml", "--offline"], ["validate", "pipeline.yaml"],
        ["run", "pipeline.yaml", "--registry", "new.db", "--offline", "--jobs", "1", "--quiet"],
    ]),
    "devices": (["devices.yaml"], file_damage("devices.yaml", damage.as_lines), [["devices", "--min-ram", "2GB"]]),
    "bench": ([*REGISTRY, "bench.json"], file_damage("bench.json", damage.as_json),
              [["fit", "import", "bench.json", "--build", "tiny:q4_0", "--device", "pixel-8"]]),
    "tasks": (["f16.gguf", "tasks.jsonl"], file_damage("tasks.jsonl", damage.as_json),
              [["accuracy", "f16.gguf", "--tasks", "tasks.jsonl", *QUICK]]),
    "registry": (REGISTRY, lambda folder, chance: damage.change_row(
        folder / "registry.db", chance), [
            ["registry", "verify"], ["registry", "verify", "--read-data"], ["registry", "list"],
            ["registry", "show", "tiny:q4_0", "--json"], ["registry", "history", "tiny"], ["registry", "repair"],
            ["registry", "repair", "--apply"], ["registry", "gc"], ["query", "--ram", "3GB", "--platform", "android"],
            ["query", "--device", "pixel-8", "--json"], ["compare", "--ram", "3GB", "--platform", "ios"],
            ["report", "tiny", "-o", "OUT"], ["pull", "tiny:q4_0", "-o", "OUT"],
            ["registry", "export", "-o", "exported.tar"],
        ]),
}


class Case:
    """One input, damaged or not, and one command."""

    def __init__(self, kind, words, damage, chance):
        self.kind, self.damage, self.chance = kind, damage, chance
        self.inputs = KINDS[kind][0]
        self.words = [chance.choice(TYPES[word]) if word in TYPES else word for word in words]

    @classmethod
    def numbered(cls, seed, number, only):
        chance = random.Random(f"{seed}:{number}")
        kind = chance.choice(sorted(only))
        return cls(kind, chance.choice(KINDS[kind][2]), KINDS[kind][1], chance)

    def run(self, program, corpus, folder):
        """The exit code, and what is wrong with it, if anything."""
        folder.mkdir(parents=True)
        for name in self.inputs:
            source = corpus / name
            if source.is_dir():
                shutil.copytree(source, folder / name)
            elif source.exists():
                shutil.copy(source, folder / name)
        self.damage(folder, self.chance)
        before = {path.relative_to(folder) for path in folder.rglob("*")}
        output = "out.md" if self.words[0] == "report" else "out.gguf"
        words = [output if word == "OUT" else word for word in self.words]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TMPDIR": str(folder / "tmp")}
        if self.kind == "devices":
            environment["EDGEPIPE_DEVICES"] = "devices.yaml"
        (folder / "tmp").mkdir()
        code, memory, errors = start([program, *words], folder, environment)
        wrong = self.judge(code, memory, errors)
        if not wrong:
            left = self.leftovers(folder, before, words, output, code)
            wrong = f"left behind: {', '.join(sorted(left))}" if left else None
        return code, wrong and f"{wrong}\n    edgepipe {' '.join(words)}\n    {errors[:600]}"

    @staticmethod
    def judge(code, memory, errors):
        if code is None:
            return f"ran longer than {LONGEST} s"
        if code < 0:
            return f"ended by {signal.Signals(-code).name}"
        if code not in CODES:
            return f"ended with {code}, which means nothing"
        if memory > MOST_MEMORY:
            return f"took {memory >> 20} MiB"
        if code in {1, 3} and not errors.strip():
            return f"ended with {code} and said nothing"
        return None

    @staticmethod
    def leftovers(folder, before, words, output, code):
        """Files that are not whole, outputs of a command that failed, and anything in the temporary folder."""
        left = set()
        for path in folder.rglob("*"):
            name = path.relative_to(folder)
            if name in before or str(name) == "tmp":
                continue
            text = str(name)
            if text.endswith(".partial") or text.startswith("tmp/"):
                left.add(text)
            if code not in {0, 2} and text in {output, "exported.tar"}:
                left.add(text)
            if "/own" in f"/{text}":
                left.add(text)
        return left


def start(command, folder, environment):
    """Runs a command; gives its code (None where it was killed for time), its memory in bytes and its messages."""
    with open(folder / "tmp.out", "wb") as out, open(folder / "tmp.err", "wb") as err:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        )
        timer = threading.Timer(LONGEST, process.kill)
        timer.start()
        began = time.monotonic()
        _, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        timer.cancel()
        process.returncode = 0
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL and took >= LONGEST:
        code = None
    errors = (folder / "tmp.err").read_text("utf-8", "replace")
    for name in ["tmp.out", "tmp.err"]:
        (folder / name).unlink()
    return code, usage.ru_maxrss << (0 if sys.platform == "darwin" else 10), errors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(fuzz_corpus.ROOT / ".build" / "release" / "edgepipe"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="printed; another one each time by default")
    parser.add_argument("--case", type=int, help="run this case alone")
    parser.add_argument("--only", action="append", choices=sorted(KINDS), help="this kind; may be repeated")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for the inputs of cases that fail")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="edgepipe-fuzz-") as scratch:
        scratch = pathlib.Path(scratch).resolve()
        corpus = scratch / "corpus"
        program = str(pathlib.Path(options.program).resolve())
        fuzz_corpus.make(program, corpus)
        check_undamaged(program, corpus, scratch)
        codes = collections.defaultdict(collections.Counter)
        failures = []
        deadline = time.monotonic() + options.seconds
        numbers = iter([options.case] if options.case is not None else range(1 << 40))
        lock = threading.Lock()

        def work():
            while time.monotonic() < deadline and len(failures) < 50:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                case = Case.numbered(seed, number, options.only or KINDS)
                folder = scratch / f"case-{number}"
                code, wrong = case.run(program, corpus, folder)
                with lock:
                    codes[case.kind][code] += 1
                    if wrong:
                        failures.append(number)
                        print(f"case {number}, {case.kind}: {wrong}", flush=True)
                        if options.keep:
                            shutil.copytree(folder, options.keep / f"{seed}-{number}", symlinks=True, dirs_exist_ok=True,
                                            ignore=lambda at, names: [n for n in names if not is_plain(at, n)])
                shutil.rmtree(folder, ignore_errors=True)

        threads = [threading.Thread(target=work) for _ in range(options.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for kind in sorted(codes):
        counts = ", ".join(f"{code}: {count}" for code, count in sorted(codes[kind].items(), key=str))
        print(f"{kind:12} {counts}")
    total = sum(sum(counter.values()) for counter in codes.values())
    print(f"{total - len(failures)} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


def check_undamaged(program, corpus, scratch):
    """Every command has to take the sound input, or its cases would say nothing of the damage."""
    for kind, (_, _, commands) in KINDS.items():
        for words in commands:
            case = Case(kind, words, lambda folder, chance: None, random.Random(0))
            code, wrong = case.run(program, corpus, scratch / "sound")
            if code != 0 or wrong:
                sys.exit(f"{kind}: edgepipe {' '.join(case.words)} ends with {code} on sound input {wrong or ''}")
            shutil.rmtree(scratch / "sound")


def is_plain(folder, name):
    path = pathlib.Path(folder) / name
    return path.is_dir() or path.is_file()


if __name__ == "__main__":
    main()
