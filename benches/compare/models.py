"""Writes the model of models/minilm in the formats of all engines into .work/models/minilm, and that
of models/minilm-stance for transformers into .work/models/minilm-stance.

The 8-bit weights are multiplied out to float32, so every engine starts from the same numbers. The
ONNX graphs end with the pooled vector. Which of them is the fastest is for the driver to find:

    f32           as exported
    f32-fused     through ONNX Runtime's optimizer for BERT
    int8*         each of the two quantised by ONNX Runtime, one scale a matrix
    int8*-channel the same, one scale a column
"""

import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.optimizer import optimize_model
from safetensors.numpy import load_file, save_file
from transformers import BertConfig, BertModel

HERE = Path(__file__).parent
MODELS = HERE / "../../models"
OUT = HERE / ".work/models"


def main():
    for name in ["minilm", "minilm-stance"]:
        multiply_out(MODELS / name, OUT / name)
    folder = OUT / "minilm"
    export(folder)
    for graph in ["f32", "f32-fused"]:
        for suffix, per_channel in [("", False), ("-channel", True)]:
            quantise(folder, graph, graph.replace("f32", "int8") + suffix, per_channel)


def multiply_out(source, out):
    """A folder as transformers reads it, with every 8-bit matrix times its scales."""
    out.mkdir(parents=True, exist_ok=True)
    stored = load_file(source / "model.safetensors")
    # Our own folders leave out what all names of a classifier but its head's begin with.
    classifies = "classifier.weight" in stored
    tensors = {}
    for name, tensor in stored.items():
        if tensor.dtype == np.int8:
            tensor = tensor * stored[name + ".scale"][:, None]
        if not name.endswith(".scale"):
            whole = not classifies or name.startswith(("bert.", "classifier."))
            tensors[name if whole else f"bert.{name}"] = tensor.astype(np.float32)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    for name in ["config.json", "tokenizer.json"]:
        shutil.copy(source / name, out)


class Embedder(torch.nn.Module):
    """all-MiniLM-L6-v2: the mean of the tokens' vectors, scaled to length 1."""

    def __init__(self, folder):
        super().__init__()
        # "eager" is the form of attention that ONNX Runtime's optimizer recognises.
        bert = BertModel.from_pretrained(
            folder, add_pooling_layer=False, attn_implementation="eager"
        )
        self.bert = bert.eval()

    def forward(self, input_ids, attention_mask):
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        summed = (hidden * attention_mask.unsqueeze(-1).to(hidden.dtype)).sum(dim=1)
        return torch.nn.functional.normalize(summed, dim=1)


def export(folder):
    """The graph as torch exports it, and as ONNX Runtime fuses it."""
    example = torch.ones(2, 8, dtype=torch.int64)
    axes = {0: "passages", 1: "tokens"}
    torch.onnx.export(
        Embedder(folder),
        (example, example),
        folder / "f32.onnx",
        input_names=["input_ids", "attention_mask"],
        output_names=["vectors"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "passages"}},
        opset_version=17,
        dynamo=False,
    )
    config = BertConfig.from_pretrained(folder)
    fused = optimize_model(
        str(folder / "f32.onnx"),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
    )
    if not fused.get_fused_operator_statistics()["Attention"]:
        raise SystemExit("models.py: ONNX Runtime's optimizer no longer knows this graph's attention")
    fused.save_model_to_file(str(folder / "f32-fused.onnx"))


def quantise(folder, graph, name, per_channel):
    quantize_dynamic(
        onnx.load(folder / f"{graph}.onnx"),
        folder / f"{name}.onnx",
        per_channel=per_channel,
        weight_type=QuantType.QInt8,
        # Shapes and types cannot be inferred through the fused operators.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


if __name__ == "__main__":
    main()
