#!/usr/bin/env python3
"""Breaks a registry at every file operation of its commands that write, and looks at what is left.

    scripts/check-registry-faults.py [--program .build/release/edgepipe] [--step N]

For every n the n-th file operation below the registry's folder fails, it and all later ones fail, or the process is
killed at it. Afterwards `registry verify --read-data` must find the registry sound, everything that was published before
must be there, a command that said it was done must have been done, and the same command must succeed when it is run
again. Of a repair, which begins with a registry that is damaged, the second run must leave it whole. Linux only: the faults come from a library that is loaded before the program. The numbers it prints say how many
operations there were.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODES = ("fail", "fail-after", "kill")


class Harness:
    def __init__(self, program: pathlib.Path, work: pathlib.Path, step: int):
        self.program, self.work, self.step = program, work, step
        self.library = work / "faults.so"
        source = ROOT / "scripts" / "registry-faults.c"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", self.library, source, "-ldl"], check=True)
        self.failures = 0
        self.runs = 0

    def edgepipe(self, *arguments, registry=None, env=None):
        command = [str(self.program), *map(str, arguments)]
        if registry:
            command += ["--registry", str(registry)]
        return subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True)

    def must(self, *arguments, registry=None):
        result = self.edgepipe(*arguments, registry=registry)
        if result.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, arguments))}: {result.stderr}")
        return result.stdout

    def builds(self, registry):
        listing = json.loads(self.must("registry", "list", "--json", registry=registry))
        return {build["name"]: build["digest"] for build in listing}

    def check(self, name, base: pathlib.Path, command, done, removes=(), is_repair=False):
        """Runs `command` on copies of `base` with a fault at every operation; `done(registry)` says whether it took effect.

        `removes` names the builds that it takes away; a repair begins with a registry that is not sound.
        """
        before = {key: value for key, value in self.builds(self.copy(base, "before")).items() if key not in removes}
        target = self.copy(base, "counted")
        counter = self.work / "count"
        environment = {"LD_PRELOAD": str(self.library), "FAULT_ROOT": str(target.parent), "FAULT_COUNT": str(counter)}
        result = self.edgepipe(*command, registry=target, env=environment)
        if result.returncode != 0 or not done(target):
            raise SystemExit(f"{name} does not work without faults: {result.stderr}")
        total = int(counter.read_text())
        for number in range(1, total + 1, self.step):
            for mode in MODES:
                self.strike(name, base, command, done, before, number, mode, is_repair, not removes)
        print(f"{name}: {total} operations, {len(MODES)} kinds of fault each", flush=True)

    def strike(self, name, base, command, done, before, number, mode, is_repair, repeats):
        self.runs += 1
        registry = self.copy(base, "struck")
        environment = {
            "LD_PRELOAD": str(self.library),
            "FAULT_ROOT": str(registry.parent),
            "FAULT_AT": str(number),
            "FAULT_MODE": mode,
        }
        result = self.edgepipe(*command, registry=registry, env=environment)

        def expect(holds, what):
            if not holds:
                self.failures += 1
                print(f"WRONG: {name}, operation {number}, {mode}: {what}\n{result.stderr}", flush=True)

        verified = self.edgepipe("registry", "verify", "--read-data", "--json", registry=registry)
        expect(verified.returncode == 0 or is_repair, f"verify: {verified.stdout}{verified.stderr}")
        after = self.builds(registry)
        expect(before.items() <= after.items(), "something published is lost")
        if result.returncode == 0:
            expect(done(registry), "the command said it was done, and it was not")
        elif result.returncode > 0:
            expect("database is locked" not in result.stderr, "a user read of a lock")
        again = self.edgepipe(*command, registry=registry)
        # What was deleted cannot be deleted again, and that is said.
        expect(done(registry) and again.returncode in ((0,) if repeats else (0, 1)), f"again: {again.stderr}")
        self.edgepipe("registry", "gc", "--remove", "--older-than", "0", registry=registry)
        last = self.edgepipe("registry", "verify", "--read-data", "--json", registry=registry)
        expect(last.returncode == 0 and not json.loads(last.stdout)["leftovers"], f"not clean in the end: {last.stdout}")

    def copy(self, base: pathlib.Path, name: str) -> pathlib.Path:
        target = self.work / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(base, target)
        return target / "registry.db"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build/release/edgepipe")
    parser.add_argument("--step", type=int, default=1, help="take every N-th operation only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder).resolve()
        harness = Harness(options.program.resolve(), work, options.step)
        files = {}
        for kind in ("f16", "q8_0"):
            files[kind] = work / f"{kind}.gguf"
            harness.must("convert", ROOT / "models/tiny-phi3", "-o", files[kind], "--type", kind)
        base = work / "base"
        base.mkdir()
        registry = base / "registry.db"
        harness.must("registry", "init", registry=registry)
        publish = lambda kind, version: ("registry", "import", files[kind], "--as", f"tiny@{version}:{kind}", "--license", "mit")
        harness.must(*publish("f16", "1.0.0"), registry=registry)
        harness.must(*publish("f16", "1.1.0"), registry=registry)

        named = lambda name: lambda registry: name in harness.builds(registry)
        harness.check("publish", base, publish("q8_0", "2.0.0"), named("tiny@2.0.0:q8_0"))

        def promoted(registry):
            moves = json.loads(harness.must("registry", "history", "tiny", "--json", registry=registry))
            return [move["to"] for move in moves if move["channel"] == "stable"] == ["1.1.0"]

        promote = ("registry", "promote", "tiny@1.1.0", "stable", "--why", "a test")
        harness.check("promote", base, promote, promoted)

        littered = work / "littered"
        shutil.copytree(base, littered)
        packs = littered / "registry.db.objects/packs/aa"
        packs.mkdir(parents=True, exist_ok=True)
        for number in range(3):
            (packs / f"{number:032x}.pack").write_bytes(b"left by a killed process")

        def collected(registry):
            report = json.loads(harness.must("registry", "verify", "--json", registry=registry))
            return not report["leftovers"]

        harness.check("gc", littered, ("registry", "gc", "--remove", "--older-than", "0"), collected)

        full = work / "full"
        shutil.copytree(base, full)
        harness.must(*publish("q8_0", "2.0.0"), registry=full / "registry.db")
        deleted = lambda registry: "tiny@2.0.0:q8_0" not in harness.builds(registry)
        delete = ("registry", "delete", "tiny@2.0.0", "--why", "a test", "--apply")
        harness.check("delete", full, delete, deleted, removes={"tiny@2.0.0:q8_0"})

        damaged = work / "damaged"
        shutil.copytree(full, damaged)
        for pack in (damaged / "registry.db.objects/packs").rglob("*.pack"):
            pack.chmod(0o644)
            os.truncate(pack, pack.stat().st_size * 2 // 3)
        whole = lambda registry: harness.edgepipe("registry", "repair", registry=registry).returncode == 0
        repair = ("registry", "repair", "--from", full / "registry.db", "--apply")
        harness.check("repair", damaged, repair, whole, is_repair=True)

        old = work / "old"
        old.mkdir()
        fixture = ROOT / "Tests/Goldens/registries/before-parts.db"
        shutil.copy(fixture, old / "registry.db")
        shutil.copytree(fixture.with_suffix(".db.objects"), old / "registry.db.objects")
        harness.check("migrate", old, ("registry", "init"), lambda registry: True)
        print(f"{harness.runs} faults, {harness.failures} wrong")
        return 1 if harness.failures else 0


if __name__ == "__main__":
    sys.exit(main())
