#!/usr/bin/env python3
"""Cuts and kills between a client and `edgepipe serve`, while a client fetches a build and another pushes one.

    scripts/check-serve-faults.py [CUTS] [KILLS]

A build of the quickstart is fetched by Range again and again: CUTS times the client ends its connection somewhere in the answer (50), and
KILLS times the server is killed with -9 while it sends, and started anew (20). Each time the client goes on behind what it has, under
the ETag that it knows, and ends with the build's SHA-256. Then a server that takes builds is killed KILLS times while a build is
pushed to it; the push is run again until it ends, and the registry must hold the build, sound. Needs nothing but Python.
"""

import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"


def edgepipe(*words, check=True, **options):
    return subprocess.run([str(EDGEPIPE), *map(str, words)], check=check, capture_output=True, text=True, cwd=ROOT, **options)


class Server:
    """A server that may be killed and comes back at the same port."""

    def __init__(self, registry, *options):
        self.registry, self.options, self.port = registry, options, 0
        self.start()

    def start(self):
        words = ["serve", "--registry", self.registry, "--listen", f"127.0.0.1:{self.port}", *self.options]
        self.process = subprocess.Popen([str(EDGEPIPE), *map(str, words)], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        if not found:
            sys.exit(f"check-serve-faults: the server says: {line}")
        self.port = int(found[1])

    def kill(self):
        self.process.kill()
        self.process.wait()


def fetch(server, path, size, fault):
    """All bytes of a file, going on after each fault; `fault` gives how many bytes come before the next one, or nothing."""
    held, etag, faults = bytearray(), None, 0
    while len(held) < size:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Range": f"bytes={len(held)}-"}
        if etag:
            headers["If-Range"] = etag
        until = fault(size - len(held))
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            if answer.status == 200:
                held.clear()
            elif answer.status != 206:
                sys.exit(f"check-serve-faults: {path} is answered with {answer.status}")
            etag = answer.headers["ETag"]
            come = 0
            while until is None or come < until:
                piece = answer.read1(1 << 16)
                if not piece:
                    break
                held += piece
                come += len(piece)
            if until is not None and len(held) < size:
                faults += 1
                if fault.kills:
                    server.kill()
                    server.start()
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    return bytes(held), faults


class Fault:
    def __init__(self, dice, kills):
        self.dice, self.kills = dice, kills

    def __call__(self, left):
        return self.dice.randrange(1, left) if left > 1 and self.dice.random() < 0.8 else None


def main():
    cuts, kills = (int(word) for word in (sys.argv[1:] + ["50", "20"][len(sys.argv) - 1 :]))
    seed = int.from_bytes(os.urandom(4), "big")
    print(f"seed {seed}")
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        registry = work / "registry.db"
        edgepipe("run", "pipelines/quickstart.yaml", "--registry", registry, "--quiet")
        builds = json.loads(edgepipe("registry", "list", "--registry", registry, "--json").stdout)
        build = max(builds, key=lambda build: build["fileBytes"])
        name, digest, size = build["name"], build["digest"], build["fileBytes"]
        model = name.split("@")[0]
        server = Server(registry)
        path = f"/v2/{model}/blobs/sha256:{digest}"
        for what, wanted, does_kill in (("cuts", cuts, False), ("kills", kills, True)):
            seen = downloads = 0
            while seen < wanted:
                held, faults = fetch(server, path, size, Fault(dice, does_kill))
                if hashlib.sha256(held).hexdigest() != digest:
                    sys.exit(f"check-serve-faults: after {faults} {what} the file differs")
                seen, downloads = seen + faults, downloads + 1
            print(f"{seen} {what} in {downloads} downloads: every file whole")
        server.kill()

        token = edgepipe("serve", "token", "new", "--model", "*", "--allow", "push", "--expires", "1d", "--tokens", work / "tokens.json")
        secret = re.search(r"hf_\w{40,}", token.stdout + token.stderr)[0]
        target = work / "target.db"
        edgepipe("registry", "init", "--registry", target)
        server = Server(target, "--writable", "--tokens", work / "tokens.json")
        environment = {**os.environ, "EDGEPIPE_OCI_USER": "any", "EDGEPIPE_OCI_PASSWORD": secret}
        seen = tries = 0
        while True:
            tries += 1
            words = ["push", name, f"oci://127.0.0.1:{server.port}/{model}", "--insecure", "--registry", registry, "--chunk", "1MiB", "--quiet"]
            push = subprocess.Popen([str(EDGEPIPE), *map(str, words)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while push.poll() is None and seen < kills:
                time.sleep(dice.random() * 0.3)
                if push.poll() is None:
                    server.kill()
                    seen += 1
                    time.sleep(dice.random() * 0.1)
                    server.start()
            if push.wait() == 0 and seen >= kills:
                break
            if tries > 20 * kills + 20:
                sys.exit("check-serve-faults: the push never ends well")
            if push.returncode == 0:
                # It was too quick to be killed; the next one begins with an empty registry.
                server.kill()
                for left in work.glob("target.db*"):
                    subprocess.run(["rm", "-rf", left], check=True)
                edgepipe("registry", "init", "--registry", target)
                server.start()
        server.kill()
        found = json.loads(edgepipe("registry", "list", "--registry", target, "--json").stdout)
        if [entry["digest"] for entry in found] != [digest]:
            sys.exit(f"check-serve-faults: the registry holds {found}")
        edgepipe("registry", "verify", "--read-data", "--registry", target)
        print(f"{seen} kills in {tries} pushes: the build is there once, and sound")


if __name__ == "__main__":
    main()
