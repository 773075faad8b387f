#!/usr/bin/env python3
"""Does what an app does with a static site: asks for the best build, fetches it by parts, and updates it.

    scripts/prove-site.py ADDRESS FOLDER
"""
import hashlib
import json
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request


def fetch(url, **headers):
    """Status, headers and body of a GET request."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def check(what, own, wanted):
    if own != wanted:
        print(f"FAIL   {what}: {own!r}, not {wanted!r}")
        sys.exit(1)
    print(f"ok     {what}")


def update(build, base, old=b"", old_parts=()):
    """The build's bytes, put together of what is there and what is fetched; and how many were fetched."""
    parts_url = urllib.parse.urljoin(base, build["download"]["parts"])
    url = urllib.parse.urljoin(base, build["download"]["url"])
    parts = json.loads(fetch(parts_url)[2])
    known = {part["sha256"]: part for part in old_parts}
    assert parts["build"] == f"sha256:{build['sha256']}" and parts["size"] == build["fileBytes"]
    file, fetched, end = bytearray(), 0, 0
    while end < len(parts["parts"]):
        part = parts["parts"][end]
        assert part["at"] == len(file)
        if part["sha256"] in known:
            there = known[part["sha256"]]
            file += old[there["at"]:there["at"] + there["size"]]
            end += 1
            continue
        # One request for each run of parts that are not there.
        run = []
        while end < len(parts["parts"]) and parts["parts"][end]["sha256"] not in known:
            run.append(parts["parts"][end])
            end += 1
        first, last = run[0]["at"], run[-1]["at"] + run[-1]["size"]
        status, headers, body = fetch(url, Range=f"bytes={first}-{last - 1}")
        assert status == 206 and headers["Content-Range"] == f"bytes {first}-{last - 1}/{parts['size']}", (status, headers)
        for own in run:
            data = body[own["at"] - first:own["at"] - first + own["size"]]
            assert hashlib.sha256(data).hexdigest() == own["sha256"]
        file += body
        fetched += len(body)
    assert hashlib.sha256(file).hexdigest() == build["sha256"], "the file has another digest"
    return bytes(file), parts["parts"], fetched


def main():
    address, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    answer_url = f"{address}/best/android/3gb.json"
    status, headers, body = fetch(answer_url)
    check("an answer is there", status, 200)
    check("an answer is asked for again", headers["Cache-Control"], "no-cache")
    check("an answer that did not change is a 304", fetch(answer_url, If_None_Match=headers["ETag"])[0], 304)
    answer = json.loads(body)
    best = answer["best"]
    file, parts, fetched = update(best, answer_url)
    check(f"{best['build']} comes whole, in {len(parts)} parts", (len(file), fetched), (best["fileBytes"], best["fileBytes"]))
    other = answer["alternatives"][0]
    new, _, fetched = update(other, answer_url, file, parts)
    check(f"{other['build']} out of it", len(new), other["fileBytes"])
    print(f"       fetched {fetched} of {len(new)} bytes, {100 * fetched / len(new):.1f} %")
    url = urllib.parse.urljoin(answer_url, best["download"]["url"])
    status, headers, body = fetch(url, Range="bytes=100-199")
    check("a range", (status, body), (206, file[100:200]))
    check("files never change", headers["Cache-Control"], "public, max-age=31536000, immutable")
    status, _, body = fetch(url, Range="bytes=1000-", If_Range=headers["ETag"])
    check("an interrupted download goes on", (status, body == file[1000:]), (206, True))
    check("a file that was replaced begins anew", fetch(url, Range="bytes=1000-", If_Range='"other"')[0], 200)
    check("a range beyond the end", fetch(url, Range=f"bytes={len(file)}-")[0], 416)
    check("the list of the export is not served", fetch(f"{address}/.edgepipe-site/files.json")[0], 404)
    status, headers, _ = fetch(f"{address}/")
    check("the first page", (status, headers["Content-Type"].split(";")[0]), (200, "text/html"))
    check("pages have a policy", headers["Content-Security-Policy"].startswith("default-src 'none'"), True)
    # Whatever a page or a document names is there.
    from html.parser import HTMLParser

    class Links(HTMLParser):
        def __init__(self):
            super().__init__()
            self.found = []

        def handle_starttag(self, tag, attributes):
            self.found += [value for name, value in attributes if name in ("href", "src", "action") and value]

    missing, count = [], 0
    for page in folder.rglob("*.html"):
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        for link in links.found:
            if link.startswith(("#", "data:")):
                continue
            count += 1
            target = (page.parent / urllib.parse.unquote(link.split("#")[0])).resolve()
            if not target.is_file():
                missing.append(f"{page.relative_to(folder)}: {link}")
    check(f"all {count} links of {len(list(folder.rglob('*.html')))} pages lead to a file", missing[:3], [])


if __name__ == "__main__":
    main()
