"""sglorad.yaml(5), from docs/configuration.md, which a test holds against the keys and defaults of the code."""

import re

from mdoc import Page, escaped

EXAMPLE = """model: /usr/share/sglorad/all-MiniLM-L6-v2
logLevel: info
queue:
  perUser: 200
cache:
  maximumBytes: 8G
access:
  users: sglorad-users"""


def configuration_page(text, date):
    page = Page("sglorad.yaml", 5, "configuration of the sglorad daemon", date, "docs/configuration.md")
    page.heading("DESCRIPTION")
    fresh = True
    blocks = re.split(r"\n\s*\n", text.split("\n", 1)[1].strip())
    for block in blocks:
        if block.startswith("## "):
            page.subheading(block[3:])
            fresh = True
        elif block.startswith("| key |"):
            page.tagged([row(line) for line in block.split("\n")[2:]])
            fresh = True
        else:
            if not fresh:
                page.macro(".Pp")
            page.text(block)
            fresh = False
    page.heading("FILES")
    page.tagged([
        ("Pa /etc/sglorad/sglorad.yaml", ["What the packaged service reads."]),
        ("Pa /usr/share/doc/sglorad", ["The documents that are named here."]),
    ])
    page.heading("EXAMPLES")
    page.literal(EXAMPLE)
    page.references([("sglorad", 8), ("sglorad-ctl", 1), ("subuid", 5)])
    return page


def row(line):
    cells = [c.strip() for c in line.strip().strip("|").split(" | ")]
    if len(cells) != 4:
        raise SystemExit(f"manuals: docs/configuration.md has a row that is not key, type, default, meaning: {line}")
    key, kind, default, meaning = cells
    meaning = meaning[0].upper() + meaning[1:]
    if meaning[-1] not in ".!?":
        meaning += "."
    said = "No default." if default == "none" else f"Default: {default}."
    return f"Sy {escaped(key.strip('`'))}", [f"Value: {kind}. {said}", meaning]
