"""Rules for layers that make an image larger or smaller, or choose a part of it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import layers, ops

from zoo.quantization.layers.operations import UP, Operations
from zoo.quantization.layers.products import Dense
from zoo.quantization.layers.ranges import Window
from zoo.quantization.rules import moves
from zoo.quantization.rules.drafts import Sketch
from zoo.quantization.rules.moves import chosen, cut, padded, pooled
from zoo.quantization.rules.sequences import channels_last, reshaped, shape_like, swapped
from zoo.quantization.rules.values import Value, shape_of, unknown

LARGEST = (layers.AdaptiveMaxPooling1D, layers.AdaptiveMaxPooling2D)
OPERATORS = ("nearest", "bilinear")  # that LiteRT has
# XNNPACK refuses RESIZE_NEAREST_NEIGHBOR and TILE, and joins at most this many values. On AVX2 two
# joins take .22 of the one's time and .64 of the other's at 32x32x32, .11 and .45 at 64x64x3
JOINED = 5


@channels_last
def upsample(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`UpSampling`: CONCATENATION of pixels and rows, or RESIZE_BILINEAR, of images."""
    if len(x.shape) == 2:
        x = reshaped(sketch, x, (1, *x.shape), f"{layer.name}_picture")
    how = getattr(layer, "interpolation", "nearest")
    return _resized(sketch, layer, x, shape_like(layer, x)[:2], how)


@channels_last
def resizing(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`Resizing`: what is cut off or put on keeps the aspect ratio, where that is asked for."""
    size = (layer.height, layer.width)
    if layer.crop_to_aspect_ratio:
        x = _of_ratio(sketch, layer, x, size, min)
    if layer.pad_to_aspect_ratio:
        level = np.full(x.shape[-1], float(layer.fill_value))
        x = _of_ratio(
            sketch, layer, x.then(np.ones(x.shape), -level + np.zeros(x.shape)), size, max
        )
        x = x.then(np.ones(x.shape), level + np.zeros(x.shape))
    return _resized(sketch, layer, x, size, layer.interpolation, layer.antialias)


@channels_last
def center_crop(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`CenterCrop`: STRIDED_SLICE; of an image that is too small Keras makes a larger one."""
    size = (layer.height, layer.width)
    if x.shape[0] < size[0] or x.shape[1] < size[1]:
        return _resized(sketch, layer, _of_ratio(sketch, layer, x, size, min), size, "bilinear")
    return _centred(sketch, layer, x, size)


def random_crop(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`RandomCrop`: nothing; Keras says that it crops, and leaves the image as it is."""
    if x.shape != shape_of(layer):
        raise unknown(
            layer, "after training it hands on the whole image, whatever its size; use CenterCrop"
        )
    return x


@channels_last
def pool_to(sketch: Sketch, layer: Any, x: Value) -> Value:
    """`AdaptivePooling`: equal shares are pooled; of others averages are dense layers by axis."""
    largest = isinstance(layer, LARGEST)
    if len(x.shape) == 2:
        x = reshaped(sketch, x, (1, *x.shape), f"{layer.name}_picture")
    shape = shape_like(layer, x)
    if not any(before % after for before, after in zip(x.shape, shape, strict=True)):
        size = (x.shape[0] // shape[0], x.shape[1] // shape[1])
        return pooled(sketch, layer, x, shape, Window(size, "valid"), size, largest)
    if largest:
        raise unknown(layer, f"{x.shape[:2]} are no equal shares of output_size")
    for axis in (0, 1):
        matrix = _averages(x.shape[axis], shape[axis])
        x = _along(sketch, x, axis, matrix, f"{layer.name}_{axis}")
    return x


def _of_ratio(
    sketch: Sketch,
    layer: Any,
    x: Value,
    size: tuple[int, int],
    choose: Callable[[int, int], int],
) -> Value:
    """Return the middle of an image (`min`), or zeros around it (`max`), of the ratio of `size`."""
    height, width = x.shape[:2]
    target = (
        max(choose(height, int(float(width * size[0]) / size[1])), 1),
        max(choose(width, int(float(height * size[1]) / size[0])), 1),
    )
    return _centred(sketch, layer, x, target)


def _centred(sketch: Sketch, layer: Any, x: Value, size: Sequence[int]) -> Value:
    """Return the middle of an image, or the image in the middle of zeros."""
    name = f"{layer.name}_centre"
    spare = [before - after for before, after in zip(x.shape[:2], size, strict=True)]
    if min(spare) >= 0:
        return cut(sketch, x, [*((one // 2, one - one // 2) for one in spare), (0, 0)], name)
    put = [(-one // 2, -one // 2) for one in spare]  # of an odd number Keras leaves one out
    return padded(sketch, x, [*put, (0, 0)], name)


def _resized(
    sketch: Sketch, layer: Any, x: Value, size: Sequence[int], how: str, antialias: bool = False
) -> Value:
    """Return an image of another size: by an operator, or by a dense layer over either axis."""
    if tuple(size) == x.shape[:2]:
        return x
    if how in OPERATORS and not (antialias and how == "bilinear"):
        shape = (*size, x.shape[-1])
        times = [after // before for before, after in zip(x.shape[:2], size, strict=True)]
        whole = [n * before for n, before in zip(times, x.shape[:2], strict=True)] == [*size]
        if how == "nearest" and whole and max(times) <= JOINED:
            return chosen(sketch, layer, x, shape, lambda do, v: repeated(do, v, times))

        def resized(do: Operations, v: Any) -> Any:
            return do.resize(v, size, how)

        halves = UP if how == "bilinear" else None
        return chosen(sketch, layer, x, shape, resized, averages=halves)
    for axis in (0, 1):
        matrix = _interpolation(x.shape[axis], size[axis], how, antialias)
        x = _along(sketch, x, axis, matrix, f"{layer.name}_{axis}")
    return x


def repeated(do: Operations, x: Any, times: Sequence[int]) -> Any:
    """Repeat pixels, (batch, height, width, channels), beside and below themselves."""
    _, height, width, channels = x.shape
    if times[1] > 1:
        x = do.concatenate([x] * times[1], -1)
    if times[0] > 1:
        x = do.reshape(x, (height, width * times[1] * channels))
        x = do.concatenate([x] * times[0], -1)
    return do.reshape(x, (height * times[0], width * times[1], channels))


def _interpolation(before: int, after: int, how: str, antialias: bool) -> np.ndarray:
    """Return the matrix, (before, after), that resizes one axis."""
    unit = ops.convert_to_tensor(np.eye(before, dtype=np.float32)[..., None])  # a row a place
    given = {"interpolation": how, "antialias": antialias, "data_format": "channels_last"}
    resized = ops.image.resize(unit, (before, after), **given)
    return np.asarray(ops.convert_to_numpy(resized)[..., 0], np.float64)


def _averages(before: int, after: int) -> np.ndarray:
    """Return the matrix, (before, after), that averages equal shares of an axis."""
    unit = ops.convert_to_tensor(np.eye(before, dtype=np.float32)[..., None])
    pooled = ops.adaptive_average_pool(unit, after, data_format="channels_last")
    return np.asarray(ops.convert_to_numpy(pooled)[..., 0], np.float64)


def _along(sketch: Sketch, x: Value, axis: int, matrix: np.ndarray, name: str) -> Value:
    """Return the product of an axis with a matrix, (before, after)."""
    if np.array_equal(matrix, np.eye(*matrix.shape)):
        return x
    rank = len(x.shape)
    order = [0, *(i + 1 for i in range(rank) if i != axis), axis + 1]
    x = swapped(sketch, sketch.settle(x, name), order, f"{name}_swapped")
    shape = (*x.shape[:-1], matrix.shape[1])
    bias = np.zeros(matrix.shape[1])
    y = sketch.add(Dense, name, (x,), shape, kernel=matrix, bias=bias, activation=None)
    return swapped(sketch, y, np.argsort(order).tolist(), f"{name}_back")


RULES: dict[type, Callable[..., Value]] = {
    layers.UpSampling1D: upsample,
    layers.UpSampling2D: upsample,
    layers.Resizing: resizing,
    layers.CenterCrop: center_crop,
    layers.RandomCrop: random_crop,
    layers.AdaptiveAveragePooling1D: pool_to,
    layers.AdaptiveAveragePooling2D: pool_to,
    layers.AdaptiveMaxPooling1D: pool_to,
    layers.AdaptiveMaxPooling2D: pool_to,
    layers.ZeroPadding3D: moves.zero_padding,
    layers.Cropping3D: moves.crop,
    layers.GlobalAveragePooling3D: moves.mean,
    layers.GlobalMaxPooling3D: moves.global_max,
}
