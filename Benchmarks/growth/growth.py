#!/usr/bin/env python3
"""Whether requests, imports, memory and starts stay as they are while a library grows.

    growth.py BIN MODEL ZOO [--experts 100,1000,3000] [--requests 200] [--adapters 0] [--json FILE]

BIN holds sglorad and sglorad-ctl, MODEL is the text encoder's folder, ZOO a folder of PEFT folders. Synthetic experts are
the zoo's last checkpoints with a little noise and a description of their own. They are imported through the command line;
at each size the script prints how long the last imports took, the median of warm requests and the resident memory. With
--adapters it makes so many adapters in the end, stops the daemon, and measures starts until the first adapter.
"""
import argparse
import glob
import json
import os
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "bench"), str(HERE.parent / "counts")]
from client import Client
from texts import INTENTS


class Zoo:
    """Makes synthetic experts: the zoo's adapters with noise, without their checkpoints."""

    def __init__(self, folder):
        self.adapters = []
        for path in sorted(glob.glob(folder + "/*")):
            with open(path + "/adapter_model.safetensors", "rb") as file:
                weights = file.read()
            with open(path + "/expert.json") as file:
                expert = json.load(file)
            self.adapters.append((path + "/adapter_config.json", weights, expert))

    def write(self, folder, number):
        config, weights, expert = self.adapters[number % len(self.adapters)]
        os.makedirs(folder)
        shutil.copy(config, folder + "/adapter_config.json")
        header, = struct.unpack("<Q", weights[:8])
        kind = next(v["dtype"] for k, v in json.loads(weights[8:8 + header]).items() if k != "__metadata__")
        data = bytearray(weights)
        noise = random.Random(number)
        # The lowest bits of the mantissas: another adapter, and nearly the same numbers.
        size = 4 if kind == "F32" else 2
        for _ in range(256):
            data[8 + header + size * noise.randrange((len(data) - 8 - header) // size)] ^= noise.randrange(1, 8)
        with open(folder + "/adapter_model.safetensors", "wb") as file:
            file.write(data)
        words = noise.sample(expert["description"].split(), k=min(6, len(expert["description"].split())))
        with open(folder + "/expert.json", "w") as file:
            json.dump({"name": f"{expert['name']}-{number:06d}",
                       "description": f"{expert['description']} ({' '.join(words)} {number})"[:900]}, file)


class Daemon:
    def __init__(self, binaries, model, state, sock):
        self.ctl, self.sock = binaries + "/sglorad-ctl", sock
        self.log = open(os.path.dirname(sock) + "/log", "a")
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [binaries + "/sglorad", "--state-dir", state, "--socket", sock, "--model", model],
            stdout=self.log, stderr=self.log)
        while not self.reached():
            if self.process.poll() is not None:
                sys.exit("the daemon has ended; see " + self.log.name)
            time.sleep(0.001)
        self.start = 1e3 * (time.perf_counter() - start)

    def reached(self):
        try:
            self.client = Client(self.sock)
            return True
        except OSError:
            return False

    def request(self, number):
        start = time.perf_counter()
        self.client.call("Request", intent={"text": INTENTS[number % len(INTENTS)], "seed": number, "force": True})
        return 1e3 * (time.perf_counter() - start)

    def load(self, folders):
        start = time.perf_counter()
        done = subprocess.run([self.ctl, "expert", "import", *folders], capture_output=True, text=True,
                              env=dict(os.environ, SGLORAD_SOCKET=self.sock))
        if done.returncode:
            sys.exit(done.stderr[-2000:])
        return time.perf_counter() - start

    def resident(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return {l.split(":")[0]: int(l.split()[1]) / 1024 for l in file if l.startswith(("VmRSS", "Rss"))}

    def stop(self):
        self.client.socket.close()
        self.process.terminate()
        self.process.wait()


def main():
    options = argparse.ArgumentParser()
    for name in ("binaries", "model", "zoo"):
        options.add_argument(name)
    options.add_argument("--experts", default="100,1000,3000")
    options.add_argument("--requests", type=int, default=200)
    options.add_argument("--adapters", type=int, default=0)
    options.add_argument("--starts", type=int, default=5)
    options.add_argument("--json")
    options = options.parse_args()
    place = tempfile.mkdtemp(prefix="growth-")
    zoo, results, made = Zoo(options.zoo), [], 0

    def tell(result):
        results.append(result)
        print(json.dumps(result), flush=True)

    try:
        daemon = Daemon(options.binaries, options.model, place + "/state", place + "/socket")
        for size in map(int, options.experts.split(",")):
            batches = []
            while made < size:
                some = range(made, min(made + 100, size))
                for number in some:
                    zoo.write(f"{place}/new/{number}", number)
                batches.append((len(some), daemon.load([f"{place}/new/{number}" for number in some])))
                shutil.rmtree(place + "/new")
                made = some.stop
            each = [1e3 * seconds / count for count, seconds in batches]
            first = daemon.request(0)
            for number in range(32):
                daemon.request(number)
            times = sorted(daemon.request(number) for number in range(options.requests))
            tell({"experts": size, "import_ms_each": round(statistics.median(each[-10:]), 2),
                  "import_s": round(sum(seconds for _, seconds in batches), 2),
                  "request_after_import_ms": round(first, 2), "request_p50_ms": round(statistics.median(times), 2),
                  "request_min_ms": round(times[0], 2), "resident_mb": daemon.resident()})
        for number in range(options.adapters):
            daemon.request(number)
        daemon.stop()
        for _ in range(options.starts if options.adapters else 0):
            start = time.perf_counter()
            daemon = Daemon(options.binaries, options.model, place + "/state", place + "/socket")
            daemon.request(7)
            tell({"adapters": options.adapters, "socket_ms": round(daemon.start, 1),
                  "first_adapter_ms": round(1e3 * (time.perf_counter() - start), 1),
                  "resident_mb": daemon.resident()})
            daemon.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)


main()
