#!/usr/bin/env python3
"""Counts, room by room, files and their lines, public declarations, and those without a doc comment.

    scripts/count-docs.py             a table of all rooms
    scripts/count-docs.py ROOM ...    also each public declaration there without a doc comment

A person reads it; nothing depends on the figures. What a protocol asks for counts as public where the protocol is. Members of
a public extension count only where they say so themselves, as everywhere in the house; cases of an enum do not count.
"""
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "Sources"
MODIFIER = r"(?:@\w+(?:\([^)]*\))?\s+|(?:final|static|class|mutating|nonmutating|nonisolated|override|required|convenience|indirect|lazy|weak|unowned|package|private\(set\)|fileprivate\(set\)|package\(set\)|internal\(set\)|nonisolated\(unsafe\))\s+)*"
KIND = r"(?:struct|class|enum|protocol|actor|func|var|let|init|subscript|typealias|case|associatedtype)\b"
PUBLIC = re.compile(rf"^\s*{MODIFIER}(?:public|open)\s+{MODIFIER}{KIND}")
MEMBER = re.compile(rf"^\s*{MODIFIER}{KIND}")


def is_documented(lines: list[str], index: int) -> bool:
    """Whether a `///` stands above a declaration, beyond its attributes."""
    above = index - 1
    while above >= 0 and lines[above].strip().startswith("@"):
        above -= 1
    return above >= 0 and lines[above].strip().startswith("///")


def declarations(path: pathlib.Path):
    """Line number, line, and whether it is documented, of each public declaration."""
    lines = path.read_text(encoding="utf-8").splitlines()
    depth, protocol_depth, in_string = 0, None, False
    for index, line in enumerate(lines):
        code = re.sub(r'"(?:\\.|[^"\\])*"', '""', line).split("//")[0]
        quotes = line.count('"""')
        if not in_string:
            is_member = protocol_depth is not None and depth == protocol_depth + 1 and MEMBER.match(code)
            if PUBLIC.match(code) or is_member:
                yield index + 1, line.strip(), is_documented(lines, index)
            if re.match(rf"^\s*{MODIFIER}public\s+{MODIFIER}protocol\b", code):
                protocol_depth = depth
            depth += code.count("{") - code.count("}")
            if protocol_depth is not None and depth <= protocol_depth:
                protocol_depth = None
        if quotes % 2:
            in_string = not in_string


def main() -> int:
    wanted = set(sys.argv[1:])
    print(f"{'room':<14}{'files':>6}{'median':>8}{'longest':>9}{'public':>8}{'without':>9}")
    totals = [0, 0, 0]
    bare = []
    every: list[int] = []
    for room in sorted(path for path in ROOT.iterdir() if path.is_dir()):
        files = sorted(room.rglob("*.swift"))
        if not files:
            continue
        lengths = [len(file.read_text(encoding="utf-8").splitlines()) for file in files]
        found = [(file, *entry) for file in files for entry in declarations(file)]
        without = [entry for entry in found if not entry[3]]
        print(
            f"{room.name:<14}{len(files):>6}{statistics.median(lengths):>8.0f}{max(lengths):>9}"
            f"{len(found):>8}{len(without):>9}"
        )
        totals = [total + more for total, more in zip(totals, (len(files), len(found), len(without)))]
        every += lengths
        if room.name in wanted:
            bare += without
    print(
        f"{'all':<14}{totals[0]:>6}{statistics.median(every):>8.0f}{max(every):>9}{totals[1]:>8}{totals[2]:>9}"
    )
    for file, number, line, _ in bare:
        print(f"{file.relative_to(ROOT.parent)}:{number}: {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
