"""From a model to files and a report: crashes, refusals, verdicts."""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
import zoo
from export.child import ChildError, run_child
from export.conversion.convert import unrolled
from export.proof.fidelity import Streaming
from export.proof.targets import Placement
from tests.helpers.instances import data_of, fill, rows
from zoo.metrics.gates import Gate


def test_recurrent_layers_are_unrolled_at_any_depth() -> None:
    config = {"layers": [{"config": {"unroll": False, "layer": {"config": {"unroll": False}}}}]}
    assert "False" not in str(unrolled(config))


def test_a_users_own_model_leaves_too(digits: zoo.Data, tmp_path: Path) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            layers.SeparableConv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(digits.x_train, digits.y_train, epochs=3, verbose=0)
    report = export.verify(export.to_litert(model, data=digits, directory=tmp_path), digits)
    assert report.passed, report.failures()
    assert report.model.preset is None


def test_a_stacked_gru_is_integer_only_before_any_training(tmp_path: Path) -> None:
    model = zoo.create_model("gru_base", (8, 8), 10)
    data = data_of(rows("gru_tiny", 40), np.arange(40) % 10)
    result = export.to_litert(model, data=data, directory=tmp_path)
    assert result.int8_audit is not None
    assert result.int8_audit.integer_only, result.int8_audit.floats


def test_float_only(tmp_path: Path) -> None:
    data = data_of(rows("mlp_tiny", 10), np.arange(10) % 2)
    result = export.to_litert(fill("mlp_tiny"), data=data, directory=tmp_path, numerics="float")
    assert not result.int8_file.exists()
    with pytest.raises(zoo.UserError, match="no int8 file to verify; export with numerics='int8'"):
        export.verify(result, data)


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})", "died of SIGSEGV"),
        (
            "import sys; print('no such op', file=sys.stderr); sys.exit(3)",
            "exit code 3.*\nno such op",
        ),
        ("import time; time.sleep(60)", "took more than 2 s and was stopped"),
    ],
)
def test_a_dying_child_is_an_error_message(
    end: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dying.py").write_text(end)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(ChildError, match=message):
        run_child("dying", "", timeout=2)


@pytest.mark.parametrize(
    ("module", "method", "message"),
    [
        ("export.conversion.job.run_child", "converter", "the converter died of SIGSEGV"),
        ("export.runtimes.apart.run_python", "twin", "LiteRT could not run a file: it died"),
    ],
)
def test_a_dying_child_leaves_the_old_files(
    exported: export.Export, module: str, method: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in exported.run.path.iterdir()}
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)

    def die(*_: Any) -> str:
        raise ChildError("died of SIGSEGV. Its last lines:\nend of the log")

    monkeypatch.setattr(module, die)
    with pytest.raises(export.ExportError, match=f"Nothing was written: {message}"):
        export.to_litert(exported.model, data=data, directory=exported.run.path, method=method)
    assert {path: path.read_bytes() for path in exported.run.path.iterdir()} == before


def test_lambda_layers_are_not_run(digits: zoo.Data, tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Lambda(lambda t: t * 2)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(x)))
    for method in ("auto", "twin", "converter"):
        with pytest.raises(zoo.UserError, match="has custom code in the Lambda layer"):
            export.to_litert(model, data=digits, directory=tmp_path / "out", method=method)
    assert not (tmp_path / "out").exists()


def test_what_to_litert_refuses(digits: zoo.Data, exported: export.Export, tmp_path: Path) -> None:
    model = fill("mlp_tiny")
    ends = [keras.Input((2,)), keras.Input((2,))]
    two = keras.Model(ends, keras.layers.Add()(ends))
    for source, arguments, message in (
        (model, {"numerics": "int4"}, "numerics='int4' is not known"),
        (model, {"calibration_rows": 0}, "calibration_rows must be an integer of at least 16"),
        (model, {"method": "magic"}, "method='magic' is not known"),
        (
            model,
            {"data": digits, "method": "converter", "forms": ["step"]},
            "forms is for numerics=.int8. with method='twin'; leave it out",
        ),
        (
            model,
            {"data": digits, "numerics": "float", "compress": "prune:0.5"},
            "compress is for numerics='int8'",
        ),
        (model, {}, "needs data=... for calibration and directory"),
        (
            model,
            {"data": digits, "directory": tmp_path},
            r"maps \(None, 30\) to \(None, 2\), but digits needs .* with no fixed batch size",
        ),
        (two, {"data": digits, "directory": tmp_path}, "must be a functional or sequential Keras"),
        (
            model,
            {"data": digits, "directory": Path(__file__)},
            "is a file; the export needs a folder",
        ),
        (tmp_path, {"directory": tmp_path}, "The files of a run go into its folder"),
        (tmp_path, {}, "holds no finished run"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            export.to_litert(source, **arguments)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(zoo.UserError, match="holds a run; its files would be mixed"):
        export.to_litert(model, data=digits, directory=tmp_path)


def changed(report: export.Report, place: int, **changes: Any) -> dict[str, Any]:
    """Return a report's files with the audit of one changed."""
    name = list(report.audits)[place]
    audits = report.audits | {name: replace(report.audits[name], **changes)}
    return {"files": replace(report.files, audits=audits)}


def test_report_fails_for_each_reason(exported: export.Export) -> None:
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)
    good = export.verify(exported, data, max_drop=100.0)
    assert good.passed, good.failures()
    broken = {
        "not integer-only: 1 float tensors (x) in model_int8.tflite": changed(
            good, 1, strangers=("x",)
        ),
        "input or output of model_int8.tflite is not INT8": changed(good, 1, inputs=("FLOAT32",)),
        "operators that are not allowed in model_float.tflite": changed(
            good, 0, forbidden=("CUSTOM:X",)
        ),
        "only 98.0 % of streamed logits equal those of the whole sequence": {
            "fidelity": replace(good.fidelity, streaming=Streaming(10, 0.9, 0.98))
        },
        "micro runs none of the forms completely. rolled form: no GELU; step form: no TANH": {
            "runtimes": replace(
                good.runtimes,
                targets=("litert", "micro"),
                placements=(
                    Placement("micro", "rolled", False, "no GELU"),
                    Placement("micro", "step", False, "no TANH"),
                ),
            )
        },
        "float .tflite differs from Keras by 1.0e-03": {
            "files": replace(good.files, float_difference=1e-3)
        },
        "differs from Keras by nan": {"files": replace(good.files, float_difference=float("nan"))},
        "drop of 2 points (1.5 to 3) is over the bound of 1": {
            "measured": replace(
                good.measured,
                gates=(Gate("drop", "points", 2.0, (1.5, 3.0), 1.0, False, 40, "Train."),),
            )
        },
    }
    for message, changes in broken.items():
        failures = replace(good, **changes).failures()
        assert len(failures) == 1
        assert message in failures[0]


def test_each_file_has_its_own_figures_in_the_report(exported: export.Export) -> None:
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)
    report = export.verify(exported, data, max_drop=100.0)
    step = "model_int8_step.tflite"  # not measured on the test rows
    audits = report.audits | {step: report.int8_audit}
    files = replace(report.files, audits=audits, zip_bytes=report.files.zip_bytes | {step: 1})
    report = replace(report, files=files)
    told = json.loads(report.to_json())
    found = {name: (one["estimate"], one["drop"]) for name, one in told["files"].items()}
    assert found == {
        "model_float.tflite": (told["float"], None),
        "model_int8.tflite": (told["int8"], told["drop"]),
        step: (None, None),
    }
    assert told["drop"]["bound"] == 100.0


def test_children_see_the_installed_packages_not_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "__init__.py").write_text("raise SystemExit('the wrong export')")
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        with pytest.raises(
            ChildError, match="(?s)failed with exit code.*IndexError|nothing.tflite"
        ):
            run_child("export.runtimes.probe", "nothing.tflite", timeout=120)
    finally:
        os.chdir(here)
    assert sys.flags.safe_path is False
