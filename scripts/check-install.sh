#!/bin/sh
# usage: check-install.sh PROGRAM
# Installs into a folder of its own and checks what is there: the program runs, each command has a manual page that man and
# mandoc read without complaint, and each shell that is installed reads its completions.
set -eu
program=$1
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
make --no-print-directory install-files PROGRAM="$program" PREFIX="$prefix" > /dev/null
"$prefix/bin/edgepipe" --version > /dev/null
python3 scripts/make-man-pages.py "$prefix/bin/edgepipe" "$prefix/checked" --check
diff -r "$prefix/checked" "$prefix/share/man/man1"
pages=$(ls "$prefix/share/man/man1" | wc -l)
bash -n "$prefix/share/bash-completion/completions/edgepipe"
if command -v zsh > /dev/null; then zsh -n "$prefix/share/zsh/site-functions/_edgepipe"; fi
if command -v fish > /dev/null; then fish -n "$prefix/share/fish/vendor_completions.d/edgepipe.fish"; fi
for command in $("$prefix/bin/edgepipe" --experimental-dump-help | python3 -c '
import json, sys
def names(command, words):
    words = words + [command["commandName"]]
    print("-".join(words))
    for child in command.get("subcommands") or []:
        if child["commandName"] != "help" and child.get("shouldDisplay", True): names(child, words)
names(json.load(sys.stdin)["command"], [])'); do
    test -s "$prefix/share/man/man1/$command.1" || { echo "no manual page of $command" >&2; exit 1; }
done
echo "installed, with $pages manual pages and completions of three shells"
