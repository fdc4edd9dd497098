"""Transformer parts of a twin: normalisation, self-attention and sequence pooling."""

from typing import Any

import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.numerics import INT8
from zoo.quantization.layers.products import Dense, TwinLayer
from zoo.quantization.layers.ranges import Range


class Normalize(TwinLayer):
    """Layer norm (`centre`) or RMS norm over some axes, without its gain and bias.

    Those are folded into the next dense layer, so that the int8 range need not hold the spread
    between channels (the inter-channel factors of FQ-ViT, Lin et al. 2022, arXiv:2111.13824).
    `axes` are counted with the batch.
    """

    def __init__(self, name: str, centre: bool, epsilon: float, axes: tuple[int, ...]) -> None:
        super().__init__(name)
        self.centre, self.epsilon, self.axes = centre, epsilon, axes
        names = ("mean", "centred", "square", "variance", "shifted", "inverse", "output")
        self.ranges = {part: Range(f"{name}_{part}") for part in names}
        for part, where in self.ranges.items():
            setattr(self, f"{part}_range", where)  # tracked by Keras

    def run(self, *inputs: Any, arithmetic: Exact) -> Any:
        x, where = inputs[0], self.ranges
        if self.centre:
            mean = arithmetic.mean(x, self.axes, where["mean"], keepdims=True)
            x = arithmetic.subtract(x, mean, where["centred"])
        square = arithmetic.multiply(x, x, where["square"])
        variance = arithmetic.mean(square, self.axes, where["variance"], keepdims=True)
        shifted = arithmetic.add(variance, self.epsilon, where["shifted"])
        inverse = arithmetic.apply("rsqrt", shifted, where["inverse"])
        return arithmetic.multiply(x, inverse, where["output"])


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
        split = (tokens, self.heads, inner // self.heads)

        def heads_of(dense: Dense, order: tuple[int, ...]) -> Any:
            y = arithmetic.reshape(dense.run(x, arithmetic=arithmetic), split)
            return arithmetic.transpose(y, order)

        query = heads_of(self.query, (0, 2, 1, 3))  # (B, heads, tokens, head width)
        key = heads_of(self.key, (0, 2, 3, 1))  # (B, heads, head width, tokens)
        value = heads_of(self.value, (0, 2, 1, 3))  # (B, heads, tokens, head width)
        scores = arithmetic.matmul(query, key, self.scores_range)
        if self.shift is not None:
            scores = arithmetic.add(scores, self.shift, self.shifted_range)
        gate = "softmax" if self.shift is None else "sigmoid"
        weights = arithmetic.apply(gate, scores, self.weights_range)
        mixed = arithmetic.matmul(weights, value, self.mixed_range)
        mixed = arithmetic.reshape(arithmetic.transpose(mixed, (0, 2, 1, 3)), (tokens, inner))
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
        scores = arithmetic.reshape(self.score.run(x, arithmetic=arithmetic), (1, tokens))
        weights = arithmetic.apply("softmax", scores, self.weights_range)
        pooled = arithmetic.matmul(weights, x, self.output_range)
        return arithmetic.reshape(pooled, (width,))
