"""Sound little inputs of every kind that edgepipe reads, for scripts/fuzz.py to damage."""
import json
import pathlib
import random
import shutil
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
TINY = ROOT / "models" / "tiny-phi3"
WIDTH, HIDDEN, LAYERS, HEADS, TOKENS = 64, 96, 2, 4, 3072


def write_safetensors(path, tensors, seed):
    """Writes half-precision tensors with random values: name -> shape."""
    chance = random.Random(seed)
    header, data = {}, bytearray()
    for name, shape in tensors.items():
        count = 1
        for length in shape:
            count *= length
        begin = len(data)
        noise = [struct.pack("<e", chance.uniform(-0.1, 0.1)) for _ in range(64)]
        data += b"".join(noise[chance.randrange(64)] for _ in range(count))
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def make_folder(folder):
    """A Llama of two layers with the vocabulary of models/tiny-phi3."""
    folder.mkdir(parents=True)
    for name in ["tokenizer.model", "tokenizer_config.json", "added_tokens.json", "generation_config.json"]:
        shutil.copy(TINY / name, folder / name)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH,
        "intermediate_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS // 2, "max_position_embeddings": 512, "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0, "vocab_size": TOKENS, "bos_token_id": 1, "eos_token_id": 2,
        "tie_word_embeddings": True, "torch_dtype": "float16",
        "rope_scaling": {"rope_type": "linear", "factor": 2.0},
    }, indent=2))
    tensors = {"model.embed_tokens.weight": [TOKENS, WIDTH], "model.norm.weight": [WIDTH]}
    for layer in range(LAYERS):
        stem = f"model.layers.{layer}"
        tensors |= {
            f"{stem}.input_layernorm.weight": [WIDTH], f"{stem}.post_attention_layernorm.weight": [WIDTH],
            f"{stem}.self_attn.q_proj.weight": [WIDTH, WIDTH], f"{stem}.self_attn.k_proj.weight": [WIDTH // 2, WIDTH],
            f"{stem}.self_attn.v_proj.weight": [WIDTH // 2, WIDTH], f"{stem}.self_attn.o_proj.weight": [WIDTH, WIDTH],
            f"{stem}.mlp.gate_proj.weight": [HIDDEN, WIDTH], f"{stem}.mlp.up_proj.weight": [HIDDEN, WIDTH],
            f"{stem}.mlp.down_proj.weight": [WIDTH, HIDDEN],
        }
    write_safetensors(folder / "model.safetensors", tensors, 1)


def make_adapter(folder):
    """A low-rank update of the queries and of one feed-forward matrix."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({
        "peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "up_proj"],
        "base_model_name_or_path": "acme/tiny", "fan_in_fan_out": False, "bias": "none",
    }, indent=2))
    stem = "base_model.model.model.layers.0"
    write_safetensors(folder / "adapter_model.safetensors", {
        f"{stem}.self_attn.q_proj.lora_A.weight": [2, WIDTH], f"{stem}.self_attn.q_proj.lora_B.weight": [WIDTH, 2],
        f"{stem}.mlp.up_proj.lora_A.weight": [2, WIDTH], f"{stem}.mlp.up_proj.lora_B.weight": [HIDDEN, 2],
    }, 2)


PIPELINE = """\
pipeline: tiny
version: 1.0.0
model: {{ source: "{folder}", license: mit, tags: [chat, "test"] }}
vars: {{ context: 32, name: "a${{{{ vars.context }}}}", text: "{text}" }}
import: [more.yaml]
steps:
  - id: f16
    convert: {{ type: f16 }}
  - id: importance
    imatrix: {{ model: f16, text: "{text}", context: 32, chunks: 1 }}
  - id: builds
    quantize: {{ model: f16, types: [q8_0, q4_0], imatrix: importance, tensor-types: {{ "ffn_.*": q5_0 }} }}
  - id: quality
    validate:
      builds: builds
      text: ${{{{ vars.text }}}}
      context: ${{{{ vars.context }}}}
      chunks: 1
      against: f16
      gates: {{ q8_0: {{ max-perplexity-increase: 50% }} }}
  - id: fit
    matrix: {{ context: [256, 512], kv: [f16, q8_0], exclude: [{{ context: 512, kv: f16 }}], include: [{{ context: 128, kv: f16 }}] }}
    fit: {{ builds: builds, context: "${{{{ matrix.context }}}}", kv-type: "${{{{ matrix.kv }}}}", devices: [pixel-8, iphone-15] }}
  - id: publish
    publish: {{ builds: builds, channel: candidate }}
"""

BENCH = {
    "build_commit": "abc", "model_filename": "m.gguf", "backends": "CPU", "n_threads": 4, "n_prompt": 512, "n_gen": 0,
    "avg_ts": 100.0, "stddev_ts": 1.0, "samples_ts": [99.0, 101.0], "test_time": "2026-01-01T00:00:00Z",
}


def make(program, folder):
    """All inputs in a folder, by the names that the cases use."""
    folder.mkdir(parents=True)

    def run(*arguments):
        return subprocess.run([program, *map(str, arguments)], check=True, cwd=folder, capture_output=True).stdout

    make_folder(folder / "model")
    make_adapter(folder / "adapter")
    text = (ROOT / "texts" / "sample.txt").read_bytes()[:4000]
    (folder / "text.txt").write_bytes(text)
    run("convert", "model", "-o", "f16.gguf", "--type", "f16")
    run("imatrix", "f16.gguf", "--text", "text.txt", "--context", "32", "--chunks", "1", "-o", "imatrix.gguf")
    run("imatrix", "f16.gguf", "--text", "text.txt", "--context", "32", "--chunks", "1", "-o", "imatrix.dat")
    run("quantize", "f16.gguf", "-o", "q4.gguf", "--type", "q4_0")
    (folder / "more.yaml").write_text("vars: { other: 1 }\nsteps:\n  - { id: full, convert: { type: f32 } }\n")
    (folder / "pipeline.yaml").write_text(PIPELINE.format(folder=folder / "model", text=folder / "text.txt"))
    run("run", "pipeline.yaml", "--registry", "registry.db", "--quiet")
    run("registry", "export", "-o", "layout")
    run("registry", "export", "-o", "layout.tar")
    run("registry", "init", "--registry", "new.db")
    weights = json.loads(run("inspect", "q4.gguf", "--json"))["parameters"]
    (folder / "bench.json").write_text(json.dumps([{**BENCH, "model_n_params": weights}]))
    (folder / "devices.yaml").write_text(
        "devices:\n  - { id: lab, name: Lab, platform: android, year: 2025, chip: X, ram: 8GiB, bandwidth: 50 }\n"
    )
    (folder / "tasks.jsonl").write_text('{"context": "a b", "endings": ["c", "d"], "label": 0}\n')
