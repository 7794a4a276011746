"""Counts what six operations of the daemon cost, and compares with the thresholds in git: counts.py --help.

Instructions (callgrind), system calls and flushes to the disk (strace), allocations (a preload): no times, so that a busy
machine changes nothing. Each figure is the smallest of some rounds, since work beside the operation only adds.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from client import Daemon
from instruments import Allocations, Instructions, SystemCalls, fixed_kernels, missing

TEXT = "match definitions of lizards and snakes to their names"

# How far a figure may lie above its threshold: several times the spread of repeated runs on one machine
# (docs/performance.md), which comes from threads that wait more or less often and from work beside the operation, and room for
# another machine's C library and kernel. `slack` is in units of the figure.
TOLERANCE = {"instructions": (0.05, 1e6), "system calls": (0.15, 10), "flushes": (0, 1.5), "allocations": (0.08, 200),
             "allocated bytes": (0.08, 131_072)}


def prepared(binaries, model, example, state):
    """A state with the example library and its generator, which every instrument starts from."""
    daemon = Daemon(binaries, state, model, environment=fixed_kernels())
    environment = os.environ | {"SGLORAD_SOCKET": daemon.socket}
    for arguments in (["expert", "import", *sorted(map(str, Path(example, "experts").iterdir()))],
                      ["generator", "import", f"{example}/generator.safetensors"]):
        subprocess.run([f"{binaries}/sglorad-ctl", *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    daemon.stop()


def measure(instrument, binaries, model, example, original, work, rounds):
    """{operation: {figure: [value of each round]}} by one instrument."""
    found = {}

    def note(operation, figures, share):
        for name, value in figures.items():
            found.setdefault(operation, {}).setdefault(name, []).append(value / share)

    def copy(name):
        state = f"{work}/{name}"
        shutil.copytree(original, state, symlinks=True)
        return state

    number = 0
    expert = f"{example}/experts/wn-fish"

    def request(client):
        nonlocal number
        number += 1
        client.call("Request", intent={"text": TEXT, "seed": number})

    def import_expert(client):
        nonlocal number
        number += 1
        client.import_expert(expert, f"counted-{number}")

    operations = {
        "encode a short text": lambda client: client.call("Encode", texts=[TEXT]),
        "explain": lambda client: client.call("Explain", text=TEXT),
        "status": lambda client: client.call("Status"),
        "warm request": request,
        "import of an expert": import_expert,
    }
    for index in range(instrument.starts):
        state = copy(f"{type(instrument).__name__}-{index}")
        daemon = instrument.start(binaries, state, model)
        try:
            note("start to the first answer", instrument.read(), 1)
            if index:
                continue
            for name, operation in operations.items():
                operation(daemon.client)
                instrument.read()
                for _ in range(rounds):
                    for _ in range(instrument.times):
                        operation(daemon.client)
                    note(name, instrument.read(), instrument.times)
        finally:
            instrument.stop()
    return found


def compare(figures, path, record):
    """Prints every figure beside its threshold; the names of those that are too high."""
    thresholds = json.loads(path.read_text()) if path.exists() else {}
    high = []
    print(f"{'operation':28}{'figure':18}{'counted':>14}{'threshold':>14}   change")
    for operation, by_name in figures.items():
        for name, value in by_name.items():
            threshold = thresholds.get(operation, {}).get(name)
            line = f"{operation:28}{name:18}{value:14,.1f}"
            if threshold is None:
                print(f"{line}{'-':>14}   new")
                high.append(f"{operation}: {name} has no threshold")
                continue
            share, slack = TOLERANCE[name]
            change = f"{100 * (value / threshold - 1):+.1f} %" if threshold else f"{value - threshold:+.1f}"
            allowed = max(threshold * share, slack)
            if value > threshold + allowed:
                change += "   TOO HIGH"
                high.append(f"{operation}: {name} {value:,.1f}, at most {threshold + allowed:,.1f} allowed")
            elif value < threshold - allowed:
                change += "   lower: record it"
            print(f"{line}{threshold:14,.1f}   {change}")
    if record:
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(figures, indent=2) + "\n")
        print(f"\nrecorded in {path}")
        return []
    return high


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", type=os.path.abspath, help="folder of sglorad and sglorad-ctl")
    parser.add_argument("model", type=os.path.abspath, help="folder of the text encoder")
    parser.add_argument("thresholds", type=Path, help="file to compare with")
    parser.add_argument("--record", action="store_true", help="write the thresholds instead of comparing")
    parser.add_argument("--rounds", type=int, default=4, help="rounds of each operation; the smallest figure counts")
    parser.add_argument("--only", help="allocations, systemcalls or instructions")
    parser.add_argument("--spread", action="store_true", help="also print every round's figure")
    arguments = parser.parse_args()
    if absent := missing():
        sys.exit(f"counts: needs {', '.join(absent)}; run Scripts/setup.sh counts")
    if not arguments.record and not arguments.thresholds.exists():
        sys.exit(f"counts: there are no thresholds in {arguments.thresholds}; record them with --record")
    example = Path(__file__).resolve().parents[2] / "Examples/minilm-zoo"
    work = tempfile.mkdtemp(prefix="sglorad-counts-")
    try:
        for library in ("allocations", "dump"):
            source = Path(__file__).with_name(f"{library}.c")
            subprocess.run(["clang", "-shared", "-fPIC", "-O2", "-o", f"{work}/lib{library}.so", source], check=True)
        original = f"{work}/original"
        prepared(arguments.binaries, arguments.model, example, original)
        figures = {}
        for kind in (Allocations, SystemCalls, Instructions):
            if arguments.only not in (None, kind.__name__.lower()):
                continue
            rounds = measure(kind(work, work), arguments.binaries, arguments.model, example, original, work,
                             arguments.rounds)
            for operation, by_name in rounds.items():
                for name, values in by_name.items():
                    figures.setdefault(operation, {})[name] = min(values)
                    if arguments.spread:
                        print(f"{operation}, {name}: {', '.join(f'{v:,.1f}' for v in values)}", flush=True)
        if high := compare(figures, arguments.thresholds, arguments.record):
            sys.exit("\n" + "\n".join(high) + "\n\nIf this is meant, record it with: SGLORAD_RECORD=1 make counts")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
