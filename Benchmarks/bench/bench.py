"""The product beside what a user would pick instead, in one run on one machine: bench.py --help.

Every comparison takes turns, so that a change of the machine's pace meets both sides. Prints each figure as it is measured, then
the table; with --markdown also writes it to a file.
"""
import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "counts")]
import texts
from client import Daemon
from rows import Row, table

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def say(text):
    print(text, flush=True)


class Bench:
    """What the rows share: paths, the imported library, the load client."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.work = tempfile.mkdtemp(prefix="sglorad-bench-", dir=arguments.work)
        self.rows = []
        self.state = f"{self.work}/state"
        self.peer = Path(arguments.shared, "bench/peer_pipeline.py")
        zoo = Path(arguments.shared, "zoo")
        self.zoo = zoo if zoo.is_dir() else HERE.parents[1] / "Examples/minilm-zoo/experts"
        self.experts = sorted(map(str, self.zoo.iterdir()))
        if not self.peer.exists():
            say(f"bench: {self.peer} is missing; the rows that compare with the Python peer are left out")
        self.load_program = f"{self.work}/load"
        subprocess.run(["clang", "-O2", "-o", self.load_program, HERE / "load.c"], check=True)

    def row(self, name, value, unit, goal, low=True, detail=""):
        row = Row(name, value, unit, goal, low, detail)
        self.rows.append(row)
        say(row.line())

    # The product

    def daemon(self):
        return Daemon(self.arguments.binaries, self.state, self.arguments.model)

    def ctl(self, daemon, *words, **options):
        environment = os.environ | {"SGLORAD_SOCKET": daemon.socket}
        return subprocess.run([f"{self.arguments.binaries}/sglorad-ctl", *words], env=environment, check=True, **options)

    def messages(self, name, lines):
        path = f"{self.work}/{name}"
        Path(path).write_text("".join(line + "\n" for line in lines))
        return path

    def load(self, socket, messages, count, connections, *newline):
        done = subprocess.run([self.load_program, socket, messages, str(count), str(connections), *newline],
                              capture_output=True, text=True, check=True)
        result = json.loads(done.stdout)
        if result["errors"]:
            raise RuntimeError(f"{result['errors']} of {count} calls failed: {result['first_error']}")
        return result

    def calls(self, method):
        def parameters(text):
            return {"Request": {"intent": {"text": text, "seed": "@"}}, "Encode": {"texts": [text]}, "Status": {}}[method]
        lines = [json.dumps({"method": f"io.sglorad.{method}", "parameters": parameters(t)}).replace('"@"', "@")
                 for t in texts.INTENTS]
        return self.messages(method, lines)

    # The peers

    def encoders(self):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
        process = subprocess.Popen([self.arguments.python, HERE / "encoders.py", self.arguments.model, self.work], text=True,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        self.versions = json.loads(process.stdout.readline())

        def measure(engine, some, count):
            process.stdin.write(json.dumps({"engine": engine, "texts": list(some), "count": count}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())
        return process, measure

    def peer_command(self, name, *words):
        return [self.arguments.python, self.peer, name, *words]

    def train_peer(self):
        self.generator = f"{self.work}/peer-generator"
        subprocess.run(self.peer_command("train", "--zoo", self.zoo, "--model", self.arguments.model, "--out", self.generator,
                                         "--coordinates", "64", "--steps", "300"), check=True, **QUIET)

    def serve_peer(self):
        socket = f"{self.work}/peer"
        process = subprocess.Popen(
            self.peer_command("serve", "--socket", socket, "--generator", self.generator, "--model", self.arguments.model,
                              "--out", f"{self.work}/peer-adapters", "--workers", "2", "--max-batch", "8"), **QUIET)
        while not os.path.exists(socket):
            if process.poll() is not None:
                raise RuntimeError("the Python peer ended before it served its socket")
            time.sleep(0.05)
        time.sleep(1)
        return process, socket


def encoding(bench, daemon):
    """Texts of 8 to 16 tokens through the socket, and 42 and 242 tokens in process."""
    process, measure = bench.encoders()
    messages = bench.calls("Encode")
    own, other = [], {name: [] for name in ("onnxruntime", "onnxruntime-int8", "torch", "sentence-transformers")}
    for _ in range(3):
        own.append(bench.load(daemon.socket, messages, 320, 1)["p50"])
        for name in other:
            other[name].append(measure(name, texts.INTENTS, 160)["p50"])
    p50 = {name: statistics.median(values) for name, values in other.items()}
    mine = statistics.median(own)
    detail = f"{mine:.2f} ms; " + ", ".join(f"{name} {value:.2f}" for name, value in p50.items())
    bench.row("encode 8 to 16 tokens, through the socket / onnxruntime f32 in process", mine / p50["onnxruntime"], "×", 1.0,
              detail=detail)
    if bench.arguments.probe:
        for text, tokens, count in ((texts.TOKENS_42, 42, 60), (texts.TOKENS_242, 242, 16)):
            for precision, goal in bench.precisions():
                own, other = [], []
                for _ in range(3):
                    own.append(bench.probe("encode", bench.arguments.model, text, str(count), precision)["p50"])
                    other.append(measure("onnxruntime", [text], count)["p50"])
                ratio = statistics.median(own) / statistics.median(other)
                bench.row(f"encode {tokens} tokens in process, {precision} / onnxruntime f32", ratio, "×", goal,
                          detail=f"{statistics.median(own):.2f} ms; onnxruntime {statistics.median(other):.2f}")
    process.stdin.close()
    process.wait()


def requests(bench, daemon):
    """One warm request and 64 connections, against the peer's; Status; memory."""
    request = bench.calls("Request")
    if bench.peer.exists():
        bench.train_peer()
        process, socket = bench.serve_peer()
        peer_messages = bench.messages("peer-requests", [json.dumps({"text": t, "seed": "@"}).replace('"@"', "@")
                                                         for t in texts.INTENTS])
        own, other = [], []
        for _ in range(3):
            own.append(bench.load(daemon.socket, request, 150, 1)["p50"])
            other.append(bench.load(socket, peer_messages, 150, 1, "newline")["p50"])
        mine, theirs = statistics.median(own), statistics.median(other)
        bench.row("warm request through the socket, durable / the peer's", mine / theirs, "×", 1 / 3,
                  detail=f"p50 {mine:.2f} ms; peer {theirs:.2f}, not durable")
        own, other = [], []
        for _ in range(2):
            own.append(bench.load(daemon.socket, request, 1000, 64)["per_second"])
            other.append(bench.load(socket, peer_messages, 1000, 64, "newline")["per_second"])
        mine, theirs = statistics.median(own), statistics.median(other)
        bench.row("64 connections, requests a second / the peer's", mine / theirs, "×", bench.throughput_goal(), low=False,
                  detail=f"{mine:.0f} a second; peer {theirs:.0f}")
        process.terminate()
        process.wait()
    status = bench.load(daemon.socket, bench.calls("Status"), 500, 1)
    bench.row("Status", status["p50"], "ms", 0.5, detail=f"p99 {status['p99']:.2f} ms")
    found = dict(line.split(":", 1) for line in Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines())
    memory = {key: int(found[key].split()[0]) / 1000 for key in ("VmRSS", "RssAnon", "RssFile")}
    bench.row(f"resident while serving, {len(bench.experts)} experts", memory["VmRSS"], "MB", 130,
              detail=f"anonymous {memory['RssAnon']:.0f}, mapped {memory['RssFile']:.0f}")


def training(bench, daemon):
    """Training with the experts' own tasks."""
    tasks = Path(bench.arguments.shared, "tasks")
    if not tasks.is_dir():
        return say(f"bench: {tasks} is missing; the training with tasks is left out")
    start = time.perf_counter()
    done = bench.ctl(daemon, "generator", "train", "--tasks", str(tasks), "--json", capture_output=True, text=True)
    took = time.perf_counter() - start
    generator = json.loads(done.stdout)
    generator = generator.get("generator", generator)
    verdict = generator.get("verdict") or {}
    bench.row(f"generator train --tasks, {len(bench.experts)} experts", took, "s", 75,
              detail=f"leave-out recall {verdict.get('sgLora', 0):.4f}, weighted {verdict.get('weighted', 0):.4f}")


def generation(bench, _):
    """Generation against reading U once."""
    if not bench.arguments.probe:
        return
    for parameters in (36_864, 17_600_000):
        result = bench.probe("generate", str(parameters), "64", bench.work)
        bench.row(f"generate / read U once from memory, D = {parameters:,}, k = 64", result["generate"] / result["read"], "×", 2,
                  detail=f"{result['generate']:.2f} ms; read {result['read']:.2f} ms, {result['threads']} threads")


def guidance(bench, _):
    """Guidance by 100,000 experts, alone, and what their embeddings take of memory."""
    if not bench.arguments.probe:
        return
    result = bench.probe("guide", "100000", bench.work)
    bench.row("guidance alone, 100,000 experts", result["p50"], "ms", 10, detail=f"p95 {result['p95']:.2f} ms")
    memory = result["anonymous"] + result["mapped"]
    bench.row("memory of the index of 100,000 experts", memory, "MB", 400,
              detail=f"anonymous {result['anonymous']:.0f}, mapped {result['mapped']:.0f}")


def cold(bench, daemon):
    """From the start of the process to the first adapter, with many adapters in the state."""
    have = len(list(Path(bench.state, "adapters").glob("*/*.json")))
    more = bench.arguments.adapters - have
    if more > 0:
        bench.load(daemon.socket, bench.calls("Request"), more, 64)
    daemon.stop()
    own, other = [], []
    for index in range(3):
        start = time.perf_counter()
        again = bench.daemon()
        again.client.call("Request", intent={"text": texts.INTENTS[0], "seed": index})
        own.append((time.perf_counter() - start) * 1e3)
        again.stop()
        if bench.peer.exists():
            done = subprocess.run(bench.peer_command("once", texts.INTENTS[0], "--generator", bench.generator, "--model",
                                                     bench.arguments.model, "--out", f"{bench.work}/peer-adapters"),
                                  capture_output=True, text=True, check=True)
            other.append(json.loads(done.stdout.strip().splitlines()[-1])["since_process_start_ms"])
    mine = statistics.median(own)
    if other:
        theirs = statistics.median(other)
        bench.row(f"start to the first adapter, {max(have, bench.arguments.adapters):,} adapters in the state / the peer's",
                  mine / theirs, "×", 1 / 25, detail=f"{mine:.0f} ms; peer {theirs:.0f} with none")
    else:
        say(f"start to the first adapter: {mine:.0f} ms")


def growth(bench, _):
    """Requests and imports while the library grows to 10,000 experts."""
    script = HERE.parent / "growth/growth.py"
    if not script.exists():
        return say(f"bench: {script} is missing; the growth of the library is left out")
    found = f"{bench.work}/growth.json"
    subprocess.run([sys.executable, script, bench.arguments.binaries, bench.arguments.model, bench.zoo, "--experts",
                    "100,1000,9000,10000", "--json", found], check=True, **QUIET)
    sizes = {entry["experts"]: entry for entry in json.loads(Path(found).read_text()) if "experts" in entry}
    few, many = sizes[100], sizes[10_000]
    bench.row("request p50, 10,000 experts / 100", many["request_p50_ms"] / few["request_p50_ms"], "×", 1.3,
              detail=f"{many['request_p50_ms']:.2f} ms; {few['request_p50_ms']:.2f}")
    last, first = many["import_ms_each"], sizes[1000]["import_ms_each"]
    bench.row("import, the tenth thousand of experts / the first", last / first, "×", 1.2,
              detail=f"{last:.1f} ms each; {first:.1f}")


SECTIONS = {"encode": encoding, "request": requests, "generate": generation, "guide": guidance, "train": training, "growth": growth,
            "start": cold}


class MeasuredBench(Bench):
    """With the probe, the program that measures inside the product's own modules."""

    def probe(self, *words):
        done = subprocess.run([self.arguments.probe, *words], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def precisions(self):
        """The precisions of the encoder to measure, and the goal of each."""
        return [("f32", 1.0), ("bf16", 0.6), ("f16", 0.6)]

    def throughput_goal(self):
        return 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", type=os.path.abspath, help="folder of sglorad and sglorad-ctl, release builds")
    parser.add_argument("model", type=os.path.abspath, help="folder of the text encoder")
    parser.add_argument("--shared", default="../shared", help="folder of zoo, tasks and the Python peer")
    parser.add_argument("--probe", help="the program that measures in process; without it those rows are left out")
    parser.add_argument("--python", default=sys.executable, help="interpreter with torch, onnxruntime and so on")
    parser.add_argument("--rows", default=",".join(SECTIONS), help=f"sections to measure, of {','.join(SECTIONS)}")
    parser.add_argument("--adapters", type=int, default=10_000, help="adapters in the state for the start")
    parser.add_argument("--work", help="folder for the states; on the disk that is to be measured")
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    bench = MeasuredBench(arguments)
    try:
        daemon = bench.daemon()
        start = time.perf_counter()
        bench.ctl(daemon, "expert", "import", *bench.experts, **QUIET)
        say(f"imported {len(bench.experts)} experts in {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        bench.ctl(daemon, "generator", "train", **QUIET)
        say(f"trained without tasks in {time.perf_counter() - start:.1f} s")
        for name, section in SECTIONS.items():
            if name in arguments.rows.split(","):
                section(bench, daemon)
        if daemon.process.poll() is None:
            daemon.stop()
    finally:
        shutil.rmtree(bench.work, ignore_errors=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {processor()}"
    say("\n" + table(bench.rows))
    if arguments.markdown:
        arguments.markdown.write_text(f"{machine}\n\n{table(bench.rows, markdown=True)}\n")
    missed = [row.name for row in bench.rows if not row.reached]
    say(f"\n{machine}\n{len(bench.rows) - len(missed)} of {len(bench.rows)} goals reached")


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


if __name__ == "__main__":
    main()
