"""Rules for 1-D layers: a sequence becomes an image of height 1, and stays one.

LiteRT has kernels of two dimensions only. What reads a convolution's steps as a picture too needs
no reshape; whatever else does gets the sequence back.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.rules.copies import again
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Value, numpy_of, shape_of


def channels_last(rule: Callable[..., Value]) -> Callable[..., Value]:
    """Return a rule that also knows layers with the channels first: between two TRANSPOSEs."""

    @functools.wraps(rule)
    def turned(sketch: Sketch, layer: Any, x: Value) -> Value:
        if getattr(layer, "data_format", None) != "channels_first":
            return rule(sketch, layer, x)
        rank = len(layer.input.shape)
        x = as_seen(sketch, x, layer.input, layer.name)
        x = swapped(sketch, x, (0, *range(2, rank), 1), f"{layer.name}_last")
        same = _turned(layer, x.shape)
        y = as_seen(sketch, rule(sketch, same, x), same.output, layer.name)
        if len(y.shape) + 1 < rank:  # the channels alone are left
            return y
        return swapped(sketch, y, (0, rank - 1, *range(1, rank - 1)), f"{layer.name}_first")

    return turned


def _turned(layer: Any, shape: tuple[int, ...]) -> Any:
    """Return a layer that does the same to channels that come last."""
    changed: dict[str, Any] = {"data_format": "channels_last", "_input_spec": None}
    if hasattr(layer, "height_axis"):  # which a layer of images works out when it is made
        changed |= {"height_axis": -3, "width_axis": -2}
    same = again(layer, **changed)
    same(keras.Input(shape))
    return same


def as_image(sketch: Sketch, layer: Any, x: Value) -> Value:
    """Return the input of a convolution or pooling as (height, width, channels).

    Of a causal convolution it begins with the zeros that its first steps see.
    """
    if len(x.shape) == 2:
        x = reshaped(sketch, x, (1, *x.shape), f"{layer.name}_picture")
    if layer.padding != "causal":
        return x
    before = (layer.kernel_size[0] - 1) * layer.dilation_rate[0]
    height, steps, channels = x.shape
    pads = [(0, 0), (0, 0), (before, 0), (0, 0)]
    shape, name = (height, before + steps, channels), f"{layer.name}_delayed"
    return sketch.rearrange(x, name, shape, lambda do, v: do.pad(v, pads))


def padding_of(layer: Any) -> str:
    """Return the padding of a convolution whose input is that of `as_image`."""
    return "valid" if layer.padding == "causal" else str(layer.padding)


def as_seen(sketch: Sketch, x: Value, tensor: Any, name: str) -> Value:
    """Return a value in the shape that the Keras layers see, which is that of `tensor`."""
    shape = tuple(tensor.shape[1:])
    return x if len(x.shape) == len(shape) else reshaped(sketch, x, shape, f"{name}_sequence")


def reshaped(sketch: Sketch, x: Value, shape: tuple[int, ...], name: str) -> Value:
    """Return a value in another shape, made once for all who read it."""

    def made() -> Value:
        return sketch.rearrange(x, name, shape, lambda do, v: do.reshape(v, shape))

    if x.shape == shape:
        return x
    return sketch.once(shape, x, made) if x.shared else made()


@dataclass(frozen=True)
class Transposed:
    """TRANSPOSE of the axes into an order, which counts the batch."""

    order: tuple[int, ...]

    def __call__(self, do: Exact, x: Any) -> Any:
        return do.transpose(x, self.order)


def swapped(sketch: Sketch, x: Value, order: Sequence[int], name: str) -> Value:
    """Return a value with its axes in another order, which counts the batch; that stays first."""
    axes, shape = tuple(order), tuple(x.shape[axis - 1] for axis in order[1:])
    return x if list(axes) == sorted(axes) else sketch.rearrange(x, name, shape, Transposed(axes))


def shape_like(layer: Any, x: Value) -> tuple[int, ...]:
    """Return the shape of a layer's output, as a picture where its input `x` is one."""
    shape = shape_of(layer)
    return (1, *shape) if len(x.shape) == 3 and len(shape) == 2 else shape


def both_ways(sizes: Sequence[int]) -> tuple[int, int]:
    """Return strides, or extents, of height and width."""
    *height, width = sizes
    return (height[0] if height else 1), width


def kernel_of(weight: Any) -> np.ndarray:
    """Return a kernel as (height, width, channels, filters)."""
    kernel = numpy_of(weight)
    return kernel if kernel.ndim == 4 else kernel[None]
