#!/usr/bin/env python3
"""Runs edgepipe quantize and llama-quantize side by side on small models and compares what they write, byte by byte.

    LLAMA_CPP_BIN=/path/to/llama.cpp/build/bin scripts/compare-quantize.py
    ... --types Q4_K_M,IQ2_XXS --models experts8,rows-32 --only options
    ... --types Q8_0,Q4_K_M,Q2_K,IQ3_S --files build/gemma4-300m.gguf

One line a case: equal, refused (by both), or DIFFERENT, and then the exit status is 1. Models of random weights come
from make-random-gguf.py, and tiny-phi3 is converted; all lie below .build/compare.
"""

import argparse
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGEPIPE = ROOT / ".build/release/edgepipe"
WORK = ROOT / ".build/compare"

TYPES = """F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q2_K_S Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K
    IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ2_M IQ3_XXS IQ3_XS IQ3_S IQ3_M IQ4_NL IQ4_XS TQ1_0 TQ2_0 MXFP4_MOE Q1_0 Q2_0
    """.split()

specification = importlib.util.spec_from_file_location("random_gguf", ROOT / "scripts/make-random-gguf.py")
random_gguf = importlib.util.module_from_spec(specification)
specification.loader.exec_module(random_gguf)
MODELS = ["tiny-phi3", *random_gguf.PRESETS]

# What changes bytes, each with a model and a type on which it does. {m} is the model's name.
OPTIONS = [
    ("dense", "Q4_K_M", "--pure"),
    ("tied", "Q3_K_M", "--pure"),
    ("rows-32", "Q6_K", "--pure"),
    ("dense", "Q4_K_M", "--tensor-type ffn_down=q6_K"),
    ("dense", "Q4_K_M", r"--tensor-type BLK\.[02]\..*_V=q8_0 --tensor-type attn=q5_K"),
    ("gqa", "Q4_K_M", "--tensor-type blk.0.attn_v=f16 --tensor-type blk.0.ffn_down=q5_0"),
    ("gqa", "Q3_K_M", "--tensor-type blk.1.attn_v=q3_K --tensor-type blk.1.ffn_down=q2_K"),
    ("dense", "F16", "--tensor-type ffn=q4_0"),
    ("dense", "Q4_K_M", "--tensor-type-file {m}.types"),
    ("dense", "Q4_K_M", "--tensor-type ffn_up=q6_K --tensor-type-file {m}.types --pure"),
    ("rows-40", "Q8_0", "--tensor-type ffn_down=q4_K"),
    ("dense", "Q4_K_M", "--output-tensor-type q8_0"),
    ("tied", "Q4_K_M", "--output-tensor-type q8_0"),
    ("tied", "Q4_K_M", "--output-tensor-type q8_0 --pure"),
    ("dense", "F16", "--output-tensor-type q5_1"),
    ("dense", "Q4_K_M", "--token-embedding-type q8_0"),
    ("tied", "Q4_K_M", "--token-embedding-type f16 --output-tensor-type q4_1"),
    ("per-layer-embedding", "Q4_K_M", "--token-embedding-type q8_0"),
    ("per-layer-embedding", "Q4_K_M", "--token-embedding-type q8_0 --tensor-type per_layer=q5_0"),
    ("per-layer-embedding", "Q4_K_M", "--output-tensor-type q5_K"),
    ("dense", "Q4_K_M", "--leave-output-tensor"),
    ("tied", "Q4_K_M", "--leave-output-tensor"),
    ("dense", "Q4_K_M", "--imatrix {m}.imatrix.gguf --include-weights ffn_down"),
    ("dense", "Q4_K_M", "--imatrix {m}.imatrix.gguf --include-weights ffn_down --include-weights attn"),
    ("dense", "Q4_K_M", "--imatrix {m}.imatrix.gguf --exclude-weights ffn_down --exclude-weights blk.1."),
    ("dense", "Q4_K_M", "--imatrix {m}.imatrix.gguf --include-weights nothing"),
    ("dense", "Q2_K_S", "--imatrix {m}.imatrix.gguf --exclude-weights ffn_down"),
    ("dense", "IQ2_XXS", "--imatrix {m}.imatrix.gguf --exclude-weights blk.3.attn_q"),
    ("dense", "IQ3_XXS", "--imatrix {m}.imatrix.gguf --exclude-weights blk.3.attn_v"),
    ("dense", "IQ2_XXS", "--imatrix {m}.imatrix.gguf --output-tensor-type iq3_s"),
    ("experts8", "Q4_K_M", "--imatrix {m}.imatrix.dat --include-weights _exps"),
    ("dense", "Q4_0", "--override-kv llama.context_length=int:4096"),
    ("dense", "Q4_0", "--override-kv llama.context_length=int:-7 --override-kv new.key=str:text"),
    ("dense", "Q4_0", "--override-kv llama.rope.freq_base=float:5e5 --override-kv a.flag=bool:true"),
    ("dense", "Q4_0", "--override-kv a=int:1 --override-kv a=int:2 --override-kv general.file_type=int:77"),
    ("dense", "Q4_0", "--override-kv a=str:x --imatrix {m}.imatrix.gguf"),
    ("dense", "Q3_K_M", "--override-kv llama.block_count=int:33"),
    ("gqa", "Q2_K", "--override-kv llama.attention.head_count_kv=int:8"),
    ("heads-by-layer", "Q2_K", "--override-kv llama.attention.head_count_kv=int:8"),
    ("experts8", "Q4_K_M", "--override-kv llama.expert_count=int:4"),
    ("dense", "Q4_0", "--override-kv llama.rope.dimension_count=str:text"),
    ("dense", "Q4_0", "--override-kv a=number:1"),
    ("dense", "Q4_0", "--override-kv a=bool:yes"),
    ("gqa", "Q4_K_M", "--prune-layers 3"),
    ("gqa", "Q4_K_M", "--prune-layers 0,1,7,15"),
    ("gqa", "Q4_K_M", "--prune-layers 99"),
    ("gqa", "Q4_K_M", "--prune-layers 5,3 --imatrix {m}.imatrix.gguf"),
    ("gqa", "IQ2_XXS", "--prune-layers 2,9 --imatrix {m}.imatrix.gguf"),
    ("experts8", "Q4_K_M", "--prune-layers 0,4 --tensor-type blk.0.ffn=q8_0"),
    ("gqa", "Q4_0", "--prune-layers 2 --override-kv llama.block_count=int:3"),
    ("gqa", "Q4_0", "--prune-layers x"),
    ("dense", "COPY", ""),
    ("dense", "COPY", "--prune-layers 1,2 --override-kv general.name=str:short"),
    ("dense", "COPY", "--imatrix {m}.imatrix.gguf"),
    ("dense", "COPY", "--override-kv general.file_type=int:15"),
    ("dense", "15", ""),
    ("dense", "q3_k", ""),
]

# The model in three files.
SPLIT = [
    ("gqa", "Q4_K_M", ""),
    ("gqa", "Q4_K_M", "--keep-split"),
    ("gqa", "Q3_K_L", "--keep-split --imatrix {m}.imatrix.gguf --override-kv a=int:1"),
    ("gqa", "Q4_K_S", "--keep-split --prune-layers 0,6"),
    ("gqa", "COPY", ""),
    ("gqa", "COPY", "--keep-split"),
    ("experts8", "Q5_K_M", "--keep-split"),
]


class Comparison:
    def __init__(self, llama):
        self.llama = llama
        self.counts = {"equal": 0, "refused": 0, "DIFFERENT": 0}

    def prepare(self, names):
        """Makes the models that are not there yet."""
        WORK.mkdir(parents=True, exist_ok=True)
        for name in names:
            source = WORK / f"{name}.gguf"
            if name == "tiny-phi3":
                checkpoint = ROOT / "models/tiny-phi3"
                self.ours("convert", str(checkpoint), "-o", source.name, "--type", "f16", "--quiet")
                for ending in ["gguf", "dat"]:
                    golden = ROOT / f"Tests/Goldens/tiny-phi3/imatrix.{ending}"
                    shutil.copyfile(golden, WORK / f"{name}.imatrix.{ending}")
                continue
            arguments = ["--preset", name, "--imatrix", str(WORK / f"{name}.imatrix")]
            make = [sys.executable, str(ROOT / "scripts/make-random-gguf.py")]
            subprocess.run([*make, str(source), *arguments], check=True)
            (WORK / f"{name}.types").write_text("ffn_down=q6_K\nattn_v=q8_0 blk\\.1\\.ffn=q5_1\n\n output=q4_0")

    def ours(self, *arguments):
        return subprocess.run([EDGEPIPE, *arguments], cwd=WORK, capture_output=True, text=True)

    def theirs(self, *arguments):
        return subprocess.run([self.llama, *arguments], cwd=WORK, capture_output=True, text=True)

    def case(self, source, kind, options=""):
        """Both programs, with the same relative paths: the matrix's path becomes part of the file."""
        words = options.replace("{m}", source.split("-0000")[0].removesuffix(".gguf")).split()
        for folder in ["ours", "theirs"]:
            shutil.rmtree(WORK / folder, ignore_errors=True)
            (WORK / folder).mkdir()
        output = "out.gguf"
        ours = self.ours("quantize", source, "-o", f"ours/{output}", "--type", kind, *words, "--quiet")
        theirs = self.theirs(*words, source, f"theirs/{output}", kind, "2")
        made = {name: self.files(name) for name in ["ours", "theirs"]}
        if ours.returncode == 0 and theirs.returncode == 0:
            verdict = "equal" if made["ours"] == made["theirs"] != {} else "DIFFERENT"
            why = self.difference(made)
        elif ours.returncode != 0 and theirs.returncode != 0:
            verdict = "refused" if not made["ours"] else "DIFFERENT"
            why = ours.stderr.strip()
        else:
            verdict = "DIFFERENT"
            refused, by = ("edgepipe", ours) if ours.returncode else ("llama-quantize", theirs)
            lines = (by.stderr + by.stdout).strip().splitlines()
            why = f"{refused} alone refuses: {lines[-1] if lines else by.returncode}"
        self.counts[verdict] += 1
        print(f"{verdict:9}  {source:34}  {kind:9}  {options}{'  # ' + why if why else ''}", flush=True)

    @staticmethod
    def files(folder):
        return {path.name: path.read_bytes() for path in sorted((WORK / folder).iterdir())}

    @staticmethod
    def difference(made):
        if made["ours"].keys() != made["theirs"].keys():
            return f"files {sorted(made['ours'])} against {sorted(made['theirs'])}"
        for name, ours in made["ours"].items():
            theirs = made["theirs"][name]
            if ours != theirs:
                place = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), min(len(ours), len(theirs)))
                return f"{name}: {len(ours)} against {len(theirs)} bytes, first at {place}"
        return ""


def run(comparison, models, types, parts):
    needed = list(dict.fromkeys(models + [case[0] for case in OPTIONS + SPLIT] + ["dense"]))
    comparison.prepare(needed)
    if "types" in parts:
        for name in models:
            for kind in types:
                forms = ["gguf", "dat"] if name in ["tiny-phi3", "dense", "experts8"] else ["gguf"]
                for matrix in ["", *(f"--imatrix {{m}}.imatrix.{form}" for form in forms)]:
                    comparison.case(f"{name}.gguf", kind, matrix)
    if "options" in parts:
        for name, kind, options in OPTIONS:
            comparison.case(f"{name}.gguf", kind, options)
        comparison.case("dense.gguf", "Q4_K_M", "--keep-split")
    if "split" in parts:
        for name in dict.fromkeys(case[0] for case in SPLIT):
            make = [sys.executable, str(ROOT / "scripts/make-random-gguf.py"), str(WORK / f"{name}.gguf")]
            subprocess.run([*make, "--preset", name, "--shards", "3"], check=True)
        for name, kind, options in SPLIT:
            comparison.case(f"{name}-00001-of-00003.gguf", kind, options)
        comparison.case("gqa-00002-of-00003.gguf", "Q4_K_M")
    if "requantize" in parts:
        # Experts that a checkpoint holds in MXFP4 keep it, or are quantized once more where that is allowed.
        comparison.prepare(["gpt-oss"])
        comparison.theirs("gpt-oss.gguf", "packed.gguf", "MXFP4_MOE", "2")
        for kind in ["MXFP4_MOE", "Q8_0", "Q4_K_M", "COPY"]:
            for options in ["", "--allow-requantize"]:
                comparison.case("packed.gguf", kind, options)
        # From every type: what the reference made is the source of both.
        for kind in types:
            source = f"requantize-{kind}.gguf"
            comparison.theirs("--imatrix", "dense.imatrix.gguf", "dense.gguf", source, kind, "2")
            comparison.case(source, "Q4_K_M")
            comparison.case(source, "Q4_K_M", "--allow-requantize")
            comparison.case(source, kind)
    if "sources" in parts:
        for source in ["f32", "bf16"]:
            make = [sys.executable, str(ROOT / "scripts/make-random-gguf.py"), str(WORK / f"{source}.gguf")]
            matrix = ["--imatrix", str(WORK / f"{source}.imatrix")]
            subprocess.run([*make, "--preset", "gqa", "--type", source, *matrix], check=True)
            for kind in types:
                comparison.case(f"{source}.gguf", kind, "--imatrix {m}.imatrix.gguf")


def main():
    parts = ["types", "options", "split", "requantize", "sources"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--models", default=",".join(MODELS), help="for the part `types`")
    parser.add_argument("--files", nargs="*", type=pathlib.Path, default=[], help="these models alone, as they are")
    parser.add_argument("--only", default=",".join(parts), help="parts to run: " + ", ".join(parts))
    arguments = parser.parse_args()
    folder = os.environ.get("LLAMA_CPP_BIN")
    llama = pathlib.Path(folder or "", "llama-quantize").resolve()
    if not folder or not os.access(llama, os.X_OK):
        sys.exit("compare-quantize: set LLAMA_CPP_BIN to the folder of llama-quantize")
    if not os.access(EDGEPIPE, os.X_OK):
        sys.exit("compare-quantize: build first: swift build -c release")
    comparison = Comparison(llama)
    WORK.mkdir(parents=True, exist_ok=True)
    for path in arguments.files:
        link = WORK / f"file-{path.name}"
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
        for kind in arguments.types.split(","):
            comparison.case(link.name, kind)
    if not arguments.files:
        run(comparison, arguments.models.split(","), arguments.types.split(","), arguments.only.split(","))
    print(", ".join(f"{count} {verdict}" for verdict, count in comparison.counts.items()))
    sys.exit(1 if comparison.counts["DIFFERENT"] else 0)


if __name__ == "__main__":
    main()
