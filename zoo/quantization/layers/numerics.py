"""Numeric formats: every bound, type and file name that follows from one, in a record of its own.

What a twin computes in a format is an arithmetic, which names its record (`arithmetic.Int8`);
whatever writes, runs or checks a file reads the same record. No other file knows a bound, as in
qwix's `core/numerics.py`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Grid:
    """The signed integers that values are rounded to.

    Attributes:
        bits: of a number.
        narrow: whether the lowest is left out: then zero is in the middle.
    """

    bits: int
    narrow: bool = False

    @property
    def low(self) -> int:
        return -self.high if self.narrow else -self.high - 1

    @property
    def high(self) -> int:
        return (1 << self.bits - 1) - 1

    @property
    def steps(self) -> int:
        """From the lowest number to the highest."""
        return self.high - self.low

    @property
    def unit(self) -> tuple[float, float]:
        """All but -1 to 1, in steps such as 1/127.5, where no gate times a tanh is half a step.

        In steps of 1/128, as tanh has them, such products are halves again and again, which x86
        rounds to even and Arm upwards.
        """
        reach = self.high / (self.high + 0.5)
        return -reach, reach

    @property
    def bytes(self) -> int:
        """Of a number in a file."""
        return self.bits // 8

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(f"int{self.bits}")

    @property
    def tensor_type(self) -> str:
        """The type's name in a `.tflite` file."""
        return self.dtype.name.upper()


@dataclass(frozen=True)
class Numerics:
    """A numeric format.

    Attributes:
        name: what it is asked for by, and its files are named after.
        weights: of kernels, one scale per output channel.
        activations: of all other tensors, one scale each; symmetric ones leave the lowest out.
        ends: of a file's input and output.
        sigmoid: the range of a sigmoid's output that LiteRT's kernels dictate; of a softmax's, too.
        tanh: that of a hyperbolic tangent's.
        log_softmax: that of a softmax's logarithm.
        allowed: the types of tensors that a file may hold, ids and counts included.
        operators: the set of kernels that TensorFlow's converter may use (`tf.lite.OpsSet`).
        targets: the runtimes that take it.
    """

    name: str
    weights: Grid
    activations: Grid
    ends: Grid
    sigmoid: tuple[float, float]
    tanh: tuple[float, float]
    log_softmax: tuple[float, float]
    allowed: frozenset[str]
    operators: str
    targets: tuple[str, ...]

    def file(self, form: str = "rolled") -> str:
        """Return the name of the file of a form, such as `model_int8_step.tflite`."""
        return f"model_{self.name}{'' if form == 'rolled' else f'_{form}'}.tflite"


# LiteRT 8-bit quantization specification, https://ai.google.dev/edge/litert/models/quantization_spec
INT8 = Numerics(
    name="int8",
    weights=Grid(8, narrow=True),
    activations=Grid(8),
    ends=Grid(8),
    sigmoid=(0.0, 255 / 256),
    tanh=(-1.0, 127 / 128),
    log_softmax=(-255 / 16, 0.0),
    allowed=frozenset(
        {"INT4", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32", "INT64", "BOOL"}
    ),
    operators="TFLITE_BUILTINS_INT8",
    targets=("litert", "micro", "ethos-u55", "arm64"),
)
