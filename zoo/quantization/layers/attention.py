"""Transformer parts of a twin: normalisation, self-attention and sequence pooling."""

from typing import Any

import numpy as np
from keras import ops

from zoo.quantization.layers.arithmetic import Exact, Range
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.products import Dense, TwinLayer


class Normalize(TwinLayer):
    """Layer norm (`centre`) or RMS norm over the last axis, without its gain and bias.

    Those are folded into the next dense layer, so that the int8 range need not hold the spread
    between channels (the inter-channel factors of FQ-ViT, Lin et al. 2022, arXiv:2111.13824).
    """

    def __init__(self, name: str, centre: bool, epsilon: float) -> None:
        super().__init__(name)
        self.centre, self.epsilon = centre, epsilon
        names = ("mean", "centred", "square", "variance", "shifted", "inverse", "output")
        self.ranges = {part: Range(f"{name}_{part}") for part in names}
        for part, where in self.ranges.items():
            setattr(self, f"{part}_range", where)  # tracked by Keras

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        def rounded(part: str, value: Any) -> Any:
            return arithmetic.activation(self.ranges[part], value)

        x = inputs[0]
        if self.centre:
            mean = rounded("mean", ops.mean(x, axis=-1, keepdims=True))
            x = rounded("centred", x - mean)
        square = rounded("square", x * x)
        variance = rounded("variance", ops.mean(square, axis=-1, keepdims=True))
        shifted = rounded("shifted", variance + self.epsilon)
        inverse = rounded("inverse", ops.rsqrt(shifted))
        return rounded("output", x * inverse)


class Attention(TwinLayer):
    """Multi-head self-attention: four FULLY_CONNECTED, two BATCH_MATMUL and a SOFTMAX or LOGISTIC.

    Keys and values have zero point 0: LiteRT's XNNPACK delegate takes an int8 BATCH_MATMUL only
    then, and without it the product is several times slower.

    Args:
        dense: kernel (width, inner) and bias (inner,) of "query", "key" and "value"; (inner, width)
            and (width,) of "project".
        heads: number of heads.
        shift: None for softmax; else sigmoid(scores + shift).
    """

    def __init__(
        self,
        name: str,
        dense: dict[str, tuple[np.ndarray, np.ndarray]],
        heads: int,
        shift: float | None,
    ) -> None:
        super().__init__(name)
        self.heads, self.shift = heads, shift
        self.query = Dense(f"{name}_query", *dense["query"])
        self.key = Dense(f"{name}_key", *dense["key"], symmetric=True)
        self.value = Dense(f"{name}_value", *dense["value"], symmetric=True)
        self.project = Dense(f"{name}_project", *dense["project"])
        self.scores_range = Range(f"{name}_scores")
        self.shifted_range = Range(f"{name}_shifted")
        self.weights_range = Range(f"{name}_weights", fixed=INT8.sigmoid)
        self.mixed_range = Range(f"{name}_mixed")
        self.project.reads(self.mixed_range)

    def reads(self, source: Range) -> None:
        for dense in (self.query, self.key, self.value):
            dense.reads(source)

    def result(self) -> Range:
        return self.project.output_range

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        x = inputs[0]
        tokens, inner = x.shape[1], self.query.kernel.shape[-1]
        split = (-1, tokens, self.heads, inner // self.heads)

        def heads_of(dense: Dense, order: tuple[int, ...]) -> Any:
            return ops.transpose(ops.reshape(dense.run(x, arithmetic=arithmetic), split), order)

        query = heads_of(self.query, (0, 2, 1, 3))  # (B, heads, tokens, head width)
        key = heads_of(self.key, (0, 2, 3, 1))  # (B, heads, head width, tokens)
        value = heads_of(self.value, (0, 2, 1, 3))  # (B, heads, tokens, head width)
        scores = arithmetic.activation(self.scores_range, ops.matmul(query, key))
        if self.shift is None:
            weights = ops.softmax(scores, axis=-1)
        else:
            scores = arithmetic.activation(self.shifted_range, scores + self.shift)
            weights = ops.sigmoid(scores)
        weights = arithmetic.activation(self.weights_range, weights)
        mixed = arithmetic.activation(self.mixed_range, ops.matmul(weights, value))
        mixed = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, tokens, inner))
        return self.project.run(mixed, arithmetic=arithmetic)


class Pooling(TwinLayer):
    """Sequence pooling: FULLY_CONNECTED to a score a token, SOFTMAX over tokens, BATCH_MATMUL.

    Args:
        kernel: (width, 1), of the scores.
        bias: (1,), which softmax does not feel: it only centres the scores in their range.
    """

    def __init__(self, name: str, kernel: np.ndarray, bias: np.ndarray) -> None:
        super().__init__(name)
        self.score = Dense(f"{name}_score", kernel, bias)
        self.weights_range = Range(f"{name}_weights", fixed=INT8.sigmoid)
        self.output_range = Range(f"{name}_output")

    def reads(self, source: Range) -> None:
        self.score.reads(source)

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        x = inputs[0]
        _, tokens, width = x.shape
        scores = ops.reshape(self.score.run(x, arithmetic=arithmetic), (-1, 1, tokens))
        weights = arithmetic.activation(self.weights_range, ops.softmax(scores, axis=-1))
        pooled = ops.reshape(ops.matmul(weights, x), (-1, width))
        return arithmetic.activation(self.output_range, pooled)
