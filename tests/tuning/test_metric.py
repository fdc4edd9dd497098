"""A metric by choice on its way: training, search, run folder, files, report, comparison."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import export
import tuning
import zoo
from export.page import page
from tuning import Recipe, Search
from tuning.training.phase import best_epoch
from zoo.tasks import Classification, Regression

EPOCHS = 25


@pytest.fixture(scope="module")
def uneven() -> zoo.Data:
    """Two classes, 25 to 1, of which the rarer is never likelier than not."""
    rng = np.random.default_rng(0)
    y = (np.arange(1560) % 26 == 0).astype(np.int64)
    x = rng.normal(size=(len(y), 4)).astype(np.float32)
    x[:, 0] += 2.0 * y
    return zoo.data_from(x, y, name="uneven", class_names=["fine", "broken"])


@pytest.fixture(scope="module")
def run(uneven: zoo.Data, tmp_path_factory: pytest.TempPathFactory) -> zoo.Run:
    folder = tmp_path_factory.mktemp("metric") / "uneven"
    recipe = Recipe(epochs=EPOCHS, batch_size=64, learning_rate=3e-3)
    return tuning.train("mlp_tiny", uneven, directory=folder, recipe=recipe)[0]


def test_it_goes_from_training_to_report(run: zoo.Run, uneven: zoo.Data) -> None:
    assert uneven.metric == "balanced_accuracy"
    assert run.task().metric.name == "balanced_accuracy"
    assert "val_balanced_accuracy" in run.history()
    kept = run.read_json("temperature.json")
    assert kept["chosen_by"] == "balanced_accuracy"
    result = export.to_litert(run, data=uneven)
    report = export.verify(result, uneven)
    assert report.metric == next(iter(report.quality.metrics)) == "balanced_accuracy"
    assert report.float_estimate.value > 0.65  # by the file itself; without a threshold a half
    assert report.int8_estimate.value == pytest.approx(report.float_estimate.value, abs=0.05)
    adjusted = report.quality.adjusted
    assert adjusted is not None
    assert "'broken' is predicted from a probability of 0." in adjusted.note
    found = json.loads(report.to_json())
    assert [one["label"] for one in found["recalls"]] == ["fine", "broken"]
    assert found["temperature"]["threshold"] == kept["threshold"]
    assert found["metric"] == "balanced_accuracy"
    text = page(result.run, uneven, report)
    assert "balanced accuracy on 312 test rows" in text
    assert "Recall of each class" in text
    assert adjusted.note.replace("'", "&#x27;") in text


def test_a_run_folder_keeps_it_and_old_ones_have_the_first(
    run: zoo.Run, folder: Path, tmp_path: Path
) -> None:
    rows = np.random.default_rng(0).normal(size=(60, 3))
    parts = {"train": rows[:40], "test": rows[40:]}
    arrays = {f"{of}_{n}": x if of == "x" else x[:, 0] for n, x in parts.items() for of in "xy"}
    np.savez(tmp_path / "set.npz", **arrays)  # type: ignore[arg-type]
    data = zoo.load_data(tmp_path / "set.npz", metric="pinball:0.9")
    recipe = Recipe(epochs=1)
    made, fit = tuning.train("mlp_tiny", data, directory=folder, recipe=recipe)
    assert fit.metric == "pinball"
    assert made.load_data().task.by == made.task().by == "pinball:0.9"
    held = made.read_json("data.json")
    for old, metric in (({**held, "metric": "mae"}, "mae"), (held, "rmse")):
        kept = {name: value for name, value in old.items() if name != "metric" or metric == "mae"}
        made.write({"data.json": json.dumps(kept)})
        assert made.load_data().metric == made.task().metric.name == metric


def test_smaller_is_better_throughout(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3)).astype(np.float32)
    data = zoo.data_from(x, 10 + x[:, 0] + x[:, 1], metric="mae")
    search = Search(trials=2, jobs=1, repeats=0)
    made = tuning.search("mlp_tiny", data, directory=folder, search=search, recipe=Recipe(epochs=2))
    study = made.read_json("study.json")
    assert study["direction"] == "min"
    scores = [one["score"] for one in study["history"]]
    assert study["best"]["score"] == min(scores)
    model = made.load_model()
    outputs = np.asarray(model.predict(data.x_validation, verbose=0))
    assert np.abs(outputs - data.y_validation).mean() < 20  # in the targets' own units
    with pytest.raises(zoo.UserError, match="holds another search"):
        tuning.search(
            "mlp_tiny",
            data.judged_by("rmse"),
            directory=folder,
            search=replace(search, trials=3),
            recipe=Recipe(epochs=2),
        )


@pytest.mark.parametrize(
    ("task", "curves", "best"),
    [
        (Classification(("a", "b")), {"val_loss": [3, 1, 2], "val_accuracy": [1, 0, 0]}, 1),
        (
            Classification(("a", "b"), by="macro_f1"),
            {"val_loss": [3, 1, 2], "val_macro_f1": [0.5, 0.1, 0.4]},
            0,
        ),
        (
            Classification(("a", "b"), by="macro_f1"),
            {"val_loss": [3, 1, 2], "val_macro_f1": [0.5, 0.5, 0.5]},
            1,
        ),
        (Regression(by="mae"), {"val_loss": [3, 1, 2], "val_mae": [0.5, 0.4, 0.3]}, 2),
    ],
)
def test_the_best_epoch_is_the_metrics(
    task: Classification | Regression, curves: Mapping[str, list[float]], best: int
) -> None:
    assert best_epoch(curves, task) == best


def test_runs_are_compared_by_the_first_ones_metric(run: zoo.Run, uneven: zoo.Data) -> None:
    versus = export.compare(run, run, uneven)
    assert versus.metric == "balanced_accuracy"
    assert versus.winner == "neither"
