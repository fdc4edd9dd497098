"""The three forms of a GRU from one set of weights, and the edit that makes loop states int8."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import export
import zoo
from export.child import ChildError
from export.runtimes.litert import load, predict, raw_outputs, row_inputs, stream
from export.runtimes.micro import run_micro
from tests.helpers.instances import data_of, fill_weights


def made(
    folder: Path, steps: int, units: int, depth: int = 1, forms: object = None, **arguments: object
) -> tuple[export.Export, np.ndarray]:
    """Export a GRU of 6 features and 10 classes; return it with 100 rows."""
    model = fill_weights(zoo.GRU((steps, 6), 10, units=units, depth=depth, **arguments))  # type: ignore[arg-type]
    x = np.random.default_rng(0).normal(size=(100, steps, 6)).astype(np.float32)
    data = data_of(x, np.arange(100) % 10)
    return export.to_litert(model, data=data, directory=folder, forms=forms), x  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> tuple[export.Export, np.ndarray]:
    forms = ("rolled", "step", "unrolled")
    return made(tmp_path_factory.mktemp("short"), steps=24, units=32, forms=forms)


def agreement(result: export.Export, x: np.ndarray, limit: float) -> None:
    """The rolled file's classes are those of the float model on almost all rows."""
    of_int8 = predict(load(result.int8_file), x, result.scaling)
    expected = result.model.predict(x, verbose=0)
    assert (of_int8.argmax(axis=1) == expected.argmax(axis=1)).mean() >= limit


def test_sizes_and_types(short: tuple[export.Export, np.ndarray]) -> None:
    result, x = short
    assert all(result.audits[name].integer_only for name in result.plan.forms.values())
    rolled = result.audits["model_int8.tflite"]
    assert rolled.operators["WHILE"] == 1
    assert not {"QUANTIZE", "DEQUANTIZE"} & set(rolled.operators)
    assert rolled.model_bytes <= 16_000
    assert rolled.bytes <= 0.60 * result.float_audit.bytes
    assert result.audits["model_int8_unrolled.tflite"].bytes > 2 * rolled.bytes
    assert "WHILE" not in result.audits["model_int8_unrolled.tflite"].operators
    agreement(result, x, 0.95)


@pytest.mark.usefixtures("all_alike")
def test_the_rolled_file_does_not_grow_with_the_steps(
    short: tuple[export.Export, np.ndarray], tmp_path: Path
) -> None:
    result, _ = made(tmp_path, steps=128, units=32)
    before = short[0].audits["model_int8.tflite"].bytes
    assert abs(result.audits["model_int8.tflite"].bytes - before) <= 0.02 * before


def test_unrolled_and_streamed_are_the_rolled_form(
    short: tuple[export.Export, np.ndarray],
) -> None:
    result, x = short
    assert result.scaling is not None
    rows = result.scaling.quantize(x)
    rolled = predict(load(result.int8_file), x, result.scaling)
    unrolled = load(result.run.path / result.plan.forms["unrolled"])
    np.testing.assert_array_equal(predict(unrolled, x, result.scaling), rolled)
    streamed = stream(load(result.run.path / result.plan.forms["step"]), rows[:32])
    np.testing.assert_array_equal(streamed, rolled[:32])


def test_states_go_in_and_out_on_one_scale(short: tuple[export.Export, np.ndarray]) -> None:
    result, _ = short
    runner = load(result.run.path / result.plan.forms["step"]).get_signature_runner(
        "serving_default"
    )
    inputs, outputs = runner.get_input_details(), runner.get_output_details()
    assert inputs["state_0"]["quantization"] == outputs["state_0"]["quantization"] == (1 / 128, 0)
    assert list(inputs["input"]["shape"]) == [1, 6]


@pytest.mark.parametrize(
    ("depth", "bidirectional", "loops"), [(2, False, 1), (1, True, 1), (2, True, 2)]
)
def test_stacked_and_bidirectional_layers(
    depth: int, bidirectional: bool, loops: int, tmp_path: Path
) -> None:
    result, x = made(tmp_path, 12, 16, depth=depth, bidirectional=bidirectional)
    assert result.int8_audit is not None
    assert result.int8_audit.integer_only
    assert result.int8_audit.operators["WHILE"] == loops
    assert list(result.plan.forms) == (["rolled"] if bidirectional else ["rolled", "step"])
    agreement(result, x, 0.9)
    assert result.scaling is not None
    rows = result.scaling.quantize(x[:50])
    micro = run_micro(result.int8_file, rows)
    assert micro.refused is None
    of_litert = raw_outputs(load(result.int8_file), [rows])[0]
    assert np.abs(micro.outputs[0].astype(int) - of_litert).max() <= 4  # other LOGISTIC and TANH


@pytest.mark.usefixtures("all_alike")
def test_arenas(short: tuple[export.Export, np.ndarray], tmp_path: Path) -> None:
    result, x = short
    assert result.scaling is not None
    row = result.scaling.quantize(x[:1])
    assert run_micro(result.int8_file, row).arena_bytes <= 13_500
    path = result.run.path / result.plan.forms["step"]
    step = run_micro(path, row_inputs(load(path), row))
    assert step.refused is None
    assert step.arena_bytes <= 5_500
    long, x = made(tmp_path, steps=128, units=64, depth=2, forms=("rolled",))
    assert long.scaling is not None
    assert run_micro(long.int8_file, long.scaling.quantize(x[:1])).arena_bytes <= 20_000


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            zoo.GRU((6, 6), 10, units=4, bidirectional=True),
            "reads the sequence backwards too; it has no step form. Use the rolled form",
        ),
        (zoo.MLP((6,), 10), "does not start with a GRU layer; it has no step form"),
    ],
)
def test_what_has_no_step_form(model: object, message: str, tmp_path: Path) -> None:
    shape = model.input_shape[1:]  # type: ignore[attr-defined]
    data = data_of(np.random.default_rng(0).normal(size=(20, *shape)), np.arange(20) % 10)
    with pytest.raises(zoo.UserError, match=message):
        export.to_litert(model, data=data, directory=tmp_path, forms=("step",))  # type: ignore[arg-type]
    with pytest.raises(zoo.UserError, match="forms='walked' is not known"):
        export.to_litert(model, data=data, directory=tmp_path, forms=("walked",))  # type: ignore[arg-type]
    with pytest.raises(zoo.UserError, match="forms must be a list, like"):
        export.to_litert(model, data=data, directory=tmp_path, forms="step")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_sequence_that_is_needed_whole_has_no_step_form() -> None:
    import keras

    from zoo.quantization import make_twin

    layers = [keras.layers.Input((4, 3)), keras.layers.GRU(5, return_sequences=True)]
    with pytest.raises(zoo.UserError, match="needs every step; it has no step form"):
        make_twin(keras.Sequential([*layers, keras.layers.GlobalAveragePooling1D()])).cells()
    back = keras.Sequential([layers[0], keras.layers.GRU(5, go_backwards=True)])
    with pytest.raises(zoo.UserError, match="reads the sequence backwards; it has no step form"):
        make_twin(back).cells()


@pytest.mark.usefixtures("all_alike")
def test_unrolling_many_steps_warns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is written."""

    def stop(*_: object) -> str:
        raise ChildError("was not needed")

    monkeypatch.setattr("export.runtimes.apart.run_python", stop)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with pytest.raises(export.ExportError, match="was not needed"):
            made(tmp_path, steps=65, units=4, forms=("rolled",))
    with (
        pytest.raises(export.ExportError, match="was not needed"),
        pytest.warns(UserWarning, match="gru.* is unrolled over 65 steps; the file grows"),
    ):
        made(tmp_path, steps=65, units=4, forms=("unrolled",))


@pytest.mark.usefixtures("all_alike")
def test_a_form_that_is_not_asked_for_again_is_removed(tmp_path: Path) -> None:
    made(tmp_path, 8, 4)
    assert (tmp_path / "model_int8_step.tflite").exists()
    assert (tmp_path / "model_int8_step.cc").exists()
    made(tmp_path, 8, 4, forms=("rolled",))
    assert not (tmp_path / "model_int8_step.tflite").exists()
    recorded = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert set(recorded) == {path.name for path in tmp_path.iterdir()} - {"manifest.json"}
