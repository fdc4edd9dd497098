"""Exports in other formats than int8: what they hold, what verifies them, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import export
import zoo
from export.conversion.choices import check_target_takes
from export.proof.answers import answers
from pocketzoo.early import check_exporting
from pocketzoo.exporting import export_model
from pocketzoo.options import Exporting
from tests.helpers.instances import data_of, fill_weights
from zoo.quantization import quantize
from zoo.quantization.layers.numerics import DYNAMIC, INT16X8, MIXED, NUMERICS, Numerics

OTHERS = [one for one in NUMERICS.values() if one.name not in ("int8", "float")]


@pytest.fixture
def model() -> keras.Model:
    return fill_weights(zoo.GRU((6, 4), 3, units=6))


@pytest.fixture
def data(model: keras.Model) -> zoo.Data:
    x = np.random.default_rng(0).normal(size=(48, 6, 4)).astype(np.float32)
    y = model.predict(x, verbose=0).argmax(axis=1)
    y[:3] = 0, 1, 2
    return data_of(x, y)


@pytest.mark.usefixtures("all_alike")
@pytest.mark.parametrize("numerics", OTHERS)
def test_a_format_is_exported_verified_and_answers(
    numerics: Numerics, model: keras.Model, data: zoo.Data, tmp_path: Path
) -> None:
    found = export.to_litert(model, data=data, directory=tmp_path, numerics=numerics.name)
    assert found.int8_file.name == f"model_{numerics.name}.tflite"
    assert (tmp_path / f"model_{numerics.name}_step.tflite").is_file()
    report = export.verify(found, data, max_drop=50, targets=numerics.targets[:2])
    assert report.passed, report.failures()
    assert report.int8_audit.fits
    assert report.fidelity.twin is not None
    assert report.fidelity.streaming is not None
    assert report.fidelity.streaming.within_one_step == 1
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["forms"]["rolled"] == found.int8_file.name
    assert written["files"][found.int8_file.name]["drop"]["value"] == report.drop.value
    assert "ladder" not in written
    of_keras = model.predict(data.x_test, verbose=0)
    got = answers(zoo.Run(tmp_path), data.x_test)
    np.testing.assert_allclose(got, of_keras, atol=0.2 * np.ptp(of_keras))
    checked = export.check(found.int8_file, numerics=numerics.name)
    assert checked.passed, checked.failures
    np.save(tmp_path / "rows.npy", data.x_test)
    ran = subprocess.run(
        [sys.executable, "infer.py", found.int8_file.name, "rows.npy"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    classes = [int(line.split("\t")[1]) for line in ran.stdout.splitlines()]
    assert classes == got.argmax(axis=1).tolist()


@pytest.mark.usefixtures("all_alike")
def test_a_file_of_another_format_does_not_pass(
    model: keras.Model, data: zoo.Data, tmp_path: Path
) -> None:
    found = export.to_litert(model, data=data, directory=tmp_path, numerics=DYNAMIC.name)
    assert "tensors are not integers" in export.check(found.int8_file).failures[0]
    failures = export.check(found.int8_file, numerics="float16").failures
    assert "tensors are not of float16 files" in failures[0]
    again = export.to_litert(model, data=data, directory=tmp_path, numerics="float")
    assert not found.int8_file.exists()  # it spoke of what is no longer there
    assert list(again.audits) == ["model_float.tflite"]


def test_what_does_not_go_together(model: keras.Model, data: zoo.Data, tmp_path: Path) -> None:
    given = {"data": data, "directory": tmp_path}
    for wrong, message in (
        ({"numerics": "int4"}, "numerics='int4' is not known"),
        ({"numerics": "mixed", "method": "converter"}, "makes no mixed file here; leave method"),
        ({"numerics": "mixed", "compress": "qat-tfmot"}, "qat-tfmot makes int8 files alone"),
        (
            {"numerics": "int8", "quantized": quantize(model, data, numerics=INT16X8)},
            "quantized is a twin for int16x8, not for int8; leave numerics",
        ),
    ):
        with pytest.raises(zoo.UserError, match=message):
            export.to_litert(model, **given, **wrong)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_targets_take_what_they_have_kernels_for() -> None:
    check_target_takes("ethos-u55", MIXED)
    message = (
        "micro does not run dynamic files. Choose numerics that it takes: int8, mixed, int16x8"
    )
    with pytest.raises(zoo.UserError, match=message):
        check_target_takes("micro", DYNAMIC)
    with pytest.raises(zoo.UserError, match="does not run float16 files"):
        check_exporting(Exporting(targets="litert,micro", numerics="float16"))
    with pytest.raises(zoo.UserError, match="numerics='int4' is not known"):
        check_exporting(Exporting(numerics="int4"))


@pytest.mark.usefixtures("all_alike")
def test_a_model_of_ones_own_is_trained_too(
    model: keras.Model, data: zoo.Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuning.quantization.EPOCHS", 1)
    monkeypatch.setattr("tuning.quantization.STEPS", 1)
    wishes = Exporting(50.0, rung="qat", numerics="int16x8")
    report = export_model(model, data, tmp_path / "o", wishes)
    assert report is not None
    assert (report.files.rung, report.numerics) == ("qat", "int16x8")
    assert report.passed, report.failures()
