#!/usr/bin/env python3
"""Makes the fixture of a state directory as the daemon of this version leaves it after a crash, for PreviousStateTests.

    make-state-fixture.py BINARIES MODEL FOLDER

writes FOLDER/state-VERSION.tar.gz (the state directory and the spool) and FOLDER/state-VERSION.json (what is in them). Run it as
root, because the files belong to their users, once for each release: see CONTRIBUTING.md. Standard library only.
"""
import gzip
import hashlib
import io
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tarfile
import tempfile
import time

EXPERTS = {
    "birds": "match definitions of birds to their names",
    "banking": "route questions about bank accounts and cards",
    "travel": "route requests about travel bookings",
    "music": "answer questions about songs and composers",
}
# What the next version must still find, whatever it is called: nothing is erased by age during the tests.
CONFIGURATION = "queue:\n  keepRequests: 3650d\nprivacy:\n  keepLabels: 3650d\n"


def write_safetensors(path, tensors):
    header, body, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(tensors):
        shape, values = tensors[name]
        data = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
        body.append(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(body))


def make_experts(folder):
    """Four tiny experts of one initialisation, each with two checkpoints."""
    source = random.Random(7)
    start = [[source.gauss(0, 0.5) for _ in range(2 * 8)] for _ in range(2)]
    config = {
        "peft_type": "LORA", "base_model_name_or_path": "tiny", "r": 2, "lora_alpha": 4, "target_modules": ["query"],
        "bias": "none", "lora_dropout": 0.0, "task_type": None, "fan_in_fan_out": False, "inference_mode": True,
    }
    for name, description in EXPERTS.items():
        for part in ["", "checkpoint-1", "checkpoint-2"]:
            place = folder / name / part
            place.mkdir(parents=True, exist_ok=True)
            tensors = {}
            for layer in range(2):
                site = f"base_model.model.encoder.layer.{layer}.attention.self.query"
                for matrix, shape, mean in [("lora_A", [2, 8], start[layer]), ("lora_B", [8, 2], [0.0] * 16)]:
                    tensors[f"{site}.{matrix}.weight"] = (shape, [m + source.gauss(0, 0.1) for m in mean])
            write_safetensors(place / "adapter_model.safetensors", tensors)
            (place / "adapter_config.json").write_text(json.dumps(config))
        (folder / name / "expert.json").write_text(json.dumps({"name": name, "description": description}))


class Daemon:
    def __init__(self, binaries, model, work):
        self.binaries, self.work = binaries, work
        self.state, self.spool, self.socket = work / "state", work / "spool", work / "socket"
        self.spool.mkdir()
        (work / "config.yaml").write_text(CONFIGURATION)
        with open(work / "log", "wb") as log:
            self.process = subprocess.Popen(
                [binaries / "sglorad", "--state-dir", self.state, "--spool", self.spool, "--socket", self.socket,
                 "--model", model, "--config", work / "config.yaml"], stderr=log)
        self.until("the daemon to serve", lambda: self.control("status", check=False) is not None)

    def until(self, what, condition):
        for _ in range(600):
            if condition():
                return
            if self.process.poll() is not None:
                sys.exit(f"the daemon ended: {(self.work / 'log').read_text()}")
            time.sleep(0.1)
        sys.exit(f"waited in vain for {what}")

    def control(self, *arguments, check=True):
        """The JSON that `sglorad-ctl` prints; None where it fails and need not succeed."""
        done = subprocess.run(
            [self.binaries / "sglorad-ctl", *map(str, arguments), "--json"], capture_output=True, text=True,
            env={**os.environ, "SGLORAD_SOCKET": str(self.socket)})
        if done.returncode and check:
            sys.exit(f"{arguments}: {done.stdout}{done.stderr}")
        return None if done.returncode else json.loads(done.stdout or "null")

    def drop(self, name, content, within="new"):
        (self.spool / "tmp" / name).write_text(content)
        (self.spool / "tmp" / name).rename(self.spool / within / name)


class Connection:
    """A varlink connection on which calls do not wait for the replies of earlier ones."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.rest = b""

    def send(self, *calls):
        messages = [json.dumps({"method": f"io.sglorad.{name}", "parameters": p}).encode() for name, p in calls]
        self.socket.sendall(b"".join(message + b"\0" for message in messages))

    def reply(self):
        while b"\0" not in self.rest:
            received = self.socket.recv(65536)
            if not received:
                sys.exit("the daemon closed the connection")
            self.rest += received
        message, self.rest = self.rest.split(b"\0", 1)
        reply = json.loads(message)
        if "error" in reply:
            sys.exit(f"refused: {reply}")
        return reply["parameters"]


def long_text(number):
    return f"open request number {number} about cards, birds, trips and songs. " * 12


def flood(connection, count, first):
    """Submits long intents faster than they can be answered; returns their IDs."""
    connection.send(*[
        ("Submit", {"intent": {"text": long_text(first + n), "seed": first + n, "force": True}}) for n in range(count)
    ])
    return [connection.reply()["requestId"] for _ in range(count)]


def fill(daemon):
    """Makes one of everything, and kills the daemon in the middle of its work; returns what only the caller can know."""
    experts = daemon.work / "experts"
    make_experts(experts)
    daemon.control("expert", "import", *sorted(experts.iterdir()))
    daemon.control("generator", "train", "--steps", 20)
    daemon.control("base", "rename", "tiny", "small")

    def ask(text, seed, *options):
        return daemon.control("request", text, "--seed", seed, *options)

    pinned = ask("book me a flight to Lisbon", 1, "--label", "holiday")["adapter"]["adapterId"]
    daemon.control("adapter", "pin", pinned)
    ask("what bird is this", 2, "--strategy", "weighted", "--label", "garden, \u00fcber & <b>bold</b>")
    ask("who composed this song", 3, "--strategy", "nearest", "--force")
    ask("songs of birds", 4, "--strategy", "mean", "--force", "--label", "holiday")
    daemon.control("request", "qwxz vbnm plok jhgf", "--seed", 5, "--label", "nonsense", check=False)
    key = {"key": "a key of 0.2.0", "text": "asked twice", "seed": 6}
    key["request"] = ask(key["text"], key["seed"], "--force", "--idempotency-key", key["key"])["request"]["requestId"]
    removed = ask("to be removed", 7, "--force")["adapter"]["adapterId"]
    daemon.control("adapter", "remove", removed)

    daemon.drop("train.json", json.dumps({"text": "route my train booking", "seed": 8, "label": "rail", "force": True}))
    daemon.drop("bad.json", json.dumps({"no": "intent"}))
    daemon.until("the spool's results", lambda: len(list((daemon.spool / "done").glob("*/*.json"))) == 2)
    forgotten = ask("to be erased", 9, "--force")["request"]["requestId"]
    daemon.control("forget", forgotten)

    connection = Connection(daemon.socket)
    for request in reversed(flood(connection, 20, 100)):
        connection.send(("CancelRequest", {"requestId": request}))
        if connection.reply()["request"]["state"] == "cancelled":
            break
    daemon.until("the first flood to be answered", lambda: not daemon.control("queue", "list", "--state", "queued")["requests"])

    for kind in ["expert", "generator"]:
        (daemon.work / f"{kind}.json").write_text(json.dumps(daemon.control(kind, "list")))
    # Killed at once: some of these are answered, some running, some queued, and adapters are in the journal.
    flood(connection, 60, 200)
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.drop("waiting.json", json.dumps({"text": "waiting in the spool", "seed": 10, "force": True}))
    return {"keys": [key], "forgotten": [forgotten], "formerBases": ["tiny"]}


def rows(database, query):
    """Reads a copy of a database, since reading it moves its log."""
    with tempfile.TemporaryDirectory() as folder:
        for name in database.parent.glob(database.name + "*"):
            shutil.copy(name, folder)
        connection = sqlite3.connect(pathlib.Path(folder) / database.name)
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query)]


def describe(daemon, known):
    """What is in the state directory and the spool."""
    private = daemon.state / "private"
    listed = {kind: json.loads((daemon.work / f"{kind}.json").read_text()) for kind in ["expert", "generator"]}
    requests = rows(private / "queue.db", "SELECT id, state, label FROM request")
    adapters = []
    for row in rows(private / "cache.db", "SELECT id, label, isPinned AS pinned FROM adapter"):
        folder = next((daemon.state / "adapters").glob(f"*/{row['id']}"))
        files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}
        adapters.append({"id": row["id"], "digest": files["adapter_model.safetensors"], "label": row["label"],
                         "pinned": bool(row["pinned"]), "files": files})
    names = lambda path: sorted(file.name for file in (daemon.spool / path).iterdir())
    return {
        "version": subprocess.run([daemon.binaries / "sglorad-ctl", "--version"], capture_output=True, text=True,
                                  check=True).stdout.strip(),
        "adapters": sorted(adapters, key=lambda a: a["id"]),
        "experts": [{"name": e["name"], "digest": e["digest"]} for e in listed["expert"]["experts"]],
        "generators": [{"id": g["generatorId"], "state": g["state"]} for g in listed["generator"]["generators"]],
        "requests": sorted(requests, key=lambda r: r["id"]),
        "spool": {"waiting": names("new"), "done": names("done/0"), "rejected": names("rejected/0")},
        **known,
    }


def pack(daemon, path):
    """An archive without times, in a fixed order."""
    def clean(entry):
        entry.mtime, entry.uname, entry.gname = 0, "", ""
        return entry
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for top in ["state", "spool"]:
            for entry in [daemon.work / top, *sorted((daemon.work / top).rglob("*"))]:
                if entry.name.endswith("-shm"):  # made again from the log
                    continue
                archive.add(entry, str(entry.relative_to(daemon.work)), recursive=False, filter=clean)
    path.write_bytes(gzip.compress(plain.getvalue(), 9, mtime=0))


def main():
    if os.geteuid() != 0:
        sys.exit("Run this as root: the files of the fixture belong to root.")
    binaries, model, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:4])
    with tempfile.TemporaryDirectory(prefix="sglorad-fixture-") as work:
        daemon = Daemon(binaries, model, pathlib.Path(work))
        try:
            found = describe(daemon, fill(daemon))
        finally:
            daemon.process.kill()
            daemon.process.wait()
        states = {state: sum(r["state"] == state for r in found["requests"])
                  for state in sorted({r["state"] for r in found["requests"]})}
        for wanted in ["done", "refused", "cancelled", "queued"]:
            if not states.get(wanted):
                sys.exit(f"No request is {wanted} ({states}). Run it again: the daemon was too fast, or too slow.")
        name = f"state-{found['version']}"
        pack(daemon, folder / f"{name}.tar.gz")
        (folder / f"{name}.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        size = (folder / f"{name}.tar.gz").stat().st_size
        print(f"{folder / name}.tar.gz: {size:,} bytes; requests {states}, {len(found['adapters'])} adapters")


if __name__ == "__main__":
    main()
