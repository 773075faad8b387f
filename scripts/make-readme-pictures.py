#!/usr/bin/env python3
"""Draws the pictures of the README: size against quality, from a report, light and dark.

usage: make-readme-pictures.py REPORT.html [FOLDER]

Needs chromium (CHROMIUM names another) and ImageMagick's convert, which reduces the colours: a picture takes less than 200 kB. FOLDER is
docs/images by default.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys

from page_browser import Browser

WIDTH, HEIGHT = 1000, 900
SECTION = "quality"
LARGEST = 200_000


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    report = pathlib.Path(sys.argv[1]).resolve()
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent.parent / "docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        sys.exit("make-readme-pictures: chromium is missing; set CHROMIUM to a browser")
    browser = Browser(program)
    for name, dark in [("report-light.png", False), ("report-dark.png", True)]:
        browser.open(report.as_uri(), WIDTH, HEIGHT, dark=dark)
        place = json.loads(browser.evaluate(f"JSON.stringify(document.getElementById('{SECTION}').getBoundingClientRect())"))
        clip = {key: place[key] for key in ["x", "y", "width", "height"]} | {"scale": 1}
        data = browser.call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)["data"]
        picture = folder / name
        picture.write_bytes(base64.b64decode(data))
        subprocess.run(["convert", picture, "-strip", "+dither", "-colors", "96", f"PNG8:{picture}"], check=True)
        size = picture.stat().st_size
        print(f"{picture}: {size} bytes")
        if size > LARGEST:
            sys.exit(f"make-readme-pictures: {picture} has more than {LARGEST} bytes")


if __name__ == "__main__":
    main()
