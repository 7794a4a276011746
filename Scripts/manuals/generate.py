#!/usr/bin/env python3
"""Writes the manuals and the shells' completions from the programs: generate.py BINARIES OUTPUT

OUTPUT becomes man/manN/PAGE.N and completions/{bash,zsh,fish}. Pages carry the date of SOURCE_DATE_EPOCH (seconds since
1970); without it that of the newest commit, or else of the newest release in CHANGELOG.md.
"""

import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys

import commands
import configuration
import interface
import mdoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPLETIONS = (("bash", "{}"), ("zsh", "_{}"), ("fish", "{}.fish"))


def date():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        log = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True)
        epoch = log.stdout.strip()
    if epoch:
        return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).date()
    released = re.search(r"^## \[[^\]]+\] - (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    return datetime.date.fromisoformat(released[1])


def main():
    binaries, output = map(pathlib.Path, sys.argv[1:3])
    daemon, control = binaries.resolve() / "sglorad", binaries.resolve() / "sglorad-ctl"
    for program in (daemon, control):
        if not program.exists():
            raise SystemExit(f"manuals: there is no {program}; run: make build")
    day = date()
    mdoc.Page.release = commands.version(control)
    pages = commands.control_pages(control, day)
    pages.append(commands.daemon_page(daemon, day))
    pages.append(configuration.configuration_page((ROOT / "docs/configuration.md").read_text(), day))
    definition = (ROOT / "Sources/SgloradInterface/io.sglorad.varlink").read_text()
    pages.append(interface.interface_page(definition, day))

    shutil.rmtree(output, ignore_errors=True)
    for page in pages:
        folder = output / "man" / f"man{page.section}"
        folder.mkdir(parents=True, exist_ok=True)
        page.write(folder)
    for shell, pattern in COMPLETIONS:
        folder = output / "completions" / shell
        folder.mkdir(parents=True)
        for program in (daemon, control):
            script = subprocess.run([program, "--generate-completion-script", shell], check=True, capture_output=True)
            # They are sourced, not run.
            text = re.sub(rb"\A#!.*\n", b"", script.stdout)
            (folder / pattern.format(program.name)).write_bytes(text)
    print(f"manuals: {len(pages)} pages and the completions of {len(COMPLETIONS)} shells in {output}")


main()
