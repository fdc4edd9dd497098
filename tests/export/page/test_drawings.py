"""Parts of a page by themselves: worst rows, what an answer rests on, rows, charts, markup."""

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from export.page.charts import Axis, axis, bars, short
from export.page.markup import Html, joined, table, tag
from export.page.rows import Rows, png
from export.page.saliency import effects
from tests.export.page.reader import Reader
from tests.helpers.instances import data_of
from tests.helpers.paging import SCRIPT
from zoo.metrics.classes import calibration_error, probabilities
from zoo.metrics.reliability import reliability
from zoo.tasks import Classification, Regression


def test_the_worst_rows_come_first() -> None:
    x, y = np.zeros((20, 4), np.float32), np.arange(20) % 2
    data = replace(data_of(x, y), x_test=x, y_test=y)
    logits = 3.0 * np.eye(2)[y]
    logits[7] = 5.0 * np.eye(2)[1 - y[7]]
    logits[3] = 1.0 * np.eye(2)[1 - y[3]]
    logits[8, y[8]] = 0.5
    found = data.task.worst(y, logits, logits)
    assert [one.row for one in found[:3]] == [7, 3, 8]
    assert [one.wrong for one in found[:3]] == [True, True, False]
    assert found[0].probability == pytest.approx(probabilities(logits)[7].max())
    numbers = np.c_[y, y] * [1.0, 100.0]
    off = numbers.copy()
    off[4, 1] += 90  # less than the next in its target's own spread
    off[5, 0] -= 2
    worst = Regression().worst(numbers, off, off)
    assert [one.row for one in worst[:2]] == [5, 4]
    assert worst[0].int8 == "-1, 100"


def test_reliability_is_what_the_calibration_error_sums() -> None:
    rng = np.random.default_rng(0)
    y, logits = rng.integers(0, 4, 300), rng.normal(size=(300, 4)) * 2
    bins = reliability(y, logits)
    gaps = [abs(one.accuracy - one.confidence) * one.rows / 300 for one in bins]
    assert sum(gaps) == pytest.approx(calibration_error(y, logits))
    assert sum(one.rows for one in bins) == 300


@pytest.mark.parametrize("shape", [(6,), (32, 2), (14, 14, 3)])
def test_what_an_answer_rests_on(shape: tuple[int, ...]) -> None:
    """Only one place of the row has a weight, and there the map is warmest."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, *shape)).astype(np.float32)
    weights = np.zeros(shape)
    place = tuple(size // 2 for size in shape)
    weights[place] = 2.0
    x[:8][(slice(None), *place)] = 3.0
    data = replace(data_of(x, np.zeros(40, int)), y_test=np.zeros(8, int))
    data = replace(data, task=Classification(("a", "b")))

    def outputs(x: np.ndarray) -> np.ndarray:
        whole = (x * weights).reshape(len(x), -1).sum(axis=1)
        return np.stack([whole, -whole], axis=1)

    (found,) = effects(data, outputs)
    assert found.answer == "a"
    if found.heat is None:
        assert found.parts.argmax() == place[0]
        assert np.count_nonzero(found.parts) == 1
    else:
        assert found.heat.shape == shape[:2] if len(shape) == 3 else shape[:1]
        assert found.heat[place[: found.heat.ndim]] == found.heat.max() > 0
        assert np.count_nonzero(found.heat) < found.heat.size / 10
    assert Reader(Rows(data).drawn(0, found.heat)).seen[0] in ("div", "svg", "img")


@pytest.mark.parametrize(
    ("shape", "element"),
    [
        *(((5,), "table"), ((40, 2), "polyline"), ((1, 1), "polyline"), ((20, 9), "img")),
        *(((6, 5, 1), "img"), ((6, 5, 2), "img"), ((6, 5, 3), "img"), ((300, 200, 4), "img")),
    ],
)
def test_rows_are_drawn_by_their_shape(shape: tuple[int, ...], element: str) -> None:
    x = np.random.default_rng(0).normal(size=(12, *shape)).astype(np.float32)
    x[3] = x[0]
    assert element in Reader(Rows(data_of(x, np.arange(12) % 2)).drawn(1)).seen
    flat = np.zeros_like(x)
    assert element in Reader(Rows(data_of(flat, np.arange(12) % 2)).drawn(1)).seen


def test_a_picture_is_a_png_of_its_values() -> None:
    pixels = np.arange(24).reshape(2, 4, 3) * 10.0
    content = png(pixels)
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (4, 2)
    image = Image.open(io.BytesIO(content))
    assert image.mode == "RGB"
    assert np.array_equal(np.asarray(image), pixels)


def test_markup_escapes_whatever_is_not_markup() -> None:
    assert tag("p", SCRIPT) == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"
    assert tag("p", tag("b", "<"), class_='x" onclick="y') == (
        '<p class="x&quot; onclick=&quot;y"><b>&lt;</b></p>'
    )
    assert tag("text", "half \udce9", text_anchor="end", y=None) == (
        '<text text-anchor="end">half ?</text>'
    )
    assert isinstance(joined(["a", Html("<b>")]), Html)
    assert '<th scope="col" class="number">' not in table(("a", "b"), [("c", "1")])
    assert '<td class="number">1</td>' in table(("a", "b"), [("c", "1")], numbers=1)


@pytest.mark.parametrize(
    ("made_of", "ticks"),
    [
        (Axis("x", 0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (Axis("x", 0.93, 0.99), [0.94, 0.96, 0.98]),
        (Axis("x", -30, 30), [-20, 0, 20]),
        (Axis("x", 900, 120_000, log=True), [1000, 2000, 5000, 10000, 20000, 50000, 100000]),
    ],
)
def test_ticks_are_round(made_of: Axis, ticks: list[float]) -> None:
    assert made_of.ticks() == pytest.approx(ticks)
    assert made_of.place(made_of.low) == 0
    assert made_of.place(made_of.high) == 1


def test_an_axis_holds_whatever_is_put_on_it() -> None:
    assert axis("", [3.0, 3.0]).ticks()
    assert axis("", [0.0]).low == 0
    assert 0.5 < axis("", [0.9]).low < axis("", [0.9]).high < 1
    assert axis("", [1.0, 1000.0], log=True).log
    assert not axis("", [1.0, 2.0], log=True).log
    assert [short(value) for value in (12_000, 0.5, 2_500_000, 0)] == ["12k", "0.5", "2.5M", "0"]
    hollow = bars("t", [("a", -1.0, "-1"), ("b" * 40, 2.0, "2")], marked=1)
    assert "bar hollow" in hollow
    assert "bar b" in hollow
    assert Reader(hollow).seen.count("rect") == 2
