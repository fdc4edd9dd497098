"""The page of a report: its parts, and that nothing of the data becomes markup.

In a real browser it is opened by `tests/browser`.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import export
import zoo
from export.page import page
from export.page.answers import answers
from export.page.card import limits
from export.page.details import DRAWINGS
from export.page.summary import summary
from export.proof.finding import Finding
from export.proof.fitness import Fitness
from export.proof.verified import Verified as Read
from tests.export.page.reader import Reader
from tests.helpers.paging import BROKEN, NAMES, SCRIPT, SENTENCE, made
from zoo.tasks import Classification, Detection, Multilabel, Regression, Segmentation

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
