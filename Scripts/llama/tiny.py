"""Small random language models, and experts of them, for check.py."""

import torch
import transformers
from peft import LoraConfig, get_peft_model
from sentencepiece import sentencepiece_model_pb2 as pieces

MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LETTERS = "▁abcdefghijklmnopqrstuvwxyz"
VOCABULARY = 4 + 256 + len(LETTERS)
SIZES = dict(
    vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=6, num_attention_heads=4,
    num_key_value_heads=2, head_dim=16, max_position_embeddings=256, initializer_range=0.05, pad_token_id=0,
    eos_token_id=1, bos_token_id=2)
CONFIGURATIONS = {
    # Every sixth layer sees the whole text, the others the last eight tokens.
    "gemma3": lambda: transformers.Gemma3TextConfig(**SIZES, sliding_window=8, query_pre_attn_scalar=16),
    "llama": lambda: transformers.LlamaConfig(**SIZES, tie_word_embeddings=False),
    "qwen3": lambda: transformers.Qwen3Config(**SIZES, tie_word_embeddings=False),
}


def tokenizer():
    """A SentencePiece model of bytes and letters, which the converter wants; the check itself uses token ids."""
    model = pieces.ModelProto()
    kinds = pieces.ModelProto.SentencePiece
    for piece, kind in [("<pad>", kinds.CONTROL), ("<eos>", kinds.CONTROL), ("<bos>", kinds.CONTROL), ("<unk>", kinds.UNKNOWN)]:
        model.pieces.add(piece=piece, score=0, type=kind)
    for byte in range(256):
        model.pieces.add(piece=f"<0x{byte:02X}>", score=0, type=kinds.BYTE)
    for number, letter in enumerate(LETTERS):
        model.pieces.add(piece=letter, score=-1 - number, type=kinds.NORMAL)
    model.trainer_spec.model_type = pieces.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.vocab_size = VOCABULARY
    model.trainer_spec.pad_id, model.trainer_spec.eos_id, model.trainer_spec.bos_id, model.trainer_spec.unk_id = 0, 1, 2, 3
    model.normalizer_spec.name = "identity"
    return model.SerializeToString()


def save_model(architecture, folder):
    """A random model in single precision."""
    torch.manual_seed(7)
    model = transformers.AutoModelForCausalLM.from_config(CONFIGURATIONS[architecture](), dtype=torch.float32)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith("norm.weight"):
                weight.add_(0.1 * torch.randn_like(weight))
    model.save_pretrained(folder)
    with open(f"{folder}/tokenizer.model", "wb") as file:
        file.write(tokenizer())


def save_experts(model_folder, base, folder):
    """Two experts on all seven modules, from one initialisation; their folders."""
    places = []
    for number, topic in enumerate(("birds", "trees")):
        torch.manual_seed(11)
        model = transformers.AutoModelForCausalLM.from_pretrained(model_folder)
        adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=6, target_modules=MODULES, task_type="CAUSAL_LM"))
        adapted.peft_config["default"].base_model_name_or_path = base
        torch.manual_seed(13 + number)
        with torch.no_grad():
            for name, weight in adapted.named_parameters():
                if "lora_A" in name:
                    weight.add_(0.02 * torch.randn_like(weight))
                if "lora_B" in name:
                    weight.copy_(0.2 * torch.randn_like(weight))
        place = f"{folder}/{topic}"
        adapted.save_pretrained(place)
        with open(f"{place}/expert.json", "w") as file:
            file.write('{"name": "%s", "description": "answer questions about %s"}\n' % (topic, topic))
        places.append(place)
    return places
