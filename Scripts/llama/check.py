"""Holds the daemon's GGUF adapters against llama.cpp itself: check.py BINARIES ENCODER LLAMA

BINARIES has sglorad and sglorad-ctl, ENCODER is the text encoder's folder, LLAMA has llama.cpp (source and bin, as build.sh leaves it).

- gemma3, llama, qwen3: a small random model in single precision and one adapter of the daemon. PEFT with the adapter's PEFT files,
  and llama-server with its GGUF file, give every token of the vocabulary the same log-probability, within 1e-3. Of gemma3, most of
  the difference is llama.cpp's GELU, which is a table in half precision; the other two differ by about 1e-5.
- all-MiniLM-L6-v2: the embeddings of llama-embedding and of 'sglorad-ctl encode --adapter' differ by up to 2.5e-4 in a number, with or
  without an adapter, because llama.cpp's GELU is the approximation by tanh, from a table in half precision. The bound is 5e-4. With
  that GELU in place of BERT's own, PEFT gives llama-embedding's numbers within 1e-4; with BERT's own, the daemon's within 1e-4.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import warnings

# Nothing is looked up on the network, and what these packages say of themselves is no result.
os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error")
warnings.simplefilter("ignore")

import torch
import transformers
from peft import PeftModel

import tiny
from daemon import Daemon
from engine import Engine

LONGEST = 32
TEXTS = ["owl", "a small bird that hunts at night", "The quick brown fox jumps over the lazy dog.", "Köln, 12 °C"]


def convert(llama, folder, target):
    """A model's GGUF file in single precision, by llama.cpp's own converter."""
    done = subprocess.run(
        [sys.executable, f"{llama}/source/convert_hf_to_gguf.py", folder, "--outtype", "f32", "--outfile", target],
        capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def log_probabilities(model, tokens):
    with torch.no_grad():
        return torch.log_softmax(model(torch.tensor([tokens])).logits[0].double(), dim=-1)


def asked(engine, tokens, scale):
    """The log-probabilities of the token after some tokens, as llama-server gives them."""
    # Half of a character would be held back, and its probabilities with it: a letter is chosen, which changes no probability.
    reply = engine.complete(
        tokens, n_predict=1, n_probs=tiny.VOCABULARY, cache_prompt=False, lora=[{"id": 0, "scale": scale}],
        logit_bias=[[tiny.VOCABULARY - 1, 1000]])
    found = {entry["id"]: entry["logprob"] for entry in reply["completion_probabilities"][0]["top_logprobs"]}
    if sorted(found) != list(range(tiny.VOCABULARY)):
        raise SystemExit(f"llama-server gave {len(found)} log-probabilities, not {tiny.VOCABULARY}")
    return torch.tensor([found[token] for token in range(tiny.VOCABULARY)], dtype=torch.double)


def check_model(architecture, daemon, llama, work):
    """The largest differences: without the adapter, with it; and how much the adapter changes."""
    base = f"check/{architecture}"
    folder, gguf, out = f"{work}/model", f"{work}/model.gguf", f"{work}/adapter"
    tiny.save_model(architecture, folder)
    convert(llama, folder, gguf)
    daemon.control("expert", "import", "--base", base, "--new-base", *tiny.save_experts(folder, base, work))
    daemon.control("base", "add", base, "--gguf", gguf)
    daemon.control(
        "request", "answer questions about birds", "--base", base, "--strategy", "weighted", "--force", "--seed", "7",
        "--format", "peft,gguf", "-o", out)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokens = torch.randint(4, tiny.VOCABULARY, (LONGEST,), generator=torch.Generator().manual_seed(5)).tolist()
    plain = log_probabilities(model, tokens)
    adapted = log_probabilities(PeftModel.from_pretrained(model, out).eval(), tokens)
    worst = [0.0, 0.0]
    options = (
        "--lora", f"{out}/adapter_model.gguf", "--ctx-size", "256", "--cache-type-k", "f32", "--cache-type-v", "f32",
        "--flash-attn", "off")
    lengths = (1, 2, 5, 9, 16, 24, LONGEST)
    with Engine(f"{llama}/bin/llama-server", work, gguf, *options) as engine:
        for scale, expected in ((0, plain), (1, adapted)):
            for length in lengths:
                found = asked(engine, tokens[:length], scale)
                worst[scale] = max(worst[scale], (found - expected[length - 1]).abs().max().item())
    change = min((adapted - plain)[length - 1].abs().max().item() for length in lengths)
    return worst[0], worst[1], change


class TableGELU(torch.nn.Module):
    """llama.cpp's GELU: the approximation by tanh, looked up by a number in half precision."""

    def forward(self, x):
        table = torch.nn.functional.gelu(x.half().float(), approximate="tanh").half().float()
        return torch.where(x <= -10, torch.zeros_like(x), torch.where(x >= 10, x, table))


def expected_embeddings(encoder, adapter, activation):
    """The embeddings by transformers, and PEFT if there is an adapter; with another activation, if one is given."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    model = transformers.AutoModel.from_pretrained(encoder)
    if activation:
        for layer in model.encoder.layer:
            layer.intermediate.intermediate_act_fn = activation
    model = (PeftModel.from_pretrained(model, adapter) if adapter else model).eval()
    rows = []
    with torch.no_grad():
        for text in TEXTS:
            mean = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(dim=0)
            rows.append(mean / mean.norm())
    return torch.stack(rows).double()


def largest(first, second):
    return (first - second).abs().max().item()


def check_encoder(daemon, encoder, llama, work, experts):
    """For three comparisons: the largest differences of the embeddings' numbers, without and with the adapter; and how much the
    adapter changes."""
    base = "sentence-transformers/all-MiniLM-L6-v2"
    gguf, out = f"{work}/minilm.gguf", f"{work}/minilm-adapter"
    convert(llama, encoder, gguf)
    daemon.control("expert", "import", "--base", base, "--new-base", *experts)
    daemon.control("base", "add", base, "--gguf", gguf)
    reply = daemon.control(
        "request", "match definitions of birds to their names", "--base", base, "--seed", "7", "--force", "--format",
        "peft,gguf", "-o", out)
    rows, owns = [], []
    for adapter in (None, out):
        options = ["--adapter", reply["adapter"]["adapterId"]] if adapter else []
        own = daemon.control("encode", *TEXTS, *options)["embeddings"]
        own = torch.tensor([entry["values"] for entry in own], dtype=torch.double)
        done = subprocess.run(
            [f"{llama}/bin/llama-embedding", "--model", gguf, "--pooling", "mean", "--embd-normalize", "2",
             "--embd-output-format", "json", "--embd-separator", "\n", "--flash-attn", "off", "--prompt", "\n".join(TEXTS),
             *(["--lora", f"{adapter}/adapter_model.gguf"] if adapter else [])],
            capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-3000:])
        other = torch.tensor([entry["embedding"] for entry in json.loads(done.stdout)["data"]], dtype=torch.double)
        rows.append((
            largest(own, other), largest(expected_embeddings(encoder, adapter, TableGELU()), other),
            largest(expected_embeddings(encoder, adapter, None), own)))
        owns.append(own)
    return [(without, adapted, largest(*owns)) for without, adapted in zip(*rows)]


def report(name, figures, bound):
    """Prints a line of the table; whether the differences are within the bound."""
    without, adapted, change = figures
    # An adapter that changes nothing would prove nothing.
    is_good = without < bound and adapted < bound and change > 20 * bound
    print(f"{name:<40} {without:>10.2e} {adapted:>10.2e} {bound:>8.0e} {change:>20.3f}{'' if is_good else '   FAILED'}", flush=True)
    return is_good


def main(binaries, encoder, llama):
    library = os.path.join(os.path.dirname(__file__), "../../Examples/minilm-zoo/experts")
    transformers.utils.logging.disable_progress_bar()
    failed = False
    print(f"{'largest difference':<40} {'without':>10} {'with':>10} {'bound':>8} {'the adapter changes':>20}")
    with tempfile.TemporaryDirectory() as work, Daemon(binaries, encoder, work) as daemon:
        for name in tiny.CONFIGURATIONS:
            place = f"{work}/{name}"
            os.mkdir(place)
            failed |= not report(f"llama-server and PEFT, {name}", check_model(name, daemon, llama, place), 1e-3)
        experts = [f"{library}/wn-birds", f"{library}/wn-fish"]
        direct, same, own = check_encoder(daemon, encoder, llama, work, experts)
        failed |= not report("llama-embedding and sglorad-ctl, MiniLM", direct, 5e-4)
        failed |= not report("llama-embedding and PEFT with its GELU", same, 1e-4)
        failed |= not report("sglorad-ctl and PEFT, MiniLM", own, 1e-4)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(*map(os.path.realpath, sys.argv[1:]))
