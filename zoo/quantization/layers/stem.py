"""Convolutions of few input channels, rewritten as equal ones of more, which int8 kernels like."""

from collections.abc import Sequence
from typing import Any

from keras import ops

WIDE = 16  # steps or pixels: a longer kernel would be cut into as many slices
FEW = 2  # channels; with three the rewriting costs more than it saves (benchmarks/export)
DENSE_CHANNELS = 8  # XNNPACK's int8 convolution pads the channels of every tap to this


def is_narrow(kernel: Sequence[int], strides: tuple[int, int], dilation: tuple[int, int]) -> bool:
    """Return whether a convolution of kernel (height, width, channels, filters) is rewritten."""
    height, width, channels, _ = kernel
    plain = dilation == (1, 1) and strides[0] == strides[1]
    return plain and channels <= FEW and height * width > 1 and max(height, width) <= WIDE


def densified(x: Any, kernel: Any, stride: int, padding: str) -> tuple[Any, Any]:
    """Rewrite a convolution of few channels as an equal one of more: space to depth, then columns.

    Each `stride x stride` square becomes one pixel of more channels, then the kernel's columns
    (and its rows, while there are under 8 channels) are put side by side as channels. The result
    is convolved with the new kernel at stride 1 without padding.

    Args:
        x: (batch, height, width, channels).
        kernel: (height, width, channels, filters).
    """
    height, width, channels, filters = kernel.shape
    taps, outs, pads = geometry(x.shape[1:3], (height, width), stride, padding)
    x = _padded(x, pads)
    grow = [(0, tap * stride - size) for tap, size in zip(taps, (height, width), strict=True)]
    kernel = ops.pad(kernel, [*grow, (0, 0), (0, 0)])
    if stride > 1:
        x = _space_to_depth(x, stride)
        shape = (taps[0], stride, taps[1], stride * channels, filters)
        kernel = ops.transpose(ops.reshape(kernel, shape), (0, 2, 1, 3, 4))
        channels *= stride * stride
        kernel = ops.reshape(kernel, (*taps, channels, filters))
    if taps[1] > 1:  # columns become channels
        x = ops.concatenate([x[:, :, j : j + outs[1]] for j in range(taps[1])], axis=-1)
        channels *= taps[1]
        kernel = ops.reshape(kernel, (taps[0], 1, channels, filters))
    if taps[0] > 1 and channels < DENSE_CHANNELS:  # rows too
        x = ops.concatenate([x[:, i : i + outs[0]] for i in range(taps[0])], axis=-1)
        kernel = ops.reshape(kernel, (1, 1, taps[0] * channels, filters))
    return x, kernel


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


def _padded(x: Any, pads: Sequence[tuple[int, int]]) -> Any:
    """Pad height and width with zeros; a negative amount cuts off what no tap reads."""
    ends = [size + min(after, 0) for size, (_, after) in zip(x.shape[1:3], pads, strict=True)]
    if any(after < 0 for _, after in pads):
        x = x[:, : ends[0], : ends[1]]
    (top, bottom), (left, right) = [(before, max(after, 0)) for before, after in pads]
    if not any((top, bottom, left, right)):
        return x
    _, height, width, channels = x.shape
    flat = ops.reshape(x, (-1, height, width * channels))  # XNNPACK pads pixel by pixel otherwise
    flat = ops.pad(flat, [(0, 0), (top, bottom), (left * channels, right * channels)])
    return ops.reshape(flat, (-1, top + height + bottom, left + width + right, channels))


def _space_to_depth(x: Any, stride: int) -> Any:
    _, height, width, channels = x.shape
    rows, columns = height // stride, width // stride
    x = ops.reshape(x, (-1, rows, stride, columns, stride * channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4))  # (B, rows, columns, stride, stride * channels)
    return ops.reshape(x, (-1, rows, columns, stride * stride * channels))
