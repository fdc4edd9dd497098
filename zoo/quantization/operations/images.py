"""Rules for operations on images: patches, other sizes, borders, blocks taken into the channels."""

from typing import Any

import numpy as np
from keras import layers

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.operations.as_layers import Alike
from zoo.quantization.operations.calls import Call
from zoo.quantization.operations.contractions import by_matrix
from zoo.quantization.operations.moving import as_shape, ordered
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.values import Value, unknown

GRAY = (0.2989, 0.5870, 0.1140)  # of red, green and blue, as Keras weighs them


def resized(call: Call, images: Value) -> Alike:
    """`ops.image.resize`."""
    operation = call.operation
    if operation.pad_to_aspect_ratio and operation.fill_mode != "constant":
        raise unknown(operation, f"fill_mode={operation.fill_mode!r}")
    height, width = operation.size
    layer = layers.Resizing(
        height,
        width,
        interpolation=operation.interpolation,
        crop_to_aspect_ratio=operation.crop_to_aspect_ratio,
        pad_to_aspect_ratio=operation.pad_to_aspect_ratio,
        fill_value=operation.fill_value,
        antialias=operation.antialias,
        data_format=operation.data_format,
        name=call.name,
    )
    return layer, [], [images]


def patches(sketch: Sketch, call: Call, images: Value) -> Value:
    """Squares side by side are axes in another order; others are joined from slices."""
    operation = call.operation
    if len(images.shape) != 3 or operation.data_format != "channels_last":
        raise unknown(operation, "only patches of images, channels last, have an int8 form")
    size, strides, rate = (
        _pair(one) for one in (operation.size, operation.strides, operation.dilation_rate)
    )
    height, width = call.shape[:2]
    reach = [rate[i] * (size[i] - 1) + 1 for i in (0, 1)]
    spans = [(count - 1) * strides[i] + reach[i] for i, count in enumerate((height, width))]
    if strides == size and rate == (1, 1) and tuple(spans) == images.shape[:2]:
        return _blocks(sketch, call, images, size, call.shape)
    x = images
    if operation.padding == "same":
        spare = [max(span - have, 0) for span, have in zip(spans, x.shape, strict=False)]
        pads = [(0, 0), *((one // 2, one - one // 2) for one in spare), (0, 0)]
        shape = tuple(have + sum(pad) for have, pad in zip(x.shape, pads[1:], strict=True))
        x = sketch.rearrange(x, call.name, shape, lambda do, v: do.pad(v, pads))
    channels = x.shape[-1]

    def joined(do: Exact, v: Any) -> Any:
        parts = []
        for row in range(0, reach[0], rate[0]):
            for column in range(0, reach[1], rate[1]):
                end = [row + (height - 1) * strides[0] + 1, column + (width - 1) * strides[1] + 1]
                parts.append(do.cut(v, [row, column, 0], [*end, channels], [*strides, 1]))
        return do.concatenate(parts, 3) if len(parts) > 1 else parts[0]

    return sketch.rearrange(x, call.name, call.shape, joined)


def space_to_depth(sketch: Sketch, call: Call, x: Value) -> Value:
    """Blocks of pixels as channels."""
    block = _block(call)
    return _blocks(sketch, call, x, (block, block), call.shape)


def depth_to_space(sketch: Sketch, call: Call, x: Value) -> Value:
    """Channels as blocks of pixels."""
    block = _block(call)
    height, width, channels = x.shape
    wide = (height, width, block, block, channels // block**2)
    y = as_shape(sketch, call.name, x, wide)
    return as_shape(sketch, call.name, ordered(sketch, call, y, [0, 1, 3, 2, 4, 5]), call.shape)


def _blocks(
    sketch: Sketch, call: Call, x: Value, size: tuple[int, int], shape: tuple[int, ...]
) -> Value:
    height, width, channels = x.shape
    wide = (height // size[0], size[0], width // size[1], size[1], channels)
    y = as_shape(sketch, call.name, x, wide)
    return as_shape(sketch, call.name, ordered(sketch, call, y, [0, 1, 3, 2, 4, 5]), shape)


def _block(call: Call) -> int:
    operation = call.operation
    if operation.data_format != "channels_last":
        raise unknown(operation, f"data_format={operation.data_format!r}")
    return int(operation.block_size)


def _pair(size: Any) -> tuple[int, int]:
    first, second = (size, size) if isinstance(size, int) else size
    return int(first), int(second)


def padded(sketch: Sketch, call: Call, images: Value) -> Value:
    """`ops.image.pad_images`: PAD."""
    above, left = _before(call, images, ("top_padding", "bottom_padding"), "left_padding", 1)
    height, width = (call.shape[axis] - images.shape[axis] for axis in (0, 1))
    pads = [(0, 0), (above, height - above), (left, width - left), (0, 0)]
    return sketch.rearrange(images, call.name, call.shape, lambda do, v: do.pad(v, pads))


def cropped(sketch: Sketch, call: Call, images: Value) -> Value:
    """`ops.image.crop_images`: STRIDED_SLICE."""
    above, left = _before(call, images, ("top_cropping", "bottom_cropping"), "left_cropping", -1)
    begin, end = [above, left, 0], [above + call.shape[0], left + call.shape[1], call.shape[2]]
    return sketch.rearrange(images, call.name, call.shape, lambda do, v: do.cut(v, begin, end))


def _before(
    call: Call, x: Value, heights: tuple[str, str], left: str, sign: int
) -> tuple[int, int]:
    """Return how much comes, or goes, above and on the left."""
    operation = call.operation
    if operation.data_format != "channels_last" or len(x.shape) != 3:
        raise unknown(operation, "only images, channels last, have an int8 form")
    names = heights, (left, left.replace("left", "right"))
    found = []
    for axis, (before, after) in enumerate(names):
        given, other = getattr(operation, before), getattr(operation, after)
        spare = sign * (call.shape[axis] - x.shape[axis])
        found.append(int(spare - other if given is None else given))
    return found[0], found[1]


def gray(sketch: Sketch, call: Call, images: Value) -> Value:
    """`ops.image.rgb_to_grayscale`: a product of the channels."""
    if call.operation.data_format != "channels_last":
        raise unknown(call.operation, "data_format='channels_first'")
    return by_matrix(sketch, call, images, np.array(GRAY)[:, None])
