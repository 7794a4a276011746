"""sglorad(8), sglorad-ctl(1) and a page for each of its subcommands, from what the programs themselves say."""

import json
import re
import subprocess

import sections
from mdoc import Page, escaped


def described(program):
    """The program's commands, as argument-parser describes them."""
    found = json.loads(subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True).stdout)
    if found["serializationVersion"] != 0:
        raise SystemExit(f"manuals: {program} describes itself in a form that is not known here")
    return found["command"]


def version(program):
    return subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.strip()


def subcommands(command):
    return [c for c in command.get("subcommands", []) if c.get("shouldDisplay", True) and c["commandName"] != "help"]


def split(discussion):
    """A discussion as its paragraphs, its examples, and the statuses that it says the program exits with."""
    blocks, examples, statuses = [], [], []
    for block in re.split(r"\n\s*\n", discussion or ""):
        lines = block.split("\n")
        if not block.strip():
            continue
        if all(line.startswith("  ") for line in lines):
            examples.append("\n".join(line[2:] for line in lines))
        elif block.startswith("Exit status: "):
            words = " ".join(block.removeprefix("Exit status: ").split()).rstrip(".")
            statuses = re.findall(r"(\d+) (.*?)(?:, (?=\d)|$)", words)
        else:
            blocks.append(block)
    return blocks, examples, statuses


def flag(name):
    return "Fl " + ("\\-" if name["kind"] == "long" else "") + escaped(name["name"])


def value(argument):
    return f"Ar {escaped(argument.get('valueName', 'value'))}"


def synopsis(page, full, command):
    page.heading("SYNOPSIS")
    page.macro(f'.Nm "{escaped(full)}"')
    children = subcommands(command)
    if children:
        page.macro(".Ar subcommand")
    for argument in arguments(command):
        if argument["kind"] == "positional":
            word = value(argument) + (" ..." if argument["isRepeating"] else "")
        else:
            word = flag(argument["preferredName"])
            if argument["kind"] == "option":
                word += " " + value(argument)
        page.macro(f".Op {word}" if argument["isOptional"] else f".{word}")


def arguments(command):
    return [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)]


def options(page, command):
    items = []
    for argument in arguments(command):
        blocks = [argument.get("abstract", "")]
        if argument.get("discussion"):
            blocks += split(argument["discussion"])[0]
        if argument.get("allValues"):
            described_values = argument.get("allValueDescriptions") or {}
            words = [f"`{v}`" + (f" ({described_values[v]})" if v in described_values else "") for v in argument["allValues"]]
            blocks[0] += " One of " + ", ".join(words) + "."
        if argument.get("defaultValue"):
            blocks[0] += f" The default is `{argument['defaultValue']}`."
        if argument["kind"] == "positional":
            tag = value(argument) + (" ..." if argument["isRepeating"] else "")
        else:
            names = sorted(argument["names"], key=lambda n: n["kind"] != "short")
            tag = " , ".join(flag(n) for n in names) + (" " + value(argument) if argument["kind"] == "option" else "")
        items.append((tag, [b for b in blocks if b.strip()]))
    if items:
        page.tagged(items)


def control_pages(program, date):
    """sglorad-ctl(1) and all below it."""
    root = described(program)
    statuses = split(root.get("discussion"))[2]
    if not statuses:
        raise SystemExit("manuals: the help of sglorad-ctl does not say 'Exit status: …', which all pages need")
    pages = []

    def add(command, above, siblings):
        words = above + [command["commandName"]]
        name, full = "-".join(words), " ".join(words)
        page = Page(name, 1, command["abstract"], date, f"'{full} --help'")
        blocks, examples, _ = split(command.get("discussion"))
        synopsis(page, full, command)
        page.heading("DESCRIPTION")
        page.paragraphs(blocks or [command["abstract"]])
        children = subcommands(command)
        if children:
            page.macro(".Pp")
            page.text("These are its subcommands; each has a manual page of its own.")
            page.tagged([(f"Xr {name}-{c['commandName']} 1", [c["abstract"]]) for c in children])
            page.macro(".Pp")
            page.text("Options:")
        else:
            page.macro(".Pp")
            page.text("Arguments and options:")
        options(page, command)
        names = {n["name"] for a in arguments(command) for n in a.get("names", [])}
        variables = [v for v in sections.VARIABLES if not above or v[1] in names]
        if variables:
            page.heading("ENVIRONMENT")
            page.tagged([(f"Ev {v}", [text]) for v, _, text in variables])
        page.heading("EXIT STATUS")
        page.tagged([(code, [meaning[0].upper() + meaning[1:] + "."]) for code, meaning in statuses])
        if examples:
            page.heading("EXAMPLES")
            for example in examples:
                page.literal(example)
        see = [("-".join(above), 1)] if above else [("sglorad", 8), ("sglorad.yaml", 5), ("io.sglorad", 7)]
        see += [(name + "-" + c["commandName"], 1) for c in children]
        if len(above) == 2:
            see += [("-".join(above + [s["commandName"]]), 1) for s in siblings]
        said = command.get("discussion", "") + " ".join(a.get("abstract", "") for a in arguments(command))
        see += [("-".join(["sglorad-ctl"] + found.split()), 1)
                for found in re.findall(r"'sglorad-ctl ((?:[a-z]+ ?){1,2})", said) if found.strip() in known]
        if re.search(r"\b(cache|queue|privacy|spool|limits|encoder)\.[a-z]+[A-Z]", said):
            see.append(("sglorad.yaml", 5))
        page.references(see)
        pages.append(page)
        for child in children:
            add(child, words, children)

    known = {" ".join(path) for path in paths(root)}
    add(root, [], [])
    return pages


def paths(command, above=()):
    """The words of every subcommand, without the program's name."""
    for child in subcommands(command):
        yield (*above, child["commandName"])
        yield from paths(child, (*above, child["commandName"]))


def daemon_page(program, date):
    """sglorad(8): the command that runs by default, and what the program itself cannot say."""
    root = described(program)
    (serve,) = subcommands(root)
    page = Page("sglorad", 8, root["abstract"], date, "'sglorad serve --help'")
    synopsis(page, "sglorad", serve)
    page.heading("DESCRIPTION")
    page.paragraphs([sections.DAEMON] + split(serve.get("discussion"))[0])
    page.macro(".Pp")
    page.text("Options:")
    options(page, serve)
    for title, content in sections.DAEMON_SECTIONS:
        page.heading(title)
        if isinstance(content, str):
            page.literal(content)
        else:
            page.tagged(content)
    page.references([("sglorad-ctl", 1), ("sglorad.yaml", 5), ("io.sglorad", 7), ("systemctl", 1)])
    return page
