"""Converter, audit, calibration, intervals, host scaling, check; crashes and foreign files."""

import contextlib
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import flatbuffers
import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from scipy import stats

import export
import zoo
from export import intervals
from export.audit import audit
from export.calibration import calibration_indices, is_coarse
from export.child import ChildError, run_child
from export.convert import unrolled
from export.operators import ALLOWED
from export.runtime import Scaling, load, predict
from tests.instances import data_of, fill, rows
from tuning import Recipe, fit

pytestmark = pytest.mark.xdist_group("export")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> export.Export:
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)
    folder = tmp_path_factory.mktemp("exported")
    return export.to_litert(fill("mlp_tiny"), data=data, directory=folder)


@pytest.fixture(scope="module")
def cancer() -> zoo.Data:
    return zoo.load_data("breast_cancer")


# calibration


def test_calibration_rows_are_even_over_classes_and_repeat(digits: zoo.Data) -> None:
    indices = calibration_indices(digits, 100, seed=0)
    assert list(np.bincount(digits.y_train[indices])) == [10] * 10
    assert (np.diff(indices) > 0).all()
    np.testing.assert_array_equal(indices, calibration_indices(digits, 100, seed=0))
    assert not np.array_equal(indices, calibration_indices(digits, 100, seed=1))
    assert len(calibration_indices(digits, 10**6, seed=0)) == len(digits.x_train)


def test_calibration_keeps_a_rare_class() -> None:
    data = data_of(rows("mlp_tiny", 100), np.r_[np.zeros(97, int), [1, 1, 1]])
    chosen = data.y_train[calibration_indices(data, 10, seed=0)]
    assert list(np.bincount(chosen)) == [7, 3]


def test_coarse_inputs_are_told_from_fine_ones(digits: zoo.Data, cancer: zoo.Data) -> None:
    assert is_coarse(cancer.x_train)
    assert not is_coarse(digits.x_train)
    assert not is_coarse(np.zeros((4, 3)))
    assert is_coarse(np.array([[0.0, 2000.0], [1.0, 2005.0]]))


def test_host_scaling_rescues_a_table_of_mixed_units(cancer: zoo.Data, tmp_path: Path) -> None:
    """With one scale for all 30 features most of them would be a constant."""
    keras.utils.set_random_seed(0)
    model = zoo.create_model("mlp_tiny", cancer.input_shape, 2)
    fit(model, cancer, Recipe(epochs=30))
    result = export.to_litert(model, data=cancer, directory=tmp_path)
    assert result.scaling is not None
    assert len(result.scaling.scale) == 30
    report = export.verify(result, cancer)
    assert report.passed, report.failures()
    assert report.int8_estimate.value > 0.93
    x = cancer.x_train[:50]
    of_float = predict(load(result.float_file), x)
    of_int8 = predict(load(result.int8_file), x, result.scaling)
    assert np.abs(of_float - of_int8).max() < 0.15 * np.abs(of_float).max()


def test_quantize_formula() -> None:
    scaling = Scaling((0.5, 10.0), (0.0, -100.0))
    got = scaling.quantize(np.array([[1.3, 250.0], [1e9, -1e9]]))
    np.testing.assert_array_equal(got, [[3, -75], [127, -128]])


# converter


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
    assert report.model["preset"] is None


def test_a_stacked_gru_is_integer_only_before_any_training(tmp_path: Path) -> None:
    model = zoo.create_model("gru_base", (8, 8), 10)
    data = data_of(rows("gru_tiny", 40), np.arange(40) % 10)
    result = export.to_litert(model, data=data, directory=tmp_path)
    assert result.int8_audit is not None
    assert result.int8_audit.integer_only, result.int8_audit.floats


def test_float_only(tmp_path: Path) -> None:
    data = data_of(rows("mlp_tiny", 10), np.arange(10) % 2)
    result = export.to_litert(fill("mlp_tiny"), data=data, directory=tmp_path, quantize=None)
    assert not result.int8_file.exists()
    with pytest.raises(zoo.UserError, match="no int8 file to verify; export with quantize='int8'"):
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


def test_a_dying_converter_leaves_the_old_files(
    exported: export.Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in exported.run.path.iterdir()}
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)

    def die(*_: Any) -> str:
        raise ChildError("died of SIGSEGV. Its last lines:\nend of the log")

    monkeypatch.setattr("export.litert.run_child", die)
    with pytest.raises(
        export.ExportError, match="Nothing was written: the converter died of SIGSEGV"
    ):
        export.to_litert(exported.model, data=data, directory=exported.run.path)
    assert {path: path.read_bytes() for path in exported.run.path.iterdir()} == before


def test_lambda_layers_are_not_run(digits: zoo.Data, tmp_path: Path) -> None:
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Lambda(lambda t: t * 2)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(x)))
    with pytest.raises(export.ExportError, match="(?s)converter failed.*[Ll]ambda"):
        export.to_litert(model, data=digits, directory=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_long_sequences_warn() -> None:
    from export.litert import _warn_of_steps

    _warn_of_steps(zoo.create_model("gru_tiny", (64, 2), 2))
    with pytest.warns(UserWarning, match="gru.* is unrolled over 65 steps; the file grows"):
        _warn_of_steps(zoo.create_model("gru_tiny", (65, 2), 2))


def test_what_to_litert_refuses(digits: zoo.Data, exported: export.Export, tmp_path: Path) -> None:
    model = fill("mlp_tiny")
    ends = [keras.Input((2,)), keras.Input((2,))]
    two = keras.Model(ends, keras.layers.Add()(ends))
    for source, arguments, message in (
        (model, {"quantize": "int4"}, "quantize must be 'int8' or None; got 'int4'"),
        (model, {"calibration_rows": 0}, "calibration_rows must be an integer of at least 1"),
        (model, {}, "needs data=... for calibration and directory"),
        (
            model,
            {"data": digits, "directory": tmp_path},
            r"maps \(None, 30\) to \(None, 2\), but digits needs .* with no fixed batch size",
        ),
        (two, {"data": digits, "directory": tmp_path}, "must be a functional or sequential Keras"),
        (tmp_path, {"directory": tmp_path}, "The files of a run go into its folder"),
        (tmp_path, {}, "holds no finished run"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            export.to_litert(source, **arguments)
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(zoo.UserError, match="holds a run; its files would be mixed"):
        export.to_litert(model, data=digits, directory=tmp_path)


# audit and check


def edited(source: Path, target: Path, edit: Any) -> Path:
    """Write a `.tflite` file with its object tree changed by `edit`."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(source.read_bytes(), 0))
    edit(model)
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    target.write_bytes(bytes(builder.Output()))
    return target


def test_audit_of_our_own_files(exported: export.Export) -> None:
    found = audit(exported.int8_file)
    assert found.integer_only
    assert found.operators == {"FULLY_CONNECTED": 2}  # standardize is folded into the first
    assert found.macs == 30 * 32 + 32 * 2
    assert not audit(exported.float_file).integer_only


def test_audit_sees_every_subgraph(exported: export.Export, tmp_path: Path) -> None:
    float_graph = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(exported.float_file.read_bytes(), 0)
    ).subgraphs[0]
    float_graph.operators = []

    def hide(model: Any) -> None:
        for tensor in float_graph.tensors:
            tensor.buffer = 0
        model.subgraphs.append(float_graph)

    path = edited(exported.int8_file, tmp_path / "two.tflite", hide)
    assert not audit(path).integer_only
    assert "FLOAT32" in audit(path).dtypes


@pytest.mark.parametrize(
    ("edit", "forbidden"),
    [
        (lambda code: setattr(code, "customCode", b"FlexPrint"), "CUSTOM:FlexPrint"),
        (
            lambda code: setattr(code, "builtinCode", schema.BuiltinOperator.VAR_HANDLE),
            "VAR_HANDLE",
        ),
    ],
)
def test_forbidden_operators_are_not_run(
    edit: Any, forbidden: str, exported: export.Export, tmp_path: Path, monkeypatch: Any
) -> None:
    path = edited(exported.int8_file, tmp_path / "e.tflite", lambda m: edit(m.operatorCodes[0]))
    monkeypatch.setattr(
        sys.modules["export.check"], "run_child", lambda *_: pytest.fail("it was run")
    )
    result = export.check(path)
    assert result.audit.forbidden == (forbidden,)
    assert "operators that are not allowed: " + forbidden in result.failures[-1]
    forged = replace(exported, int8_audit=audit(path))
    with pytest.raises(zoo.UserError, match="operators that are not allowed to run: " + forbidden):
        export.verify(forged, data_of(rows("mlp_tiny", 40), np.arange(40) % 2))


def test_allowed_operators_exist_in_the_schema() -> None:
    assert set(vars(schema.BuiltinOperator)) >= ALLOWED
    assert not ALLOWED & {"CUSTOM", "DELEGATE", "CALL_ONCE", "VAR_HANDLE", "HASHTABLE"}


def test_check(exported: export.Export) -> None:
    good = export.check(exported.int8_file)
    assert good.passed
    assert good.latency is not None
    assert 0 < good.latency.minimum <= good.latency.median
    bad = export.check(exported.float_file)
    assert not bad.passed
    assert "tensors are not integers" in bad.failures[0]
    assert "input and output must be INT8; got ('FLOAT32',)" in bad.failures[1]


def test_a_file_that_kills_the_interpreter_is_an_answer(
    exported: export.Export, tmp_path: Path
) -> None:
    def lead_astray(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            tensor.buffer = 0  # weights without data

    result = export.check(edited(exported.int8_file, tmp_path / "e.tflite", lead_astray))
    assert not result.passed
    assert "LiteRT could not run it: the process" in result.failures[-1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist. Give the path of a .tflite file"),
        (b"", "is not a .tflite file"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(40), "is damaged"),
        (b"\xff\xff\xff\x7fTFL3" + bytes(40), "is damaged: its tables lead outside"),
    ],
)
def test_files_that_cannot_be_read(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(zoo.UserError, match=message):
        export.check(path)


def test_truncated_and_oversized_files(
    exported: export.Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.tflite"
    whole = exported.int8_file.read_bytes()
    for share in (0.1, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(zoo.UserError, match="is damaged|is not a .tflite"):
            audit(path)
    monkeypatch.setattr("export.audit.MAX_BYTES", 100)
    with pytest.raises(zoo.UserError, match="bytes; at most 100 are read"):
        audit(exported.int8_file)


def test_flipped_bytes_never_escape_as_anything_else(
    exported: export.Export, tmp_path: Path
) -> None:
    whole = bytearray(exported.int8_file.read_bytes())
    rng = np.random.default_rng(0)
    path = tmp_path / "file.tflite"
    for _ in range(100):
        damaged = bytearray(whole)
        for position in rng.integers(8, len(whole), 20):
            damaged[position] = rng.integers(256)
        path.write_bytes(damaged)
        with contextlib.suppress(zoo.UserError):  # anything else fails the test
            audit(path)


# intervals


def test_accuracy_interval_against_the_textbook() -> None:
    got = intervals.accuracy(np.r_[np.ones(81), np.zeros(182)].astype(bool))
    assert got.value == pytest.approx(81 / 263)
    assert got.ci95 == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert intervals.accuracy(np.ones(20, bool)).ci95[1] == 1.0


def test_drop_covers_the_truth_and_keeps_its_width() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        right = rng.random(300) < 0.9
        flipped = rng.random(300) < 0.04
        low, high = intervals.accuracy_drop(right, right ^ flipped).ci95
        covered += low <= 100 * 0.04 * (0.9 - 0.1) <= high
    assert covered / 400 > 0.92
    same = intervals.accuracy_drop(np.ones(360, bool), np.ones(360, bool))
    assert same.value == 0
    assert same.ci95[0] < -0.3 < 0.3 < same.ci95[1]


def test_rmse_and_its_drop_against_numpy() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(500, 1))
    near, far = y + rng.normal(0, 1, y.shape), y + rng.normal(0, 1.1, y.shape)
    got = intervals.rmse(y, near)
    assert got.value == pytest.approx(np.sqrt(np.mean((y - near) ** 2)))
    chi = stats.chi2(500).ppf([0.025, 0.975])
    assert got.ci95 == pytest.approx(tuple(np.sqrt(chi / 500)), rel=0.08)
    drop = intervals.rmse_drop(y, near, far)
    assert drop.ci95[0] < drop.value < drop.ci95[1]
    expected = 100 * (intervals.rmse(y, far).value / got.value - 1)
    assert drop.value == pytest.approx(expected)


def test_one_lost_row_of_a_hundred_is_exactly_one_point() -> None:
    right = np.arange(100) < 91
    assert intervals.accuracy_drop(right, np.arange(100) < 90).value == 1.0


def test_a_drowned_target_is_seen() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal([0, 5000], [2, 1300], (200, 2))
    near = y + rng.normal(0, [1, 300], y.shape)
    drowned = np.stack([np.zeros(200), near[:, 1]], axis=1)
    assert intervals.rmse_drop(y, near, drowned).value > 50


# report


def test_report_fails_for_each_reason(exported: export.Export) -> None:
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)
    good = export.verify(exported, data, max_drop=100.0)
    assert good.passed, good.failures()
    broken = {
        "not integer-only: 1 float": {"int8_audit": replace(good.int8_audit, floats=("x",))},
        "input or output of int8 is not INT8": {
            "int8_audit": replace(good.int8_audit, inputs=("FLOAT32",))
        },
        "operators that are not allowed in float": {
            "float_audit": replace(good.float_audit, forbidden=("CUSTOM:X",))
        },
        "float .tflite differs from Keras by 1.0e-03": {"float_difference": 1e-3},
        "differs from Keras by nan": {"float_difference": float("nan")},
        "drop of 2 points is over the bound of 1": {
            "drop": intervals.Estimate(2.0, (1.0, 3.0)),
            "max_drop": 1.0,
        },
    }
    for message, changed in broken.items():
        failures = replace(good, **changed).failures()
        assert len(failures) == 1
        assert message in failures[0]


def test_children_see_the_installed_packages_not_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "__init__.py").write_text("raise SystemExit('the wrong export')")
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        with pytest.raises(
            ChildError, match="(?s)failed with exit code.*IndexError|nothing.tflite"
        ):
            run_child("export.probe", "nothing.tflite", timeout=120)
    finally:
        os.chdir(here)
    assert sys.flags.safe_path is False
