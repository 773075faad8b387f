#!/usr/bin/env python3
"""usage: make-copyright.py FOLDER

Prints the copyright file of the Debian package: LICENSE, NOTICE, and each distinct text of FOLDER (collect-licences.py writes
it) once, below the names of all components that it holds for.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    names: dict[str, list[str]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        text = path.read_text(encoding="utf-8").strip("\n")
        names.setdefault(text, []).append(str(path.relative_to(folder)))
    if not names:
        sys.exit(f"{folder}: no licence texts there")
    print((ROOT / "LICENSE").read_text(encoding="utf-8"))
    print((ROOT / "NOTICE").read_text(encoding="utf-8"))
    print("The program holds the following components. Their licences:")
    for text, components in names.items():
        print(f"\n{'=' * 79}\n{chr(10).join(components)}\n{'-' * 79}\n\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
