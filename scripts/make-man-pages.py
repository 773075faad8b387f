#!/usr/bin/env python3
"""usage: make-man-pages.py PROGRAM FOLDER [--check]

Writes a manual page for every command, out of what the program says of itself; --check has mandoc and man read them, where
they are installed.
"""
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys

SECTIONS = "EXAMPLES", "EXIT STATUS"
ESCAPES = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}


def date() -> str:
    """Today, or the day that makes a build reproducible."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.UTC) if seconds else datetime.datetime.now()
    return moment.strftime("%Y-%m-%d")


def roff(text: str) -> str:
    """Text as it is, whatever roff would make of it."""
    escaped = "".join(ESCAPES.get(character, character) for character in text)
    return "\n".join("\\&" + line if line[:1] == "." else line for line in escaped.splitlines())


def bold(text: str) -> str:
    return f"\\fB{roff(text)}\\fR"


def italic(text: str) -> str:
    return f"\\fI{roff(text)}\\fR"


def spelled(argument: dict) -> str:
    """An argument with all of its names, such as `-o, --output <file>`."""
    value = argument.get("valueName") or "value"
    names = [("--" if name["kind"] == "long" else "-") + name["name"] for name in argument.get("names") or []]
    if argument["kind"] == "positional":
        return italic(value)
    words = ", ".join(bold(name) for name in names)
    return words if argument["kind"] == "flag" else f"{words} {italic(value)}"


def synopsis(command: dict, words: list[str]) -> str:
    parts = [bold(" ".join(words))]
    if command.get("subcommands"):
        parts.append(italic("command"))
    shown = [argument for argument in command.get("arguments") or [] if argument.get("shouldDisplay", True)]
    for argument in sorted(shown, key=lambda argument: argument["kind"] == "positional"):
        if argument["kind"] == "positional":
            part = italic(argument.get("valueName") or "value")
        elif argument.get("isOptional", True):
            continue
        else:
            part = spelled(argument | {"names": [argument["preferredName"]]})
        if argument.get("isRepeating"):
            part += " ..."
        parts.append(f"[{part}]" if argument.get("isOptional") else part)
    if any(argument["kind"] != "positional" for argument in shown):
        parts.insert(1, f"[{italic('options')}]")
    return " ".join(parts)


def sections(discussion: str) -> list[tuple[str, list[str]]]:
    """The parts of a discussion: those with a heading, and what else it says."""
    found: list[tuple[str, list[str]]] = [("DESCRIPTION", [])]
    for line in discussion.splitlines():
        if line.strip() in SECTIONS:
            found.append((line.strip(), []))
            continue
        if found[-1][0] in SECTIONS and line and not line.startswith(" "):
            found.append(("DESCRIPTION", []))
        found[-1][1].append(line)
    return found


def paragraphs(lines: list[str]) -> list[str]:
    """Indented lines stay as they are; others are filled."""
    page: list[str] = []
    previous = "start"
    for line in lines:
        kind = "blank" if not line.strip() else "literal" if line.startswith(" ") else "text"
        if previous == "literal" and kind != "literal":
            page.append(".fi\n.RE")
        if kind == "literal":
            if previous != "literal":
                page.append(".PP\n.RS 4\n.nf")
            page.append(roff(line.removeprefix("  ")))
        elif kind == "text":
            if previous in ("blank", "start", "literal"):
                page.append(".PP")
            page.append(roff(line.strip()))
        previous = kind
    if previous == "literal":
        page.append(".fi\n.RE")
    return page


def page(command: dict, words: list[str], version: str) -> str:
    name = "-".join(words)
    lines = [
        f'.TH "{roff(name.upper())}" "1" "{date()}" "edgepipe {roff(version)}" "edgepipe"',
        ".SH NAME",
        f"{roff(name)} \\- {roff((command.get('abstract') or '').rstrip('.'))}",
        ".SH SYNOPSIS",
        synopsis(command, words),
    ]
    parts = sections(command.get("discussion") or "")
    for heading in ("EXAMPLES", "DESCRIPTION", "EXIT STATUS"):
        content = [line for title, lines_ in parts if title == heading for line in lines_ + [""]]
        body = paragraphs(content[:-1]) if any(line.strip() for line in content) else []
        if body:
            # A heading begins a paragraph by itself.
            body[0] = body[0].removeprefix(".PP\n").removeprefix(".PP")
            lines += [f'.SH "{heading}"'] + [line for line in body if line]
    arguments = [argument for argument in command.get("arguments") or [] if argument.get("shouldDisplay", True)]
    if arguments:
        lines.append(".SH OPTIONS")
    for argument in arguments:
        text = argument.get("abstract") or ""
        if argument.get("defaultValue"):
            text += f" (default: {argument['defaultValue']})"
        lines += [".TP", spelled(argument), roff(text.strip()) or "\\&"]
    children = [child for child in command.get("subcommands") or [] if is_shown(child)]
    if children:
        lines.append(".SH COMMANDS")
    for child in children:
        lines += [".TP", f"{bold(name + '-' + child['commandName'])}(1)", roff(child.get("abstract") or "\\&")]
    if len(words) > 1:
        lines += ['.SH "SEE ALSO"', f"{bold('-'.join(words[:-1]))}(1)"]
    return "\n".join(lines) + "\n"


def is_shown(command: dict) -> bool:
    return command["commandName"] != "help" and command.get("shouldDisplay", True)


def pages(command: dict, words: list[str], version: str):
    words = words + [command["commandName"]]
    yield "-".join(words), page(command, words, version)
    for child in command.get("subcommands") or []:
        if is_shown(child):
            yield from pages(child, words, version)


def complaints(file: pathlib.Path) -> str:
    found = ""
    if shutil.which("mandoc"):
        found += subprocess.run(["mandoc", "-Tlint", "-Wwarning", file], capture_output=True, text=True).stdout
    if shutil.which("man"):
        command = ["man", "--warnings=all", "-E", "UTF-8", "-l", "-Tutf8", str(file)]
        found += subprocess.run(command, capture_output=True, text=True).stderr
    return found


def main() -> int:
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    program, folder = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2])
    dump = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True, text=True).stdout
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    folder.mkdir(parents=True, exist_ok=True)
    problems = ""
    for name, text in pages(json.loads(dump)["command"], [], version):
        file = folder / f"{name}.1"
        file.write_text(text, encoding="utf-8")
        if "--check" in sys.argv:
            problems += complaints(file)
    print(problems, end="", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
