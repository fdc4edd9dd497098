"""Random graphs of all layers and operations: their files, their twins and Keras."""

from collections import defaultdict

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.export.tflite.random_graphs import (
    NODES,
    RECIPES,
    SEVERAL,
    WHOLE,
    Recipe,
    Step,
    Tally,
    compare,
)
from tests.export.tflite.random_nodes import OPERATIONS
from zoo.quantization.operations import table

pytestmark = pytest.mark.filterwarnings("ignore:You are using a softmax")  # over an axis of size 1

FLOATS = 1e-3  # of the largest number: a norm of what hardly varies makes more of a rounding
# what once failed: a variance of zero, on which LiteRT aborted; a norm that is no layer ...
FOUND = (
    Recipe(((3,),), (Step("Sum", seed=1), Step("Moments"), Step("Clip", seed=1)), seed=5),
    Recipe(((4,),), (Step("LayerNorm"), Step("RMSNorm"))),
    Recipe(((6,),), (Step("LogSoftmax"), Step("layers.PiecewiseLinear"))),  # a kernel's own range
    Recipe(
        ((1, 3),), (Step("Square"), Step("layers.PositionEmbedding"), Step("layers.Concatenate"))
    ),  # which the host joins
    Recipe(((4, 4),), (Step("Einsum"), Step("Min"))),  # the largest of less, of a product
)
# names for what another stands for, and what joins graphs within layers; Keras' own call of
# `ConvTranspose` swaps two arguments
ALIKE = {
    "Amin": "Min",
    "BroadcastTo": "Tile",
    "ConvTranspose": "layers.Transposed",
    "ConvertToTensor": "Copy",
    "Divide": "TrueDivide",
    "Dot": "Matmul",
    "Identity": "Copy",
    "NotEqual": "layers.Embedding",
    "ReLU": "layers.ReLU",
    "Ravel": "Reshape",
    "Tensordot": "Einsum",
}
# each in a graph of its own: `single_graphs.py`
ALONE = {
    *("Cosh", "Sinh", "Erfc", "Exp2", "Log2", "Log10", "Fabs"),
    *("CropImages", "PadImages", "Resize", "RGBToGrayscale", "ExtractPatches"),
    *("DepthToSpace", "SpaceToDepth", "Slice", "Take", "OneHot"),
    *("Norm", "Std", "Logsumexp", "OnesLike", "ZerosLike"),
}


def check(examples: int) -> None:
    """Compare so many graphs, always the same ones."""
    tallies: dict[str, Tally] = defaultdict(Tally)

    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @example(FOUND[0])
    @example(FOUND[1])
    @given(RECIPES)
    def one(recipe: Recipe) -> None:
        found = compare(recipe)
        assert found.of_twin < FLOATS
        assert found.of_float < FLOATS
        for kind, apart in found.apart:
            tallies[kind].add(apart)
            assert kind in SEVERAL or apart.max() <= 1, kind
        tallies[WHOLE].add(found.whole)

    one()
    assert len(tallies) >= 12
    for kind, tally in tallies.items():
        equal, near = tally.shares()
        assert near > 0.98, (kind, tally)
        assert equal > 0.9, (kind, tally)


def test_random_graphs() -> None:
    """Fed the same numbers, each layer of a file is within a step of the twin's."""
    check(40)


@pytest.mark.slow
def test_more_random_graphs() -> None:
    check(500)


def test_every_operation_is_tried() -> None:
    assert {*table.OPERATIONS} == {*OPERATIONS} | {*ALIKE} | ALONE
    assert not {*OPERATIONS} & {*ALIKE}
    assert {*ALIKE.values()} <= {*NODES, "layers.Embedding"}
