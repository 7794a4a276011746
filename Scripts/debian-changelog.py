#!/usr/bin/env python3
"""Prints debian/changelog as CHANGELOG.md has it: debian-changelog.py [VERSION]

A section under [Unreleased] becomes a version before the one in work, which SgloradRelease names, and after the newest release,
with the time of the newest commit: 0.2.0~git20261127102500. VERSION names it otherwise.
"""

import datetime
import email.utils
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
MAINTAINER = "The sglorad authors <maintainers@sglorad.io>"


def bullets(section):
    """The section's items, one a line: their first sentence, which says what changed."""
    items = re.split(r"^- ", re.sub(r"^### .*$", "", section, flags=re.M), flags=re.M)[1:]
    texts = [" ".join(item.split()).replace("`", "").replace("**", "") for item in items]
    return [re.split(r"(?<=[.:]) (?=[A-Z`])", text)[0].rstrip(":.") for text in texts]


def wrapped(text):
    lines, line = [], "  *"
    for word in text.split():
        if len(line) + 1 + len(word) > 79:
            lines.append(line)
            line = "   "
        line += " " + word
    return "\n".join(lines + [line])


def version_in_work():
    found = re.search(r'version = "([^"]+)"', (ROOT / "Sources/ErrorModel/SgloradRelease.swift").read_text())
    if not found:
        raise SystemExit("changelog: Sources/ErrorModel/SgloradRelease.swift names no version")
    return found[1]


def main():
    parts = re.split(r"^## \[([^\]]+)\](?: - (\S+))?\n", (ROOT / "CHANGELOG.md").read_text(), flags=re.M)[1:]
    sections = list(zip(parts[0::3], parts[1::3], parts[2::3]))
    newest = next(version for version, date, _ in sections if date)
    for version, date, text in sections:
        items = bullets(text)
        if not items:
            continue
        if date:
            when = datetime.datetime.fromisoformat(f"{date}T12:00:00+00:00")
        else:
            log = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True)
            if not log.stdout.strip():
                raise SystemExit("changelog: CHANGELOG.md has unreleased changes, and there is no git to date them")
            when = datetime.datetime.fromtimestamp(int(log.stdout), datetime.timezone.utc)
            version = version_in_work()
            if version == newest:
                raise SystemExit(f"changelog: {newest} is released; give SgloradRelease.version the next one")
            version = f"{version}~git{when:%Y%m%d%H%M%S}"
        if len(sys.argv) > 1 and version != newest:
            version = sys.argv[1]
        print(f"sglorad ({version}) {'unstable' if date else 'UNRELEASED'}; urgency=medium\n")
        print("\n".join(map(wrapped, items)))
        print(f"\n -- {MAINTAINER}  {email.utils.format_datetime(when)}\n")


main()
