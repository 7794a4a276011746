"""Adapters loaded into the base model with PEFT; needs peft, torch and transformers (Scripts/python.sh all)."""

import importlib.util
import unittest
import warnings

import sglorad
from daemon import IS_THERE, MODEL, Daemon

HAS_PEFT = all(importlib.util.find_spec(name) for name in ("peft", "torch", "transformers"))
TEXT = "a wading bird with a long neck"


@unittest.skipUnless(IS_THERE, "needs the built daemon and the text encoder: make build model")
@unittest.skipUnless(HAS_PEFT, "needs peft, torch and transformers: Scripts/python.sh all")
class PeftTests(unittest.TestCase):
    daemon: Daemon

    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = Daemon()
        cls.addClassCleanup(cls.daemon.remove)
        cls.daemon.start()
        cls.daemon.import_library(["wn-birds", "wn-fish", "wn-insects"])

    def test_loaded_adapter_gives_the_daemons_embeddings(self) -> None:
        import torch
        import transformers

        client = sglorad.Client(self.daemon.socket)
        adapter = client.request("match definitions of birds to their names", seed=3)
        tokenizer = transformers.AutoTokenizer.from_pretrained(MODEL)
        tokens = tokenizer(TEXT, return_tensors="pt")

        def embedding(model: torch.nn.Module) -> torch.Tensor:
            with torch.no_grad():
                mean = model.eval()(**tokens).last_hidden_state.mean(1)[0]
            return mean / mean.norm()

        base = transformers.AutoModel.from_pretrained(MODEL)
        before = embedding(base)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # PEFT itself reads a field of transformers that is to go.
            warnings.filterwarnings("ignore", message=".*gradient_checkpointing.*")
            model = adapter.load_into(base)
        after = embedding(model)
        self.assertLess(float(before @ after), 0.9999)
        with_adapter = torch.tensor(client.encode([TEXT], adapter=adapter.id)[0].values)
        self.assertLess(float((after - with_adapter).abs().max()), 1e-4)


if __name__ == "__main__":
    unittest.main()
