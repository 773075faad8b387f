"""llama-token-lines, the program that gives llama.cpp's token ids to many texts."""

import os
import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parent / "llama-token-lines.cpp"


def build_llama(llama_cpp, folder):
    """Builds the program in `folder` against the libraries in `llama_cpp`/build, shared or not. -> its path."""
    program = folder / "llama-token-lines"
    binaries = pathlib.Path(os.environ.get("LLAMA_CPP_BIN", llama_cpp / "build/bin"))
    if (binaries / "libllama.so").exists() or (binaries / "libllama.dylib").exists():
        libraries = [f"-L{binaries}", "-lllama", "-lggml", "-lggml-base", f"-Wl,-rpath,{binaries}"]
    else:
        names = ["src/libllama", "ggml/src/libggml", "ggml/src/libggml-cpu", "ggml/src/libggml-base"]
        libraries = [*(f"{binaries.parent}/{name}.a" for name in names), "-fopenmp", "-lpthread", "-ldl"]
    subprocess.run(
        ["c++", "-O2", "-std=c++17", f"-I{llama_cpp}/include", f"-I{llama_cpp}/ggml/include", SOURCE, "-o", program, *libraries],
        check=True,
    )
    return program
