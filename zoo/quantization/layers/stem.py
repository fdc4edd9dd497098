"""Convolutions of few input channels, rewritten as equal ones of more, which int8 kernels like."""

from collections.abc import Sequence
from typing import Any

from keras import ops

from zoo.quantization.layers.operations import Operations
from zoo.quantization.layers.ranges import Window

WIDE = 8  # strides: a longer kernel is cut into as many slices (16 steps of 2 channels: 2.2 times)
FEW = 2  # channels; with three the rewriting costs more than it saves (benchmarks/export)
# height * width * channels of a kernel. With fewer the rewriting costs 1 to 8 KB and, on VNNI, time
# (MNIST's 3x3 1.6 times as much, 5x5 2.0, HAR's 16x1 2.7), if it also wins some on AVX2 alone (3x3
# .54 with 32 filters, but 1.2 with 8); with as many it wins on both (KWS's 10x4: .41 and .17)
MANY = 32
DENSE_CHANNELS = 8  # XNNPACK's int8 convolution pads the channels of every tap to this


def is_narrow(kernel: Sequence[int], window: Window) -> bool:
    """Return whether a convolution of kernel (height, width, channels, filters) is rewritten."""
    height, width, channels, _ = kernel
    plain = window.dilation == (1, 1) and window.strides[0] == window.strides[1]
    many = height * width * channels >= MANY
    return plain and channels <= FEW and many and max(height, width) <= WIDE * window.strides[0]


def densified(do: Operations, x: Any, kernel: Any, window: Window) -> tuple[Any, Any]:
    """Rewrite a convolution of few channels as an equal one of more: space to depth, then columns.

    Each `stride x stride` square becomes one pixel of more channels, then the kernel's columns
    (and its rows, while there are under 8 channels) are put side by side as channels. The result
    is convolved with the new kernel at stride 1 without padding.

    Args:
        do: what moves the image.
        x: (batch, height, width, channels).
        kernel: (height, width, channels, filters).
        window: strides and padding.
    """
    height, width, channels, filters = kernel.shape
    stride = window.strides[0]
    taps, outs, pads = geometry(x.shape[1:3], (height, width), stride, window.padding)
    x = _padded(do, x, pads)
    grow = [(0, tap * stride - size) for tap, size in zip(taps, (height, width), strict=True)]
    kernel = ops.pad(kernel, [*grow, (0, 0), (0, 0)])
    if stride > 1:
        x = _space_to_depth(do, x, stride)
        shape = (taps[0], stride, taps[1], stride * channels, filters)
        kernel = ops.transpose(ops.reshape(kernel, shape), (0, 2, 1, 3, 4))
        channels *= stride * stride
        kernel = ops.reshape(kernel, (*taps, channels, filters))
    if taps[1] > 1:  # columns become channels
        x = _side_by_side(do, x, 2, taps[1], outs[1])
        channels *= taps[1]
        kernel = ops.reshape(kernel, (taps[0], 1, channels, filters))
    if taps[0] > 1 and channels < DENSE_CHANNELS:  # rows too
        x = _side_by_side(do, x, 1, taps[0], outs[0])
        kernel = ops.reshape(kernel, (1, 1, taps[0] * channels, filters))
    return x, kernel


def _side_by_side(do: Operations, x: Any, axis: int, taps: int, size: int) -> Any:
    """Return what each tap along an axis sees, as channels."""
    parts = []
    for tap in range(taps):
        begin, end = [0, 0, 0], list(x.shape[1:])
        begin[axis - 1], end[axis - 1] = tap, tap + size
        parts.append(do.cut(x, begin, end))
    return do.concatenate(parts, -1)


def geometry(
    sizes: Sequence[int], extents: Sequence[int], stride: int, padding: str
) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """Return taps of the new kernel, output sizes, and zeros before and after, of height and width.

    Args:
        sizes: height and width of the image.
        extents: height and width of the kernel.
    """
    taps = [-(-size // stride) for size in extents]
    outs, pads = [], []
    for size, extent, tap in zip(sizes, extents, taps, strict=True):
        out = -(-size // stride) if padding == "same" else (size - extent) // stride + 1
        before = same_padding(size, extent, stride)[0] if padding == "same" else 0
        outs.append(out)
        pads.append((before, (out - 1 + tap) * stride - size - before))
    return taps, outs, pads


def same_padding(size: int, extent: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after one axis of an image under "same" padding."""
    missing = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return missing // 2, missing - missing // 2


def _padded(do: Operations, x: Any, pads: Sequence[tuple[int, int]]) -> Any:
    """Pad height and width with zeros; a negative amount cuts off what no tap reads."""
    ends = [size + min(after, 0) for size, (_, after) in zip(x.shape[1:3], pads, strict=True)]
    if any(after < 0 for _, after in pads):
        x = do.cut(x, (0, 0, 0), (*ends, x.shape[-1]))
    (top, bottom), (left, right) = [(before, max(after, 0)) for before, after in pads]
    if not any((top, bottom, left, right)):
        return x
    _, height, width, channels = x.shape
    flat = do.reshape(x, (height, width * channels))  # XNNPACK pads pixel by pixel otherwise
    flat = do.pad(flat, [(0, 0), (top, bottom), (left * channels, right * channels)])
    return do.reshape(flat, (top + height + bottom, left + width + right, channels))


def _space_to_depth(do: Operations, x: Any, stride: int) -> Any:
    _, height, width, channels = x.shape
    rows, columns = height // stride, width // stride
    x = do.reshape(x, (rows, stride, columns, stride * channels))
    x = do.transpose(x, (0, 1, 3, 2, 4))  # (B, rows, columns, stride, stride * channels)
    return do.reshape(x, (rows, columns, stride * stride * channels))
