#!/usr/bin/env python3
"""Shows that edgepipe and huggingface_hub share one cache: each reads what the other downloaded, and fetches only the rest.

Needs `pip install huggingface_hub`. A small server on the loopback address stands in for the Hub; nothing leaves the
machine. Usage: scripts/compare-hub-cache.py [PROGRAM] [MODEL FOLDER]
"""
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPOSITORY = "acme/tiny"


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as the Hub does for one repository."""

    protocol_version = "HTTP/1.1"
    folder: pathlib.Path
    fetched: list[str] = []

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer(sends=False)

    def do_GET(self):
        self.answer(sends=True)

    @classmethod
    def files(cls):
        for path in sorted(cls.folder.iterdir()):
            data, large = path.read_bytes(), path.suffix == ".safetensors"
            git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            yield path.name, data, git, hashlib.sha256(data).hexdigest() if large else None

    def answer(self, sends):
        path = self.path.split("?")[0]
        start = f"/{REPOSITORY}/resolve/"
        if path.startswith(start):
            name = path[len(start):].split("/", 1)[1]
            for file, data, git, large in self.files():
                if file == name:
                    if sends:
                        Hub.fetched.append(name)
                    return self.send(data, sends, {"ETag": f'"{large or git}"', "X-Repo-Commit": COMMIT})
        elif path in (f"/api/models/{REPOSITORY}/revision/{name}" for name in ("main", COMMIT)):
            siblings = [
                {"rfilename": file, "size": len(data), "blobId": git}
                | ({"lfs": {"sha256": large, "size": len(data), "pointerSize": 134}} if large else {})
                for file, data, git, large in self.files()
            ]
            return self.send_json({"id": REPOSITORY, "sha": COMMIT, "siblings": siblings}, sends)
        elif path.startswith(f"/api/models/{REPOSITORY}/tree/"):
            tree = [
                {"type": "file", "path": file, "size": len(data), "oid": git}
                | ({"lfs": {"oid": large, "size": len(data), "pointerSize": 134}} if large else {})
                for file, data, git, large in self.files()
            ]
            return self.send_json(tree, sends)
        self.send_response(404)
        self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_json(self, value, sends):
        self.send(json.dumps(value).encode(), sends, {"Content-Type": "application/json"})

    def send(self, data, sends, headers):
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if sends:
            self.wfile.write(data)


def main() -> int:
    root = pathlib.Path(__file__).resolve().parent.parent
    program = sys.argv[1] if len(sys.argv) > 1 else str(root / ".build/release/edgepipe")
    Hub.folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else root / "models/tiny-phi3"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    import huggingface_hub

    failures = []

    def check(what, holds):
        print(f"{'ok  ' if holds else 'FAIL'}  {what}")
        if not holds:
            failures.append(what)

    def convert(cache, output, *options):
        command = [program, "convert", f"hf://{REPOSITORY}", "-o", str(output), "--type", "f16", "-q", *options]
        return subprocess.run(command, env=os.environ | {"HF_HUB_CACHE": str(cache)}, stdout=subprocess.DEVNULL).returncode == 0

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ours, theirs, mixed = folder / "ours", folder / "theirs", folder / "mixed"

        check("edgepipe downloads and converts", convert(ours, folder / "1.gguf"))
        needed = sorted(Hub.fetched)
        found = pathlib.Path(huggingface_hub.snapshot_download(REPOSITORY, cache_dir=ours, local_files_only=True))
        same = all((found / file).read_bytes() == (Hub.folder / file).read_bytes() for file in needed)
        check("huggingface_hub finds the snapshot without a network, byte for byte", same)
        Hub.fetched.clear()
        huggingface_hub.snapshot_download(REPOSITORY, cache_dir=ours)
        check("huggingface_hub then fetches only what edgepipe left", not set(Hub.fetched) & set(needed))

        Hub.fetched.clear()
        huggingface_hub.snapshot_download(REPOSITORY, cache_dir=theirs, allow_patterns=needed)
        check("huggingface_hub downloads", sorted(Hub.fetched) == needed)
        check("edgepipe converts from it with --offline", convert(theirs, folder / "2.gguf", "--offline"))
        Hub.fetched.clear()
        check("edgepipe converts from it online", convert(theirs, folder / "3.gguf"))
        check("and fetches nothing", Hub.fetched == [])

        huggingface_hub.hf_hub_download(REPOSITORY, "config.json", cache_dir=mixed)
        check("a part of a model is not taken for the whole", not convert(mixed, folder / "x.gguf", "--offline"))
        Hub.fetched.clear()
        check("edgepipe completes it", convert(mixed, folder / "4.gguf"))
        check("with the files that lack", sorted(Hub.fetched) == [file for file in needed if file != "config.json"])
        outputs = {hashlib.sha256((folder / f"{number}.gguf").read_bytes()).hexdigest() for number in (1, 2, 3, 4)}
        check("all conversions are the same bytes", len(outputs) == 1)
        layouts = [
            sorted(str(path.relative_to(cache)) for path in (cache / "models--acme--tiny" / "snapshots").rglob("*"))
            for cache in (theirs, mixed)
        ]
        links = [
            [os.readlink(cache / path) for path in layout if (cache / path).is_symlink()]
            for cache, layout in zip((theirs, mixed), layouts)
        ]
        check("both lay out the cache alike, links included", layouts[0] == layouts[1] and links[0] == links[1])
    print(f"huggingface_hub {huggingface_hub.__version__}: {len(failures)} differences")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
