"""Kinds of array rows: gray images and single features, which are saved without their last axis."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Arrays
from zoo.data.kinds import IMAGE, OF_NUMBERS, SEQUENCE, Kind, kind_of

CHOICES = {kind.many: kind for kind in OF_NUMBERS}  # the values of --kind
SMALLEST = 8  # pixels a side of a gray image that nobody called one
RATES = ("rate", "sample_rate", "sr")  # names of a sample rate; the first is ours


@dataclass(frozen=True)
class Shaped:
    """Arrays whose rows have all axes of their kind.

    Attributes:
        arrays: as they were, but for the axis and the name of the rate.
        notes: what was assumed.
    """

    arrays: Arrays
    notes: list[str]

    @property
    def schema(self) -> dict[str, Any]:
        """How new rows are read; see `zoo.read_rows`."""
        return {"kind": "arrays"} | ({"notes": self.notes} if self.notes else {})


def shaped(what: object, arrays: Arrays, kind: str | None) -> Shaped:
    """Return arrays whose rows have all axes of their kind.

    Bytes (rows, height, width), as Keras' mnist.npz holds them, are gray images. A `sample_rate` or
    `sr` is a `rate`.

    Args:
        what: the file or folder, for messages.
        arrays: by name, at least `x_train`.
        kind: one of `CHOICES`; None: by shape and type.

    Raises:
        UserError: rows that cannot be of that kind.
    """
    arrays = {_own(name): array for name, array in arrays.items()}
    shape, notes = arrays["x_train"].shape[1:], []
    if kind is not None:
        wanted = CHOICES[kind]
    elif _gray(arrays):
        wanted = IMAGE
        notes.append(
            f"Rows of {shape[0]}x{shape[1]} bytes are read as gray {IMAGE.many}; --kind "
            f"{SEQUENCE.many} reads them as {SEQUENCE.described}."
        )
    else:
        return Shaped(arrays, notes)
    _check(what, shape, wanted)
    return Shaped({name: _of_kind(name, array, wanted) for name, array in arrays.items()}, notes)


def _own(name: str) -> str:
    return RATES[0] if name in RATES else name


def _gray(arrays: Arrays) -> bool:
    x = arrays["x_train"]
    flat = kind_of(x.shape[1:]) is SEQUENCE and x.dtype == np.uint8
    said = any(name.startswith("lengths_") for name in arrays)
    return flat and not said and min(x.shape[1:]) >= SMALLEST


def _check(what: object, shape: tuple[int, ...], wanted: Kind) -> None:
    if len(wanted.axes) - len(shape) not in (0, 1):
        raise UserError(
            f"{what} has rows of shape {shape}, which cannot be read as {wanted.described}. "
            "Reshape them, or leave --kind out."
        )


def _of_kind(name: str, array: np.ndarray, wanted: Kind) -> np.ndarray:
    missing = name.startswith("x_") and array.ndim == len(wanted.axes)
    return array[..., None] if missing else array
