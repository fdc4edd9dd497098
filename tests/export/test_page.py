"""The page of a report: its parts, and that nothing of the data becomes markup.

In a real browser it is opened by `tests/browser`.
"""

import io
import json
import struct
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import export
import zoo
from export.page import page
from export.page.answers import answers
from export.page.card import limits
from export.page.charts import Axis, axis, bars, short
from export.page.details import DRAWINGS
from export.page.markup import EMPTY, Html, joined, table, tag
from export.page.rows import Rows, png
from export.page.saliency import effects
from export.page.summary import summary
from export.proof.finding import Finding
from export.proof.fitness import Fitness
from export.proof.verified import Verified as Read
from tests.helpers.instances import data_of
from tests.helpers.paging import BROKEN, NAMES, SCRIPT, SENTENCE, made
from zoo.metrics.classes import calibration_error, probabilities
from zoo.metrics.reliability import reliability
from zoo.tasks import Classification, Detection, Multilabel, Regression, Segmentation


class Reader(HTMLParser):
    """Reads a page strictly: elements close in order, attributes are harmless."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(name)
        for key, value in attributes:
            assert not key.startswith("on"), (name, key)
            assert key != "style", name  # the policy forbids it
            if key in ("src", "href"):
                assert (value or "").startswith("data:image/png;base64,"), value
        if name not in EMPTY:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(name, attributes)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


Verified = tuple[zoo.Run, zoo.Data, export.Report]


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> Verified:
    return made(tmp_path_factory.mktemp("page") / "run")


def test_a_page_has_all_sections_and_no_foreign_markup(verified: Verified) -> None:
    run, *_ = verified
    written = run.file("report.html").read_text("utf-8")  # of the manifest, with its sha256
    found = Reader(written)
    assert "script" not in found.seen
    assert "iframe" not in found.seen
    assert "default-src &#x27;none&#x27;" in written
    for text in (SCRIPT, BROKEN, SENTENCE, *NAMES, "CC-BY-4.0 <b>", "Fit for use: in doubt."):
        assert text in found.text, text
    for title in (
        *("Training and search", "Predictions", "Worst predictions", "What predictions depend on"),
        *("On the device", "Model card", "Groups of test rows", "How to reproduce it"),
        *("Trials on the Pareto front", "No trial beats one on the front in score, int8 bytes, "),
    ):
        assert title in found.text
    for chart in (
        *("accuracy by epoch", "loss by epoch", "score by trial", "score by int8 bytes"),
        *("score by arena", f"score by estimated ms on board {SCRIPT}"),
        *("importance of hyperparameters", "reliability", "signal-to-noise ratio by layer"),
    ):
        assert chart in found.words
    assert found.seen.count("img") >= 12 + 1  # worst answers, and what some rest on
    assert "http" not in found.text.replace("https://", "http")


def test_a_page_is_the_same_again(verified: Verified) -> None:
    run, data, report = verified
    assert page(run, data, report) == run.file("report.html").read_text("utf-8")


def test_a_file_that_failed_gets_a_page_that_says_so(verified: Verified, tmp_path: Path) -> None:
    run, data, report = verified
    failed = replace(report, files=replace(report.files, float_layers=(f"layer {SCRIPT}",)))
    copy = zoo.Run(tmp_path)
    copy.write({"model_float.tflite": run.file("model_float.tflite").read_bytes()})
    found = Reader(page(copy, data, failed))
    assert "Not ready to ship." in found.text
    assert f"not integer-only because of layer {SCRIPT}" in found.text
    assert "The model was made from Python" in found.text
    assert "Training and search" not in found.text  # nothing is known of it


def test_a_model_that_has_learned_nothing_is_not_praised(verified: Verified) -> None:
    *_, report = verified
    assert "Ready to ship." in summary(replace(report, fitness=Fitness(())))
    doubt = Finding(f"every test row is answered {SCRIPT}", "Weigh the classes.")
    said = Reader(summary(replace(report, fitness=Fitness((doubt,))))).text
    assert "Ready to ship." not in said
    assert "The file is correct; whether the model is of use is in doubt." in said
    assert f"every test row is answered {SCRIPT}. Weigh the classes." in said


def test_keys_of_the_report(verified: Verified) -> None:
    run, data, made_of = verified
    report = run.read_json("report.json")
    assert len(report["worst"]) == 12
    assert {"row", "truth", "int8", "float", "probability", "wrong"} == {*report["worst"][0]}
    assert sum(one["rows"] for one in report["reliability"]["before"]) == len(data.y_test)
    assert report["license"] == "CC-BY-4.0 <b>"
    assert any("fewer than 20 test rows" in sentence for sentence in limits(made_of))


def test_what_a_later_command_reads_is_what_the_report_says(verified: Verified) -> None:
    run, _, report = verified
    found = Read.read(run)
    assert found.model == report.model
    assert found.data == report.data
    assert found.passed
    assert found.metric == report.metric
    values = {"float": report.float_estimate.value, "int8": report.int8_estimate.value}
    assert found.values == values
    assert found.drop == report.drop.value
    assert found.scaling.scale == list(report.files.scaling.scale)
    assert found.bytes == {name: audit.bytes for name, audit in report.audits.items()}
    assert found.latency_us["int8"] == report.runtimes.latency["int8"].median
    assert found.half_widths is None


def test_details_are_drawn_by_their_kind(verified: Verified) -> None:
    """A confusion of many classes becomes a list of mistakes, of very many nothing is left."""
    *_, report = verified

    def titles(classes: int) -> str:
        counts = np.eye(classes, dtype=int) + 2 * np.eye(classes, k=1, dtype=int)
        task = Classification(tuple(f"class {n}" for n in range(classes)))
        quality = replace(report.quality, task=task, details={"confusion": counts})
        return Reader(answers(replace(report, quality=quality))).text

    assert "shades are shares of a row" in titles(30)
    assert "2 of 3" in titles(31)
    assert "shades are shares of a row" not in titles(31)
    assert "Confused classes" not in titles(101)
    y, outputs = np.zeros((4, 2)), np.zeros((4, 2))
    several = Multilabel(("a", "b")).details(y, outputs)
    uneven = Classification(("a", "b")).details(np.arange(50) // 48, np.ones((50, 2)))
    kinds = {*Regression().details(y, outputs), *several, *report.quality.details, *uneven}
    masks = Segmentation(("a", "b")).details(np.eye(4, dtype=np.uint8)[None], np.ones((1, 4, 4, 2)))
    box = np.array([[[0, 0, 0, 8, 8.0]]], np.float32)
    boxes = Detection(("a",), (16, 16)).details(box, np.zeros((1, 4, 6), np.float32))
    assert kinds | {*masks} | {*boxes} == set(DRAWINGS)


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
    assert axis("", [1.0, 1000.0], log=True).log
    assert not axis("", [1.0, 2.0], log=True).log
    assert [short(value) for value in (12_000, 0.5, 2_500_000, 0)] == ["12k", "0.5", "2.5M", "0"]
    hollow = bars("t", [("a", -1.0, "-1"), ("b" * 40, 2.0, "2")], marked=1)
    assert "bar hollow" in hollow
    assert "bar b" in hollow
    assert Reader(hollow).seen.count("rect") == 2


def test_a_regression_has_a_page(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5)).astype(np.float32)
    y = (x @ rng.normal(size=(5, 2))).astype(np.float32)
    parts = (x, y, x[:0], y[:0], x[:30], y[:30])
    data = zoo.Data("numbers", "numbers", 0, Regression(), "sha256:0", *parts)
    made_of = export.to_litert(
        zoo.create_model("mlp_tiny", (5,), 2), data=data, directory=tmp_path / "run"
    )
    report = export.verify(made_of, data, max_drop=-1e9)
    assert not report.passed
    found = Reader((tmp_path / "run" / "report.html").read_text("utf-8"))
    assert "Not ready to ship." in found.text
    assert "is over the bound of" in found.text
    assert "root mean squared error on 30 test rows" in found.text
    assert "effects of the features of test row" in found.text
    assert json.loads((tmp_path / "run" / "report.json").read_text())["reliability"] is None
