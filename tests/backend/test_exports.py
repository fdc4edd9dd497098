"""Every preset leaves as float and int8 `.tflite`; every family goes the whole way."""

import json
from pathlib import Path

import numpy as np
import pytest

import export
import tuning
import zoo
from export.runtimes.litert import load, predict
from export.tflite.joined import Joined
from tests.helpers.instances import (
    EXPORTED,
    TRAINED,
    Home,
    data_for,
    few,
    filled,
    made_for,
)
from tuning import Recipe, Search
from zoo.data.kinds import TABLE


@pytest.mark.parametrize("name", EXPORTED)
def test_exports_float_and_int8(name: str, tmp_path: Path) -> None:
    model, data = filled(name), data_for(name, 40)
    result = export.to_litert(model, data=data, directory=tmp_path, calibration_rows=24)
    the_files_are_what_a_device_takes(result, data.x_train)


def the_files_are_what_a_device_takes(result: export.Export, x: np.ndarray) -> None:
    """And they compute what the model computes."""
    assert result.int8_audit is not None
    assert result.int8_audit.integer_only, result.int8_audit.floats
    assert not result.float_audit.forbidden
    assert set(result.float_audit.dtypes) <= {"FLOAT32", "INT32", "BOOL"}
    assert result.float_audit.signature == result.int8_audit.signature == "serving_default"
    assert result.float_audit.macs == result.int8_audit.macs > 0

    interpreter = load(result.int8_file)
    inputs = interpreter.get_input_details()[0]
    assert list(inputs["shape"]) == list(inputs["shape_signature"]) == [1, *x.shape[1:]]
    signature = interpreter.get_signature_list()["serving_default"]
    ends, own = result.float_output, result.output
    parts = [one.name for one in ends.joint.places] if isinstance(ends, Joined) else ["output"]
    assert signature == {"inputs": ["input"], "outputs": sorted(parts)}

    expected = result.model.predict(x, verbose=0)
    of_float = predict(load(result.float_file), x, output=ends)
    np.testing.assert_allclose(of_float, expected, atol=1e-4)
    one, four = (predict(load(result.int8_file, n), x, result.scaling, own) for n in (1, 4))
    np.testing.assert_array_equal(one, four)
    error = np.sqrt(np.mean((one - expected) ** 2) / np.mean(expected**2))
    assert error < 0.5, f"int8 has nothing to do with float: relative error {error:.2f}"


@pytest.mark.parametrize("name", TRAINED)
def test_search_export_verify(name: str, home: Home, folder: Path) -> None:
    data = few(home(name), 600)
    recipe = Recipe(epochs=6, learning_rate=1e-2)
    quick = Search(trials=1, repeats=0, refit=False)  # the whole is below, and in test_search.py
    run = tuning.search(name, data, directory=folder, recipe=recipe, search=quick)
    result = export.to_litert(run, data=data)
    report = export.verify(result, data, max_drop=3.0)
    assert report.passed, report.failures()
    the_files_are_what_a_device_takes(result, data.x_test[:40])
    the_twin_says_what_the_file_says(result, data)
    assert report.float_estimate.value > 0.5
    assert report.agreement is not None
    assert report.agreement > 0.9

    written = json.loads(run.file("report.json").read_text())
    assert written["passed"] is True
    assert written["schema"] == 1
    assert written["data"]["hash"] == data.hash
    assert written["files"]["model_int8.tflite"]["sha256"] == result.int8_audit.sha256  # type: ignore[union-attr]
    assert written["runtimes"]["litert"]["latency_us"]["int8"] > 0
    assert bool(written["baselines"]) == (made_for(name) is TABLE) == bool(written["trees"])
    assert written["prediction_interval"] is None
    with np.load(run.file("calibration.npz")) as calibration:
        np.testing.assert_array_equal(data.x_train[calibration["indices"]], calibration["x"])


def the_twin_says_what_the_file_says(result: export.Export, data: zoo.Data) -> None:
    """On the test rows: the class, and for MLP and CNN each logit within one step."""
    assert result.plan.quantized is not None
    assert result.plan.rows is not None
    interpreter = load(result.int8_file)
    twin, output = result.plan.quantized.twin, result.output
    assert output is not None
    of_file = predict(interpreter, data.x_test, result.scaling, output)
    of_twin = np.asarray(twin.real(twin.predict(result.plan.rows.fed(data.x_test), verbose=0)))
    same = data.task.agreement(of_file, of_twin)
    assert same is not None
    step = output.steps() if isinstance(output, Joined) else np.abs(output.scale)
    near = (np.abs(of_file - of_twin) < 1.5 * step).mean()
    sequences = data.x_test.ndim == 3 or data.of_texts
    tie = 1 / len(of_file)  # one row may lie between two classes
    assert same >= 1 - max(tie, 0.015 if sequences else 0.005)
    assert near >= (0.9 if sequences or "vit" in result.model.name else 0.99)


def test_regression_goes_the_whole_way(folder: Path) -> None:
    data = zoo.load_data("diabetes")
    recipe, search = Recipe(epochs=40), Search(trials=2)
    run = tuning.search("mlp_tiny", data, directory=folder, search=search, recipe=recipe)
    report = export.verify(export.to_litert(run), data, max_drop=2.0)
    assert report.metric == "rmse"
    assert report.passed, report.failures()
    assert 40 < report.float_estimate.value < np.std(data.y_test)
    low, high = report.float_estimate.ci95
    assert low < report.float_estimate.value < high

    names = [one.name for one in report.baselines]
    assert names[:3] == ["constant", "linear", "hist_gradient_boosting"]
    assert report.baselines[0].estimate.value > report.float_estimate.value
    assert "trees (" in str(report.trees)
    found = report.prediction_interval
    assert found is not None
    assert found.rows == len(data.x_validation) // 2  # the others were trained on
    assert report.float_estimate.value < found.half_width[0] < 3 * report.float_estimate.value
    assert found.coverage[0].ci95[0] < 0.9 < found.coverage[0].ci95[1]
    written = json.loads(run.file("report.json").read_text())
    assert written["prediction_interval"]["half_width"] == list(found.half_width)
    assert [one["name"] for one in written["baselines"]] == names
