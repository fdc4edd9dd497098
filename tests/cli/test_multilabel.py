"""Several labels a row, from a file to a device: the commands, and the files they leave."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

import export
import zoo
from export.conversion.choices import parse_compression
from export.conversion.compression import compress
from export.proof.answers import answers
from tests.export.test_ship import infer, of_numbers, printed
from tests.helpers.commands import pocketzoo
from tests.helpers.labels import LABELS, write_npz, write_table
from tuning import Recipe, fit
from zoo.tasks.outputs import sigmoid


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    table = write_table(folder / "table.csv", tags=False)
    given = ("--target", ",".join(LABELS), "--epochs", 12, "--out", folder / "run")
    for command in (("train", table, "mlp_tiny", *given), ("export", folder / "run")):
        code, _, err = pocketzoo(*command)
        assert code == 0, err
    return folder


def test_the_report(exported: Path) -> None:
    report = json.loads((exported / "run" / "report.json").read_text())
    assert report["passed"]
    assert report["metric"] == "macro_f1"
    assert [*report["metrics"]] == [
        "macro_f1", "micro_f1", "subset_accuracy", "mean_average_precision",
    ]  # fmt: skip
    assert report["metrics"]["macro_f1"]["int8"]["value"] == report["int8"]["value"] > 0.8
    assert [line["label"] for line in report["labels"]] == [*LABELS]
    assert all(0.5 < line["f1"] <= 1 for line in report["labels"])
    assert report["drop"]["unit"] == "points"
    assert {*report["thresholds"]["macro_f1"]} == {"before", "after"}
    assert report["temperature"] is report["confusion"] is None
    names = [one["name"] for one in report["baselines"]]
    assert names[:3] == ["constant", "linear", "hist_gradient_boosting"]
    assert report["baselines"][2]["estimate"]["value"] > 0.9
    assert 0 < len(report["worst"]) <= 12
    page = (exported / "run" / "report.html").read_text()
    for said in ("macro F1", "threshold", "mean average precision", "Labels", "seven"):
        assert said in page


def test_the_same_answers_everywhere(exported: Path, tmp_path: Path) -> None:
    run = zoo.Run(exported / "run")
    x = zoo.read_rows(exported / "table.csv", run)[:40]
    p = sigmoid(answers(run, x))
    said = [", ".join(np.array(LABELS)[row > 0.5]) or "(none)" for row in p]
    told = tmp_path / "told.csv"
    code, _, err = pocketzoo("predict", run.path, exported / "table.csv", "--out", told)
    assert code == 0, err
    with told.open(newline="") as file:
        rows = list(csv.DictReader(file))[:40]
    assert [one["answer"] for one in rows] == said
    assert float(rows[3]["p loop"]) == pytest.approx(p[3, 2], abs=1e-4)
    np.save(tmp_path / "rows.npy", x)
    code, out = infer(run.path, str(run.path / "model_int8.tflite"), str(tmp_path / "rows.npy"))
    assert code == 0, out
    lines = [line.split("\t") for line in out.splitlines() if "\t" in line]
    assert [line[1] for line in lines] == said
    np.testing.assert_allclose(np.array([line[2:] for line in lines], float), p, atol=1e-3)
    assert "values[i] = 1 / (1 + exp(-values[i]))" in (run.path / "Infer.kt").read_text()
    assert "model_io::Sigmoid(values.data());" in (run.path / "infer.cc").read_text()


def test_the_header_computes_the_sigmoid(tmp_path: Path) -> None:
    one = replace(of_numbers(), labels=("a", "b"), activation="sigmoid", device="tags")
    (shares,) = printed(
        tmp_path,
        one,
        "  const std::int8_t out[] = {-3, 9};\n  float values[2];\n"
        "  model_io::Dequantize(out, values);\n  model_io::Sigmoid(values);\n"
        '  std::printf("%.6f %.6f", values[0], values[1]);\n',
    )
    expected = sigmoid(np.array([-3.5, 2.5]))
    assert [float(p) for p in shares.split()] == pytest.approx(expected, abs=1e-5)


def test_compare_and_drift(exported: Path) -> None:
    run, table = exported / "run", exported / "table.csv"
    code, out, err = pocketzoo("compare", run, run, "--data", table)
    assert code == 0, err
    assert "test macro F1 %" in out
    assert "Neither is better" in out
    code, out, err = pocketzoo("drift", run, table)
    assert code == 0, err
    assert "No drift" in out


def test_images_and_a_model_of_others_that_ends_in_a_sigmoid(tmp_path: Path) -> None:
    data = zoo.load_data(write_npz(tmp_path / "digits.npz"))
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Rescaling(1 / 16), layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(), layers.Dense(5, activation="sigmoid"),
    ])  # fmt: skip
    model.compile("adam", "binary_crossentropy")
    model.fit(data.x_train, data.y_train.astype(np.float32), epochs=20, verbose=0)
    made = export.to_litert(model, data=data, directory=tmp_path / "own")
    report = export.verify(made, data)
    assert report.quality.metrics["macro_f1"].int8.value > 0.7
    assert abs(report.drop.value) < 3
    assert "LOGITS = False" in (tmp_path / "own" / "infer.py").read_text()


def test_a_model_of_others_that_ends_in_softmax_is_refused(tmp_path: Path) -> None:
    data = zoo.load_data(write_npz(tmp_path / "digits.npz"))
    flat, head = keras.layers.Flatten(), keras.layers.Dense(5, activation="softmax")
    model = keras.Sequential([keras.Input((8, 8, 1)), flat, head])
    with pytest.raises(zoo.UserError, match="ends in softmax, which shares one answer among the"):
        export.to_litert(model, data=data, directory=tmp_path / "own")


@pytest.mark.slow
def test_compression_fine_tunes_by_the_right_loss(tmp_path: Path) -> None:
    data = zoo.load_data(write_npz(tmp_path / "digits.npz"))
    model = zoo.create_model("cnn_tiny", data.input_shape, data.num_outputs)
    fit(model, data, Recipe(epochs=12))
    units = data.task.units(data.y_train)
    before = data.task.score(data.y_test, model.predict(data.x_test, verbose=0), units)
    for how in ("prune:0.5", "cluster:32"):
        found = compress(model, data, parse_compression(how), epochs=4).model
        after = data.task.score(data.y_test, found.predict(data.x_test, verbose=0), units)
        assert after > before - 0.05
