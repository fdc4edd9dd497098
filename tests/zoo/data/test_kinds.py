"""The kind of rows, by their shape and type."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import zoo
from tests.helpers.instances import HOME, SMALL, data_of
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT, Kind, kind_of


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((5,), TABLE),
        ((5, 1), SEQUENCE),
        ((5, 4, 3), IMAGE),
        ((), None),
        ((2, 2, 2, 2), None),
    ],
)
def test_kind_of_a_shape(shape: tuple[int, ...], kind: Kind | None) -> None:
    assert kind_of(shape) is kind


@pytest.mark.parametrize("kind", SMALL, ids=lambda kind: kind.name)
def test_kind_of_data(kind: Kind) -> None:
    shape = SMALL[kind][0]
    dtype = np.int32 if kind is TEXT else np.float32
    data = data_of(np.zeros((8, *shape), dtype), np.arange(8) % 2)
    assert data.kind is kind
    assert data.of_texts == (kind is TEXT)
    assert len(kind.axes) == len(shape)


@pytest.mark.parametrize("kind", [TABLE, SEQUENCE, IMAGE], ids=lambda kind: kind.name)
def test_kind_of_built_in_data(kind: Kind) -> None:
    assert zoo.load_data(HOME[kind]).kind is kind


def test_rows_of_no_kind(digits: zoo.Data) -> None:
    rows: Any = np.zeros((4, 2, 2, 2, 2), np.float32)
    data = replace(digits, x_train=rows)
    with pytest.raises(zoo.UserError) as caught:
        _ = data.kind
    assert str(caught.value) == (
        "digits has rows of shape (2, 2, 2, 2), which is no known kind of data. Expected table "
        "rows (features,); sequences (steps, features); images (height, width, channels). "
        "Reshape them."
    )
