"""The child process that reads PyTorch weights: `torch_weights.py SOURCE TARGET`.

A process of its own, because torch and TensorFlow in one is a matter of the order they come in; it
imports nothing of zoo, which imports Keras. Nothing is unpickled but tensors (`weights_only`).
TARGET is an `.npz` with the arrays in the file's order and Keras' layout.
"""

import sys

import numpy as np
import torch


def in_keras_layout(name: str, values: np.ndarray) -> np.ndarray:
    """Return a kernel as Keras has it: (height, width, in, out), depthwise (.., channels, 1)."""
    if values.ndim == 4:
        return values.transpose(2, 3, 0, 1) if "depthwise" in name else values.transpose(2, 3, 1, 0)
    return values.T if values.ndim == 2 else values


def main(source: str, target: str) -> None:
    state = torch.load(source, map_location="cpu", weights_only=True)
    arrays = [
        in_keras_layout(name, tensor.numpy())
        for name, tensor in state.items()
        if not name.endswith("num_batches_tracked")
    ]
    np.savez(target, *arrays)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
