#!/usr/bin/env python3
"""Shows that a push and a pull lose nothing: connections cut at random, processes killed at random, against Docker's registry.

Usage: scripts/check-transfer-faults.py [PROGRAM] [--faults 50] [--seed N]

Needs Debian's docker-registry. A server on the loopback address stands between and cuts connections after random counts of bytes. Each
push must end with every tag, each pull with the right bytes; what was sent again is told, and must be no more than one chunk a kill, or one
blob where the registry gave an upload up.
"""
import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CHUNK = 1 << 20


class Between:
    """Passes connections on, and cuts some after a random count of bytes in either direction."""

    def __init__(self, port, dice):
        self.port, self.dice, self.cuts, self.is_cutting = port, dice, 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.own = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            budget = None
            if self.is_cutting > 0 and self.dice.random() < 0.5:
                budget = [self.dice.randrange(200, 6 * CHUNK)]
            threading.Thread(target=self.serve, args=(client, budget), daemon=True).start()

    def serve(self, client, budget):
        server = socket.create_connection(("127.0.0.1", self.port))
        done = threading.Event()

        def copy(source, target):
            try:
                while data := source.recv(1 << 16):
                    if budget is not None:
                        budget[0] -= len(data)
                        if budget[0] < 0:
                            self.cuts += 1
                            self.is_cutting -= 1
                            break
                    target.sendall(data)
            except OSError:
                pass
            for end in (client, server):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            done.set()

        threading.Thread(target=copy, args=(client, server), daemon=True).start()
        copy(server, client)
        done.wait()
        client.close()
        server.close()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default=".build/release/edgepipe")
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    dice = random.Random(options.seed)
    print(f"seed {options.seed}")
    work = pathlib.Path(tempfile.mkdtemp())
    port = free_port()
    (work / "registry.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage:\n  filesystem: {{rootdirectory: {work}/data}}\n"
        f'http: {{addr: "127.0.0.1:{port}", secret: fixed}}\n'
    )
    server = subprocess.Popen(["docker-registry", "serve", work / "registry.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        between = Between(port, dice)
        environment = {**os.environ, "HOME": str(work), "EDGEPIPE_REGISTRY": str(work / "registry.db")}
        environment.pop("DOCKER_CONFIG", None)

        def run(*arguments, check=True):
            return subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=check)

        def run_killed(least, most, *arguments, after_kill=lambda: None):
            """Runs the program until it ends by itself, killed up to four times after some seconds. -> how often it was."""
            command, killed = [program, *arguments, "--insecure", "--json"], 0
            while True:
                process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
                try:
                    out, _ = process.communicate(timeout=dice.uniform(least, most) if killed < 4 else None)
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
                    after_kill()
                    killed += 1
                    continue
                assert process.returncode == 0, out
                return killed

        checkpoint = "models/tiny-phi3"
        run("registry", "init")
        run("convert", checkpoint, "-o", str(work / "model.gguf"), "--type", "f32")
        run("registry", "import", str(work / "model.gguf"), "--as", "m@1.0.0:f32", "--license", "mit")
        digest = hashlib.sha256((work / "model.gguf").read_bytes()).hexdigest()
        size = (work / "model.gguf").stat().st_size

        def place(at, name):
            return f"oci://127.0.0.1:{at}/{name}"

        again, cut = 0, 0
        number = 0
        while cut < options.faults:
            number += 1
            between.is_cutting = 3
            before = between.cuts
            pushed = run(
                "push", "m@1.0.0:f32", place(between.own, f"cut{number}/m"), "--insecure", "--json", "--chunk", "1MiB", "--dialect", "docker",
                check=False,
            )
            between.is_cutting = 0
            while pushed.returncode != 0:
                pushed = run(
                    "push", "m@1.0.0:f32", place(between.own, f"cut{number}/m"), "--insecure", "--json", "--chunk", "1MiB", "--dialect",
                    "docker", check=False,
                )
            sent = json.loads(pushed.stdout)["bytesSent"]
            again += max(0, sent - size)
            between.is_cutting = 3
            output = work / "pulled.gguf"
            while (pulled := run("pull", place(between.own, f"cut{number}/m") + ":1.0.0-f32", "-o", str(output), "--insecure", check=False)).returncode:
                between.is_cutting = 0
            between.is_cutting = 0
            assert hashlib.sha256(output.read_bytes()).hexdigest() == digest, pulled.stderr
            output.unlink()
            cut += between.cuts - before
            print(f"  {cut} cuts", file=sys.stderr, flush=True)
            # The registry forgets what it mounted from.
            shutil.rmtree(work / "registry.db.work", ignore_errors=True)
            shutil.rmtree(work / "data", ignore_errors=True)
        print(f"{cut} cuts in {number} pushes and pulls: every file whole; sent again {again / max(1, cut) / CHUNK:.2f} MiB a cut of {size / CHUNK:.0f} MiB")

        kills, number = 0, 0
        while kills < options.faults:
            number += 1
            name = f"kill{number}/m"
            kills += run_killed(0.03, 0.5, "push", "m@1.0.0:f32", place(port, name), "--chunk", "1MiB", "--dialect", "docker")
            output = work / "pulled.gguf"

            def check_cut():
                assert not output.exists() or hashlib.sha256(output.read_bytes()).hexdigest() == digest
                output.unlink(missing_ok=True)

            kills += run_killed(
                0.02, 0.2, "pull", place(port, name) + ":1.0.0-f32", "-o", str(output), after_kill=check_cut
            )
            assert hashlib.sha256(output.read_bytes()).hexdigest() == digest
            output.unlink()
            assert not list(work.glob(".pulled*")), "nothing is left of what was cut"
            shutil.rmtree(work / "registry.db.work", ignore_errors=True)
            shutil.rmtree(work / "data", ignore_errors=True)
        run("registry", "verify", "--read-data")
        print(f"{kills} kills in {number} pushes and pulls: every file whole, the registry is sound")
    finally:
        server.kill()
        shutil.rmtree(work, ignore_errors=True)


main()
