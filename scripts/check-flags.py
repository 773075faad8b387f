#!/usr/bin/env python3
"""Checks that only edgepipe spells options of the command line.

Errors and texts of the other rooms also reach people who write files and requests, so they name a setting with
`\\(setting: "allow-requantize")` of BinaryIO, which each surface spells. A string with `--name` in it anywhere else is a
mistake, or one of the exceptions below.
"""
import pathlib
import re
import sys

SURFACE = "edgepipe"

# Files whose strings have such words for another reason.
OTHERS = {
    "Sources/Briefs/Brief.swift": "commands to paste into a terminal, in a page for readers who have the program",
    "Sources/Briefs/Exports/MLCPackage.swift": "commands of MLC",
    "Sources/Briefs/Report/ProvenanceSection.swift": "a command to paste into a terminal",
    "Sources/Briefs/Report/StyleSheet.swift": "custom properties of CSS",
    "Sources/Briefs/Report/TensorSection.swift": "a command to paste into a terminal",
    "Sources/Cluster/Jobs/BatchScript.swift": "options of sbatch, and the command that a task runs",
    "Sources/Cluster/Slurm/Slurm.swift": "options of Slurm's commands",
    "Sources/Steps/Template/PipelineTemplate.swift": "commands to paste into a terminal, in a new pipeline file",
    "Sources/Site/Pages/BuildPage.swift": "commands to paste into a terminal",
    "Sources/Site/Pages/SiteStyle.swift": "custom properties of CSS",
}


def literals(file: pathlib.Path):
    """The strings of a file, with the numbers of their lines; comments are left out."""
    is_inside = False
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if '"""' in line:
            is_inside = not is_inside if line.count('"""') == 1 else is_inside
        elif is_inside:
            yield number, line
        else:
            for found in re.finditer(r'//.*|"((?:[^"\\]|\\.)*)"', line):
                if found[1] is not None:
                    yield number, found[1]


def main() -> int:
    problems = []
    used = set()
    for file in sorted(pathlib.Path("Sources").rglob("*.swift")):
        if file.parts[1] == SURFACE:
            continue
        for number, text in literals(file):
            found = re.search(r"(?<![\w-])--[a-z][\w-]*", text)
            if not found:
                continue
            if str(file) in OTHERS:
                used.add(str(file))
            else:
                name = found[0][2:]
                problems.append(f'{file}:{number}: spells the option {found[0]}; write \\(setting: "{name}")')
    for file in sorted(OTHERS.keys() - used):
        problems.append(f"{file}: spells no option any more; take it out of {sys.argv[0]}")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
