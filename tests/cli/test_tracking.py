"""A run in MLflow: a real store, read back by MLflow's own client."""

from pathlib import Path

import keras
import pytest

import zoo
from pocketzoo import tracking
from pocketzoo.early import check_exporting, require_mlflow
from pocketzoo.options import Exporting
from tests.helpers.commands import pocketzoo
from zoo.files import as_json


@pytest.fixture
def run(tmp_path: Path) -> zoo.Run:
    made = zoo.Run(tmp_path / "wine")
    report = {
        "metric": "accuracy",
        "passed": True,
        "files": {"model_int8.tflite": {"bytes": 2480, "sha256": "0"}},
        "runtimes": {"litert": {"latency_us": {"float": 2.0, "int8": 1.5}}},
        "float": {"value": 0.97},
        "int8": {"value": 0.96},
        "drop": {"value": 1.0},
        "model": {
            "preset": "mlp_tiny",
            "overrides": {"units": 8},
            "name": "mlp",
            "parameters": 9,
            "macs": 8,
        },
        "data": {"name": "wine", "hash": "sha256:0", "rows": {"test": 9}, "task": "classification"},
        "backend": "torch",
        "ending": None,
        "input": {"scale": [1.0], "zero_point": [0.0], "words": None},
        "prediction_interval": None,
    }
    files = {
        "recipe.json": {"epochs": 2, "learning_rate": 0.01},
        "report.json": report,
    }
    curves = {"history.csv": "epoch,loss,val_loss\n1,0.5,0.6\n2,0.25,nan\n"}
    made.write({name: as_json(content) for name, content in files.items()} | curves)
    return made


def test_what_is_logged_can_be_read(
    run: zoo.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where a local store puts artifacts
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    made, again = (tracking.log_run(run, uri) for _ in range(2))
    assert made != again
    with _quiet():
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri)
        found = client.get_run(made)
        curve = client.get_metric_history(made, "loss")
        files = {one.path for one in client.list_artifacts(made)}
    assert found.info.status == "FINISHED"
    assert found.data.params["recipe.learning_rate"] == "0.01"
    assert found.data.params["model.units"] == "8"
    assert found.data.metrics["test_int8_accuracy"] == 0.96
    assert [(one.step, one.value) for one in curve] == [(1, 0.5), (2, 0.25)]
    assert files == set(run.manifest()["files"])


def _quiet() -> object:
    import warnings

    return warnings.catch_warnings(action="ignore", category=DeprecationWarning)


def test_a_store_that_refuses(run: zoo.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(zoo.UserError, match="did not accept the run") as error:
        tracking.log_run(run, "http://me:secret@127.0.0.1:1")
    assert "secret" not in str(error.value)
    assert "is complete; once MLflow responds" in str(error.value)


def test_a_model_of_ones_own_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From Keras file to store: no recipe, no curves, a name in place of the preset."""
    monkeypatch.chdir(tmp_path)
    inputs = keras.Input((13,))
    keras.Model(inputs, keras.layers.Dense(3)(inputs), name="mine").save(tmp_path / "mine.keras")
    uri, out = f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "out"
    command = ["export", tmp_path / "mine.keras", "--data", "wine", "--out", out]
    command += ["--mlflow", uri, "--max-drop", "100"]
    code, _, err = pocketzoo(*command)
    assert code == 0, err
    with _quiet():
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri)
        known = client.get_experiment_by_name("pocketzoo/wine")
        (found,) = client.search_runs([known.experiment_id])
    assert found.data.params["preset"] == "mine"
    assert "test_int8_accuracy" in found.data.metrics
    with pytest.raises(zoo.UserError, match="logs what was verified, .tflite files: add litert"):
        check_exporting(Exporting(formats="onnx", mlflow=uri))


def test_mlflow_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(zoo.UserError, match="--mlflow needs MLflow: pip install"):
        require_mlflow()
