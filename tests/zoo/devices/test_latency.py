"""Estimated latencies beside published ones, and beside Vela's."""

import pytest

import zoo
from tests.helpers.sources import ROOT
from tests.zoo.devices.published import (
    FACTOR,
    MOBILE,
    TABLE,
    TINY,
    VELA,
    estimated,
    lines,
    networks,
)
from zoo.cost.estimate import estimate, outline
from zoo.cost.graph import Graph
from zoo.devices.device import Device
from zoo.devices.table import DEVICES


@pytest.fixture(scope="module")
def graphs() -> dict[str, Graph]:
    return networks()


def test_estimates_are_within_a_factor_of_published_latencies(graphs: dict[str, Graph]) -> None:
    for one in TABLE:
        for name, ms in one.ms.items():
            ratio = estimated(graphs[name], one.core, one.mhz) / ms
            if one.other is None:
                assert 1 / FACTOR <= ratio <= FACTOR, (one.board, one.source, name, ratio)


def test_other_engines_are_off_to_the_side_that_the_documents_name(
    graphs: dict[str, Graph],
) -> None:
    """Engines of vendors are faster than CMSIS-NN, reference kernels slower: by less than 3."""
    others = [one for one in TABLE if one.other is not None]
    assert len(others) == 6
    for one in others:
        slower = "reference" in one.engine
        for name, ms in one.ms.items():
            ratio = estimated(graphs[name], one.core, one.mhz) / ms
            assert 1 / 3 < ratio < 1 if slower else 1 < ratio < 3, (one.board, one.source, name)


def test_the_documents_show_the_table(graphs: dict[str, Graph]) -> None:
    text = (ROOT / "docs/guide/devices.md").read_text()
    assert not [line for line in lines(graphs) if line not in text]


@pytest.mark.parametrize("core", VELA)
def test_cycles_of_an_npu_are_those_of_vela(core: str, graphs: dict[str, Graph]) -> None:
    for name, cycles in zip((*TINY, MOBILE), VELA[core], strict=True):
        ratio = 1e3 * 500 * estimated(graphs[name], core, 500) / cycles
        assert 0.8 <= ratio <= 1.25, (name, ratio)


def test_a_loop_takes_as_long_as_its_steps() -> None:
    device = DEVICES["rp2350"]
    short, long = (
        estimate(zoo.create_model("gru_tiny", (steps, 8), 3), device).ms for steps in (10, 40)
    )
    assert short is not None
    assert long is not None
    assert 3.5 < long / short < 4
    model = zoo.create_model("gru_tiny", (10, 8), 3)
    assert estimate(model).ms is None
    assert "ms" not in estimate(model).known()


def test_a_transposed_convolution_counts() -> None:
    import keras

    inputs = keras.Input((8, 8, 4))
    outputs = keras.layers.Conv2DTranspose(6, 3, strides=2, padding="same")(inputs)
    graph = outline(keras.Model(inputs, outputs))
    fast = Device("a", "A", "cortex-m7", 100, None, None)
    slow = Device("b", "B", "cortex-m0plus", 100, None, None)
    from zoo.cost.latency import milliseconds

    products = 8 * 8 * 4 * 3 * 3 * 6
    assert milliseconds(graph, slow) - milliseconds(graph, fast) > (8.5 - 1.55) * products / 1e5
