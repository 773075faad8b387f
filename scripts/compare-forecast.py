#!/usr/bin/env python3
"""Holds what `edgepipe plan` forecasts against what `edgepipe run` then takes: sizes, memory, disk and time.

    scripts/compare-forecast.py .build/release/edgepipe pipelines/quickstart.yaml

The file runs once for the speeds of this machine, then everything again in one process a step, so that each step's memory shows. Sizes
have to be exact, and time within a factor of 1.5 for steps of a second or more; memory is shown with its ratio.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time


def run(program, folder, *arguments):
    """What a command printed, its seconds, and its largest memory in bytes."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen([program, *arguments], cwd=folder, stdout=output)
        _, status, usage = os.wait4(child.pid, 0)
        if status: sys.exit(f"{' '.join(arguments)}: {os.waitstatus_to_exitcode(status)}")
        output.seek(0)
        return output.read(), time.monotonic() - began, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("file", type=lambda path: str(pathlib.Path(path).resolve()))
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        more = ["--registry", "registry.db", "--json"]
        _, first, _ = run(options.program, folder, "run", options.file, "--quiet", *more)
        plan = json.loads(run(options.program, folder, "plan", options.file, *more)[0])
        print(f"{'step':<14}{'bytes':>9}{'memory forecast':>18}{'taken':>10}{'ratio':>7}{'seconds forecast':>20}{'taken':>8}")
        whole = 0
        for step in plan["steps"]:
            forecast = step["forecast"]
            report, _, memory = run(options.program, folder, "run", options.file, "--only", step["step"], "--force", "--quiet", *more)
            made = next(s for s in json.loads(report)["steps"] if s["step"] == step["step"])
            expected = [output["bytes"] for output in forecast["outputs"] if output.get("bytes")]
            paths = [pathlib.Path(folder, path) for path in made.get("outputs", []) if path.endswith(".gguf")]
            sizes = [path.stat().st_size for path in paths]
            exact = not sizes or not expected or sizes == expected
            low, high, seconds = forecast["secondsLow"], forecast["secondsHigh"], made["seconds"]
            timely = seconds < 1 or low / 1.5 <= seconds <= high * 1.5
            failed |= not exact or not timely
            whole += seconds
            peak = forecast["peakMemoryBytes"]
            print(
                f"{step['step']:<14}{'exact' if exact else 'WRONG':>9}{peak / 1e6:>15.0f} MB{memory / 1e6:>7.0f} MB{memory / peak:>7.2f}"
                f"{low:>11.1f} to {high:<5.1f}{seconds:>8.1f}{'' if timely else ' LATE'}"
            )
        print(f"one run of all steps: {first:.1f} s; the steps alone: {whole:.1f} s")
    sys.exit(failed)


main()
