"""Training in bfloat16: half the bytes where the hardware has it, without loss scaling."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from zoo.layers.inputs import Standardize


@contextmanager
def computing_in(precision: str, model: keras.Model) -> Iterator[None]:
    """Let a model compute in "bfloat16" or, as always, "float32", until the block ends.

    As Keras' policy "mixed_bfloat16" (Micikevicius et al. 2018, arXiv:1710.03740; Kalamkar et al.
    2019, arXiv:1905.12322), but for a model that exists: weights stay in float32, and so do the
    standardizing of the input, which may be far from 0, and the last layer, whose logits go into
    the loss. What is saved, calibrated and exported afterwards is float32 as ever.
    """
    if precision == "float32":
        yield
        return
    whole = (keras.layers.InputLayer, Standardize)
    layers = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if layer is not model.layers[-1] and not isinstance(layer, whole)
    ]
    before = [layer.dtype_policy for layer in layers]
    for layer in layers:
        layer.dtype_policy = "mixed_bfloat16"
    try:
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy
        # what was compiled computes in bfloat16
        model.train_function = model.test_function = model.predict_function = None
