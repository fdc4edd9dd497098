"""A file that is not the one that was measured, or that ends its interpreter: said, not run."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
import zoo
from export.proof.answers import answers
from tests.export.test_audit import edited
from tests.helpers.commands import pocketzoo
from tests.helpers.mutating import put
from zoo.files import sha256


@pytest.fixture(scope="module")
def verified(wine_run: zoo.Run, tmp_path_factory: pytest.TempPathFactory) -> zoo.Run:
    """An exported run of wine; a test takes a copy."""
    folder = tmp_path_factory.mktemp("swapped") / "run"
    shutil.copytree(wine_run.path, folder)
    run = zoo.Run(folder)
    export.verify(export.to_litert(run), run.load_data(), max_drop=100)
    return run


@pytest.fixture
def run(verified: zoo.Run, tmp_path: Path) -> zoo.Run:
    return zoo.Run(Path(shutil.copytree(verified.path, tmp_path / "run")))


def make_fit(run: zoo.Run, name: str, also: bool = False) -> None:
    """Write a file's new sha256 into the manifest, and into the report, too."""
    path = run.path / "manifest.json"
    held = json.loads(path.read_text())
    if also:
        report = json.loads((run.path / "report.json").read_text())
        report["files"][name]["sha256"] = sha256(run.path / name)
        (run.path / "report.json").write_text(json.dumps(report))
    for one in (name, "report.json"):
        file = run.path / one
        held["files"][one] = {"bytes": file.stat().st_size, "sha256": sha256(file)}
    path.write_text(json.dumps(held))


def negate(model: Any) -> None:
    for buffer in model.buffers:
        if buffer.data is not None and len(buffer.data) > 100:
            buffer.data = (-np.asarray(buffer.data).view(np.int8)).view(np.uint8)


def lead_astray(model: Any) -> None:
    for tensor in model.subgraphs[0].tensors:
        tensor.buffer = 0  # weights without data


def test_another_file_with_a_manifest_made_to_fit(run: zoo.Run, tmp_path: Path) -> None:
    path = edited(run.path / "model_int8.tflite", tmp_path / "e.tflite", negate)
    shutil.copyfile(path, run.path / "model_int8.tflite")
    make_fit(run, "model_int8.tflite")
    rows = tmp_path / "rows.npy"
    np.save(rows, run.load_data().x_test)
    for arguments in (("predict", run.path, rows), ("drift", run.path, rows)):
        ended = pocketzoo(*arguments)
        assert ended.code == 2
        assert "is not the file that report.json is about (sha256)" in ended.err
    found = pocketzoo("check", run.path / "model_int8.tflite")
    assert found.code == 1
    assert "it is not the file that report.json beside it is about (sha256)" in found.out
    with pytest.raises(zoo.UserError, match="is not the file that report"):
        export.compare(run, run)


def test_a_file_that_kills_the_interpreter_is_a_message(run: zoo.Run, tmp_path: Path) -> None:
    path = edited(run.path / "model_int8.tflite", tmp_path / "e.tflite", lead_astray)
    shutil.copyfile(path, run.path / "model_int8.tflite")
    make_fit(run, "model_int8.tflite", also=True)
    with pytest.raises(zoo.UserError, match="LiteRT could not run .* the process"):
        answers(run, run.load_data().x_test)


def test_a_report_that_takes_numbers_for_ids(run: zoo.Run) -> None:
    report = json.loads((run.path / "report.json").read_text())
    report["input"]["words"] = 5
    put(run.path, "report.json", json.dumps(report))
    with pytest.raises(
        zoo.UserError,
        match="takes numbers, and report.json says otherwise .input.words.. Export the run",
    ):
        answers(run, run.load_data().x_test)


def test_classes_that_are_swapped(run: zoo.Run) -> None:
    held = json.loads((run.path / "data.json").read_text())
    held["class_names"].reverse()
    put(run.path, "data.json", json.dumps(held))
    with pytest.raises(zoo.UserError, match="names other classes than .* was exported with. Train"):
        answers(run, np.zeros((3, 13), np.float32))


def test_a_file_that_changes_before_it_is_measured(run: zoo.Run, tmp_path: Path) -> None:
    result = export.to_litert(run)
    path = edited(result.int8_file, tmp_path / "e.tflite", negate)
    shutil.copyfile(path, result.int8_file)
    with pytest.raises(zoo.UserError, match="has changed since it was exported"):
        export.verify(result, run.load_data())


def test_a_report_beside_a_file_that_cannot_be_read(run: zoo.Run) -> None:
    (run.path / "report.json").write_text("{}")
    found = export.check(run.path / "model_int8.tflite")
    assert any("the report beside it cannot be read: " in one for one in found.failures)


def test_few_test_rows_are_neither_passed_nor_failed(tmp_path: Path) -> None:
    """Ten test rows: exit code 1, or 0 where that is accepted; the same words in every place."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(110, 4)).astype(np.float32), np.arange(110) % 2
    x[:, 0] += 4 * y
    np.savez(
        tmp_path / "few.npz",
        **{"x_train": x[:70], "y_train": y[:70], "x_validation": x[70:100]},
        **{"y_validation": y[70:100], "x_test": x[100:], "y_test": y[100:]},
    )
    folder = tmp_path / "run"
    made = pocketzoo("train", tmp_path / "few.npz", "mlp_tiny", "--epochs", 20, "--out", folder)
    assert made.code == 0, made.err
    ended = pocketzoo("export", folder)
    assert ended.code == 1
    assert "NOT SHOWN: 10 rows cannot tell: share of rows with another class" in ended.out
    assert "Next: " in ended.out
    report = json.loads((folder / "report.json").read_text())
    assert (report["verdict"], report["passed"]) == ("not shown", False)
    assert report["next_steps"]
    page = (folder / "report.html").read_text("utf-8")
    assert "Not shown: the test rows are too few to tell." in page
    assert "10 rows cannot tell: share of rows with another class" in page
    assert report["fit_for_use"]["sentence"] in ended.out
    assert report["fit_for_use"]["sentence"] in page
    assert pocketzoo("export", folder, "--accept-few-rows").code == 0
