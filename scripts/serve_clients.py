#!/usr/bin/env python3
"""What other people's clients ask a server of edgepipe; scripts/prove-serve.sh runs each part.

    serve_clients.py hub BASE MODEL         huggingface_hub: lists, downloads, the three exceptions
    serve_clients.py oras HOST MODEL TAG    oras-py: a pull, with the digests of what came
    serve_clients.py ollama BASE MODEL TAG [TOKEN]
                                            the requests of Ollama's pull, in its order: the last without credentials
"""
import hashlib
import json
import os
import sys
import tempfile
import urllib.error
import urllib.request

DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def fail(words: str) -> None:
    raise SystemExit(f"serve_clients: {words}")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hub(base: str, model: str) -> None:
    os.environ.update(HF_ENDPOINT=base, HF_HOME=tempfile.mkdtemp(), HF_HUB_DISABLE_TELEMETRY="1", HF_HUB_DISABLE_XET="1")
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    api, repo = HfApi(endpoint=base), f"edgepipe/{model}"
    files = api.list_repo_files(repo)
    info = api.model_info(repo, files_metadata=True)
    branches = [ref.name for ref in api.list_repo_refs(repo).branches]
    if "main" not in branches:
        fail(f"no branch main among {branches}")
    for sibling in info.siblings:
        with open(hf_hub_download(repo, sibling.rfilename), "rb") as file:
            if sha256(file.read()) != sibling.lfs.sha256:
                fail(f"{sibling.rfilename} has another digest")
    folder = snapshot_download(repo, revision=info.sha)
    if sorted(os.listdir(folder)) != sorted(files):
        fail("the snapshot has other files")
    for error, call in (
        (EntryNotFoundError, lambda: hf_hub_download(repo, "none.gguf")),
        (RepositoryNotFoundError, lambda: hf_hub_download("edgepipe/none", "none.gguf")),
        (RevisionNotFoundError, lambda: hf_hub_download(repo, files[0], revision="none")),
    ):
        try:
            call()
        except error:
            continue
        fail(f"{error.__name__} was not raised")
    print(len(files))


def oras(host: str, model: str, tag: str) -> None:
    import oras.client

    client = oras.client.OrasClient(insecure=True, tls_verify=False, hostname=host)
    for path in client.pull(target=f"{host}/{model}:{tag}", outdir=tempfile.mkdtemp()):
        with open(path, "rb") as file:
            print(sha256(file.read()))


def ask(url: str, method: str = "GET", **headers: str):
    request = urllib.request.Request(url, method=method, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        return urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        return error


def ollama(base: str, model: str, tag: str, token: str | None = None) -> None:
    own = {"Authorization": f"Bearer {token}"} if token else {}
    root = f"{base}/v2/edgepipe/{model}"
    if token:
        refused = ask(f"{root}/manifests/{tag}", Accept=DOCKER)
        if refused.status != 401 or f"{base}/v2/token" not in refused.headers["WWW-Authenticate"]:
            fail("a private server did not ask for a token")
    answer = ask(f"{root}/manifests/{tag}", Accept=DOCKER, **own)
    if answer.status != 200 or answer.headers["Content-Type"] != DOCKER:
        fail(f"no manifest of its kind: {answer.status} {answer.headers['Content-Type']}")
    manifest = json.load(answer)
    for layer in [manifest["config"], *manifest["layers"]]:
        blob = f"{root}/blobs/{layer['digest']}"
        size = int(ask(blob, "HEAD", **own).headers["Content-Length"])
        if size != layer["size"]:
            fail(f"{layer['digest']} has {size} bytes")
        whole = ask(blob, **own)
        location = whole.headers["Location"]
        if whole.status != 200 or not location:
            fail("a blob came without a Location")
        whole.close()
        data = b""
        while len(data) < size:
            part = ask(location, Range=f"bytes={len(data)}-{min(len(data) + 1_000_000, size) - 1}")
            if part.status != 206:
                fail(f"a range was answered with {part.status}")
            data += part.read()
        if sha256(data) != layer["digest"].removeprefix("sha256:"):
            fail(f"{layer['digest']} has another digest")
        if layer["mediaType"] == "application/vnd.ollama.image.model":
            print(sha256(data))


if __name__ == "__main__":
    {"hub": hub, "oras": oras, "ollama": ollama}[sys.argv[1]](*sys.argv[2:])
