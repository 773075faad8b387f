#!/usr/bin/env python3
"""usage: check-docs.py PROGRAM [--words]

Holds the documents against the program:

* Every command line of edgepipe in a document, in a block or within a sentence, names a command and options that exist, by what
  the program says of itself. So does every `--option` within a sentence. --words stops here; it takes a second.
* Every command in a block runs, in a scratch folder with the shipped model under the names that the documents use, against a
  server of edgepipe's own in the place of a registry afar. It must end with status 0, and what a document shows below it must
  come out, except for what MASKS names.
* A command that does not run here is in NOT_RUN with its reason. One that is neither there nor runs is an error, and so is a line of
  a table below that no document has.
* Blocks of YAML that are pipelines, or steps of one, pass `edgepipe validate`; README's is the one in pipelines/.
* Links between documents lead to files and headings that exist.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
# Read for words alone: what they tell is of the time they were written, or they have no blocks of commands.
WORDS_ALONE = ["CHANGELOG.md", *sorted(f"pipelines/{path.name}" for path in (ROOT / "pipelines").glob("*.yaml"))]

# First words of a line in a block that make it a command.
PROGRAMS = re.compile(r"^(\$ )?([A-Z_]+=\S+ )*(edgepipe|make|git|python3?|export|rsync|curl|docker|ollama|llama-[a-z-]+|dpkg|sudo|apt-get|tar|scripts/\S+)( |$)")

# What differs from machine to machine or from run to run, and what stands for it in both texts.
MASKS = [
    (re.compile(r"\bdone in (\d+h ?)?(\d+m ?)?[\d.]+ ?m?s\b"), "done in TIME"),
]

HUB = "downloads a model from the Hugging Face Hub"
SLURM = "needs a Slurm; scripts/prove-slurm.py runs it against one"
LLAMA = "needs llama.cpp's sources or programs"
BUILDS = "builds or tests the project itself; .ci/run does it"
NOT_RUN = {
    "git clone <this repository> edgepipe && cd edgepipe": "downloads the project",
    "make demo": BUILDS,
    "make test": BUILDS,
    "make install": BUILDS,
    "make build": BUILDS,
    "make dist deb": "packs the program; scripts/prove-dist.sh installs both packages",
    "make check-install": BUILDS,
    "make check-docs": "runs this script",
    "make check": BUILDS,
    "make format": BUILDS,
    "edgepipe run pipelines/smollm2.yaml": HUB,
    "edgepipe pull smollm2:q8_0 -o smollm2.gguf": "takes a build of a model that is downloaded",
    "edgepipe convert hf://microsoft/Phi-3-mini-4k-instruct -o phi3.gguf": HUB,
    "edgepipe quantize hf://owner/base -o tuned.gguf --type q4_k_m --lora my-adapter": HUB,
    "edgepipe convert hf://google/gemma-3-4b-it -o mmproj-gemma3.gguf --mmproj --type f16": HUB,
    "edgepipe submit pipelines/phi3.yaml --engine slurm --cache /shared/cache --cpus 16": SLURM,
    "edgepipe status pipelines/phi3.yaml --cache /shared/cache": SLURM,
    "edgepipe cancel pipelines/phi3.yaml --cache /shared/cache": SLURM,
    "EDGEPIPE_CACHE_TOKEN=$TOKEN edgepipe submit pipelines/phi3.yaml --cache https://HOST": SLURM,
    "edgepipe status pipelines/phi3.yaml --cache https://HOST": SLURM,
    "edgepipe exec-step pipelines/phi3.yaml --step 'builds[q4_k_m]' --key KEY --cache /shared/cache": SLURM,
    "edgepipe exec-step pipelines/phi3.yaml --publish --registry registry.db --cache /shared/cache": SLURM,
    "export AWS_ENDPOINT_URL_S3=https://storage.example.org": "settings of an object storage; scripts/prove-s3.sh runs against one",
    "export AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...": "as above",
    "edgepipe registry storage --tier s3://models/edgepipe --cache 20GB": "needs an object storage; scripts/prove-s3.sh runs it against one",
    "rsync -a --delete --exclude=/.edgepipe-site public/ host:/srv/models/": "copies to a web server",
    "llama-quantize --imatrix costs/imatrix.gguf --tensor-type-file types.txt f16.gguf same.gguf q4_k_m": LLAMA,
    "LLAMA_CPP=/path/to/llama.cpp python scripts/compare-conversion.py": LLAMA,
    "LLAMA_CPP=/path/to/llama.cpp python scripts/compare-projectors.py": LLAMA,
    "LLAMA_CPP=/path/to/llama.cpp python scripts/compare-lora.py": LLAMA,
    "LLAMA_CPP=/path/to/llama.cpp scripts/bench-convert.sh": LLAMA,
    "LLAMA_CPP=/path/to/llama.cpp python scripts/compare-conversion.py --families NAME": LLAMA,
    "LLAMA_CPP=/path/to/llama.cpp python scripts/compare-perplexity.py --families NAME": LLAMA,
}

# What a command says that the scratch folder says otherwise. AFAR is the address of the server that stands for one afar.
SUBSTITUTES = [
    # The rows of the builds that README's pipeline makes are in the example of a registry.
    ("query --ram 1GB --platform android", "query --registry registry.db.example --model smollm2 --ram 1GB --platform android"),
    ("snippet smollm2:q8_0", "snippet smollm2:q8_0 --registry registry.db.example"),
    ("oci://ghcr.io/team/phi3", "oci://AFAR/phi3"),
    ("oci://HOST/phi3", "oci://AFAR/phi3"),
    ("https://HOST", "http://AFAR"),
    ("/shared/cache", "cache"),
    ("/data/cache", "cache"),
    ("--size 1.2GB", "--size 4MB"),  # the shipped model has 10 MB
    ("--from 2.5 --to 6", "--from 3.5 --to 6"),  # no type of the K ladder is smaller
    ("--context 4096", "--context 2048"),  # what it was trained for
    ("0.0.0.0:", "127.0.0.1:"),
    ("run phi3.yaml", "run pipelines/phi3.yaml"),
    ("lock phi3.yaml", "lock pipelines/phi3.yaml"),
]

# Options within sentences that belong to other programs.
OTHERS_OPTIONS = {
    "--goldens": "scripts/compare-*.py",
    "--mmproj": "also of convert_hf_to_gguf.py",
    "--remote": "convert_hf_to_gguf.py",
    "--sentence-transformers-dense-modules": "convert_hf_to_gguf.py",
}


class Command:
    """A command line in a document, and what the document shows below it."""

    def __init__(self, document: str, line: int, text: str):
        self.document, self.line, self.text = document, line, text
        self.shown: list[str] | None = None

    @property
    def place(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def bare(self) -> str:
        """The command without a remark behind it."""
        return re.sub(r"\s{2,}#.*$", "", self.text).strip()


def blocks(document: str):
    """The blocks of a document: the language, the number of the first line, and the lines."""
    language, start, lines = None, 0, []
    indented: list[str] = []
    for number, line in enumerate((ROOT / document).read_text(encoding="utf-8").splitlines() + [""], 1):
        fence = re.match(r"\s*```(\w*)\s*$", line)
        if language is not None:
            if fence:
                yield language, start, lines
                language, lines = None, []
            else:
                lines.append(line)
        elif fence:
            language, start = fence[1], number + 1
        elif line.startswith("    "):
            if not indented:
                start = number
            indented.append(line.strip())
        elif indented:
            yield "", start, indented
            indented = []


def commands(document: str) -> list[Command]:
    found: list[Command] = []
    for language, start, lines in blocks(document):
        if language not in ("", "console", "sh", "bash"):
            continue
        for number, line in enumerate(lines, start):
            if PROGRAMS.match(line) and (language != "console" or line.startswith("$ ")):
                found.append(Command(document, number, line.removeprefix("$ ")))
                if language == "console":
                    found[-1].shown = []
            elif language == "console" and found:
                found[-1].shown.append(line)
    return found


# Words


def described(program: pathlib.Path) -> dict:
    dump = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, text=True).stdout
    return json.loads(dump)["command"]


def option_names(command: dict) -> dict[str, bool]:
    """The options of a command, and whether each takes a value."""
    names = {"--help": False, "-h": False, "--version": False}
    for argument in command.get("arguments") or []:
        for name in argument.get("names") or []:
            names[("--" if name["kind"] == "long" else "-") + name["name"]] = argument["kind"] == "option"
    return names


def all_option_names(command: dict) -> set[str]:
    names = set(option_names(command))
    for child in command.get("subcommands") or []:
        names |= all_option_names(child)
    return names


def check_words(line: str, root: dict) -> list[str]:
    """What is wrong with a command line of edgepipe: a command or an option that does not exist."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        return [f"cannot be read as a shell does: {error}"]
    words = words[words.index("edgepipe") + 1 :]
    command, path = root, ["edgepipe"]
    problems: list[str] = []
    while words and command.get("subcommands"):
        children = {child["commandName"]: child for child in command["subcommands"]}
        if words[0] in children:
            command = children[words[0]]
            path.append(words.pop(0))
        elif command.get("defaultSubcommand") in children:
            command = children[command["defaultSubcommand"]]
        elif re.match(r"[a-z]", words[0]):
            return [f"no command `{' '.join(path)} {words[0]}`"]
        else:
            break
    options = option_names(command)
    if command.get("subcommands"):
        # `edgepipe devices --json`: some commands go on with one of theirs where none is named.
        options |= {name: value for child in command["subcommands"] for name, value in option_names(child).items()}
    for word in words:
        if word in ("|", ">", "<", "&&", ";"):
            break
        if re.match(r"--?[A-Za-z]", word) and word.split("=")[0] not in options:
            problems.append(f"`{' '.join(path)}` has no option `{word.split('=')[0]}`")
    return problems


def sentences(document: str):
    """Code within sentences: the number of the line, and the code."""
    text = (ROOT / document).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)
    for found in re.finditer(r"`([^`]+)`", text):
        if "\n\n" not in found[1]:
            yield text.count("\n", 0, found.start()) + 1, " ".join(found[1].split())


def check_all_words(root: dict) -> tuple[list[str], int]:
    problems, count, used = [], 0, set()
    known = all_option_names(root)
    for document in DOCUMENTS + WORDS_ALONE:
        lines = [(command.line, command.bare) for command in commands(document)]
        if document.startswith("pipelines/"):
            text = (ROOT / document).read_text(encoding="utf-8").splitlines()
            lines += [(number, line.lstrip("# ")) for number, line in enumerate(text, 1) if re.match(r"#\s+edgepipe ", line)]
        for number, code in sentences(document) if document.endswith(".md") else []:
            if re.match(r"(\w+=\S+ )*edgepipe ", code):
                lines.append((number, code.replace(" ...", "")))
            elif code.startswith("--"):
                count += 1
                name = re.split(r"[ =]", code)[0]
                if name in OTHERS_OPTIONS:
                    used.add(name)
                elif name not in known:
                    problems.append(f"{document}:{number}: no command has an option `{name}`")
        for number, line in lines:
            if re.search(r"(^| )edgepipe ", line):
                count += 1
                problems += [f"{document}:{number}: {problem}: {line}" for problem in check_words(line, root)]
    for name in sorted(OTHERS_OPTIONS.keys() - used):
        problems.append(f"{name}: no document names it; take it out of OTHERS_OPTIONS")
    return problems, count


def headings(document: pathlib.Path) -> set[str]:
    """The names by which links lead to a document's headings."""
    found = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def check_links() -> tuple[list[str], int]:
    problems, count = [], 0
    documents = DOCUMENTS + ["CHANGELOG.md", *sorted(f"docs/decisions/{path.name}" for path in (ROOT / "docs/decisions").glob("*.md"))]
    for document in documents:
        text = (ROOT / document).read_text(encoding="utf-8")
        for found in re.finditer(r"\]\(([^)\s]+)\)", text):
            if "://" in found[1]:
                continue
            count += 1
            name, _, anchor = found[1].partition("#")
            target = (ROOT / document).parent / name if name else ROOT / document
            line = text.count("\n", 0, found.start()) + 1
            if not target.exists():
                problems.append(f"{document}:{line}: leads to {name}, which is not there")
            elif anchor and anchor not in headings(target):
                problems.append(f"{document}:{line}: leads to the heading #{anchor}, which {target.name} does not have")
    return problems, count


# Runs


def write_adapter(folder: pathlib.Path, model: pathlib.Path):
    """A small LoRA adapter in PEFT's form for the shipped model."""
    config = json.loads((model / "config.json").read_text())
    width, rank = config["hidden_size"], 4
    tensors = {
        "base_model.model.model.layers.0.self_attn.o_proj.lora_A.weight": [rank, width],
        "base_model.model.model.layers.0.self_attn.o_proj.lora_B.weight": [width, rank],
    }
    header, data = {}, b""
    for name, shape in tensors.items():
        values = [((index * 7919) % 101 - 50) / 5000 for index in range(shape[0] * shape[1])]
        encoded = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(encoded)]}
        data += encoded
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(encoded)) + encoded + data)
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 8, "target_modules": ["o_proj"], "base_model_name_or_path": "tiny"}
    (folder / "adapter_config.json").write_text(json.dumps(settings))


class Scratch:
    """A folder in which the documents' commands find what they name."""

    def __init__(self, program: pathlib.Path, folder: pathlib.Path):
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin/edgepipe").symlink_to(program)
        self.environment = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "NO_COLOR": "1",
            "HF_HUB_OFFLINE": "1",
            "EDGEPIPE_OCI_USER": "ci",
        }
        self.servers: list[subprocess.Popen] = []

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder, env=self.environment | environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
            timeout=900,
        )

    def must(self, command: str, **environment: str) -> str:
        done = self.run(command, **environment)
        if done.returncode:
            sys.exit(f"check-docs: to prepare the folder: {command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def prepare(self):
        for name in ("models", "texts", "registry.db.example"):
            (self.folder / name).symlink_to(ROOT / name)
        for name in ("calibration.txt", "sample.txt"):
            (self.folder / name).symlink_to(ROOT / "texts" / name)
        shutil.copytree(ROOT / "pipelines", self.folder / "pipelines")
        write_adapter(self.folder / "my-adapter", ROOT / "models/tiny-phi3")
        # The pipeline of Phi-3, on the shipped model and on less text. The second version has an adapter merged in.
        pipeline = (ROOT / "pipelines/phi3.yaml").read_text()
        source = "source: hf://microsoft/Phi-3-mini-4k-instruct"
        if source not in pipeline:
            sys.exit(f"check-docs: pipelines/phi3.yaml: no `{source}` to replace")
        pipeline = pipeline.replace(source, "source: ../models/tiny-phi3").replace("context: 4096", "context: 2048")
        pipeline = re.sub(r"chunks: \d+", "chunks: 4", re.sub(r"types: \[.*\]", "types: [q8_0, q4_k_m]", pipeline))
        (self.folder / "pipelines/phi3.yaml").write_text(pipeline)
        second = pipeline.replace("version: 1.0.0", "version: 1.1.0").replace("license: mit", "license: mit\n  lora: [../my-adapter]")
        (self.folder / "pipelines/second.yaml").write_text(second)
        self.must("edgepipe run pipelines/phi3.yaml && edgepipe run pipelines/second.yaml")
        self.must("edgepipe registry promote phi3@1.0.0 stable --why reference")
        for kind in ("f16", "bf16"):
            self.must(f"edgepipe convert models/tiny-phi3 -o phi3-{kind}.gguf --type {kind}")
        self.must("ln -s phi3-f16.gguf f16.gguf && edgepipe imatrix f16.gguf --text calibration.txt --chunks 4 -o imatrix.gguf")
        self.must("edgepipe pull phi3@1.0.0:q4_k_m -o old.gguf")
        self.must("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 -keyout key.pem -out cert.pem")
        token = self.must("edgepipe serve token new --model 'phi3*' --allow push --expires 90d --tokens tokens.json").split()[-1]
        self.environment |= {"TOKEN": token, "EDGEPIPE_OCI_PASSWORD": token}
        # What stands for a registry afar, and for a cache afar.
        self.must("edgepipe registry init --registry afar.db")
        self.afar = self.serve("edgepipe serve --registry afar.db --cache afar-cache --writable --tokens tokens.json --listen 127.0.0.1:0")

    def serve(self, command: str) -> str:
        """Starts a server; returns its address once it answers."""
        server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )
        said = []
        for line in server.stderr:
            said.append(line)
            if found := re.search(r"listening on https?://(\S+)", line):
                self.servers.append(server)
                return found[1]
        raise RuntimeError(f"it did not begin to listen:\n{''.join(said)}")

    def stop(self, server: subprocess.Popen) -> int:
        self.servers.remove(server)
        server.send_signal(signal.SIGTERM)
        server.stderr.close()
        return server.wait(timeout=60)

    def close(self):
        for server in list(self.servers):
            self.stop(server)

    def substituted(self, command: str) -> str:
        for old, new in SUBSTITUTES:
            command = command.replace(old, new)
        if "oci://AFAR" in command and "--insecure" not in command:
            command += " --insecure"
        return command.replace("AFAR", self.afar)

    def check(self, command: Command) -> str | None:
        """What is wrong with a command, once it has run."""
        line = self.substituted(command.bare)
        if line.startswith("edgepipe serve") and not line.startswith("edgepipe serve token"):
            try:
                self.serve(re.sub(r":\d+\b", ":0", line) if "--listen" in line else f"{line} --listen 127.0.0.1:0")
            except RuntimeError as error:
                return str(error)
            status = self.stop(self.servers[-1])
            return f"ended with status {status} after SIGTERM" if status else None
        done = self.run(line)
        if done.returncode:
            return f"status {done.returncode}: {line}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return compared(command.shown, done.stdout) if command.shown else None


def masked(text: str) -> str:
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    return text.strip()


def compared(shown: list[str], came: str) -> str | None:
    """Whether lines that a document shows come out, in their order and without others between; `...` stands for any lines."""
    lines = [masked(line) for line in came.strip().splitlines()]
    expected = "\n".join(shown).strip().splitlines()
    at, is_open = 0, False
    for number, line in enumerate(map(masked, expected)):
        if line == "...":
            is_open = True
            continue
        end = len(lines) if is_open else at + 1
        found = next((index for index in range(at, min(end, len(lines))) if lines[index] == line), None)
        if found is None:
            return f"the document shows\n    {line}\nand what came was\n    " + "\n    ".join(lines[at : at + 4])
        at, is_open = found + 1, False
    if not is_open and at < len(lines):
        return "more came out than the document shows:\n    " + "\n    ".join(lines[at : at + 4])
    return None


# YAML


def check_yaml(scratch: Scratch) -> tuple[list[str], int]:
    """Pipelines and parts of one pass `validate`, made whole where they are parts."""
    problems, count = [], 0
    for document in DOCUMENTS:
        for language, start, lines in blocks(document):
            if language != "yaml" or lines[0].startswith("format: "):  # a lock, which no one writes by hand
                continue
            text = "\n".join(lines) + "\n"
            if re.search(r"^devices:", text, re.MULTILINE):
                (scratch.folder / "devices.yaml").write_text(text)
                name = re.search(r"id: (\S+)", text)[1]
                done = scratch.run(f"edgepipe devices show {name}", EDGEPIPE_DEVICES="devices.yaml")
            else:
                (scratch.folder / "pipelines/block.yaml").write_text(whole(text))
                done = scratch.run("edgepipe validate pipelines/block.yaml")
            count += 1
            named = re.match(r"pipeline: (\S+)\n", text)
            if document == "README.md" and named:
                path = ROOT / f"pipelines/{named[1]}.yaml"
                if text != re.sub(r"\A(#.*\n)+", "", path.read_text(encoding="utf-8")):
                    problems.append(f"{document}:{start}: is not what {path.relative_to(ROOT)} says")
            if done.returncode:
                problems.append(f"{document}:{start}: status {done.returncode}\n{done.stdout}{done.stderr}\n{whole(text)}")
    return problems, count


def whole(text: str) -> str:
    """A block as a pipeline file: steps that others name are put in front where the block leaves them out."""
    text = text.replace("steps: ...", "steps: [{ id: f16, convert: { type: f16 } }]")
    text = re.sub(r"^import: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^  - import: .*\n", "", text, flags=re.MULTILINE)
    if re.match(r"\s+- ", text):
        text = "steps:\n" + text
    head = ""
    if "pipeline:" not in text:
        head += "pipeline: block\nversion: 1.0.0\n"
    if not re.search(r"^models?:", text, re.MULTILINE):
        head += "model: { source: ../models/tiny-phi3, license: mit }\n"
    front = ""
    if "id: f16" not in text:
        front += "  - { id: f16, convert: { type: f16 } }\n"
    if "builds: builds" in text and "id: builds" not in text:
        front += "  - { id: builds, quantize: { model: f16, types: [q8_0, q4_k_m] } }\n"
    text = re.sub(r"\b(text: )(\w+\.txt)", r"\1../texts/sample.txt", text)
    text = re.sub(r"lora: \[.*\]", "lora: [../my-adapter]", text)
    return head + text.replace("steps:\n", "steps:\n" + front, 1)


def main() -> int:
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--words"]):
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1]).resolve()
    problems, count = check_all_words(described(program))
    print(f"words: {count} command lines and options of {len(DOCUMENTS + WORDS_ALONE)} documents, {len(problems)} problems")
    link_problems, count = check_links()
    problems += link_problems
    print(f"links: {count}, {len(link_problems)} problems")
    found = [command for document in DOCUMENTS for command in commands(document)]
    for line in sorted(NOT_RUN.keys() - {command.bare for command in found}):
        problems.append(f"no document has this command any more; take it out of NOT_RUN: {line}")
    for old, _ in SUBSTITUTES:
        if not any(old in command.bare for command in found):
            problems.append(f"no command has this any more; take it out of SUBSTITUTES: {old}")
    if len(sys.argv) == 2:
        with tempfile.TemporaryDirectory() as folder:
            scratch = Scratch(program, pathlib.Path(folder))
            scratch.prepare()
            try:
                ran = 0
                for command in found:
                    if command.bare in NOT_RUN:
                        continue
                    ran += 1
                    if problem := scratch.check(command):
                        problems.append(f"{command.place}: {problem}")
                print(f"commands: {ran} run, {len(found) - ran} not, for {len(set(NOT_RUN.values()))} reasons")
                yaml_problems, count = check_yaml(scratch)
                problems += yaml_problems
                print(f"blocks of YAML: {count} validated")
            finally:
                scratch.close()
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
