"""Computes what a model crate's tests compare our encoder to, with torch and transformers.

    python reference.py embedding|stance MODEL_FOLDER ORIGINAL.safetensors OUT.json
    python reference.py mpnet FOLDER

The weights are those that the folder ships, expanded from 8 bits, so the tests can ask for
equality up to rounding. What the 8 bits cost is printed: the same inputs through the original weights.
The second form makes a small MPNet with random weights, and what it says, in FOLDER.
Needs torch, transformers, safetensors and numpy.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from transformers import (
    BertConfig, BertForSequenceClassification, BertModel, MPNetConfig, MPNetModel, PreTrainedTokenizerFast,
)

MAX_TOKENS = 256
LONG = "The minister said that the new tax on carbon is neither fair nor needed. " * 40
TEXTS = [
    "The levy works.",
    "a",
    "It rained.",
    "Mr. Tolva said the guarantees were “not worth the paper”, and left.",
    "Ще одна стаття про ядерну станцію.",
    "Čapkovi se to nelíbí; naïve café, e\u0301, ﬁne.",
    "日本は原子力発電所を再稼働すべきだ。",
    "🙂 well…  tabs\tand\nlines\u00a0and \u200bmore",
    "unemployment " * 31,
    "Antidisestablishmentarianism hyperinflationary 3,141.59 U.S.-led AT&T's x" + "y" * 150,
    "Sanctions on the central bank have not stopped the war, and they have made bread dear for those "
    "who never wanted it; yet to lift them now would be to pay for what was taken by force.",
    LONG,
]
TARGETS = ["a carbon tax", "The station at Cape Orlen should be built", ""]


def expanded(path):
    tensors = load_file(path)
    for name in [name for name in tensors if name.endswith(".scale")]:
        scale = tensors.pop(name)
        name = name.removesuffix(".scale")
        tensors[name] = tensors[name].astype(np.float32) * scale[:, None]
    return {name: torch.from_numpy(tensor.astype(np.float32)) for name, tensor in tensors.items() if tensor.dtype != np.int64}


def model(kind, folder, weights):
    config = BertConfig.from_json_file(folder / "config.json")
    tensors = expanded(weights)
    if kind == "embedding":
        made = BertModel(config, add_pooling_layer=False)
    else:
        made = BertForSequenceClassification(config)
        # Our own folders leave out what all names but the classifier's begin with.
        own = {name: name if name.startswith(("bert.", "classifier.")) else f"bert.{name}" for name in tensors}
        tensors = {own[name]: tensor for name, tensor in tensors.items()}
    found = made.load_state_dict(tensors, strict=False)
    missing = [name for name in found.missing_keys if "position_ids" not in name]
    unexpected = [name for name in found.unexpected_keys if not name.startswith("pooler")]
    assert not missing and not unexpected, (missing, unexpected)
    return made.eval()


@torch.no_grad()
def embed(made, tokenizer):
    vectors = []
    for text in TEXTS:
        tokens = tokenizer(text, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        mean = made(**tokens).last_hidden_state[0].mean(dim=0)
        vectors.append((mean / mean.norm()).tolist())
    return np.array(vectors)


@torch.no_grad()
def classify(made, tokenizer):
    logits = []
    for text, target in pairs():
        tokens = tokenizer(
            target, text, truncation="only_second", max_length=MAX_TOKENS, return_token_type_ids=True, return_tensors="pt"
        )
        logits.append(made(**tokens).logits[0].tolist())
    return np.array(logits)


def pairs():
    return [(text, TARGETS[i % len(TARGETS)]) for i, text in enumerate(TEXTS)]


@torch.no_grad()
def small_mpnet(folder):
    torch.manual_seed(1)
    vocabulary = ["<s>", "<pad>", "</s>", "[UNK]", "the", "levy", "works", "tax", "not", "un", "##fair", "."]
    config = MPNetConfig(
        vocab_size=len(vocabulary), hidden_size=24, num_hidden_layers=2, num_attention_heads=3,
        intermediate_size=40, max_position_embeddings=202, layer_norm_eps=1e-5,
    )
    made = MPNetModel(config, add_pooling_layer=False).eval()
    for name, tensor in made.state_dict().items():
        # Larger than a training begins with, so that every part shows in what comes out.
        tensor.copy_(torch.randn_like(tensor) * (1.5 if "relative" in name else 0.3) + ("LayerNorm.weight" in name))
    tensors = {name: tensor.numpy() for name, tensor in made.state_dict().items() if tensor.is_floating_point()}
    save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(config.to_json_string(), encoding="utf-8")
    tokenizer = {
        "version": "1.0", "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": True,
            "add_prefix_space": False,
        },
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {word: at for at, word in enumerate(vocabulary)},
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1), encoding="utf-8")
    fast = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    texts = ["Levy.", "The levy works not.", "The unfair tax is not the levy. " * 18, "not the levy " * 66]
    rows = []
    for text in texts:
        ids = torch.tensor([fast(text)["input_ids"]])
        mean = made(input_ids=ids).last_hidden_state[0].mean(dim=0)
        vector = [round(value, 6) for value in (mean / mean.norm()).tolist()]
        rows.append(json.dumps({"text": text, "tokens": ids.shape[1], "expected": vector}))
    (folder / "reference.json").write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


def main():
    if sys.argv[1] == "mpnet":
        return small_mpnet(Path(sys.argv[2]))
    kind, folder, original, out = sys.argv[1], *map(Path, sys.argv[2:])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"),
        pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]",
    )
    run = embed if kind == "embedding" else classify
    shipped = run(model(kind, folder, folder / "model.safetensors"), tokenizer)
    full = run(model(kind, folder, original), tokenizer)
    rows = []
    for text, target, values in zip(TEXTS, [target for _, target in pairs()], shipped):
        row = {"text": text} if kind == "embedding" else {"target": target, "text": text}
        rows.append(json.dumps(row | {"expected": [round(value, 7) for value in values]}, ensure_ascii=False))
    out.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    if kind == "embedding":
        cosines = (shipped * full).sum(axis=1)
        print(f"cosine of 8-bit to original: mean {cosines.mean():.5f}, least {cosines.min():.5f}")
    else:
        print(f"largest difference of 8-bit to original logits: {np.abs(shipped - full).max():.4f}")


if __name__ == "__main__":
    main()
