"""Cost estimates beside real files and beside Keras' shapes."""

import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import export
import zoo
from export.runtimes.micro import run_micro
from tests.helpers.instances import (
    NAMES,
    data_of,
    family,
    fill_weights,
    gives,
    rows_of,
    small,
    spec,
)
from zoo.cost.estimate import Cost, Life, _planned, estimate, outline
from zoo.layers.tables import PiecewiseLinear
from zoo.layers.tokens import SelfAttention, SequencePooling
from zoo.presets.catalogue import PRESETS, reference
from zoo.quantization import UnknownLayer

ROOT = Path(__file__).parents[3]

# one per family
MEASURED: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("mlp_tiny", (30,), {"activation": "silu"}),
    ("cnn_depthwise_small", (20, 10, 1), {"blocks": 1}),
    ("gru_tiny", (12, 5), {"depth": 2, "bidirectional": True}),
    ("lite_tiny", (12, 3), {}),
    ("inception_tiny", (12, 1), {}),
    ("transformer_tiny", (101, 3), {}),
    ("vit_tiny", (12, 12, 2), {"norm": "layer", "attention": "sigmoid"}),
    ("text_gru_tiny", (12,), {}),
    ("unet_tiny", (20, 16, 2), {}),
    ("detect_tiny", (32, 48, 3), {}),
]
# what is special in each: a strided stem of few channels, stacked and bidirectional loops and
# those behind a convolution, padded tokens, norms that stay
SPECIAL: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
    ("mlp_ple_tiny", (13,), {}),
    ("mlp_tabm_tiny", (13,), {}),
    ("gru_tiny", (8, 8), {}),
    ("gru_conv_tiny", (12, 5), {}),
    ("gru_lstm_tiny", (12, 5), {"depth": 2}),
    ("cnn_efficient_tiny", (12, 10, 3), {"strides": [2, 1]}),
    ("vit_cct_tiny", (16, 12, 1), {"stem_layers": 2}),
    ("gru_tiny", (12, 5), {"masked": True, "depth": 2}),
    ("gru_tiny", (12, 5), {"masked": True, "bidirectional": True}),
    ("text_gru_tiny", (12,), {"cell": "lstm", "bidirectional": False}),
    ("text_cnn_tiny", (40,), {"kernels": [3]}),
    ("text_transformer_tiny", (12,), {}),
    ("unet_mobile_tiny", (16, 16, 1), {}),
    ("aspp_tiny", (16, 24, 3), {}),
    ("centroid_tiny", (32, 32, 3), {}),
]


@pytest.mark.usefixtures("all_alike")
@pytest.mark.parametrize(
    ("name", "shape", "overrides"),
    [*MEASURED, *(pytest.param(*one, marks=pytest.mark.slow) for one in SPECIAL)],
)
def test_estimates_are_near_real_files(
    name: str, shape: tuple[int, ...], overrides: dict[str, Any], tmp_path: Path
) -> None:
    model = fill_weights(zoo.create_model(name, shape, 5, **overrides))
    x = rows_of(name, shape, 40)
    forms = ["rolled"] if family(name) == "gru" else None
    made: Any
    if gives(name) == "values":
        data = data_of(x, np.arange(40) % 5)
        made = export.to_litert(model, data=data, directory=tmp_path, forms=forms)
    else:
        made = export.to_litert(model, data=x, directory=tmp_path)
    cost, found = estimate(model), made.audits[made.int8_file.name]
    assert cost.macs == found.macs
    assert cost.bytes == pytest.approx(found.model_bytes, rel=0.03)
    names = [one.name for graph in _all(outline(model)) for one in graph.operators]
    assert {one: names.count(one) for one in sorted(names)} == found.operators
    if importlib.util.find_spec("tflite_micro"):
        zeros = np.zeros((1, *shape), np.int32 if x.dtype == np.int32 else np.int8)
        ran = run_micro(made.int8_file, zeros)
        assert cost.arena == pytest.approx(ran.arena_bytes, rel=0.03)


def _all(graph: Any) -> list[Any]:
    called = [one for operator in graph.operators for one in operator.calls]
    return [graph, *(found for one in called for found in _all(one))]


@pytest.mark.parametrize("at", ["small", "reference"])
@pytest.mark.parametrize("name", NAMES)
def test_products_are_those_of_keras_shapes(name: str, at: str) -> None:
    shape, outputs = small(name) if at == "small" else reference(name)
    model = zoo.create_model(name, shape, outputs)
    cost = estimate(model)
    assert cost.macs == sum(_products(layer) for layer in model.layers)
    own = [layer.weights for layer in model.layers if layer.name != "standardize"]
    assert cost.parameters == sum(math.prod(one.shape) for weights in own for one in weights)
    if at == "reference":
        assert cost.parameters == PRESETS[name].parameters
    assert cost.bytes > cost.macs / math.prod(shape) / 1000
    assert cost.arena > math.prod(shape)


def _products(layer: Any) -> int:
    """Count the multiply-accumulates of a layer from its shapes; of a loop those of one step."""
    if isinstance(layer, layers.Bidirectional):
        return _products(layer.forward_layer) + _products(layer.backward_layer)
    if isinstance(layer, layers.GRU | layers.LSTM):
        return math.prod(layer.cell.kernel.shape) + math.prod(layer.cell.recurrent_kernel.shape)
    if isinstance(layer, SelfAttention):
        _, tokens, width = layer.output.shape
        return 4 * tokens * width * width + 2 * tokens * tokens * width
    if isinstance(layer, SequencePooling):
        return 2 * math.prod(layer.input.shape[1:])
    if isinstance(layer, PiecewiseLinear):
        return int(layer.input.shape[-1] * layer.output.shape[-1])
    if isinstance(layer, layers.Conv2DTranspose):  # kernel (height, width, outputs, inputs)
        return math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, layers.Dense | layers.Conv2D):
        return math.prod(layer.output.shape[1:]) * math.prod(layer.kernel.shape[:-1])
    if isinstance(layer, layers.DepthwiseConv2D):
        return math.prod(layer.output.shape[1:]) * math.prod(layer.kernel.shape[:2])
    if isinstance(layer, layers.SeparableConv2D):
        size = math.prod(layer.output.shape[1:3])
        return size * sum(math.prod(kernel.shape) for kernel in layer.weights)  # no bias
    return 0


@pytest.mark.parametrize(
    ("name", "smaller", "larger"),
    [
        ("mlp_tiny", {"units": 16}, {"units": 48}),
        ("mlp_tiny", {"depth": 1}, {"depth": 3}),
        ("mlp_tabm_tiny", {"members": 2}, {"members": 4}),
        ("mlp_ple_tiny", {"bins": 2}, {"bins": 5}),
        ("cnn_tiny", {"filters": [4, 8]}, {"filters": [8, 16]}),
        ("cnn_tiny", {"blocks": 1}, {"blocks": 2}),
        ("cnn_depthwise_tiny", {"filters": [8, 8]}, {"filters": [24, 24]}),
        ("cnn_mobile_tiny", {"expansion": 2}, {"expansion": 4}),
        ("gru_tiny", {"units": 8}, {"units": 32}),
        ("gru_tiny", {"bidirectional": False}, {"bidirectional": True}),
        ("lite_tiny", {"filters": 4}, {"filters": 8}),
        ("lite_tiny", {"patterns": [2, 4]}, {"patterns": [2, 4, 8]}),
        ("inception_tiny", {"filters": 2}, {"filters": 4}),
        ("transformer_tiny", {"width": 12}, {"width": 24}),
        ("vit_tiny", {"width": 12}, {"width": 24}),
        ("vit_tiny", {"depth": 1}, {"depth": 2}),
    ],
)
def test_every_figure_grows_with_the_model(
    name: str, smaller: dict[str, Any], larger: dict[str, Any]
) -> None:
    small, large = (estimate(spec(name, **given).build()) for given in (smaller, larger))
    assert small.parameters < large.parameters
    assert small.macs < large.macs
    assert small.bytes < large.bytes
    assert small.arena < large.arena


def test_steps_of_a_loop_cost_memory_for_the_input_only() -> None:
    few, many = (estimate(zoo.create_model("gru_tiny", (steps, 8), 3)) for steps in (8, 108))
    assert (few.parameters, few.macs, few.bytes) == (many.parameters, many.macs, many.bytes)
    # three times: as the model's input, as the body's, and as what the loop hands back
    assert many.arena - few.arena == 3 * 100 * 8


def test_weights_do_not_matter_and_stay() -> None:
    model = spec("cnn_tiny").build()
    before = [weight.copy() for weight in model.get_weights()]
    fresh = estimate(model)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert estimate(fill_weights(model)) == fresh
    assert isinstance(fresh, Cost)


def test_layers_that_another_model_called_first() -> None:
    model = spec("mlp_tiny").build()
    inputs = keras.Input((30,))
    x = inputs
    for layer in model.layers[1:]:
        x = layer(x)
    assert estimate(keras.Model(inputs, x)) == estimate(model)


def test_a_layer_used_twice_is_refused() -> None:
    inputs = keras.Input((6,))
    dense = layers.Dense(6)
    with pytest.raises(UnknownLayer, match="it is used 2 times"):
        estimate(keras.Model(inputs, dense(dense(inputs))))


def test_an_unknown_layer_is_refused() -> None:
    inputs = keras.Input((6, 4, 2))
    with pytest.raises(UnknownLayer, match="there is no rule for its class"):
        estimate(keras.Model(inputs, layers.ConvLSTM1D(3, 2)(inputs)))


def test_what_has_a_twin_but_no_estimate() -> None:
    model = keras.Sequential([layers.Input((6, 4)), layers.SimpleRNN(3, name="plain")])
    with pytest.raises(zoo.UserError, match="plain is not known: it is no usual GRU or LSTM"):
        estimate(model)


def test_a_users_own_layers() -> None:
    model = keras.Sequential(
        [
            layers.Input((12, 12, 3)),
            layers.Rescaling(1 / 255, offset=-0.5),
            layers.SeparableConv2D(5, 3, activation="relu", depth_multiplier=2),
            layers.MaxPooling2D(2),
            layers.ZeroPadding2D(1),
            layers.Permute((2, 1, 3)),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    names = [operator.name for operator in outline(model).operators]
    assert " ".join(names) == (
        "DEPTHWISE_CONV_2D CONV_2D MAX_POOL_2D PAD TRANSPOSE RESHAPE FULLY_CONNECTED SOFTMAX"
    )
    assert estimate(model).macs == 10 * 10 * 6 * 9 + 10 * 10 * 5 * 6 + 7 * 7 * 5 * 3


def test_the_plan_of_the_arena() -> None:
    """Tensors that live together lie side by side; a gap that fits is filled."""
    assert _planned([Life(64, 0, 1), Life(32, 1, 2), Life(64, 2, 3)]) == 96
    assert _planned([Life(64, 0, 2), Life(32, 1, 2), Life(16, 2, 3)]) == 112
    # 48 goes above 64, 32 where 64 was, and 16 into the gap that this leaves
    assert _planned([Life(64, 0, 1), Life(48, 1, 3), Life(32, 2, 3), Life(16, 3, 3)]) == 112


def test_no_tensorflow_is_imported() -> None:
    """Importing it takes seconds, and a search asks before every trial."""
    code = (
        "import sys, zoo, zoo.cost.estimate\n"
        "for name, shape in (('gru_base', (9, 4)), ('vit_tiny', (8, 8, 1))):\n"
        "    zoo.cost.estimate.estimate(zoo.create_model(name, shape, 3))\n"
        "assert 'tensorflow' not in sys.modules"
    )
    environment = os.environ | {"KERAS_BACKEND": "torch"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
