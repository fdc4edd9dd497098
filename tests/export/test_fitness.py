"""Fitness for use: models that nothing speaks for are named, whatever their files are worth."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from export.proof.answers import Outputs
from export.proof.fitness import Fitness, fitness
from export.proof.quality import assess
from tests.helpers.instances import data_for, fill
from zoo.tasks import Classification, Multilabel, Regression, Task

RNG = np.random.default_rng(0)
RARE = 12  # of the test rows


def linear(weights: np.ndarray, bias: np.ndarray) -> keras.Model:
    """Return a model of one layer."""
    model = keras.Sequential([keras.Input((weights.shape[0],)), keras.layers.Dense(len(bias))])
    model.set_weights([weights, bias])
    return model


def rows(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows whose class is whether the product of the first two of three is positive."""
    x = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.int64)


def data_of(task: Task, parts: list[tuple[np.ndarray, np.ndarray]]) -> zoo.Data:
    return zoo.Data("rows", "rows", 0, task, "sha256:0", *(one for part in parts for one in part))


TASK = Classification(("no", "yes"))
DATA = data_of(TASK, [rows(600, 0), rows(300, 1), rows(300, 2)])
RIGHT = 4 * np.eye(2, dtype=np.float32)[DATA.y_test]
GUESSING = linear(np.zeros((3, 2)), np.array([0.0, 0.1]))


def found(data: zoo.Data, outputs: np.ndarray, folder: Path, model: keras.Model) -> Fitness:
    quality = assess(zoo.Run(folder), data, outputs, outputs, None)
    estimate = data.task.estimate(data.y_test, outputs)
    both = Outputs(None, outputs, outputs, outputs.shape, outputs, float(np.ptp(outputs)), 0.0)
    return fitness(model, data, both, (estimate, estimate), quality, ())


def said(*arguments: object) -> str:
    return " | ".join(one.sentence for one in found(*arguments).doubts)  # type: ignore[arg-type]


def test_nothing_is_found_against_a_good_model(tmp_path: Path) -> None:
    fit = found(DATA, RIGHT, tmp_path, GUESSING)
    assert (fit.doubts, fit.sentence) == ((), "Fit for use: nothing found against it.")
    assert fit.but == ""


@pytest.mark.parametrize(
    ("outputs", "but"),
    [
        (-RIGHT, ", but worse than always answering the most frequent class"),
        (0 * RIGHT + [0, 1], ", but not shown to be better than always answering the most freq"),
    ],
)
def test_a_model_that_a_constant_replaces_does_not_pass_silently(
    outputs: np.ndarray, but: str, tmp_path: Path
) -> None:
    assert found(DATA, outputs, tmp_path, GUESSING).but.startswith(but)


@pytest.mark.parametrize("preset", ["unet_tiny", "detect_tiny", "centroid_tiny"])
def test_a_dense_model_that_has_learned_nothing_does_not_pass_silently(
    preset: str, tmp_path: Path
) -> None:
    data = data_for(preset, 40)
    model = fill(preset)
    outputs = np.full((len(data.x_test), *model.output_shape[1:]), -9, np.float32)  # no object
    fit = found(data, outputs, tmp_path, model)
    assert fit.but.endswith(f"than always answering {data.task.words.trivial}")
    assert fit.sentence == "Fit for use: in doubt."


def rare(answered: int) -> tuple[zoo.Data, np.ndarray]:
    """Return data with 12 rows of a rare class among 300, and outputs that find so many."""
    y = np.zeros(300, np.int64)
    y[:RARE] = 1
    answers = np.where(np.arange(300) < answered, 1, 0)
    return replace(DATA, y_test=y), 4 * np.eye(2, dtype=np.float32)[answers]


def labels(found: int) -> tuple[zoo.Data, np.ndarray]:
    """Return data of two labels, the second in 12 of 300 rows, and outputs that find so many."""
    x, _ = rows(600, 0)
    y = np.stack([np.arange(600) % 2, np.arange(600) % 25 == 0], axis=1).astype(np.uint8)
    wanted = y[:300].astype(np.float32)
    wanted[np.flatnonzero(wanted[:, 1])[found:], 1] = 0
    parts = [(x, y), (x[:0], y[:0]), (*rows(300, 2)[:1], y[:300])]
    return data_of(Multilabel(("half", "rare")), parts), 8 * wanted - 4


def targets() -> tuple[zoo.Data, np.ndarray]:
    """Return data of three targets; the outputs of the last are noise."""
    parts = [
        (x, np.stack([x[:, 0], x[:, 1], x[:, 2]], 1)) for x, _ in (rows(300, n) for n in (1, 2, 3))
    ]
    data = data_of(Regression(), parts)
    outputs = data.y_test.copy()
    outputs[:, 2] = rows(300, 9)[0][:, 0]
    return data, outputs


WRONG: dict[str, tuple[zoo.Data, np.ndarray, str]] = {
    "labels inverted": (DATA, -RIGHT, "always answering the most frequent class is better"),
    "one class for all": (DATA, 0 * RIGHT + [0, 1], "every test row is answered 'yes'"),
    "3 of 12 found": (*rare(3), "found: only 3 of 12 rows of 'yes'"),
    "never answered": (
        replace(DATA, task=Classification(("no", "yes", "rare")), y_test=np.arange(300) % 3),
        4 * np.eye(3, dtype=np.float32)[np.arange(300) % 2],
        "never answered: rare",
    ),
    "a label never answered": (*labels(0), "never answered: rare, though test rows have it"),
    "3 of 12 of a label": (*labels(3), "found: only 3 of 12 rows of 'rare'"),
    "a target not learned": (*targets(), "no better than its mean: target 2"),
    "test rows of the training": (
        replace(DATA, x_test=DATA.x_train[:300], y_test=DATA.y_train[:300]),
        4 * np.eye(2, dtype=np.float32)[DATA.y_train[:300]],
        "300 of 300 test rows equal training or validation rows",
    ),
    "groups in two parts": (
        replace(DATA, columns={"groups_train": np.arange(600) % 9, "groups_test": np.arange(300)}),
        RIGHT,
        "9 test rows belong to groups that also have training rows",
    ),
    "tests of the past": (
        replace(DATA, columns={"time_train": np.arange(600), "time_test": np.arange(300)}),
        RIGHT,
        "300 test rows are not later than the newest training row",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_speaks_against_a_model_is_named(name: str, tmp_path: Path) -> None:
    data, outputs, expected = WRONG[name]
    model = linear(np.zeros((3, outputs.shape[1])), np.linspace(0, 0.1, outputs.shape[1]))
    fit = found(data, outputs, tmp_path, model)
    assert expected in said(data, outputs, tmp_path, model)
    assert fit.sentence == "Fit for use: in doubt."
    assert all(one.advice.endswith(".") and len(one.advice) > 10 for one in fit.doubts)
    assert fit.described()["fit_for_use"]["doubts"][0]["sentence"] == fit.doubts[0].sentence


def test_a_linear_model_that_is_better_is_named_for_images_too(tmp_path: Path) -> None:
    """Rows of shape (4, 4, 1), whose class is in one pixel; the model is right on two thirds."""
    x = RNG.normal(size=(900, 4, 4, 1)).astype(np.float32)
    y = (x[:, 0, 0, 0] > 0).astype(np.int64)
    data = data_of(TASK, [(x[:400], y[:400]), (x[400:600], y[400:600]), (x[600:], y[600:])])
    answers = np.where(np.arange(300) % 3 == 0, 1 - data.y_test, data.y_test)
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(2, kernel_initializer="zeros"))
    text = said(data, 4 * np.eye(2, dtype=np.float32)[answers], tmp_path, model)
    assert "logistic regression is better: " in text
    assert "against int8's 66.7\u00a0% on test rows" in text


def test_validation_rows_that_are_easier_than_test_rows_are_told(tmp_path: Path) -> None:
    """As where speakers of the validation rows are known, and those of the test rows are new."""
    x, y = rows(300, 5)
    y = (x[:, 0] > 0).astype(np.int64)
    data = replace(DATA, x_validation=x, y_validation=y)
    model = linear(np.array([[-9.0, 9.0], [0, 0], [0, 0]]), np.zeros(2))
    outputs = np.where(np.arange(300)[:, None] % 5 > 0, RIGHT, -RIGHT)
    text = said(data, outputs, tmp_path, model)
    assert "accuracy is 100.0\u00a0% on validation rows, 80.0\u00a0% on test rows" in text


def test_a_regression_beside_the_mean_and_a_line(tmp_path: Path) -> None:
    x, _ = rows(1200, 3)
    y = (x[:, :1] + 0.1 * x[:, 1:2] ** 2).astype(np.float32)
    data = data_of(Regression(), [(x[:600], y[:600]), (x[600:900], y[600:900]), (x[900:], y[900:])])
    model = linear(np.zeros((3, 1)), np.zeros(1))
    text = said(data, data.y_test + 1000, tmp_path, model)
    assert "always answering the mean target is better" in text
    assert "ridge regression is better" in text
    assert said(data, data.y_test, tmp_path, model) == ""
