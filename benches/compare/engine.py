"""ONNX Runtime and torch behind the protocol of the engines; src/lib.rs says what it is.

    python engine.py onnxruntime|torch FOLDER VARIANT PASSAGES VECTORS
"""

import sys
import time
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

# The longest input of the model in tokens.
MAX_TOKENS = 256


def onnxruntime(folder, variant):
    """A function from token ids and mask to vectors."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    graph = str(folder / f"{variant}.onnx")
    session = onnxruntime.InferenceSession(graph, options, ["CPUExecutionProvider"])

    def run(ids, mask):
        return session.run(["vectors"], {"input_ids": ids, "attention_mask": mask})[0]

    return run


def torch(folder, variant):
    """A function from token ids and mask to vectors."""
    import torch
    from transformers import BertModel

    if variant != "f32":
        raise SystemExit("engine.py: torch is compared in f32 only")
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()

    @torch.inference_mode()
    def run(ids, mask):
        ids, mask = torch.from_numpy(ids), torch.from_numpy(mask)
        hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
        summed = (hidden * mask.unsqueeze(-1)).sum(dim=1)
        return torch.nn.functional.normalize(summed, dim=1).numpy()

    return run


def embed(run, tokenizer, passages, batch):
    """The vectors of the passages, which are batched from the longest to the shortest."""
    tokens = [encoding.ids for encoding in tokenizer.encode_batch_fast(passages)]
    order = sorted(range(len(tokens)), key=lambda at: -len(tokens[at]))
    vectors = None
    for first in range(0, len(order), batch):
        places = order[first : first + batch]
        ids = np.zeros((len(places), len(tokens[places[0]])), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, place in enumerate(places):
            ids[row, : len(tokens[place])] = tokens[place]
            mask[row, : len(tokens[place])] = 1
        found = run(ids, mask)
        if vectors is None:
            vectors = np.empty((len(passages), found.shape[1]), dtype=np.float32)
        vectors[places] = found
    return vectors


def main():
    runtime, folder, variant, passages, vectors = sys.argv[1:]
    folder = Path(folder)
    passages = Path(passages).read_text().splitlines()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    run = {"onnxruntime": onnxruntime, "torch": torch}[runtime](folder, variant)
    print("ready", flush=True)
    for line in sys.stdin:
        batch, count = map(int, line.split())
        wall, cpu = time.perf_counter(), time.process_time()
        found = embed(run, tokenizer, passages[:count], batch)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        # Before the answer: with it the driver may read them.
        found.tofile(vectors)
        print(wall, cpu, flush=True)


if __name__ == "__main__":
    main()
