#!/usr/bin/env python3
"""Opens pages in a headless Chromium and holds them against what pages must be.

    scripts/prove-pages.py BROWSER FOLDER ADDRESS [PATH...]

Each page is opened at 375 and 1280 pixels, bright and dark, and printed. It must say nothing in the console, be no wider than the
window, have texts with a contrast of at least 4.5 to 1 on their grounds, headings in order, names for all fields, tables and
drawings, and targets of at least 24 pixels for fingers. Drawings of the pages go into FOLDER.
"""
import re
import sys

from page_browser import Browser

# Contrast: WCAG 2.2, 1.4.3; large text needs 3 to 1. Colours of the page are opaque or lie on their parents' grounds.
CONTRAST = r"""
(() => {
  const parse = text => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n };
  const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
  const light = colour => colour.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = element => {
    let layers = [];
    for (let e = element; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor); layers.push(c); if (c[3] === 1) break }
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    return layers.reverse().reduce((below, top) => over(top, below), dark ? [0, 0, 0, 1] : [255, 255, 255, 1]) };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
    if (!text || ['OPTION', 'STYLE', 'TITLE', 'DESC'].includes(element.tagName.toUpperCase())) continue;
    const box = element.getBoundingClientRect();
    if (!box.width || !box.height || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), svg = element.closest('svg');
    const under = ground(svg ? svg.parentElement : element), ink = over(parse(svg ? style.fill : style.color), under);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x), ratio = (a + .05) / (b + .05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)} "${text.slice(0, 30)}" in ${element.tagName}.${element.className}`) }
  return poor })()
"""

STRUCTURE = r"""
(() => {
  const faults = [];
  let level = 0;
  for (const heading of document.querySelectorAll('h1,h2,h3,h4')) {
    const own = +heading.tagName[1];
    if (own > level + 1) faults.push(`${heading.tagName} "${heading.textContent.slice(0, 30)}" after H${level}`);
    level = own }
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one H1');
  if (!document.documentElement.lang || !document.title) faults.push('no language or title');
  for (const field of document.querySelectorAll('input:not([type=hidden]),select,textarea'))
    if (!field.labels || !field.labels.length) faults.push(`a field without a label: ${field.name}`);
  for (const table of document.querySelectorAll('table')) {
    if (!table.caption || !table.caption.textContent.trim()) faults.push('a table without a caption');
    for (const head of table.querySelectorAll('th')) if (!head.scope) faults.push('a head without a scope') }
  for (const drawing of document.querySelectorAll('svg[role=img]'))
    if (!(drawing.getAttribute('aria-labelledby') || '').split(' ').every(id => document.getElementById(id))) faults.push('a drawing without a name');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  for (const id of new Set(ids)) if (ids.filter(i => i === id).length > 1) faults.push(`two elements are called ${id}`);
  for (const link of document.querySelectorAll('a[href]')) {
    if (!link.textContent.trim() && !link.getAttribute('aria-label')) faults.push('a link without words');
    if (link.hash && link.pathname === location.pathname && !document.getElementById(decodeURIComponent(link.hash.slice(1))))
      faults.push(`nothing is called ${link.hash}`) }
  if (document.scripts.length) faults.push('a script');
  return faults })()
"""

WIDEST = r"""
[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll,pre,select'))
  .slice(0, 3).map(e => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`)
"""

SMALL = r"""
[...document.querySelectorAll('button,select,.button,input:not([type=hidden])')].filter(e => e.checkVisibility())
  .filter(e => { const b = (e.labels && e.type === 'radio' ? e.labels[0] : e).getBoundingClientRect(); return b.height < 24 || b.width < 24 })
  .map(e => e.name || e.textContent)
"""


def main():
    program, folder, address = sys.argv[1:4]
    browser = Browser(program)
    faults = 0

    def expect(what, found):
        nonlocal faults
        if found:
            faults += 1
            print(f"FAIL   {what}: {found if isinstance(found, str) else '; '.join(map(str, found))}")

    try:
        for path in sys.argv[4:]:
            name = path.replace("index.html", "").replace(".html", "").strip("/")
            name = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-") or "home"
            for width in [375, 1280]:
                for dark in [False, True]:
                    label = f"{name}-{width}{'-dark' if dark else ''}"
                    browser.open(address + path, width, dark=dark)
                    wide = browser.evaluate("document.documentElement.scrollWidth")
                    # A page that says what is wrong comes with status 400, of which the browser makes an error.
                    said = [text for text in browser.complaints if not ("=wrong" in path and "status of 400" in text)]
                    expect(f"{label} says", said)
                    expect(f"{label} is {wide} pixels wide", browser.evaluate(WIDEST) or "" if wide > width else "")
                    expect(f"{label} overflows", f"{wide}" if wide > width else "")
                    expect(f"{label} has poor contrast", browser.evaluate(CONTRAST)[:4])
                    expect(f"{label} is out of order", browser.evaluate(STRUCTURE))
                    expect(f"{label} has small targets", browser.evaluate(SMALL))
                    browser.draw(f"{folder}/{label}.png")
            size = browser.print(f"{folder}/{name}.pdf")
            expect(f"{name} prints", "" if size > 1000 else f"{size} bytes")
            browser.open(address + path, 1000, media="print")
            browser.draw(f"{folder}/{name}-print.png")
            print(f"ok     {path}" if not faults else f"       {path}")
    finally:
        browser.close()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
