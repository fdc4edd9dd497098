"""Channels brought to like ranges before they are multiplied: no step is wasted on the quiet ones.

An int8 tensor has one scale, so a loud channel leaves few steps to the others. What divides a
channel where it is made is multiplied into the kernel that reads it, and the outputs stay what they
were (cross-layer equalization, Nagel et al. 2019, arXiv:1906.04721, section 4.1; with the ranges of
activations SmoothQuant, Xiao et al. 2022, arXiv:2211.10438, equation 4).
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from zoo.quantization.layers.arithmetic import Exact
from zoo.quantization.layers.elementwise import Add
from zoo.quantization.layers.entry import Entry
from zoo.quantization.layers.gathering import Concat
from zoo.quantization.layers.products import PRODUCTS, DepthwiseConv, TwinLayer, by_output
from zoo.quantization.rows import Rows, batches, tensors
from zoo.quantization.twin import Twin

HEADROOM = 2.0  # of a channel whose peak is raised: other rows may go beyond it
QUIETEST = 0.1  # of the loudest channel: one that hardly speaks in these rows may do so in others


def equalize(twin: Twin, rows: Rows) -> None:
    """Scale the channels of the values that only kernels read, where they are made by kernels.

    Args:
        twin: with the float model's weights.
        rows: as the twin takes them, (rows, *row shape).
    """
    wanted = {}
    for number in range(len(twin.nodes)):
        readers = _readers(twin, number)
        if readers and all(type(one) in PRODUCTS and not one.tied for one in readers):
            wanted[number] = readers
    peaks = _peaks(twin, rows) if wanted else {}
    for number, readers in wanted.items():
        scale = _balanced(peaks[number], readers)
        makers = _makers(twin, number, scale, peaks)
        for maker, share in makers:
            _divide(maker, share)
        for reader in readers if makers else []:
            reader.kernel.assign(reader.kernel * scale[:, None])


def _readers(twin: Twin, number: int) -> list[TwinLayer]:
    """Return the layers that read a value; one that reads it twice is there twice."""
    return [node.layer for node in twin.nodes for one in node.inputs if one == number]


def _peaks(twin: Twin, rows: Rows) -> dict[int, np.ndarray]:
    """Return the largest magnitude of each channel of each value, by its number."""
    peaks: dict[int, np.ndarray] = {}
    for batch in batches(rows):
        for number, value in twin.values(tensors(batch), Exact()):
            flat = np.abs(np.asarray(keras.ops.convert_to_numpy(value)))
            found = flat.reshape(-1, flat.shape[-1]).max(axis=0)
            peaks[number] = np.maximum(peaks.get(number, found), found)
    return peaks


def _balanced(peaks: np.ndarray, readers: Sequence[TwinLayer]) -> np.ndarray:
    """Return what to divide channels by, so that values and weights get like ranges: 0.1 to 1.

    A depthwise kernel has a scale of its own for each channel: the values' ranges alone count.
    """
    if not all(type(reader) is DepthwiseConv for reader in readers):
        kernels = [np.abs(keras.ops.convert_to_numpy(reader.kernel)) for reader in readers]
        weights = np.max([np.moveaxis(k, -2, 0).reshape(len(peaks), -1).max(1) for k in kernels], 0)
        peaks = np.sqrt(peaks / np.maximum(weights, 1e-6 * weights.max() + 1e-12))
    scale = HEADROOM * peaks / max(float(peaks.max()), 1e-12)
    return np.asarray(np.clip(scale, QUIETEST, 1), np.float32)


def _makers(
    twin: Twin, number: int, scale: np.ndarray, peaks: Mapping[int, np.ndarray]
) -> list[tuple[TwinLayer, np.ndarray]]:
    """Return who makes the channels of a value, with their shares of its scale.

    These are products, and constants added to them, perhaps of several parts that are concatenated.
    All are scaled or, where one of them cannot be, none.
    """
    found: list[tuple[TwinLayer, np.ndarray]] = []
    waiting = [(number, scale)]
    while waiting:
        value, share = waiting.pop()
        if not _is_scalable(twin, value, len(share), peaks):
            return []
        node = twin.nodes[value]
        if type(node.layer) is not Concat:
            found.append((node.layer, share))
        if type(node.layer) not in PRODUCTS:
            ends = np.cumsum([len(peaks[one]) for one in node.inputs])[:-1]
            waiting += zip(node.inputs, np.split(share, ends), strict=True)
    return found


def _is_scalable(twin: Twin, number: int, channels: int, peaks: Mapping[int, np.ndarray]) -> bool:
    """Return whether the layer that makes a value can scale its channels, or leave that to others.

    These are the values that it adds a constant to, or concatenates.
    """
    layer, inputs = twin.nodes[number].layer, twin.nodes[number].inputs
    # what others give, or want, as it is
    if isinstance(layer, Entry) or number in twin.results or layer.tied:
        return False
    where = getattr(layer, "output_range", None)
    if where is None or where.fixed is not None:  # such a range does not scale along
        return False
    if getattr(layer, "activation", None) not in (None, "relu"):  # nor does a cap
        return False
    if type(layer) in PRODUCTS:  # by its weights
        return True
    if any(len(_readers(twin, one)) > 1 for one in inputs):  # others need these as they are
        return False
    if type(layer) is Add:  # of a constant, which has to be one for each channel
        return layer.constant_range is not None and layer.operand.shape[-1:] == (channels,)
    # a concatenation of channels, not of steps
    return type(layer) is Concat and sum(len(peaks[one]) for one in inputs) == channels


def _divide(maker: TwinLayer, scale: np.ndarray) -> None:
    """Divide the channels that a layer makes, through its weights."""
    if isinstance(maker, Add):
        maker.operand.assign(maker.operand / scale)
        return
    maker.kernel.assign(maker.kernel / by_output(type(maker), maker.kernel, scale))
    maker.bias.assign(maker.bias / scale)
