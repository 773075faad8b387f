#!/usr/bin/env python3
"""Runs a pipeline on a real Slurm of two nodes, and breaks it in every way that a cluster does.

    scripts/prove-slurm.py .build/release/edgepipe            what has to hold, in about two minutes
    scripts/prove-slurm.py .build/release/edgepipe --measure  the times of tasks and what is beside their work, on one node, on two, and over HTTP
    scripts/prove-slurm.py .build/release/edgepipe --measure --file FILE  the same for a pipeline file of absolute paths

Needs slurmctld, slurmd, slurm-client, slurm-wlm-basic-plugins and munge, and root; says so and ends well where they are missing.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import slurm_nodes

ROOT = pathlib.Path(__file__).resolve().parent.parent
PIPELINE = """pipeline: tiny
version: 1.0.0
model: {{ source: "{root}/models/tiny-phi3", license: mit }}
steps:
  - id: f16
    convert: {{ type: f16 }}
  - id: builds
    quantize: {{ model: f16, types: [{types}] }}
  - id: quality
    validate: {{ builds: builds, text: "{root}/texts/sample.txt", context: 128, chunks: {chunks}, against: f16, pieces: {pieces}, gates: {{ {gates} }} }}
  - id: fit
    fit: {{ builds: builds, context: 1024, devices: [pixel-8, iphone-15] }}
  - id: publish
    publish: {{ builds: builds }}
"""


class CacheServer:
    """A cache over HTTP, which can be killed and started again under the same address."""

    def __init__(self, program, folder):
        self.program, self.folder, self.port, self.process = program, folder, 0, None
        self.tokens, self.cache = folder / "tokens.json", folder / "served"
        self.cache.mkdir()
        made = subprocess.run(
            [program, "serve", "token", "new", "--model", "*", "--allow", "push", "--expires", "1d", "--tokens", self.tokens, "--json"],
            capture_output=True, text=True, check=True, timeout=60,
        )
        self.token = json.loads(made.stdout)["token"]
        subprocess.run([program, "registry", "init", "--registry", folder / "served.db"], capture_output=True, timeout=60)
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        command = [
            self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--registry", self.folder / "served.db",
            "--cache", self.cache, "--writable", "--tokens", self.tokens,
        ]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in self.process.stderr:
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found[1])
                # Its later words are of no use, and it must not wait for a reader of them.
                threading.Thread(target=self.process.stderr.read, daemon=True).start()
                return
        raise RuntimeError(f"the server of caches did not start: {self.process.wait()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def check(self):
        """What is there is what its name says."""
        files = list((self.cache / "cas").iterdir())
        assert files and all(hashlib.sha256(file.read_bytes()).hexdigest() == file.name for file in files)


class Scene:
    """A pipeline in a folder of its own, with a cache and a registry."""

    def __init__(self, proof, name, types="q8_0, q4_k_m, q4_0, q2_k", chunks=2, gates="", pieces=1, file="tiny.yaml"):
        self.proof, self.folder = proof, proof.folder / name
        self.folder.mkdir()
        self.file = self.folder / file
        self.file.write_text(PIPELINE.format(root=ROOT, types=types, chunks=chunks, gates=gates, pieces=pieces))
        self.cache, self.registry = self.folder / "cache", self.folder / "registry.db"
        self.submissions, self.environment = self.cache / "submissions", proof.cluster.environment

    def take_from(self, server):
        """The cache is a server, which holds no scripts."""
        self.cache, self.submissions = server.address, self.folder / "edgepipe-submissions"
        self.environment = dict(self.environment, EDGEPIPE_CACHE_TOKEN=server.token)

    def edgepipe(self, *arguments, status=0, environment=None, timeout=120):
        command = [self.proof.program, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment or self.environment, capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode == status, f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def submit(self, *more, status=0):
        done = self.edgepipe(
            "submit", self.file, "--engine", "slurm", "--cache", self.cache, "--registry", self.registry, "--cpus", "1", "--json", *more,
            status=status,
        )
        return json.loads(done.stdout) if status == 0 else done.stderr

    def status(self, name=None):
        found = json.loads(self.edgepipe("status", name or self.file, "--cache", self.cache, "--json").stdout)[0]
        return found["state"], {step["step"]: step for step in found["steps"]}

    def wait(self, name=None, seconds=60):
        return self.proof.cluster.wait(
            seconds, f"the end of {self.folder.name}", lambda: (lambda found: found[0] != "running" and found)(self.status(name))
        )

    def published(self):
        builds = json.loads(self.edgepipe("registry", "list", "--registry", self.registry, "--json").stdout)
        return {build["name"].split(":")[1]: build["digest"] for build in builds}

    def figures(self):
        """Everything that was measured of each build, as JSON writes it: to the last digit."""
        found = {}
        for name in self.names():
            details = json.loads(self.edgepipe("registry", "show", name, "--registry", self.registry, "--json").stdout)
            found[name] = sorted(json.dumps(each, sort_keys=True) for each in details["measurements"])
        return found

    def names(self):
        return [build["name"] for build in json.loads(self.edgepipe("registry", "list", "--registry", self.registry, "--json").stdout)]

    def logs(self):
        return "\n".join(path.read_text() for path in sorted(self.submissions.rglob("*.log")))


class Proof:
    def __init__(self, program, cluster, folder):
        self.program, self.cluster, self.folder = program, cluster, folder
        self.local = {}

    def wrapper(self, scene, text):
        """A program in front of edgepipe that does something on the way."""
        path = scene.folder / "wrapper.sh"
        path.write_text(f'#!/bin/bash\nprogram="{self.program}"\n{text}\nexec "$program" "$@"\n')
        path.chmod(0o755)
        return ["--program", path]

    def prove(self, name):
        begun = time.monotonic()
        getattr(self, f"prove_{name}")()
        print(f"{name}: holds, {time.monotonic() - begun:.1f} s", flush=True)

    # What has to hold

    def prove_same_bytes(self):
        """The same digests as a run on one machine, whatever the pipeline file is called."""
        here = Scene(self, "here")
        here.edgepipe("run", here.file, "--registry", here.registry, "--quiet")
        self.local = here.published()
        scene = Scene(self, "it's $(touch owned) & \"more\"", file="a 'b' $(touch owned) %a.yaml")
        report = scene.submit()
        assert [job["step"] for job in report["jobs"]] == ["f16", "builds", "quality", "fit", "publish"], report
        state, steps = scene.wait()
        assert state == "done" and steps["publish"]["done"] == 4, f"{steps}\n{scene.logs()}"
        assert scene.published() == self.local and len(self.local) == 4
        assert not list(scene.folder.rglob("owned")), "a name was obeyed"
        scene.edgepipe("registry", "verify", "--read-data", "--registry", scene.registry)
        # Again: what is there is not made, and the run that follows finds everything.
        assert [job["step"] for job in scene.submit()["jobs"]] == ["publish"]
        scene.wait()
        run = json.loads(
            scene.edgepipe("run", scene.file, "--registry", scene.registry, "--cache", scene.cache, "--json", "--quiet").stdout
        )
        assert {step["status"] for step in run["steps"]} == {"cached"}, run["steps"]

    def prove_pieces(self):
        """A text that two nodes measure in pieces gives the figures of one run, to the last digit."""
        whole = Scene(self, "whole", types="q8_0, q2_k", chunks=9)
        whole.edgepipe("run", whole.file, "--registry", whole.registry, "--quiet")
        for pieces in (2, 4):
            scene = Scene(self, f"pieces-{pieces}", types="q8_0, q2_k", chunks=9, pieces=pieces)
            program = self.wrapper(scene, f'case "$*" in *"quality+"*) echo "$SLURMD_NODENAME" >> "{scene.folder}/nodes"; sleep 1 ;; esac')
            report = scene.submit(*program)
            jobs = {job["step"]: job["nodes"] for job in report["jobs"]}
            assert all(len(jobs[f"quality+{number + 1}"]) == 2 for number in range(pieces)), jobs
            state, steps = scene.wait()
            assert state == "done" and steps["quality"]["done"] == 2, (steps, scene.logs())
            nodes = (scene.folder / "nodes").read_text().split()
            assert len(nodes) == 2 * pieces and len(set(nodes)) == 2, nodes
            assert scene.published() == whole.published() and scene.figures() == whole.figures(), (scene.figures(), whole.figures())

    def prove_failure(self):
        """A task that fails takes its followers with it, and the others go on; submitting again makes what is missing."""
        scene = Scene(self, "failure")
        program = self.wrapper(scene, 'case "$*" in *"builds[q4_0]"*) exit 7 ;; esac')
        scene.submit(*program)
        state, steps = scene.wait()
        assert state == "failed", steps
        assert steps["builds"]["failed"] == 1 and steps["builds"]["done"] == 3, steps
        assert steps["quality"]["cancelled"] == 1 and steps["quality"]["done"] == 3, steps
        assert steps["publish"]["done"] == 3 and steps["publish"]["failed"] == 1, steps
        assert scene.published() == {name: digest for name, digest in self.local.items() if name != "q4_0"}
        assert "'builds[q4_0]' is not in the cache" in scene.logs()
        report = scene.submit()
        nodes = sorted(node for job in report["jobs"] if job["step"] != "publish" for node in job["nodes"])
        assert nodes == ["builds[q4_0]", "fit[q4_0]", "quality[q4_0]"], nodes
        assert scene.wait()[0] == "done" and scene.published() == self.local

    def prove_gate(self):
        """A build that does not meet its gate is not published, and the others are."""
        scene = Scene(self, "gate", types="q8_0, q4_0", gates="q4_0: { max-perplexity: 1 }")
        scene.submit()
        state, steps = scene.wait()
        assert state == "failed" and steps["quality"]["refused"] == 1, steps
        assert scene.published() == {"q8_0": self.local["q8_0"]}
        assert "quality" not in [job["step"] for job in scene.submit()["jobs"]], "its result is there"
        scene.wait()

    def prove_requeue(self):
        """A task that is requeued begins anew."""
        scene = Scene(self, "requeue", types="q8_0")
        program = self.wrapper(scene, '[[ "$*" == *"builds[q8_0]"* && -z "${SLURM_RESTART_COUNT:-}" ]] && sleep 60')
        report = scene.submit(*program)
        job = next(job["job"] for job in report["jobs"] if job["step"] == "builds")
        self.running(job)
        self.cluster.ask("scontrol", "requeue", f"{job}_0")
        state, steps = scene.wait()
        assert state == "done" and scene.published() == {"q8_0": self.local["q8_0"]}, (steps, scene.logs())

    def prove_killed_node(self):
        """What ran on a node that dies is made on another."""
        with tempfile.TemporaryDirectory(prefix="slurm") as folder:
            with slurm_nodes.Cluster(pathlib.Path(folder) / "c") as cluster:
                proof = Proof(self.program, cluster, pathlib.Path(folder))
                scene = Scene(proof, "killed", types="q8_0")
                program = proof.wrapper(scene, '[[ "$*" == *"builds[q8_0]"* && -z "${SLURM_RESTART_COUNT:-}" ]] && sleep 90')
                report = scene.submit(*program)
                job = next(job["job"] for job in report["jobs"] if job["step"] == "builds")
                cluster.kill_node(proof.running(job)["nodes"])
                state, steps = scene.wait(seconds=90)
                assert state == "done" and scene.published() == {"q8_0": self.local["q8_0"]}, (steps, scene.logs())

    def running(self, job):
        def found():
            return next((each for each in self.cluster.queue() if job in (each["job_id"], each["array_job_id"]) and each["job_state"] == "RUNNING"), None)

        return self.cluster.wait(30, f"job {job} at work", found)

    def prove_cancel(self):
        """What was cancelled half done goes on where it was."""
        scene = Scene(self, "cancel")
        program = self.wrapper(scene, '[[ "$*" == *"quality["* ]] && sleep 60')
        report = scene.submit(*program)
        self.cluster.wait(30, "all builds", lambda: scene.status()[1]["builds"]["done"] == 4)
        scene.edgepipe("cancel", report["id"], "--cache", scene.cache)
        state, steps = scene.wait()
        assert state == "cancelled" and steps["quality"]["cancelled"] == 4, steps
        jobs = {job["step"]: job["nodes"] for job in scene.submit()["jobs"]}
        assert "f16" not in jobs and "builds" not in jobs and len(jobs["quality"]) == 4, jobs
        assert scene.wait()[0] == "done" and scene.published() == self.local

    def prove_scancel(self):
        """The same by Slurm's own command, which leaves the job that publishes: it says what is missing."""
        scene = Scene(self, "scancel", types="q8_0, q4_0")
        program = self.wrapper(scene, '[[ "$*" == *"quality[q4_0]"* ]] && sleep 60')
        report = scene.submit(*program)
        jobs = {job["step"]: job["job"] for job in report["jobs"]}
        self.cluster.wait(30, "all but one", lambda: (lambda steps: steps["quality"]["done"] == 1 and steps["fit"]["done"] == 2)(scene.status()[1]))
        self.cluster.ask("scancel", str(jobs["quality"]))
        state, steps = scene.wait()
        assert state == "failed" and steps["quality"]["cancelled"] == 1 and steps["publish"]["done"] == 1, steps
        assert scene.published() == {"q8_0": self.local["q8_0"]} and "'quality[q4_0]' is not in the cache" in scene.logs()
        report = scene.submit()
        assert {job["step"]: job["nodes"] for job in report["jobs"]}["quality"] == ["quality[q4_0]"], report
        assert scene.wait()[0] == "done" and scene.published() == {name: self.local[name] for name in ("q8_0", "q4_0")}

    def prove_locked(self):
        """A lock is obeyed before anything is submitted, and by every task."""
        scene = Scene(self, "locked", types="q8_0, q4_0")
        message = scene.submit("--locked", status=3)
        assert "there is no" in message and "edgepipe.lock" in message, message
        scene.edgepipe("run", scene.file, "--registry", scene.folder / "first.db", "--lock", "--quiet")
        before = len(self.cluster.queue())
        scene.file.write_text(scene.file.read_text().replace("chunks: 2", "chunks: 1"))
        message = scene.submit("--locked", status=3)
        assert "step quality[q8_0]: other settings than in the lock" in message, message
        assert len(self.cluster.queue()) == before and not scene.submissions.exists()
        scene.file.write_text(scene.file.read_text().replace("chunks: 1", "chunks: 2"))
        scene.submit("--locked")
        assert scene.wait()[0] == "done" and scene.published() == {name: self.local[name] for name in ("q8_0", "q4_0")}, scene.logs()
        # The lock has other bytes of one build: it fails where it is made, and the other is published.
        other = Scene(self, "locked-bytes", types="q8_0, q4_0")
        lock = (scene.folder / "edgepipe.lock").read_text()
        changed = re.sub(r"q4_0\.gguf: sha256:[0-9a-f]{64}", "q4_0.gguf: sha256:" + "0" * 64, lock)
        assert changed != lock
        (other.folder / "edgepipe.lock").write_text(changed)
        other.submit("--locked")
        state, steps = other.wait()
        assert state == "failed" and steps["builds"]["failed"] == 1 and steps["quality"]["cancelled"] == 1, steps
        assert other.published() == {"q8_0": self.local["q8_0"]} and "where the lock has 0000" in other.logs(), other.logs()

    def prove_killed_cache_server(self):
        """Tasks wait for a server that is back soon, fail where it stays away, and only what is missing runs again."""
        with tempfile.TemporaryDirectory(prefix="slurm") as folder:
            with slurm_nodes.Cluster(pathlib.Path(folder) / "c", cpus=4) as cluster:
                proof = Proof(self.program, cluster, pathlib.Path(folder))
                scene = Scene(proof, "served")
                server = CacheServer(self.program, scene.folder)
                try:
                    self.kill_cache_server(cluster, proof, scene, server)
                finally:
                    server.kill()

    def kill_cache_server(self, cluster, proof, scene, server):
        scene.take_from(server)

        def gate(name):
            """Tasks that measure tell that they are there, and wait for a file."""
            return proof.wrapper(
                scene,
                f'case "$*" in *"quality["*) touch "{scene.folder}/{name}-$SLURM_ARRAY_TASK_ID"; '
                f'while [[ ! -e "{scene.folder}/{name}" ]]; do sleep 0.1; done ;; esac',
            )

        def measuring(name):
            cluster.wait(60, "all builds", lambda: scene.status()[1]["quality"]["running"] == 4 and len(list(scene.folder.glob(f"{name}-*"))) == 4)

        report = scene.submit(*gate("first"))
        assert pathlib.Path(report["jobs"][0]["script"]).is_relative_to(scene.submissions), report
        assert (scene.submissions / ".gitignore").read_text() == "*\n" and list((scene.submissions / "inputs").iterdir())
        measuring("first")
        cluster.wait(60, "all estimates", lambda: scene.status()[1]["fit"]["done"] == 4)
        server.kill()
        jobs = len(cluster.queue())
        for message in (scene.submit(status=1), scene.edgepipe("status", scene.file, "--cache", scene.cache, status=1).stderr):
            assert f"the cache {scene.cache} cannot be used: Connection refused" in message, message
        assert len(cluster.queue()) == jobs, "nothing was submitted"
        (scene.folder / "first").touch()
        number = next(job["job"] for job in report["jobs"] if job["step"] == "quality")
        cluster.wait(
            90, "the end of tasks without a server",
            lambda: [job["job_state"] for job in cluster.queue() if job["array_job_id"] == number] == ["FAILED"] * 4,
        )
        assert scene.logs().count(f"the cache {scene.cache} cannot be used: Connection refused") >= 4, scene.logs()
        server.start()
        state, steps = scene.wait()
        assert state == "failed" and steps["quality"]["failed"] == 4 and steps["builds"]["done"] == 4 and steps["publish"]["done"] == 0, steps
        # Only what is missing, and a server that is away for some seconds costs nothing but those.
        report = scene.submit(*gate("second"))
        assert {job["step"]: len(job["nodes"]) for job in report["jobs"]} == {"quality": 4, "publish": 4}, report
        measuring("second")
        server.kill()
        (scene.folder / "second").touch()
        time.sleep(4)
        server.start()
        state, steps = scene.wait()
        assert state == "done" and scene.published() == self.local, (steps, scene.logs())
        server.check()
        assert server.token not in "".join(path.read_text() for path in scene.submissions.rglob("*") if path.is_file()), "a token is in a file"
        # All that the server has, another machine takes.
        run = json.loads(scene.edgepipe("run", scene.file, "--registry", scene.folder / "other.db", "--cache", scene.cache, "--json", "--quiet").stdout)
        assert {step["step"]: step["status"] for step in run["steps"]} == dict.fromkeys(("f16", "builds", "quality", "fit"), "cached") | {"publish": "done"}, run["steps"]

    def prove_half_submitted(self):
        """A controller that dies in the middle of a submission leaves nothing that runs, and is told how to take the rest back."""
        with tempfile.TemporaryDirectory(prefix="slurm") as folder:
            with slurm_nodes.Cluster(pathlib.Path(folder) / "c", nodes=1) as cluster:
                scene = Scene(Proof(self.program, cluster, pathlib.Path(folder)), "half", types="q8_0")
                fake = scene.folder / "programs"
                fake.mkdir()
                real, pid = shutil.which("sbatch", path=cluster.environment["PATH"]), cluster.folder / "slurmctld.pid"
                (fake / "sbatch").write_text(
                    f'#!/bin/bash\n[[ -e "{fake}/second" ]] && {{ kill "$(cat "{pid}")"; sleep 1; }}\ntouch "{fake}/second"\nexec {real} "$@"\n'
                )
                (fake / "sbatch").chmod(0o755)
                scene.environment = dict(cluster.environment, PATH=f"{fake}:{cluster.environment['PATH']}")
                message = scene.submit(status=1)
                scene.environment = cluster.environment
                found = re.search(r"cancel '?(tiny-[0-9a-z-]+)", message)
                assert "stopped answering during the submission (sbatch: " in message and "they are held and do not run" in message and found, message
                assert "nothing was left" not in message, message
                pid.unlink(missing_ok=True)
                cluster.start("slurmctld", "slurmctld", "-f", f"{cluster.folder}/slurm.conf")
                cluster.wait(60, "an idle cluster", lambda: list(cluster.states().values()) == ["idle"])
                assert [job["job_state"] for job in cluster.queue()] == ["PENDING"], cluster.queue()
                scene.edgepipe("cancel", found[1], "--folder", scene.submissions)
                assert [job["job_state"] for job in cluster.queue()] == ["CANCELLED"], cluster.queue()
                scene.submit()
                assert scene.wait()[0] == "done" and scene.published() == {"q8_0": self.local["q8_0"]}, scene.logs()

    def prove_models_and_matrices(self):
        """A file with several models, a matrix and a variable of the environment."""
        scene = Scene(self, "models")
        model = f'{{ source: "{ROOT}/models/tiny-phi3" }}'
        scene.file.write_text(
            "pipeline: tiny\nversion: ${{ env.RELEASE }}\n"
            f"models:\n  one: {model}\n  two: {model}\n"
            "steps:\n  - { id: f16, convert: { type: f16 } }\n"
            "  - { id: builds, matrix: { type: [q8_0, q4_0] }, quantize: { model: f16, types: [\"${{ matrix.type }}\"] } }\n"
            f'  - {{ id: quality, validate: {{ builds: builds, text: "{ROOT}/texts/sample.txt", context: 128, chunks: 1 }} }}\n'
            "  - { id: publish, publish: { builds: builds } }\n"
        )
        self.cluster.environment["RELEASE"] = "2.0.0"
        reports = scene.submit()
        assert [report["pipeline"] for report in reports] == ["tiny-one", "tiny-two"], reports
        for report in reports:
            state, steps = scene.wait(report["id"])
            assert state == "done" and steps["builds@q4_0"]["done"] == 1, (steps, scene.logs())
        assert sorted(scene.names()) == [f"tiny-{model}@2.0.0:{name}" for model in ("one", "two") for name in ("q4_0", "q8_0")]
        assert scene.published() == {name: self.local[name] for name in ("q8_0", "q4_0")}

    def prove_two_at_once(self):
        """Two submissions of one file do no harm."""
        scene = Scene(self, "twice", types="q8_0, q4_k_m")
        first, second = scene.submit(), scene.submit()
        assert second["others"] == [first["id"]], second
        states = {scene.wait(report["id"])[0] for report in (first, second)}
        assert states == {"done"}, (states, scene.logs())
        assert scene.published() == {name: self.local[name] for name in ("q8_0", "q4_k_m")}
        # In the same moment.
        scene = Scene(self, "twins", types="q8_0")
        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            reports = [waiting.result() for waiting in [threads.submit(scene.submit) for _ in range(2)]]
        assert len({report["id"] for report in reports}) == 2
        assert {scene.wait(report["id"])[0] for report in reports} == {"done"} and scene.published() == {"q8_0": self.local["q8_0"]}

    def prove_refusals(self):
        """What the cluster cannot do is said before anything is submitted."""
        scene = Scene(self, "refusals")
        before = len(self.cluster.queue())
        message = scene.submit("--partition", "al", status=64)
        assert "no partition 'al'. Did you mean 'all'?" in message, message
        message = scene.submit("--cpus", "3", status=64)
        assert "no machine has 3 cores; the largest has 2" in message, message
        environment = dict(self.cluster.environment, PATH="/bin")
        message = scene.edgepipe(
            "submit", scene.file, "--cache", scene.cache, status=1, environment={**environment, "PATH": str(scene.folder)}
        ).stderr
        assert "sinfo is not on the path" in message, message
        # The second of several jobs is refused: those before it are taken back.
        fake = scene.folder / "programs"
        fake.mkdir()
        real = shutil.which("sbatch", path=self.cluster.environment["PATH"])
        (fake / "sbatch").write_text(
            f'#!/bin/bash\n[[ -e "{fake}/second" ]] && {{ echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2; exit 1; }}\n'
            f'touch "{fake}/second"\nexec {real} "$@"\n'
        )
        (fake / "sbatch").chmod(0o755)
        environment = dict(self.cluster.environment, PATH=f"{fake}:{self.cluster.environment['PATH']}")
        message = scene.edgepipe("submit", scene.file, "--cache", scene.cache, "--cpus", "1", status=1, environment=environment).stderr
        assert "QOSMaxSubmitJobPerUserLimit" in message and "nothing was left half submitted" in message, message
        new = self.cluster.queue()[before:]
        assert len(new) == 1 and new[0]["job_state"] == "CANCELLED", new
        # A file that changed since is refused by the key.
        report = scene.submit("--dry-run")
        script = pathlib.Path(next(job["script"] for job in report["jobs"] if job["step"] == "builds"))
        scene.file.write_text(scene.file.read_text().replace("type: f16", "type: f32"))
        done = subprocess.run(
            ["bash", script], env=dict(self.cluster.environment, SLURM_ARRAY_TASK_ID="0"), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1 and "differs from what the key was made of" in done.stderr, done

    def prove_small_arrays(self):
        """An array that is too long for the cluster is cut."""
        with tempfile.TemporaryDirectory(prefix="slurm") as folder:
            with slurm_nodes.Cluster(pathlib.Path(folder) / "c", nodes=1, longest_array=3, megabytes=500) as cluster:
                proof = Proof(self.program, cluster, pathlib.Path(folder))
                scene = Scene(proof, "arrays")
                report = scene.submit()
                assert [len(job["nodes"]) for job in report["jobs"] if job["step"] == "builds"] == [3, 1], report
                assert scene.wait()[0] == "done" and scene.published() == self.local

    def prove_too_little_memory(self):
        """What no machine can hold is refused with figures."""
        with tempfile.TemporaryDirectory(prefix="slurm") as folder:
            with slurm_nodes.Cluster(pathlib.Path(folder) / "c", nodes=1, megabytes=24) as cluster:
                message = Scene(Proof(self.program, cluster, pathlib.Path(folder)), "memory").submit(status=1)
                assert " needs " in message and "step '" in message and "has 24 MiB (node1)" in message, message
                assert cluster.queue() == []

    def prove_no_controller(self):
        """A cluster that does not answer is said to be one."""
        with tempfile.TemporaryDirectory(prefix="slurm") as folder:
            with slurm_nodes.Cluster(pathlib.Path(folder) / "c", nodes=1) as cluster:
                scene = Scene(Proof(self.program, cluster, pathlib.Path(folder)), "away")
                cluster.end("slurmctld", signal.SIGTERM)
                message = scene.submit(status=1)
                assert "failed: " in message and "Unable to contact slurm controller" in message, message
                assert not (scene.cache / "submissions").exists()

    # What it takes

    def measure(self, file):
        types = "q8_0, q6_k, q5_k_m, q4_k_m, q4_0, q3_k_m, q2_k, q5_0"
        here = Scene(self, "measured-here", types=types, chunks=20)
        if file:
            here.file.write_text(file.read_text())
        started = time.monotonic()
        here.edgepipe("run", here.file, "--registry", here.registry, "--quiet", "--jobs", "1", timeout=3600)
        print(f"one machine, one thread, no cluster: {time.monotonic() - started:.1f} s")
        for nodes, is_served in ((1, False), (2, False), (2, True)):
            with tempfile.TemporaryDirectory(prefix="slurm") as folder:
                with slurm_nodes.Cluster(pathlib.Path(folder) / "c", nodes=nodes, cpus=1) as cluster:
                    proof = Proof(self.program, cluster, pathlib.Path(folder))
                    scene = Scene(proof, "measured", types=types, chunks=20)
                    if file:
                        scene.file.write_text(file.read_text())
                    server = CacheServer(self.program, scene.folder) if is_served else None
                    try:
                        if server:
                            scene.take_from(server)
                        proof.measure_run(scene, nodes, server)
                    finally:
                        if server:
                            server.kill()

    def measure_run(self, scene, nodes, server):
        """One run on a cluster of nodes of one core: the whole, the tasks of each step, and what is beside the work."""
        times = scene.folder / "times"
        program = self.wrapper(
            scene, f'begun=$(date +%s.%N); "$program" "$@"; status=$?; echo "$begun $(date +%s.%N) $*" >> "{times}"; exit $status'
        )
        started = time.monotonic()
        report = scene.submit(*program)
        submitted = time.monotonic() - started
        tasks = sum(len(job["nodes"]) for job in report["jobs"] if job["step"] != "publish")
        scene.wait(seconds=3600)
        whole = time.monotonic() - started
        # What the last task put into the cache is there before it ends.
        self.cluster.wait(60, "the end of the last task", self.cluster.is_quiet)
        place = "over HTTP" if server else "in a folder"
        print(f"{nodes} nodes of one core, cache {place}: {whole:.1f} s for {tasks} tasks and publishing, {submitted:.1f} s of it to submit")
        actions = (server.cache if server else scene.cache) / "ac"
        parts, work = {}, 0.0
        for line in times.read_text().splitlines():
            begun, ended, command = line.split(" ", 2)
            step = re.search(r"--step (\S+?)(\[|\s)", command)
            key = re.search(r"--key ([0-9a-f]{64})", command)
            action = json.loads((actions / key[1]).read_text())["action"] if key else {"seconds": 0}
            parts.setdefault(step[1] if step else "publish", []).append((float(ended) - float(begun), action["seconds"]))
        for step, found in parts.items():
            taken, seconds = [each[0] for each in found], [each[1] for each in found]
            work += sum(seconds)
            words = "" if step == "publish" else f", {sum(seconds) / len(found):.2f} s of it for the step itself"
            print(f"  {step}: {len(found)} tasks of {sum(taken) / len(found):.2f} s, {max(taken):.2f} s the longest{words}")
        busy = sum(each[0] for found in parts.values() for each in found)
        own = sum(each[0] - each[1] for step, found in parts.items() if step != "publish" for each in found)
        print(f"  a task takes {own / tasks:.2f} s beside its step; nodes had nothing to run for {nodes * whole - busy:.1f} s, {(nodes * whole - busy) / (tasks + 1):.2f} s a task")
        # With the speeds that this run left, what a plan of the same work says.
        if not server:
            plan = json.loads(
                scene.edgepipe(
                    "plan", scene.file, "--engine", "slurm", "--nodes", str(nodes), "--cache", scene.cache, "--cache-mode", "refresh",
                    "--registry", scene.registry, "--jobs", "1", "--json",
                ).stdout
            )
            low, high = plan["sizes"][0]["secondsLow"], plan["sizes"][0]["secondsHigh"]
            print(f"  its plan: {low:.1f} to {high:.1f} s; taken over the middle of it: {whole / ((low + high) / 2):.2f}")
        started = time.monotonic()
        for _ in range(5):
            scene.edgepipe("plan", scene.file, "--cache", scene.cache, "--registry", scene.registry)
        print(f"  a program that finds everything cached: {(time.monotonic() - started) / 5:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--file", type=pathlib.Path, help="for --measure: the pipeline that is measured")
    parser.add_argument("--only", help="one proof, such as cancel")
    given = parser.parse_args()
    missing = slurm_nodes.missing()
    if missing or os.geteuid() != 0:
        why = f"{', '.join(missing)} not installed" if missing else "not root"
        print(f"prove-slurm: SKIPPED, {why}; install slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge and run as root")
        return 0
    with tempfile.TemporaryDirectory(prefix="slurm") as folder:
        folder = pathlib.Path(folder)
        started = time.monotonic()
        with slurm_nodes.Cluster(folder / "c") as cluster:
            proof = Proof(given.program.resolve(), cluster, folder)
            proof.prove_same_bytes()
            print("same_bytes: holds", flush=True)
            # These have clusters of their own, and mostly wait for one to notice something.
            apart = ["killed_cache_server", "killed_node", "half_submitted", "no_controller", "small_arrays", "too_little_memory"]
            names = [
                "pieces", "failure", "gate", "requeue", "cancel", "scancel", "locked", "models_and_matrices", "two_at_once", "refusals",
            ]
            if given.only:
                apart, names = [name for name in apart if name == given.only], [name for name in names if name == given.only]
            if given.measure:
                apart, names = [], []
            with concurrent.futures.ThreadPoolExecutor(len(apart) or 1) as others:
                waiting = [others.submit(proof.prove, name) for name in apart]
                for name in names:
                    proof.prove(name)
                for other in waiting:
                    other.result()
            if given.measure:
                proof.measure(given.file)
        print(f"prove-slurm: all hold, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
