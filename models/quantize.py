"""Turns a Hugging Face BERT's model.safetensors into the 8-bit format of standpoint-encoder.

    python quantize.py IN.safetensors OUT.safetensors [--without PREFIX ...]

Needs numpy and safetensors. A matrix NAME becomes int8 NAME and float32 NAME.scale, one scale per
row: row = int8 row * scale, and scale = largest magnitude of the row / 127. (Clipping outliers by
the least squared error was tried and takes half a percent off the error: not worth its lines.)
Vectors, and matrices of fewer than 16 rows (token types, classifier), stay float32. Tensors whose
name starts with a PREFIX, and integer tensors, are left out.
"""

import argparse

import numpy as np
from safetensors.numpy import load_file, save_file


def quantize(matrix):
    largest = np.abs(matrix).max(axis=1)
    scales = np.maximum(largest / 127, np.finfo(np.float32).tiny).astype(np.float32)
    return np.clip(np.rint(matrix / scales[:, None]), -127, 127).astype(np.int8), scales


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("input")
    arguments.add_argument("output")
    arguments.add_argument("--without", nargs="*", default=[])
    arguments = arguments.parse_args()

    tensors = {}
    for name, tensor in sorted(load_file(arguments.input).items()):
        if name.startswith(tuple(arguments.without)) or not np.issubdtype(tensor.dtype, np.floating):
            continue
        tensor = tensor.astype(np.float32)
        if tensor.ndim == 2 and len(tensor) >= 16:
            tensors[name], tensors[name + ".scale"] = quantize(tensor)
        else:
            tensors[name] = tensor
    save_file(tensors, arguments.output)


if __name__ == "__main__":
    main()
