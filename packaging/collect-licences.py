#!/usr/bin/env python3
"""usage: collect-licences.py BUILD FOLDER

Writes the licence texts of everything that the program links into FOLDER, one folder or file a component. BUILD is the
folder of SwiftPM's checkouts and products, .build. Three sources:

* LICENSE and NOTICE of each package in BUILD/checkouts, also of code that a package carries along (Sources/**/LICENSE);
* copyright headers of the C sources that packages carry along without a licence file, such as BoringSSL's;
* packaging/licences, for what comes with the Swift toolchain or the system: Swift's runtime and Foundation, ICU, SQLite,
  zstd; and for libyaml and fiat-crypto, whose files have no header.

A package without a licence, or vendored C code that no text covers, is an error.
"""
import pathlib
import re
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = re.compile(r"^(LICEN[CS]E|NOTICE|COPYING)(\..*)?$", re.IGNORECASE)
CODE = {".c", ".cc", ".h", ".inc", ".S"}

# Vendored C code: the folder in its package, and what it is called here. Texts of packaging/licences cover the second list.
VENDORED = {
    "swift-crypto/Sources/CCryptoBoringSSL": "BoringSSL-in-swift-crypto.txt",
    "swift-nio-ssl/Sources/CNIOBoringSSL": "BoringSSL-in-swift-nio-ssl.txt",
    "swift-crypto/Sources/CXKCP": "XKCP-in-swift-crypto.txt",
    "swift-nio/Sources/CNIOSHA1": "SHA1-in-swift-nio.txt",
}
COVERED = {"Yams/Sources/CYaml": "libyaml.txt", "swift-nio/Sources/CNIOLLHTTP": None}

# C targets of the packages' own, under the licence of their package.
OWN = re.compile(r"^(CNIO(Atomics|Darwin|ExtrasZlib|FreeBSD|Linux|OpenBSD|Posix|WASI|Windows|BoringSSLShims)|C\w*Shims|CAsyncHTTPClient|CSystem)$")


def copy_packages(checkouts: pathlib.Path, folder: pathlib.Path) -> list[str]:
    problems = []
    for package in sorted(path for path in checkouts.iterdir() if path.is_dir()):
        texts = [path for path in sorted(package.iterdir()) if path.is_file() and TEXTS.match(path.name)]
        if not any(path.name.upper().startswith("LICEN") for path in texts):
            problems.append(f"{package.name}: no licence file in {package}")
        (folder / package.name).mkdir(parents=True)
        for path in texts:
            shutil.copyfile(path, folder / package.name / path.name)
        for path in sorted((package / "Sources").rglob("*")):
            if path.is_file() and TEXTS.match(path.name):
                shutil.copyfile(path, folder / package.name / f"{path.parent.name}-{path.name}")
    return problems


def check_vendored(checkouts: pathlib.Path) -> list[str]:
    """Folders of C code that neither a table above nor a licence file beside them explains."""
    problems = []
    for source in sorted(checkouts.glob("*/Sources/C*")):
        place = str(source.relative_to(checkouts))
        if not source.is_dir() or place in VENDORED or place in COVERED or OWN.match(source.name):
            continue
        if any(path.suffix in CODE for path in source.rglob("*")):
            problems.append(f"{place}: C code whose licence is not known; add it to {pathlib.Path(__file__).name}")
    return problems


def header(path: pathlib.Path) -> str:
    """The first comment of a file that names a copyright or a licence, without the marks of the comment."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for found in re.finditer(r"/\*.*?\*/|(?:^//[^\n]*\n)+", text[:6000], re.DOTALL | re.MULTILINE):
        comment = found[0]
        if re.search(r"copyright|public domain|CC0", comment, re.IGNORECASE):
            comment = re.sub(r"^/\*+|\*+/$", "", comment)
            lines = [re.sub(r"^\s*(//|\*)? ?", "", line).rstrip() for line in comment.splitlines()]
            return "\n".join(lines).strip()
    return ""


def headers(source: pathlib.Path) -> str:
    """All copyright lines of the files in a folder, and below them each wording of their licence once."""
    owners: dict[str, None] = {}
    wordings: dict[str, None] = {}
    for path in sorted(source.rglob("*")):
        if not path.is_file() or path.suffix not in CODE:
            continue
        lines = header(path).splitlines()
        owned = [line for line in lines if re.match(r"(portions )?copyright", line, re.IGNORECASE)]
        owners.update(dict.fromkeys(owned))
        wording = "\n".join(line for line in lines if line not in owned).strip()
        if wording:
            wordings[re.sub(r"\n{3,}", "\n\n", wording)] = None
    return "\n".join(sorted(owners)) + "\n\n" + f"\n\n{'-' * 40}\n\n".join(wordings) + "\n"


def main() -> int:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    checkouts, folder = pathlib.Path(sys.argv[1]) / "checkouts", pathlib.Path(sys.argv[2])
    if not checkouts.is_dir():
        sys.exit(f"{checkouts}: no such folder; build first: make build")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    problems = copy_packages(checkouts, folder) + check_vendored(checkouts)
    apache = (HERE / "licences" / "Swift.txt").read_text(encoding="utf-8").split("## Runtime Library Exception")[0]
    for place, name in VENDORED.items():
        if not (checkouts / place).is_dir():
            problems.append(f"{place}: not there any more; take it out of {pathlib.Path(__file__).name}")
            continue
        text = headers(checkouts / place)
        (folder / name).write_text(text + ("\n" + apache if "Apache License" in text else ""), encoding="utf-8")
    for path in sorted((HERE / "licences").iterdir()):
        shutil.copyfile(path, folder / path.name)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
