"""Several outputs of a file, each with its scale, read as the one array of its model."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from export.tflite.scaling import Scaling
from zoo.checks import UserError
from zoo.quantization.layers.joint import Joint, Place
from zoo.quantization.layers.numerics import FLOAT as FLOATS


@dataclass(frozen=True)
class Joined:
    """The host's half of a file's outputs, which it puts together.

    Attributes:
        joint: how.
        scalings: of each output, in the file's order.
    """

    joint: Joint
    scalings: tuple[Scaling, ...]

    def dequantize(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        """Return a file's outputs as the real numbers of the model, float32 (rows, *shape).

        Raises:
            UserError: outputs of other sizes than the report tells.
        """
        sizes = [[output[0].size for output in outputs], [_size(p.own) for p in self.joint.places]]
        if sizes[0] != sizes[1]:
            raise UserError(
                f"The report tells of outputs of {sizes[1]} values; the file has {sizes[0]}. "
                "Export the run again."
            )
        pairs = zip(self.scalings, outputs, strict=True)
        return self.joint.join(
            [one if own.ends.real else own.dequantize(one) for own, one in pairs]
        )

    def steps(self) -> np.ndarray:
        """Return the quantization step of each value of the model's array, (1, *shape)."""
        return self.joint.join(
            [
                np.broadcast_to(np.abs(own.scale), (1, *place.own))
                for own, place in zip(self.scalings, self.joint.places, strict=True)
            ]
        )

    def real(self) -> "Joined":
        """Return that of the float file of the same graph."""
        plain = Scaling((1.0,), (0.0,), taken=FLOATS.ends.dtype.name)
        return Joined(self.joint, (plain,) * len(self.scalings))

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        pairs = zip(self.joint.places, self.scalings, strict=True)
        parts = [asdict(place) | own.described() for place, own in pairs]
        return {"shape": self.joint.shape, "parts": parts}

    @classmethod
    def read(cls, held: Mapping[str, Any]) -> "Joined":
        """Return what `described` gave. Raises UserError where the parts do not make the whole."""
        shape, parts = tuple(held["shape"]), held["parts"]
        places = tuple(
            Place(part["name"], tuple(part["at"]), tuple(part["shape"]), tuple(part["own"]))
            for part in parts
        )
        if not _whole(shape, places):
            raise UserError("The outputs that the report tells of do not fit. Export it again.")
        known = [one.name for one in fields(Scaling)]
        each = ({n: _frozen(part[n]) for n in known if n in part} for part in parts)
        return cls(Joint(shape, places), tuple(Scaling(**one) for one in each))


Output = Scaling | Joined


def read_outputs(output: Output, found: Sequence[np.ndarray]) -> np.ndarray:
    """Return what a file gives, (rows, ...) for each of its outputs, as real numbers."""
    if isinstance(output, Joined):
        return output.dequantize(found) if len(found) > 1 else found[0]  # TensorFlow's float file
    return output.dequantize(found[0])


def _whole(shape: tuple[int, ...], places: Sequence[Place]) -> bool:
    """Return whether parts lie within an array, and have as many values as it."""
    inside = all(
        len(one.at) == len(one.shape) == len(shape)
        and all(
            first + size <= most for first, size, most in zip(one.at, one.shape, shape, strict=True)
        )
        and _size(one.own) == _size(one.shape)
        for one in places
    )
    return inside and sum(_size(one.shape) for one in places) == _size(shape)


def _size(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=object))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
