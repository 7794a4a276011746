"""Adapters of a model of half a billion parameters, within 512 MB: large.py BINARIES ENCODER

Imports 24 experts of random numbers on the seven projections of Qwen2-0.5B (4,399,104 parameters each), trains a generator, generates,
and writes PEFT and GGUF files. Of the daemon and of its child process, the peak of resident memory is the kernel's own (VmHWM); the
most of anonymous pages and of mapped ones is sampled. Mapped pages are files that the kernel may take back.
"""

import json
import os
import shutil
import struct
import sys
import tempfile
import threading
import time

import torch
from safetensors.torch import save_file

from daemon import Daemon

BOUND = 512
RANK = 8
LAYERS = 24
MODULES = [
    ("self_attn.q_proj", "attn_q", 896, 896), ("self_attn.k_proj", "attn_k", 896, 128),
    ("self_attn.v_proj", "attn_v", 896, 128), ("self_attn.o_proj", "attn_output", 896, 896),
    ("mlp.gate_proj", "ffn_gate", 896, 4864), ("mlp.up_proj", "ffn_up", 896, 4864),
    ("mlp.down_proj", "ffn_down", 4864, 896)]
SITES = [
    (f"model.layers.{layer}.{path}", f"blk.{layer}.{name}.weight", columns, rows)
    for layer in range(LAYERS) for path, name, columns, rows in MODULES]


def write_checkpoint(folder, start, seed):
    """A checkpoint near the common initialisation."""
    random = torch.Generator().manual_seed(seed)
    tensors = {}
    for path, _, columns, rows in SITES:
        a = start[path] + 0.004 * torch.randn(RANK, columns, generator=random)
        tensors[f"base_model.model.{path}.lora_A.weight"] = a.half()
        tensors[f"base_model.model.{path}.lora_B.weight"] = (0.004 * torch.randn(rows, RANK, generator=random)).half()
    os.makedirs(folder, exist_ok=True)
    save_file(tensors, f"{folder}/adapter_model.safetensors")
    configuration = dict(
        base_model_name_or_path="Qwen/Qwen2.5-0.5B", peft_type="LORA", task_type="CAUSAL_LM", r=RANK, lora_alpha=16,
        bias="none", target_modules=[path.split(".")[1] for path, *_ in MODULES])
    with open(f"{folder}/adapter_config.json", "w") as file:
        json.dump(configuration, file)


def write_model(path):
    """A GGUF file as far as it is looked at: a header, and a hole for the data, in Q8_0 (34 bytes for 32 numbers)."""
    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()

    header = b"GGUF" + struct.pack("<IQQ", 3, len(SITES), 2)
    header += text("general.architecture") + struct.pack("<I", 8) + text("qwen2")
    header += text("qwen2.block_count") + struct.pack("<II", 4, LAYERS)
    offset = 0
    for _, name, columns, rows in SITES:
        header += text(name) + struct.pack("<IQQIQ", 2, columns, rows, 8, offset)
        offset += columns * rows // 32 * 34
    with open(path, "wb") as file:
        file.write(header)
        file.truncate((len(header) + 31) // 32 * 32 + offset)


def memory(process):
    """Peak, anonymous and mapped memory in MB; None where the process is gone or a zombie."""
    try:
        with open(f"/proc/{process}/status") as file:
            lines = dict(line.split(":", 1) for line in file)
    except OSError:
        return None
    if "VmHWM" not in lines:
        return None
    peak, anonymous, files, shared = (int(lines[name].split()[0]) / 1024 for name in ("VmHWM", "RssAnon", "RssFile", "RssShmem"))
    return peak, anonymous, files + shared


def children(process):
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/status") as file:
                if f"PPid:\t{process}\n" in file.read():
                    yield name
        except OSError:
            pass


def watch(process, largest, done):
    while not done.is_set():
        for who, processes in (("the daemon", [process]), ("its child", children(process))):
            for figures in filter(None, map(memory, processes)):
                largest[who] = tuple(map(max, figures, largest.get(who, figures)))
        time.sleep(0.03)


def phase(name, process, body):
    """Runs a part, and prints its memory; whether that is within the bound."""
    with open(f"/proc/{process}/clear_refs", "w") as file:
        file.write("5")
    largest, done, started = {}, threading.Event(), time.monotonic()
    watcher = threading.Thread(target=watch, args=(process, largest, done))
    watcher.start()
    try:
        body()
    finally:
        done.set()
        watcher.join()
    is_within = all(figures[0] < BOUND for figures in largest.values())
    for who, (peak, anonymous, mapped) in largest.items():
        print(f"{name:<28} {who:<10} {peak:>4.0f} MB (anonymous {anonymous:.0f}, mapped {mapped:.0f})", end="")
        print(f"   {time.monotonic() - started:.0f} s{'' if is_within else '   FAILED'}", flush=True)
    return is_within


def main(binaries, encoder):
    random = torch.Generator().manual_seed(1)
    start = {path: 0.02 * torch.randn(RANK, columns, generator=random) for path, _, columns, _ in SITES}
    with tempfile.TemporaryDirectory() as work, Daemon(binaries, encoder, work) as daemon:
        def bring_in():
            # One at a time, so that the disk holds only one beside the library.
            for number in range(24):
                folder = f"{work}/topic-{number}"
                write_checkpoint(folder, start, 2 * number)
                if number < 2:
                    write_checkpoint(f"{folder}/checkpoint-1", start, 2 * number + 1)
                with open(f"{folder}/expert.json", "w") as file:
                    json.dump(dict(name=f"topic-{number}", description=f"answer questions about topic-{number}"), file)
                daemon.control("expert", "import", folder)
                shutil.rmtree(folder)
            write_model(f"{work}/model.gguf")
            daemon.control("base", "add", "Qwen/Qwen2.5-0.5B", "--gguf", f"{work}/model.gguf")

        def request(formats):
            daemon.control(
                "request", "answer questions about topic-7", "--strategy", "sg-lora", "--force", "--seed", "3", "--format",
                formats, "-o", f"{work}/{formats}")

        process = daemon.process.pid
        results = [
            phase("import", process, bring_in),
            phase("generator train", process, lambda: daemon.control("generator", "train", "--steps", "40")),
            phase("request --format peft,gguf", process, lambda: request("peft,gguf")),
            phase("request --format gguf-f16", process, lambda: request("gguf-f16"))]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main(*map(os.path.realpath, sys.argv[1:]))
