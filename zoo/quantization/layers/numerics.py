"""Numeric formats: every bound, type and file name that follows from one, in a record of its own.

What a twin computes in a format is an arithmetic, which names its record (`arithmetic.Integer`);
whatever writes, runs or checks a file reads the same record. No other file knows a bound, as in
qwix's `core/numerics.py`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # names and file names are read before NumPy is imported
    import numpy as np


@dataclass(frozen=True)
class Grid:
    """The numbers that values are rounded to: signed integers, or floats.

    Attributes:
        bits: of a number.
        narrow: whether the lowest is left out: then zero is in the middle.
        real: whether they are floats, to which bounds and steps mean nothing.
    """

    bits: int
    narrow: bool = False
    real: bool = False

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
    def dtype(self) -> "np.dtype[Any]":
        import numpy as np

        return np.dtype(f"{'float' if self.real else 'int'}{self.bits}")

    @property
    def tensor_type(self) -> str:
        """The type's name in a `.tflite` file."""
        return self.dtype.name.upper()


@dataclass(frozen=True)
class Numerics:
    """A numeric format.

    Attributes:
        name: what it is asked for by, and its files are named after.
        title: what it is, in a few words.
        weights: of kernels, integers with one scale per output channel.
        activations: of all other tensors, one scale each.
        wide: of those that may be more exact; None: of none.
        everywhere: whether `wide` is for all; else for what a search finds (`Range.wide`).
        ends: of a file's input and output.
        allowed: the types of tensors that a file may hold, ids and counts included.
        targets: the runtimes that take it.
        operators: the set of kernels that TensorFlow's converter may use (`tf.lite.OpsSet`), where
            it can make such a file.
        sigmoid: the range of a sigmoid's output that LiteRT's 8-bit kernels dictate; of a
            softmax's, too.
        tanh: that of a hyperbolic tangent's.
        log_softmax: that of a softmax's logarithm.
    """

    name: str
    title: str
    weights: Grid
    activations: Grid
    ends: Grid
    allowed: frozenset[str]
    targets: tuple[str, ...]
    wide: Grid | None = None
    everywhere: bool = False
    operators: str | None = None
    sigmoid: tuple[float, float] = (0.0, 255 / 256)
    tanh: tuple[float, float] = (-1.0, 127 / 128)
    log_softmax: tuple[float, float] = (-255 / 16, 0.0)

    def file(self, form: str = "rolled") -> str:
        """Return the name of the file of a form, such as `model_int8_step.tflite`."""
        return f"model_{self.name}{'' if form == 'rolled' else f'_{form}'}.tflite"

    @property
    def integer(self) -> bool:
        """Whether it computes with integers."""
        return not self.activations.real

    @property
    def wide_ends(self) -> bool:
        """Whether a file's input and output are wide."""
        return self.wide is not None and self.ends == self.wide


FLOATS = Grid(32, real=True)
WIDE = Grid(16, narrow=True)
COUNTS = frozenset({"INT32", "UINT32", "INT64", "BOOL"})
INTEGERS = COUNTS | {"INT4", "INT8", "UINT8", "INT16", "UINT16"}
MCU = ("litert", "micro", "ethos-u55", "arm64")

FLOAT = Numerics(
    name="float",
    title="float32",
    weights=FLOATS,
    activations=FLOATS,
    ends=FLOATS,
    allowed=COUNTS | {"FLOAT32"},
    targets=("litert", "micro"),
)
# LiteRT 8-bit quantization specification, https://ai.google.dev/edge/litert/models/quantization_spec
INT8 = Numerics(
    name="int8",
    title="8-bit integers",
    weights=Grid(8, narrow=True),
    activations=Grid(8),
    ends=Grid(8),
    allowed=INTEGERS,
    targets=MCU,
    operators="TFLITE_BUILTINS_INT8",
)
# https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/post_training_integer_quant_16x8
INT16X8 = replace(
    INT8,
    name="int16x8",
    title="8-bit weights, 16-bit activations",
    wide=WIDE,
    everywhere=True,
    ends=WIDE,
    operators=None,
)
MIXED = replace(
    INT8,
    name="mixed",
    title="8-bit integers, 16-bit where noise asks",
    wide=WIDE,
    operators=None,
)
DYNAMIC = replace(
    FLOAT,
    name="dynamic",
    title="8-bit weights, float activations",
    weights=INT8.weights,
    allowed=FLOAT.allowed | {"INT8"},
    targets=("litert",),
)
FLOAT16 = replace(
    FLOAT,
    name="float16",
    title="float16 weights, float activations",
    weights=Grid(16, real=True),
    allowed=FLOAT.allowed | {"FLOAT16"},
    targets=("litert",),
)
NUMERICS = {one.name: one for one in (INT8, MIXED, INT16X8, DYNAMIC, FLOAT16, FLOAT)}
