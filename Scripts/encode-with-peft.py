"""Encodes the lines of standard input with a model and an adapter: encode-with-peft.py MODEL ADAPTER

Prints JSON: the embeddings, and every warning raised while loading the adapter.
"""

import json
import logging
import sys
import warnings

import torch
from peft import PeftModel
from transformers import AutoModel, AutoTokenizer


class Kept(logging.Handler):
    def __init__(self):
        super().__init__(level=logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


kept = Kept()
logging.getLogger().addHandler(kept)
for name in ("transformers", "peft"):
    logging.getLogger(name).addHandler(kept)

model_folder, adapter = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(model_folder)
base = AutoModel.from_pretrained(model_folder)
kept.messages.clear()  # warnings about the base model are not the adapter's
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    model = PeftModel.from_pretrained(base, adapter).eval()
embeddings = []
with torch.no_grad():
    for text in sys.stdin.read().splitlines():
        tokens = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
        mean = model(**tokens).last_hidden_state[0].mean(dim=0)
        embeddings.append((mean / mean.norm()).tolist())
# Deprecation warnings concern the libraries' own code, not the adapter.
said = [text for text in kept.messages + [str(w.message) for w in caught] if "deprecated" not in text]
json.dump({"warnings": said, "embeddings": embeddings}, sys.stdout)
