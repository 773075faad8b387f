#!/usr/bin/env python3
"""Ends runs of a pipeline at random moments, and shows that nothing is lost: whatever was killed, the run that gets to the end publishes
the builds that an undisturbed run publishes, and the registry is whole.

    scripts/prove-kills.py .build/release/edgepipe              200 runs are ended, in several minutes
    scripts/prove-kills.py .build/release/edgepipe --kills 10

Two runs of three end by SIGKILL, the others by SIGINT or SIGTERM, which must end them within a second. In every third round two runs share
the registry.
"""
import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PIPELINE = f"""pipeline: tiny
version: 1.0.0
model: {{ source: "{ROOT}/models/tiny-phi3", license: mit }}
steps:
  - id: f16
    convert: {{ type: f16 }}
  - id: matrix
    imatrix: {{ model: f16, text: "{ROOT}/texts/sample.txt", context: 128, chunks: 8 }}
  - id: builds
    quantize: {{ model: f16, types: [q8_0, q4_k_m, iq3_xxs, q2_k], imatrix: matrix }}
  - id: quality
    validate: {{ builds: builds, text: "{ROOT}/texts/sample.txt", context: 128, chunks: 8, against: f16 }}
  - id: fit
    fit: {{ builds: builds, context: 1024, devices: [pixel-8] }}
  - id: publish
    publish: {{ builds: builds, channel: candidate }}
"""
SIGNALS = [signal.SIGKILL] * 4 + [signal.SIGINT, signal.SIGTERM]


class Proof:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def start(self, place):
        command = [self.program, "run", "tiny.yaml", "--quiet"]
        return subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def place(self, name):
        place = self.folder / name
        place.mkdir()
        (place / "tiny.yaml").write_text(PIPELINE)
        return place

    def ask(self, place, *arguments):
        done = subprocess.run([self.program, *arguments], cwd=place, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def published(self, place):
        self.ask(place, "registry", "verify", "--read-data", "--quiet")
        builds = json.loads(self.ask(place, "registry", "list", "--json"))
        return {build["name"]: build["digest"] for build in builds}

    def finish(self, run):
        _, errors = run.communicate(timeout=600)
        assert run.returncode == 0, f"a run that nobody ended failed with {run.returncode}: {errors}"


def end(run, number, slowest):
    """How long a run took to end that was asked to."""
    asked = time.monotonic()
    run.send_signal(number)
    _, errors = run.communicate(timeout=60)
    if number != signal.SIGKILL:
        slowest.append(time.monotonic() - asked)
        # A program that has only just started ends as every program does.
        assert run.returncode in (0, 130, 143, -number), f"{run.returncode}: {errors}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=lambda path: str(pathlib.Path(path).resolve()))
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        proof = Proof(options.program, pathlib.Path(folder))
        whole = proof.place("whole")
        began = time.monotonic()
        proof.finish(proof.start(whole))
        length = time.monotonic() - began
        expected = proof.published(whole)
        assert len(expected) == 4, expected
        kills, rounds, slowest = 0, 0, []
        while kills < options.kills:
            place = proof.place(f"round-{rounds}")
            # So that some rounds are cut often and early, and others once and late.
            reach = length * chance.choice([0.1, 0.3, 1])
            for _ in range(chance.randrange(2, 12)):
                runs = [proof.start(place) for _ in range(2 if rounds % 3 == 2 else 1)]
                time.sleep(chance.uniform(0, reach))
                for run in runs:
                    if run.poll() is None:
                        end(run, chance.choice(SIGNALS), slowest)
                        kills += 1
                    else:
                        proof.finish(run)
            for run in [proof.start(place) for _ in range(2 if rounds % 3 == 2 else 1)]: proof.finish(run)
            found = proof.published(place)
            assert found == expected, f"round {rounds}: {found}, not {expected}"
            rounds += 1
            print(f"{kills} runs ended in {rounds} rounds", flush=True)
        late = sum(seconds > 1 for seconds in slowest)
        print(f"all rounds published the same builds; {len(slowest)} runs that were asked to end took {max(slowest, default=0):.2f} s at most")
        if late: sys.exit(f"{late} runs took more than a second to end")


main()
