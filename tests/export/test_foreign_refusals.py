"""Files and models of others that are refused, and conversions that fail."""

import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import export
import zoo
from export.reading import read_model
from pocketzoo.early import check_exported
from pocketzoo.exporting import export_model
from pocketzoo.options import Exporting
from tests.helpers.instances import data_of


@keras.saving.register_keras_serializable(package="somewhere")
class Own(layers.Layer):
    """A user's layer, which is code."""

    def call(self, x: Any) -> Any:
        return x


def test_files_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = keras.Input((4,))
    keras.Model(inputs, layers.Lambda(lambda x: x + 1)(inputs)).save(tmp_path / "lambda.keras")
    keras.Model(inputs, Own()(inputs)).save(tmp_path / "own.keras")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "somewhere>Own")
    keras.Model(inputs, layers.Dense(2)(inputs)).save(tmp_path / "fine.keras")
    layers.Dense(2)
    (tmp_path / "torn.keras").write_bytes((tmp_path / "fine.keras").read_bytes()[:500])
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    for name, message in (
        ("lambda.keras", "has custom code .a Lambda layer or a custom class"),
        ("own.keras", "has custom code .a Lambda layer or a custom class"),
        ("torn.keras", "is damaged or not a .keras file"),
        ("other.keras", "cannot be read: "),
        ("old.h5", "is in Keras' old format. Load it where it was made"),
        ("none.keras", "is neither a .keras file nor a run folder. Give one or the other"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            read_model(tmp_path / name)
    with pytest.raises(zoo.UserError, match="needs --data DATA, for calibration and tests"):
        check_exported(tmp_path / "fine.keras", None, tmp_path)
    with pytest.raises(zoo.UserError, match="which records its data; leave --data and --out out"):
        check_exported(tmp_path, "digits", tmp_path)
    fine, data = read_model(tmp_path / "fine.keras"), data_of(np.zeros((20, 4)), np.arange(20) % 2)
    with pytest.raises(zoo.UserError, match="--rung qat trains integer files, and dynamic has"):
        export_model(fine, data, tmp_path / "o", Exporting(rung="qat", numerics="dynamic"))
    with pytest.raises(zoo.UserError, match="format='tflite' is not known"):
        export_model(fine, data, tmp_path / "o", Exporting(formats="tflite"))
    monkeypatch.setattr("export.reading.MOST_BYTES", 100)
    with pytest.raises(zoo.UserError, match="would unpack to .* bytes; at most 100 are read"):
        read_model(tmp_path / "fine.keras")


def test_a_failed_conversion_and_a_missing_package_are_named(
    digits: zoo.Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from export.child import ChildError

    def die(*_: Any) -> str:
        raise ChildError("died of SIGSEGV. Its last lines:\nnone")

    monkeypatch.setattr("export.formats.run_child", die)
    model = keras.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(10)])
    with pytest.raises(export.ExportError, match="No onnx was written: the conversion died"):
        export.to_onnx(model, data=digits, directory=tmp_path / "o")
    assert not (tmp_path / "o").exists()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(zoo.UserError, match=r"onnxruntime is not installed.*pocketzoo\[onnx\]"):
        export.to_onnx(model, data=digits, directory=tmp_path / "o")
