"""The encoders that the product is compared with, in one process and on one thread; started by bench.py.

Reads one JSON object a line: {"engine": NAME, "texts": [...], "count": N}; answers with one:
{"tokens": [...], "minimum": ms, "p50": ms}. A time is that of one text, the texts in turn. For onnxruntime it holds the
model alone, without tokenisation and pooling; for sentence-transformers everything.

Engines: onnxruntime (single precision), onnxruntime-int8 (dynamic quantisation), torch, sentence-transformers.
"""
import json
import os
import sys
import time
import warnings

THREADS = 1
os.environ.update(OMP_NUM_THREADS=str(THREADS), MKL_NUM_THREADS=str(THREADS), HF_HUB_OFFLINE="1",
                  TRANSFORMERS_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
warnings.filterwarnings("ignore")


def main(model_folder, work):
    import onnxruntime
    import torch
    from transformers import AutoModel, AutoTokenizer
    torch.set_num_threads(THREADS)
    model = AutoModel.from_pretrained(model_folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    names = ("input_ids", "attention_mask", "token_type_ids")

    def exported():
        path = f"{work}/model.onnx"
        if not os.path.exists(path):
            class Hidden(torch.nn.Module):
                def __init__(self):
                    super().__init__()
                    self.model = model

                def forward(self, ids, mask, types):
                    return self.model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state

            sample = tokenizer("a text to trace the model with", return_tensors="pt")
            torch.onnx.export(Hidden(), tuple(sample[n] for n in names), path, input_names=list(names),
                              output_names=["hidden"], dynamic_axes={n: {0: "batch", 1: "tokens"} for n in names},
                              dynamo=False, opset_version=17)
        return path

    def quantised():
        path = f"{work}/model-int8.onnx"
        if not os.path.exists(path):
            from onnxruntime.quantization import QuantType, quantize_dynamic
            quantize_dynamic(exported(), path, weight_type=QuantType.QInt8)
        return path

    def session(path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def by_onnx(path):
        run = session(path)

        def prepare(text):
            feed = dict(tokenizer(text, return_tensors="np", truncation=True, max_length=256))
            return lambda: run.run(None, feed)
        return prepare

    def by_torch(text):
        feed = tokenizer(text, return_tensors="pt", truncation=True, max_length=256)
        return lambda: model(**feed)

    def by_sentence_transformers():
        from sentence_transformers import SentenceTransformer
        encoder = SentenceTransformer(model_folder, device="cpu", local_files_only=True).eval()
        return lambda text: lambda: encoder.encode([text], normalize_embeddings=True, show_progress_bar=False)

    makers = {"onnxruntime": lambda: by_onnx(exported()), "onnxruntime-int8": lambda: by_onnx(quantised()),
              "torch": lambda: by_torch, "sentence-transformers": by_sentence_transformers}
    engines = {}

    def measure(order):
        if order["engine"] not in engines:
            engines[order["engine"]] = makers[order["engine"]]()
        calls = [engines[order["engine"]](text) for text in order["texts"]]
        times = []
        with torch.inference_mode():
            for call in calls[:1] * 10 + calls:
                call()
            for index in range(order["count"]):
                start = time.perf_counter()
                calls[index % len(calls)]()
                times.append((time.perf_counter() - start) * 1e3)
        times.sort()
        tokens = [len(tokenizer(t, truncation=True, max_length=256)["input_ids"]) for t in order["texts"]]
        return {"tokens": tokens, "minimum": times[0], "p50": times[len(times) // 2]}

    print(json.dumps({"onnxruntime": onnxruntime.__version__, "torch": torch.__version__}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:3])
