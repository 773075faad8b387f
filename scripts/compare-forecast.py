#!/usr/bin/env python3
"""Holds what `edgepipe plan` forecasts against what `edgepipe run` then takes: sizes, memory, disk and time.

    scripts/compare-forecast.py .build/release/edgepipe pipelines/quickstart.yaml
    scripts/compare-forecast.py .build/release/edgepipe /models/SmolLM2-135M --types q8_0,q4_k_m --chunks 4
    scripts/compare-forecast.py .build/release/edgepipe model.gguf --context 1024

A folder or a GGUF file becomes a pipeline with every kind of step. The steps run one after the other, each in a process of
its own, in an empty cache. Then everything runs again, for the times that were forecast from the speeds of the first run.

Memory is what the process has for itself (Linux: RssAnon, sampled), as `plan` forecasts it. Pages of mapped files, such as a
model's weights, are shown beside it: the system takes them back where memory is short. Disk is by how much the registry's
folder grew at most. Sizes have to be exact; memory and disk within 15 percent and 4 MB, or below the forecast of `publish`; time within a factor of 1.5 for steps
of a second or more.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

TEXTS = pathlib.Path(__file__).resolve().parent.parent / "texts"
# What is allowed beside the forecast: a part, and bytes that are no matter.
PART, LITTLE = 1.15, 4e6


def status(process):
    """Resident bytes of a process: its own, and of files."""
    found = {}
    try:
        for line in open(f"/proc/{process}/status"):
            name, _, value = line.partition(":")
            if name in ("RssAnon", "RssFile", "RssShmem"): found[name] = int(value.split()[0]) * 1024
    except OSError:
        pass
    return found.get("RssAnon", 0), found.get("RssFile", 0) + found.get("RssShmem", 0)


def usage(folder):
    """Bytes of disk that a folder takes; a file with several names counts once."""
    seen, total = set(), 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                entry = os.lstat(os.path.join(root, name))
            except OSError:
                continue
            if entry.st_ino not in seen: total += entry.st_blocks * 512
            seen.add(entry.st_ino)
    return total


class Run:
    """A command: what it printed, its seconds, and its peaks."""

    def __init__(self, program, folder, *arguments):
        before = usage(folder)
        self.own = self.files = self.disk = 0
        began = time.monotonic()
        with tempfile.TemporaryFile("w+") as output:
            child = subprocess.Popen([program, *arguments], cwd=folder, stdout=output)
            watching = threading.Thread(target=self.watch_disk, args=(child, folder, before))
            watching.start()
            while child.poll() is None:
                own, files = status(child.pid)
                self.own, self.files = max(self.own, own), max(self.files, files)
                time.sleep(0.002)
            self.seconds = time.monotonic() - began
            watching.join()
            if child.returncode not in (0, 2): sys.exit(f"{' '.join(arguments)}: {child.returncode}")
            output.seek(0)
            self.text = output.read()

    def watch_disk(self, child, folder, before):
        while child.poll() is None:
            self.disk = max(self.disk, usage(folder) - before)
            time.sleep(0.05)
        self.disk = max(self.disk, usage(folder) - before)


def pipeline(model, options):
    """A pipeline with every kind of step over a model."""
    text, learned = TEXTS / "sample.txt", TEXTS / "calibration.txt"
    reading = f"context: {options.context}, chunks: {options.chunks}"
    types = options.types.split(",")
    return "\n".join(
        [
            "pipeline: measured",
            "version: 1.0.0",
            f'model: {{ source: "{model}", license: other }}',
            "steps:",
            f"  - {{ id: base, convert: {{ {f'type: {options.type}' if options.type else ''} }} }}",
            f'  - {{ id: importance, imatrix: {{ model: base, text: "{learned}", {reading} }} }}',
            *(
                [f'  - {{ id: costs, sensitivity: {{ model: base, text: "{learned}", {reading} }} }}']
                if options.sensitivity
                else []
            ),
            f"  - {{ id: one, quantize: {{ model: base, types: [{types[0]}] }} }}",
            f"  - {{ id: builds, quantize: {{ model: base, imatrix: importance, types: [{options.types}] }} }}",
            f'  - {{ id: plain, validate: {{ builds: one, text: "{text}", {reading} }} }}',
            f'  - {{ id: quality, validate: {{ builds: builds, text: "{text}", {reading}, against: base }} }}',
            "  - { id: fit, fit: { builds: builds, context: 2048 } }",
            "  - { id: publish, publish: { builds: builds } }",
            "",
        ]
    )


def isNear(fact, forecast):
    return forecast / PART - LITTLE <= fact <= forecast * PART + LITTLE


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("file", type=lambda path: str(pathlib.Path(path).resolve()), help="a pipeline file, a folder or a GGUF file")
    parser.add_argument("--type", help="of the conversion; the model's own where nothing is said")
    parser.add_argument("--types", default="q8_0,q4_k_m")
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--chunks", type=int, default=4)
    parser.add_argument("--sensitivity", action="store_true", help="with a sensitivity step, which takes long")
    parser.add_argument("--scratch", help="the folder for registry and cache, on a disk with room for them")
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        file = options.file
        if not file.endswith((".yaml", ".yml")):
            file = str(pathlib.Path(folder, "measured.yaml"))
            pathlib.Path(file).write_text(pipeline(options.file, options))
        place = pathlib.Path(folder, "work")
        place.mkdir()
        more = ["--registry", "registry.db", "--json"]

        def plan(*arguments):
            return json.loads(Run(options.program, place, "plan", file, *more, *arguments).text)["steps"]

        def run(step, *arguments):
            return Run(options.program, place, "run", file, "--only", step, "--quiet", *more, *arguments)

        print(
            f"{'step':<12}{'bytes':>7}{'memory forecast':>17}{'fact':>8}{'ratio':>7}{'of files':>10}"
            f"{'disk forecast':>16}{'fact':>9}{'ratio':>7}{'seconds forecast':>19}{'fact':>8}"
        )
        first = {}
        steps = plan()
        for step in steps: first[step["step"]] = run(step["step"])
        learned = {step["step"]: step["forecast"] for step in plan()}
        for step in steps:
            name, forecast, fact = step["step"], step["forecast"], first[step["step"]]
            again = next(s for s in json.loads(run(name, "--force").text)["steps"] if s["step"] == name)
            expected = [output["bytes"] for output in forecast["outputs"] if output.get("bytes")]
            paths = [pathlib.Path(place, path) for path in again.get("outputs", []) if path.endswith(".gguf")]
            sizes = [path.stat().st_size for path in paths if path.exists()]
            isExact = not sizes or not expected or sizes == expected
            low, high, seconds = learned[name]["secondsLow"], learned[name]["secondsHigh"], again["seconds"]
            isTimely = seconds < 1 or low / 1.5 <= seconds <= high * 1.5
            peak, disk = forecast["peakMemoryBytes"], sum(expected)
            # What compression saves, and which parts are there already, shows only when builds are published.
            isBound = step["kind"] == "publish"
            isHeld = isNear(fact.own, peak) or isBound and fact.own < peak
            fits = isNear(fact.disk, disk) or isBound and fact.disk < disk
            wrong += [isExact, isTimely, isHeld, fits].count(False)
            notes = [note for note, isRight in [("MEMORY", isHeld), ("DISK", fits), ("TIME", isTimely)] if not isRight]
            ratio = f"{fact.disk / disk:.2f}" if disk else "-"
            print(
                f"{name:<12}{'exact' if isExact else 'WRONG':>7}{peak / 1e6:>14.1f} MB{fact.own / 1e6:>8.1f}{fact.own / peak:>7.2f}{fact.files / 1e6:>10.1f}"
                f"{disk / 1e6:>13.1f} MB{fact.disk / 1e6:>9.1f}{ratio:>7}{low:>10.1f} to {high:<5.1f}{seconds:>8.1f} {' '.join(notes)}",
                flush=True,
            )
    sys.exit(wrong > 0)


main()
