#!/usr/bin/env python3
"""Writes Tests/Goldens/model-cards.json: what llama.cpp's converter makes of the front matter of some README.md files.

    LLAMA_CPP=/path/to/llama.cpp python scripts/model-card-goldens.py REVISION

Each case holds a card, the folder's name, and the keys and values in the order in which they are written.
"""

import json
import os
import pathlib
import sys
import tempfile

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "Tests/Goldens/model-cards.json"
PARAMETERS = 5_000_000

CARDS = {
    "plain": "license: apache-2.0\nlanguage: en\npipeline_tag: text-generation\n",
    "lists": "language:\n- en\n- no\n- de\ntags:\n- chat\n- phone\npipeline_tag: text-generation\nlicense: [mit, other]\n",
    "names": "model_name: A Model\nmodel_creator: Some One\nmodel_type: amodel\nmodel_description: does it\nversion: v2\n",
    "base": "base_model: example/Small-5M-Instruct-v1.5\nbase_model_relation: finetune\n",
    "bases": "base_model:\n- example/one-3B\n- https://huggingface.co/example/two-chat\n- https://example.org/three\n"
             "- ssh://git@example.org/four\n- alone\n- a name with spaces\n- ./folder\n",
    "described": "base_model:\n- name: One\n  author: Her\n  repo_url: https://example.org/one\n  unknown: x\n",
    "none": "base_model:\nlicense:\ntags:\n",
    "empty lists": "base_model: []\ndatasets: []\ntags: []\n",
    "datasets": "datasets:\n- example/talk\n- https://huggingface.co/datasets/example/code\n- plain-v2\n",
    "sources": "url: https://example.org\ndoi: 10.1000/1\nuuid: 0-1\nrepo_url: https://example.org/git\n"
               "license: other\nlicense_name: a-licence\nlicense_link: LICENSE\n",
    "tabs": "tags:\n-\tone\nlicense:\tmit\n",
    "widgets": "widget:\n- messages:\n  - role: user\n    content: 'What is 1 + 1?'\ninference:\n  parameters:\n    temperature: 0\n",
    "sizes": "base_model: example/Model-7B-4k-instruct\nsize_label: 5M\norganization: The Example\n",
}
WHOLE = {
    "no front matter": "# A model\n\n---\nlicense: mit\n---\n",
    "no end": "---\nlicense: mit\n",
    "nothing": "",
    "Windows lines": "---\r\nlicense: mit\r\ntags:\r\n- a\r\n---\r\ntext\r\n",
    "only text": "---\njust words\n---\n",
}


class Recorder:
    """Stands in for GGUF's writer."""

    def __init__(self, writer):
        self.entries = []
        self.writer = writer

    def __getattr__(self, name):
        method = getattr(self.writer, name)
        return lambda *values: method.__func__(self, *values)

    def add_string(self, key, value):
        if value:
            self.entries.append([key, value])

    def add_uint32(self, key, value):
        self.entries.append([key, value])

    def add_array(self, key, values):
        if values:
            self.entries.append([key, list(values)])


def main():
    llama_cpp = pathlib.Path(os.environ["LLAMA_CPP"])
    sys.path.insert(0, str(llama_cpp / "gguf-py"))
    import gguf

    writer = gguf.GGUFWriter(None, "llama")
    cases = []
    texts = {**{name: f"---\n{card}---\n# Text\n" for name, card in CARDS.items()}, **WHOLE}
    for name, text in texts.items():
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "some-model-5M-chat"
            path.mkdir()
            (path / "README.md").write_bytes(text.encode())
            recorder = Recorder(writer)
            gguf.Metadata.load(model_path=path, total_params=PARAMETERS).set_gguf_meta_model(recorder)
        cases.append({"name": name, "card": text, "metadata": recorder.entries})
    document = {
        "provenance": f"gguf-py's Metadata, llama.cpp {sys.argv[1]}, for a folder some-model-5M-chat",
        "parameters": PARAMETERS,
        "cases": cases,
    }
    OUTPUT.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
