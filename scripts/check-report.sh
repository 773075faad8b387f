#!/usr/bin/env bash
# Makes reports of a registry's models and checks what a browser would: well-formed, self-contained, no script. Where
# chromium is at hand it also takes pictures, to be looked at: light, dark, a phone, and paper.
#
#   scripts/check-report.sh [PROGRAM] [REGISTRY] [FOLDER]
#
# By default the built program, the registry of `make demo`, and a new folder.
set -euo pipefail

program=${1:-.build/release/edgepipe}
registry=${2:-registry.db}
[ -e "$registry" ] || { echo "there is no $registry; make one with: make demo" >&2; exit 1; }
folder=${3:-$(mktemp -d)}
mkdir -p "$folder"

models=$("$program" registry list --registry "$registry" --format json |
    python3 -c 'import json, sys; print("\n".join(sorted({b["name"].split(":")[0] for b in json.load(sys.stdin)})))')
[ -n "$models" ] || { echo "$registry holds no build; make one with: make demo" >&2; exit 1; }

for model in $models; do
    for language in en ru; do
        page="$folder/$model-$language.html"
        "$program" report "$model" -o "$page" --registry "$registry" --lang "$language" --quiet
        "$program" report "$model" -o "$folder/$model-$language.md" --registry "$registry" --lang "$language" --quiet
        python3 - "$page" <<'PYTHON'
import html.parser
import re
import sys
import xml.etree.ElementTree as xml

path = sys.argv[1]
text = open(path, encoding="utf-8").read()
root = xml.fromstring(text)  # well-formed, or this throws


class Page(html.parser.HTMLParser):
    """What a browser would fetch or run."""

    problems, ids, links = [], set(), set()

    def handle_starttag(self, tag, attributes):
        if tag in {"script", "link", "img", "iframe", "object", "embed", "image", "use", "form", "base"}:
            self.problems.append(f"<{tag}>")
        for key, value in attributes:
            if key.startswith("on") or key in {"src", "srcset", "poster", "action", "xlink:href"}:
                self.problems.append(f"{tag} {key}={value}")
            if key == "href" and not value.startswith("#"):
                self.problems.append(f"{tag} leads outside: {value}")
            if key == "href":
                self.links.add(value[1:])
            if key == "id":
                self.problems += [f"the id {value} twice"] if value in self.ids else []
                self.ids.add(value)
            if key == "style" and "url" in (value or ""):
                self.problems.append(f"{tag} style={value}")


page = Page()
page.feed(text)
style = "".join(re.findall(r"<style>(.*?)</style>", text, re.S))
page.problems += re.findall(r"url\(|@import|expression\(", style)
page.problems += [f"#{link} leads nowhere" for link in page.links - page.ids]
names = {"svg": "{http://www.w3.org/1999/xhtml}svg", "title": "{http://www.w3.org/1999/xhtml}title"}
page.problems += ["a drawing without a title" for d in root.iter(names["svg"]) if d.find(names["title"]) is None]
for problem in page.problems:
    print(f"{path}: {problem}", file=sys.stderr)
sys.exit(1 if page.problems else 0)
PYTHON
    done
done

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -n "$browser" ]; then
    picture() { # NAME PAGE SIZE [OPTION]
        timeout 60 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size="$3" \
            --screenshot="$folder/$1.png" ${4:+"$4"} "file://$(realpath "$2")" >/dev/null 2>&1
        [ -s "$folder/$1.png" ] || { echo "$browser drew nothing of $2" >&2; exit 1; }
    }
    for model in $models; do
        page="$folder/$model-en.html"
        picture "$model-light" "$page" 1100,6400
        picture "$model-dark" "$page" 1100,6400 --blink-settings=preferredColorScheme=0
        picture "$model-phone" "$page" 500,8000
        timeout 60 "$browser" --headless --no-sandbox --disable-gpu --no-pdf-header-footer \
            --print-to-pdf="$folder/$model.pdf" "file://$(realpath "$page")" >/dev/null 2>&1
    done
fi
echo "$folder: $(ls "$folder" | wc -l) files, all sound"
