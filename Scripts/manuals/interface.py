"""io.sglorad(7), from the comments and members of io.sglorad.varlink."""

import re

from mdoc import Page, escaped


def interface_page(text, date):
    page = Page("io.sglorad", 7, "varlink interface of the sglorad daemon", date, "io.sglorad.varlink")
    head, body = text.split("interface io.sglorad\n", 1)
    page.heading("DESCRIPTION")
    page.text("The daemon serves this interface on `/run/sglorad/io.sglorad`, as described at https://varlink.org: each call "
              "is one JSON object, ended by a byte of 0.")
    # What the marks mean matters to the generator of bindings alone.
    for block in (b for b in comment(head.split("\n")) if "[private]" not in b):
        page.macro(".Pp")
        page.text(block)
    page.macro(".Pp")
    page.text("A question mark before a type means that the value may be left out; `[]` is a list, `[string]` a map. What "
              "follows `->` is the reply.")
    for part in re.split(r"\n\s*\n", body):
        lines = part.strip("\n").split("\n")
        if title := re.match(r"# == (.*) ==$", lines[0]):
            # Without the article, these two are sections of other manuals, with another meaning.
            name = title[1].upper()
            page.heading(("THE " if name in ("LIBRARY", "ERRORS") else "") + escaped(name))
            lines = lines[1:]
        if member := next((i for i, line in enumerate(lines) if re.match(r"(type|method|error) ", line)), None):
            show(page, comment(lines[:member]), lines[member:])
        elif lines and member == 0:
            show(page, [], lines)
    page.references([("sglorad", 8), ("sglorad-ctl", 1), ("sglorad.yaml", 5)])
    return page


def comment(lines):
    """Paragraphs of the comment; marks such as [private] are for the generator of bindings and are left out."""
    text = "\n".join(line.strip().lstrip("#").strip() for line in lines)
    text = re.sub(r"^\[(private|spool)\]$", "", text, flags=re.M)
    return [block for block in re.split(r"\n\s*\n", text) if block.strip()]


def show(page, blocks, lines):
    """One member: what it is, then its declaration with each field's comment as the field's text."""
    kind, name = re.match(r"(type|method|error) (\w+)", lines[0]).groups()
    page.subheading(f"{kind} {name}")
    page.paragraphs(blocks)
    plain = [line for line in lines if not line.strip().startswith("#")]
    if blocks:
        page.macro(".Pp")
    page.literal("\n".join(plain))
    fields, said = [], []
    for line in lines:
        stripped = line.strip()
        if stripped.startswith("#"):
            said.append(stripped)
            continue
        if (field := re.match(r"(\w+)(:|,|$)", stripped)) and said:
            fields.append((f"Fa {escaped(field[1])}", comment(said)))
        said = []
    if fields := [f for f in fields if f[1]]:
        page.tagged(fields)
