"""Kernels rounded for what goes through them, and biases that make up for what rounding leaves.

Rounded to the nearest steps, a kernel's errors add up where its inputs go together, as the steps
of a smooth sequence do. Layer by layer, with the inputs that the integer graph will see there,
coordinate descent looks for the roundings of the least squared error in the layer's outputs
(QuantEase, Behdin et al. 2023, arXiv:2309.01885, section 3); the bias takes what error is left on
average (Nagel et al. 2019, arXiv:1906.04721, section 4.2).
"""

from typing import Any

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from zoo.quantization.layers.arithmetic import Exact, Rounded
from zoo.quantization.layers.gru import Recurrence
from zoo.quantization.layers.numerics import INT8, Numerics
from zoo.quantization.layers.products import PRODUCTS, Conv, DepthwiseConv
from zoo.quantization.layers.ranges import Linear
from zoo.quantization.layers.stem import same_padding
from zoo.quantization.rows import Rows, tensors
from zoo.quantization.twin import Twin

LEVELS = INT8.weights.high  # steps of a kernel on either side of zero
PATCHES = 8192  # at most, of which a layer's covariance is made
DAMPING = 0.01  # of the mean variance: what no row tells apart is rounded to the nearest
SWEEPS = 5
MOST_INPUTS, MOST_WEIGHTS = 4096, 2**20  # of a kernel: rounding a larger one so would take minutes


def refine(twin: Twin, rows: Rows) -> None:
    """Round the kernels of a twin, and shift its biases, so that its outputs come nearer.

    A kernel that is too large for that is rounded to the nearest, with its bias shifted. Those
    within a recurrence stay: what goes into them depends on what they make.

    Args:
        twin: with its ranges set; its weights are still the float model's.
        rows: as the twin takes them, (rows, *row shape), for one batch: few where rows are large.
    """
    layers = [
        layer
        for part in twin.parts
        if not isinstance(part, Recurrence) and not part.tied
        for layer in part._flatten_layers()
        if type(layer) in PRODUCTS  # a threshold, which is made of one, has no error
    ]
    x = tensors(rows)
    exact = _Means(layers)
    twin.run(x, exact)
    twin.run(x, _Refining(twin.numerics, exact.means))


class _Means(Exact):
    """Exact arithmetic that keeps the mean input of every kernel, (groups, inputs)."""

    def __init__(self, layers: list[Any]) -> None:
        self.means: dict[Any, Any] = dict.fromkeys(layers)

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        if layer in self.means:
            self.means[layer] = _patches(layer, x).mean(axis=0)
        return super().weights(layer, x)


class _Refining(Rounded):
    """The twin's arithmetic, which rounds a layer's kernel before it is used."""

    def __init__(self, numerics: Numerics, means: dict[Any, Any]) -> None:
        super().__init__(numerics)
        self.means = means

    def weights(self, layer: Linear, x: Any) -> tuple[Any, Any]:
        if layer in self.means:
            _refine(layer, _patches(layer, x), self.means[layer])
        return super().weights(layer, x)


def _refine(layer: Any, patches: np.ndarray, exact_mean: np.ndarray) -> None:
    """Set kernel and bias of a layer from what goes into it, and what should on average."""
    kernel = _as_matrices(layer)
    mean = patches.mean(axis=0)  # (groups, inputs)
    largest = np.abs(kernel).max(axis=1, keepdims=True)  # (groups, 1, outputs)
    step = np.maximum(largest, 1e-12) / LEVELS
    if kernel.shape[1] <= MOST_INPUTS and kernel.size <= MOST_WEIGHTS:
        centred = (patches - mean).transpose(1, 2, 0)
        covariance = centred @ centred.transpose(0, 2, 1) / len(patches)
        rounded = round_for(kernel / step, covariance) * step
    else:
        rounded = np.rint(kernel / step) * step
    wanted, found = (
        np.einsum("gi,gio->go", *one).ravel() for one in ((exact_mean, kernel), (mean, rounded))
    )
    bias = keras.ops.convert_to_numpy(layer.bias)
    layer.bias.assign((bias + wanted - found).astype(np.float32))
    layer.kernel.assign(_as_kernel(layer, rounded).astype(np.float32))


def round_for(kernel: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return integers that make the least error in products of `kernel`.

    Args:
        kernel: (groups, inputs, outputs), in steps: the largest of an output is `LEVELS` or its
            negative, and stays, for the step follows from it.
        covariance: of the inputs, (groups, inputs, inputs).

    Returns:
        Integers from -LEVELS to LEVELS of the kernel's shape. No change of one of them alone,
        found in five sweeps over all, would make the error less.
    """
    hessian = covariance.copy()
    diagonal = np.einsum("gii->gi", hessian)  # a view
    diagonal += DAMPING * diagonal.mean(axis=1, keepdims=True)
    scale = np.maximum(diagonal, 1e-30)[..., None]  # (groups, inputs, 1)
    found: np.ndarray = np.rint(kernel)
    free = np.abs(kernel) < LEVELS - 1e-6
    slope = hessian @ (found - kernel)
    for _ in range(SWEEPS):
        before = found.copy()
        for i in range(kernel.shape[1]):
            wanted = np.clip(found[:, i] - np.rint(slope[:, i] / scale[:, i]), -LEVELS, LEVELS)
            change = np.where(free[:, i], wanted - found[:, i], 0)
            moved = change.any(axis=0)
            if moved.any():
                found[:, i] += change
                slope[..., moved] += hessian[:, :, i, None] * change[:, None, moved]
        if (found == before).all():
            break
    return found


def _patches(layer: Any, x: Any) -> np.ndarray:
    """Return what a kernel is multiplied with, (patches, groups, inputs): all, or a sample."""
    values = np.asarray(keras.ops.convert_to_numpy(x))
    if isinstance(layer, Conv):
        values = _windows(layer, values)  # (batch, height, width, channels, *kernel)
        places, groups = values.shape[:3], _groups(layer)
    else:
        places, groups = values.shape[:-1], 1
    count = int(np.prod(places))
    chosen = np.random.default_rng(0).permutation(count)[:PATCHES]
    found = values[np.unravel_index(chosen, places)]
    return found.reshape(len(chosen), groups, -1).astype(np.float64)


def _windows(layer: Conv, x: np.ndarray) -> np.ndarray:
    """Return a view of what each position of a convolution sees, padding included."""
    extents = [
        (taps - 1) * dilation + 1
        for taps, dilation in zip(layer.kernel.shape[:2], layer.dilation, strict=True)
    ]
    pads = [(0, 0)] * 4
    if layer.padding == "same":
        for axis, (extent, stride) in enumerate(zip(extents, layer.strides, strict=True), 1):
            pads[axis] = same_padding(x.shape[axis], extent, stride)
    seen = sliding_window_view(np.pad(x, pads), extents, axis=(1, 2))
    (down, right), (far, wide) = layer.strides, layer.dilation
    return seen[:, ::down, ::right, :, ::far, ::wide]


def _groups(layer: Any) -> int:
    """Return how many kernels of inputs of their own a layer has: one of each channel, or one."""
    return int(layer.kernel.shape[2]) if isinstance(layer, DepthwiseConv) else 1


def _as_matrices(layer: Any) -> np.ndarray:
    """Return the kernel as (groups, inputs, outputs), inputs in the order of `_patches`."""
    kernel = np.asarray(keras.ops.convert_to_numpy(layer.kernel), np.float64)
    if kernel.ndim == 4:
        kernel = kernel.transpose(2, 0, 1, 3)  # (channels, height, width, outputs)
    return kernel.reshape(_groups(layer), -1, kernel.shape[-1])


def _as_kernel(layer: Any, matrices: np.ndarray) -> np.ndarray:
    """Undo `_as_matrices`."""
    shape = layer.kernel.shape
    if len(shape) == 2:
        return np.asarray(matrices[0])
    height, width, channels, outputs = shape
    images = matrices.reshape(channels, height, width, outputs)
    return np.asarray(images.transpose(1, 2, 0, 3))
