"""Writes mdoc(7), the language of manual pages, so that mandoc's lint finds nothing to say about it."""

import re
import textwrap

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")


def escaped(text):
    """The text with everything that roff would read as its own language escaped, and only ASCII in it."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "".join(c if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text)


def inline(text):
    """A run of Markdown's inline text: code and strong words become bold, links become what they are called."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"(`[^`]+`|\*\*[^*]+\*\*)", text)
    shown = []
    for part in parts:
        if part.startswith("`"):
            shown.append("\\fB" + escaped(part[1:-1]).replace(" ", "\\ ") + "\\fR")
        elif part.startswith("**"):
            shown.append("\\fB" + escaped(part[2:-2]) + "\\fR")
        else:
            # A hyphen inside a word is a hyphen; only what is typed needs the minus sign.
            shown.append(re.sub(r"(?<=\w)\\-(?=\w)", "-", escaped(part)))
    return "".join(shown)


class Page:
    """One manual page; release is the version in every page's footer."""

    release = ""

    def __init__(self, name, section, about, date, source):
        self.name = name
        self.section = section
        self.lines = [
            f'.\\" Generated from {source} by make manuals; do not edit.',
            f".Dd {MONTHS[date.month - 1]} {date.day}, {date.year}",
            f".Dt {name.upper()} {section}",
            f'.Os "sglorad {self.release}"',
        ]
        self.heading("NAME")
        self.lines += [f".Nm {escaped(name)}", f".Nd {inline(about[0].lower() + about[1:].rstrip('.'))}"]

    def heading(self, title):
        self.lines.append(f".Sh {title}")

    def subheading(self, title):
        self.lines.append(f".Ss {inline(title)}")

    def macro(self, line):
        self.lines.append(line)

    def text(self, markdown):
        """A paragraph's text: each sentence begins a line, and no line is longer than lint likes."""
        for sentence in re.split(r"(?<=[.!?])\s+(?=\S)", " ".join(markdown.split())):
            for line in textwrap.wrap(inline(sentence), 78, break_long_words=False, break_on_hyphens=False):
                self.lines.append("\\&" + line if line[0] in ".'" else line)

    def paragraphs(self, blocks):
        for index, block in enumerate(blocks):
            if index:
                self.lines.append(".Pp")
            self.text(block)

    def literal(self, text):
        if self.lines[-1] == ".Pp":
            self.lines.pop()
        self.lines.append(".Bd -literal -offset indent")
        for line in text.split("\n"):
            line = escaped(line)
            self.lines.append("\\&" + line if line[:1] in (".", "'") else line)
        self.lines.append(".Ed")

    def tagged(self, items, width="Ds"):
        """A list of (macro line after .It, blocks of text)."""
        self.lines.append(f".Bl -tag -width {width}")
        for tag, blocks in items:
            self.lines.append(f".It {tag}")
            self.paragraphs(blocks)
        self.lines.append(".El")

    def references(self, names):
        """SEE ALSO: names as (page, section), in the order that lint wants."""
        self.heading("SEE ALSO")
        wanted = sorted({n for n in names if n != (self.name, self.section)}, key=lambda n: (n[1], n[0]))
        for index, (page, section) in enumerate(wanted):
            self.lines.append(f".Xr {page} {section}" + (" ," if index < len(wanted) - 1 else ""))

    def write(self, folder):
        (folder / f"{self.name}.{self.section}").write_text("\n".join(self.lines) + "\n", encoding="ascii")
