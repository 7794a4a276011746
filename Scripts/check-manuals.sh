#!/bin/bash
# Checks the manuals and completions that 'make manuals' made: check-manuals.sh BINARIES MANUALS
#
# Every page is read by mandoc's lint and by man; every command, option, configuration key and member of the interface must be
# in the pages; man finds sglorad-ctl-request; and bash, zsh and fish complete at a prompt.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
binaries=$(realpath "$1")
manuals=$(realpath "$2")
"$here/Scripts/setup.sh" manuals
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    printf 'manuals: %s\n' "$@" >&2
    exit 1
}

# Below a warning, lint would have pages name no system of their own, and looks for other pages among the installed ones.
said=$(mandoc -Tlint -W warning "$manuals"/man/*/*.? 2>&1) || true
[[ -z "$said" ]] || fail "mandoc complains:" "$said"
export LC_ALL=C.UTF-8 MANPATH=$manuals/man MANWIDTH=100
for page in "$manuals"/man/*/*.?; do
    said=$(man --warnings --local-file "$page" 2>&1 >"$work/$(basename "$page").txt")
    [[ -z "$said" ]] || fail "man complains about $page:" "$said"
    while read -r name section; do
        [[ "$name" != sglorad* && "$name" != io.sglorad ]] || [[ -e "$manuals/man/man$section/$name.$section" ]] ||
            fail "$(basename "$page") refers to $name($section), which does not exist"
    done < <(sed -nE 's/^\.(It )?Xr ([^ ]+) ([0-9]).*/\2 \3/p' "$page")
done
man --where sglorad-ctl-request >/dev/null || fail "man does not find sglorad-ctl-request"
[[ $(man sglorad-ctl-request) == *'generate an adapter from an intent'* ]] || fail "man shows another page for sglorad-ctl-request"

python3 - "$binaries" "$here" "$work" <<'PYTHON'
import json, pathlib, re, subprocess, sys
binaries, here, pages = map(pathlib.Path, sys.argv[1:])
missing = []
count = 0

def demand(page, words):
    global count
    text = re.sub(r"\s+", " ", re.sub("\u2010\\s*", "", (pages / f"{page}.txt").read_text().replace("\u00ad", "")))
    for word in words:
        count += 1
        if word not in text:
            missing.append(f"{page}: {word}")

def visit(command, above):
    if not command.get("shouldDisplay", True) or command["commandName"] == "help":
        return
    words = above + [command["commandName"]]
    name = "-".join(words) + ".1"
    if not (pages / f"{name}.txt").exists():
        missing.append(f"there is no page {name}")
        return
    shown = [a for a in command.get("arguments", []) if a.get("shouldDisplay", True)]
    demand(name, [("--" if n["kind"] == "long" else "-") + n["name"] for a in shown for n in a.get("names", [])])
    for child in command.get("subcommands", []):
        visit(child, words)

dump = subprocess.run([binaries / "sglorad-ctl", "--experimental-dump-help"], check=True, capture_output=True).stdout
visit(json.loads(dump)["command"], [])
dump = subprocess.run([binaries / "sglorad", "--experimental-dump-help"], check=True, capture_output=True).stdout
for command in json.loads(dump)["command"]["subcommands"]:
    if command["commandName"] == "serve":
        demand("sglorad.8", ["--" + n["name"] for a in command["arguments"] for n in a["names"] if n["kind"] == "long"])
configuration = (here / "docs/configuration.md").read_text()
demand("sglorad.yaml.5", re.findall(r"^\| `([A-Za-z.]+)` \|", configuration, re.M))
interface = (here / "Sources/SgloradInterface/io.sglorad.varlink").read_text()
demand("io.sglorad.7", [f"{k} {n}" for k, n in re.findall(r"^(type|method|error) (\w+)", interface, re.M)])
if missing or count < 200:
    sys.exit("manuals: missing from the pages:\n    " + "\n    ".join(missing or ["nearly everything"]))
print(f"manuals: {count} options, keys and members are in {len(list(pages.glob('*.txt')))} pages")
PYTHON

PATH=$binaries:$PATH python3 "$here/Scripts/manuals/try_completions.py" "$manuals/completions" "$work"
