#!/usr/bin/env python3
"""Compares the forms in which chat models are asked with what Jinja makes of real chat templates.

usage: LLAMA_CPP=FOLDER compare-chat-forms.py [--python PYTHON]

Every template in llama.cpp's models/templates is rendered for one question and put into a copy of the tiny model, of which
`edgepipe generate --chat` tells how it asks. A beginning of the text (BOS) and a system message that the template adds by itself do not
count. PYTHON has jinja2 and gguf. The exit status is 1 where a template is asked otherwise than known.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
QUESTION = "What is the capital of France?"
# Templates that begin an answer otherwise: with a thought of their own, or with the form of a tool.
OTHERS = {
    "Cohere2MoE", "CohereForAI-c4ai-command-r7b-12-2024-tool_use", "GLM-4.6", "GLM-4.7-Flash", "Qwen-QwQ-32B", "StepFun3.5-Flash",
    "deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek-ai-DeepSeek-V3.2",
    "deepseek-ai-DeepSeek-V4", "deepseek-ai-DeepSeek-V4-Flash-0731", "llama-cpp-deepseek-r1", "meetkai-functionary-medium-v3.2",
    "unsloth-Apriel-1.5",
}

RENDER = """
import datetime, json, sys
import jinja2.sandbox, jinja2.ext
def fail(message): raise jinja2.TemplateError(message)
environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False)
environment.globals["raise_exception"] = fail
environment.globals["strftime_now"] = lambda form: datetime.datetime(2024, 7, 26).strftime(form)
template = environment.from_string(open(sys.argv[1], encoding="utf-8").read())
print(json.dumps(template.render(messages=[{"role": "user", "content": sys.argv[2]}], add_generation_prompt=True, bos_token="", eos_token="",
    enable_thinking=False, thinking=False, tools=None)))
"""

WRITE = """
import sys, gguf
reader = gguf.GGUFReader(sys.argv[1])
writer = gguf.GGUFWriter(sys.argv[2], "phi3")
for key, field in reader.fields.items():
    if key.startswith("GGUF.") or key in ("general.architecture", "tokenizer.chat_template"): continue
    kind = field.types[0]
    writer.add_key_value(key, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
writer.add_chat_template(open(sys.argv[3], encoding="utf-8").read())
for tensor in reader.tensors: writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
"""


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable)
    given = parser.parse_args()
    templates = sorted(pathlib.Path(os.environ["LLAMA_CPP"]).glob("models/templates/*.jinja"))
    if not templates:
        sys.exit("compare-chat-forms: LLAMA_CPP has no models/templates")
    counts = {"equal": 0, "behind a system message": 0, "otherwise, as known": 0, "DIFFERENT": 0, "unknown": 0, "not rendered": 0}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        tiny, model = folder / "tiny.gguf", folder / "model.gguf"
        run(EDGEPIPE, "convert", ROOT / "models/tiny-phi3", "-o", tiny, "--type", "f16")
        for template in templates:
            rendered = run(given.python, "-c", RENDER, template, QUESTION)
            if rendered.returncode:
                verdict = "not rendered"
            else:
                wanted = json.loads(rendered.stdout)
                model.unlink(missing_ok=True)
                made = run(given.python, "-c", WRITE, tiny, model, template)
                if made.returncode:
                    sys.exit(made.stderr)
                asked = run(EDGEPIPE, "generate", model, "--prompt", QUESTION, "--chat", "-n", 1, "--greedy", "--json")
                if asked.returncode:
                    verdict = "unknown"
                    if "no known form" not in asked.stderr:
                        sys.exit(asked.stderr)
                else:
                    own = json.loads(asked.stdout)["prompt"]
                    verdict = "equal" if own == wanted else "behind a system message" if wanted.endswith(own) else "DIFFERENT"
            if verdict == "DIFFERENT" and template.stem in OTHERS:
                verdict = "otherwise, as known"
            counts[verdict] += 1
            print(f"{template.stem:60} {verdict}")
            if verdict == "DIFFERENT":
                print(f"    jinja    {wanted[-200:]!r}\n    edgepipe {own!r}")
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.items()))
    return 1 if counts["DIFFERENT"] else 0


if __name__ == "__main__":
    sys.exit(main())
