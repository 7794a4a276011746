"""Shows what an adapter does to a language model's answers: ask.py LLAMA-SERVER MODEL.gguf ADAPTER.gguf LIBRARY FOLDER

LIBRARY has prompt.json, the form of prompts and answers, and queries.jsonl, utterances with the right label. llama-server, whose
socket lies in FOLDER, answers each with one of the labels, which a grammar holds it to: first without the adapter, then with it.
"""

import json
import random
import signal
import sys
import time

from engine import Engine

SHOWN = (18, 12, 35)


def grammar(form, labels):
    """A grammar of the answers, one for each label."""
    answers = (form["answer"].format(answer=label) for label in labels)
    return "root ::= " + " | ".join(json.dumps(answer) for answer in answers)


def answers(engine, form, queries, labels, scale):
    """The label that the model gives each query, with the adapter at a scale. The labels stand in another order each time."""
    rules = grammar(form, labels)
    found = []
    for number, query in enumerate(queries):
        order = list(labels)
        random.Random(number).shuffle(order)
        prompt = form["prompt"].format(labels=", ".join(order), text=query["text"])
        reply = engine.complete(
            prompt, n_predict=32, grammar=rules, lora=[{"id": 0, "scale": scale}], cache_prompt=False)
        found.append(reply["content"].strip())
    return found


def main(server, model, adapter, library, folder):
    with open(f"{library}/prompt.json") as file:
        form = json.load(file)
    with open(f"{library}/queries.jsonl") as file:
        queries = [json.loads(line) for line in file]
    labels = sorted({query["answer"] for query in queries})
    # No prompt is remembered: what was computed without the adapter must not be taken for the same prompt with it.
    options = ("--lora", adapter, "--lora-init-without-apply", "--ctx-size", "1024", "--cache-ram", "0")
    with Engine(server, folder, model, *options) as engine:
        started = time.monotonic()
        before = answers(engine, form, queries, labels, 0)
        after = answers(engine, form, queries, labels, 1)
        seconds = time.monotonic() - started
    for number in SHOWN:
        print(f"“{queries[number]['text']}”")
        print(f"    before {before[number]:<14} after {after[number]:<14} right {queries[number]['answer']}")
    print(f"\nAccuracy on {len(queries)} utterances, {len(labels)} labels to choose from:")
    for name, found in (("before", before), ("after", after)):
        right = sum(answer == query["answer"] for answer, query in zip(found, queries))
        print(f"    {name:<7} {right:>2} of {len(queries)}   {right / len(queries):.3f}")
    print(f"({2 * len(queries)} answers in {seconds:.0f} s)")


if __name__ == "__main__":
    # So that a stopped demonstration stops its server, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(*sys.argv[1:])
