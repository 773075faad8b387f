"""llama-token-lines, the program that gives llama.cpp's token ids to many texts."""

import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parent / "llama-token-lines.cpp"


def build_llama(llama_cpp, folder):
    """Builds the program in `folder` against the libraries in `llama_cpp`/build. -> its path."""
    program = folder / "llama-token-lines"
    libraries = llama_cpp / "build/bin"
    subprocess.run(
        ["c++", "-O2", "-std=c++17", f"-I{llama_cpp}/include", f"-I{llama_cpp}/ggml/include", SOURCE, "-o", program,
         f"-L{libraries}", "-lllama", "-lggml", "-lggml-base", f"-Wl,-rpath,{libraries}"],
        check=True,
    )
    return program
