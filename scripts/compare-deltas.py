#!/usr/bin/env python3
"""What updates take as deltas, beside zstd, xdelta3 and bsdiff, and what applying them costs.

    scripts/compare-deltas.py CHECKPOINT TUNES [--types q4_k_m] [--without bsdiff]

CHECKPOINT is a folder in Hugging Face form, TUNES what make-tunes.py made of it. For each tune and type it converts and quantizes
both, makes the delta, applies it and compares the digests; then it prints, as shares of the new file:

    parts      what a client fetches by Range that has the old file: parts of the registry whose bytes differ
    edgepipe   the delta
    zstd       zstd -19 --patch-from
    xdelta3    xdelta3 -9
    bsdiff     bsdiff, of files under 200 MB

and, of one tune as f16, time and memory of applying, and of 20 applications killed at random and resumed. Needs
xdelta3, bsdiff and zstd (Debian packages). The exit status is 1 where a file differs.
"""

import argparse
import hashlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = os.environ.get("EDGEPIPE", ROOT / ".build/release/edgepipe")
# bsdiff holds seventeen times the old file in memory.
MOST_FOR_BSDIFF = 200_000_000


def call(*words):
    """Runs a command, and gives its seconds."""
    begin = time.monotonic()
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, messages = process.communicate()
    seconds = time.monotonic() - begin
    if process.returncode:
        sys.exit(f"compare-deltas: {words[0]} ended with {process.returncode}: {messages.decode()[-500:]}")
    return seconds


def measured(*words):
    """The same, with the peak resident size in mebibytes. A fresh process is measured: a fork would count this one's memory."""
    report = tempfile.NamedTemporaryFile()
    seconds = call(sys.executable, "-c", MEASURE, report.name, *words)
    return seconds, int(pathlib.Path(report.name).read_text()) / 1024


MEASURE = """
import os, pathlib, subprocess, sys
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
pathlib.Path(sys.argv[1]).write_text(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def builds(checkpoint, folder, types):
    """Paths of the builds by type."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / "f16.gguf"
    call(EDGEPIPE, "convert", checkpoint, "-o", base, "--type", "f16", "--quiet")
    made = {"f16": base}
    for kind in types:
        if kind != "f16":
            made[kind] = folder / f"{kind}.gguf"
            call(EDGEPIPE, "quantize", base, "-o", made[kind], "--type", kind, "--quiet")
    return made


def changed_parts(old, new):
    """Bytes of the new file's parts of which the old file has none. Parts end at tensors, and have 16 MiB at most."""
    import gguf

    def parts(path):
        tensors = gguf.GGUFReader(path).tensors
        header = min(int(tensor.data_offset) for tensor in tensors)
        yield path.read_bytes()[:header]
        for tensor in tensors:
            bytes_ = tensor.data.tobytes()
            for start in range(0, len(bytes_), 16 << 20):
                yield bytes_[start : start + (16 << 20)]

    known = {hashlib.sha256(part).digest() for part in parts(old)}
    return sum(len(part) for part in parts(new) if hashlib.sha256(part).digest() not in known)


def sizes(old, new, work, without):
    """Bytes of each way to lead from one file to the other."""
    found = {"parts": changed_parts(old, new)}
    output = subprocess.run([EDGEPIPE, "delta", "make", old, new, "-o", work / "ours", "--json", "--quiet"], capture_output=True)
    if output.returncode == 0:
        found["edgepipe"] = (work / "ours").stat().st_size
        call(EDGEPIPE, "delta", "apply", old, work / "ours", "-o", work / "applied.gguf", "--quiet")
        if digest(work / "applied.gguf") != digest(new):
            sys.exit(f"compare-deltas: the delta to {new} gives another file")
    call("zstd", "-q", "-f", "-19", "--long=31", f"--patch-from={old}", new, "-o", work / "zstd")
    found["zstd"] = (work / "zstd").stat().st_size
    call("xdelta3", "-e", "-f", "-9", "-B", 1 << 30, "-s", old, new, work / "xdelta3")
    found["xdelta3"] = (work / "xdelta3").stat().st_size
    if "bsdiff" not in without and old.stat().st_size < MOST_FOR_BSDIFF:
        call("bsdiff", old, new, work / "bsdiff")
        found["bsdiff"] = (work / "bsdiff").stat().st_size
    return found


def applying(old, new, work):
    """Time and memory of applying, and how it takes kills."""
    sizes(old, new, work, {"bsdiff"})
    print(f"\napplying a delta to {old.stat().st_size / 1e6:.0f} MB: seconds (fastest of 3), peak MiB")
    ways = {
        "edgepipe": [EDGEPIPE, "delta", "apply", old, work / "ours", "-o", work / "applied.gguf", "--quiet"],
        "zstd": ["zstd", "-d", "-q", "-f", "--long=31", f"--patch-from={old}", work / "zstd", "-o", work / "applied.gguf"],
        "xdelta3": ["xdelta3", "-d", "-f", "-B", 1 << 30, "-s", old, work / "xdelta3", work / "applied.gguf"],
    }
    taken = {name: [] for name in ways}
    for _ in range(3):
        for name, words in ways.items():
            (work / "applied.gguf").unlink(missing_ok=True)
            taken[name].append(measured(*words))
    for name, runs in taken.items():
        print(f"{name:10} {min(run[0] for run in runs):8.2f} {max(run[1] for run in runs):8.0f}")
    whole = min(run[0] for run in taken["edgepipe"])
    (work / "applied.gguf").unlink()
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"kills: seed {seed}")
    dice, kills = random.Random(seed), 0
    while kills < 20:
        process = subprocess.Popen([str(word) for word in ways["edgepipe"]], stdout=subprocess.DEVNULL)
        try:
            process.wait(dice.random() * whole)
            (work / "applied.gguf").unlink()
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            if (work / "applied.gguf").exists():
                sys.exit("compare-deltas: a killed application left a file under its name")
    call(*ways["edgepipe"])
    left = [path.name for path in work.iterdir() if path.name.startswith(".applied")]
    if digest(work / "applied.gguf") != digest(new) or left:
        sys.exit(f"compare-deltas: after {kills} kills the file differs, or {left} was left")
    print(f"killed {kills} times, then whole")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path)
    parser.add_argument("tunes", type=pathlib.Path)
    parser.add_argument("--types", default="q4_k_m")
    parser.add_argument("--without", default="")
    options = parser.parse_args()
    types, without = options.types.split(","), set(options.without.split(","))
    names = [name for name in ("parts", "edgepipe", "zstd", "xdelta3", "bsdiff") if name not in without]
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        old = builds(options.checkpoint, work / "old", [*types, "q4_k_s"])
        print(f"{'case':15} {'type':7} " + " ".join(f"{name:>9}" for name in names))

        def row(case, kind, before, after):
            found = sizes(before, after, work, without)
            whole = after.stat().st_size
            cells = [f"{found[name] / whole:9.5f}" if name in found else f"{'-':>9}" for name in names]
            print(f"{case:15} {kind:7} " + " ".join(cells), flush=True)

        for case in ("template", "last-layer", "lora-attention", "lora-all", "full-1e-5", "full-1e-4"):
            new = builds(options.tunes / case, work / "new", types)
            for kind in types:
                row(case, kind, old[kind], new[kind])
            if case == "lora-attention":
                os.rename(new["f16"], work / "kept.gguf")
        if "q4_k_m" in types:
            row("other type", "q4_k_s", old["q4_k_m"], old["q4_k_s"])
        applying(old["f16"], work / "kept.gguf", work)


if __name__ == "__main__":
    main()
