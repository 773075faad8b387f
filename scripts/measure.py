#!/usr/bin/env python3
"""Runs commands in turns and prints, for each, the median of its times and its largest memory.

    scripts/measure.py --rounds 5 NAME COMMAND [ARGUMENT...] -- NAME COMMAND [ARGUMENT...] -- ...

Prints one line a command: name, median seconds, fastest, slowest, peak resident mebibytes; tab-separated. The commands
take turns, so that a machine that grows slower or faster meanwhile does so for all of them.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time


def run(command):
    """Seconds, and the largest resident size in mebibytes."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    messages = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.stderr.buffer.write(messages[-2000:])
        sys.exit(f"measure: {' '.join(command)} ended with {process.returncode}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return seconds, usage.ru_maxrss / unit


def split(words):
    commands = [[]]
    for word in words:
        if word == "--":
            commands.append([])
        else:
            commands[-1].append(word)
    return [(command[0], command[1:]) for command in commands if len(command) > 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("commands", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    commands = split(arguments.commands)
    results = {name: [] for name, _ in commands}
    for _ in range(arguments.rounds):
        for name, command in commands:
            results[name].append(run(command))
    for name, runs in results.items():
        seconds = [seconds for seconds, _ in runs]
        memory = max(memory for _, memory in runs)
        print(f"{name}\t{statistics.median(seconds):.3f}\t{min(seconds):.3f}\t{max(seconds):.3f}\t{memory:.0f}")


if __name__ == "__main__":
    main()
