"""Files whose outputs the host converts: all that reads their answers agrees."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from keras import layers

import export
import zoo
from export.conversion.planning import quantized_plan
from export.device.ends import Ends
from export.device.ship import shipped, streamed
from export.runtimes.litert import load, output_of, predict
from export.tflite.scaling import Scaling
from pocketzoo.printing.predict import answer
from tests.export.test_ship import infer, printed
from tests.helpers.instances import fill_weights, rows
from tests.zoo.quantization.test_hosts import MEAN, STD, kelvin, numbers
from zoo.quantization.layers.affine import Affine
from zoo.quantization.layers.numerics import INT8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[export.Export, zoo.Data]:
    """Export and verify a GRU of series at 295 +- 3 K and 1013 +- 6 hPa, for three units."""
    rng = np.random.default_rng(0)
    x = rng.normal([295, 1013], [3, 6], (160, 8, 2)).astype(np.float32)
    model = fill_weights(zoo.create_model("gru_tiny", (8, 2), 3))
    for layer in model.layers:
        if hasattr(layer, "adapt"):
            layer.adapt(x)
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * STD, bias + MEAN])
    y = model.predict(x, verbose=0) + rng.normal(0, 0.1, (160, 3)) * STD
    folder = tmp_path_factory.mktemp("run")
    parts = {"x_train": x[:120], "y_train": y[:120], "x_test": x[120:], "y_test": y[120:]}
    np.savez(folder / "d.npz", **parts)
    data = zoo.load_data(folder / "d.npz")
    run = zoo.Run(folder / "run")
    run.save(model, zoo.ModelSpec("gru_tiny", (8, 2), 3, {}), data, {})
    return export.to_litert(run, data=data), data


def of_file(one: export.Export, x: np.ndarray) -> np.ndarray:
    return predict(load(one.int8_file), x, one.scaling, one.output)


def test_a_file_answers_in_the_units_of_the_targets(made: tuple[export.Export, zoo.Data]) -> None:
    one, data = made
    assert one.output is not None
    assert len(one.output.scale) == 3
    exact, found = one.model.predict(data.x_test, verbose=0), of_file(one, data.x_test)
    assert (np.std(found - exact, axis=0) < 0.1 * exact.std(axis=0)).all()
    of_float = predict(load(one.float_file), data.x_test)
    np.testing.assert_allclose(of_float, exact, rtol=1e-4)


def test_report_and_commands_agree(made: tuple[export.Export, zoo.Data], tmp_path: Path) -> None:
    one, data = made
    report = export.verify(one, data, max_drop=50)
    assert report.files.converted
    assert report.fidelity.twin is not None
    assert report.fidelity.twin.largest_steps <= 1
    assert report.fidelity.streaming is not None
    assert report.fidelity.streaming.within_one_step == 1
    assert one.output is not None
    held = json.loads((one.run.path / "report.json").read_text())["output"]
    assert held == {"scale": [*one.output.scale], "zero_point": [*one.output.zero_point]}
    np.save(tmp_path / "rows.npy", data.x_test)
    expected = [[f"{value:.6g}" for value in line] for line in of_file(one, data.x_test)]
    _, found = answer(one.run.path, tmp_path / "rows.npy")
    assert [list(line[1:]) for line in found.lines] == expected
    code, said = infer(one.run.path, str(one.int8_file), str(tmp_path / "rows.npy"))
    assert code == 0, said
    assert [line.split("\t")[1:] for line in said.splitlines()] == expected
    _, said = infer(one.run.path, str(one.float_file), str(tmp_path / "rows.npy"))
    of_float = np.array([line.split("\t")[1:] for line in said.splitlines()], float)
    np.testing.assert_allclose(of_float, one.model.predict(data.x_test, verbose=0), rtol=1e-4)


def test_a_stream_answers_in_these_units(
    made: tuple[export.Export, zoo.Data], tmp_path: Path
) -> None:
    one, data = made
    np.save(tmp_path / "steps.npy", data.x_test[0])
    file = one.run.path / one.plan.forms["step"]
    code, said = infer(one.run.path, str(file), str(tmp_path / "steps.npy"), script="stream.py")
    assert code == 0, said
    last = np.array(said.splitlines()[-1].split("\t")[1:], float)
    assert one.output is not None
    steps = np.abs(last - of_file(one, data.x_test[:1])[0]) / one.output.scale
    assert steps.max() < 1.5


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_the_header_converts_as_numpy_does(tmp_path: Path) -> None:
    output = Scaling((0.5,), (4.0,)).after(Affine(STD, MEAN))
    one = Ends("m.tflite", (2,), Scaling((1.0,), (0.0,)), output, 3, (), "linear", "numbers", True)
    (shown,) = printed(
        tmp_path,
        one,
        "  std::int8_t out[] = {-128, 4, 90};\n  float values[model_io::kOutputs];\n"
        "  model_io::Dequantize(out, values);\n"
        '  for (float value : values) std::printf("%.9g ", value);\n',
    )
    q = np.array([[-128, 4, 90]], np.int8)
    expected = ((q.astype(float) - 4) * 0.5 * STD + MEAN)[0]
    np.testing.assert_allclose(output.dequantize(q)[0], expected, rtol=1e-6)
    np.testing.assert_allclose([float(one) for one in shown.split()], expected, rtol=1e-6)
    kotlin = shipped(one)["Infer.kt"]
    assert "OUTPUT_SCALE = doubleArrayOf(3.0, 4.0, 0.1)" in kotlin
    assert "(output[i] - OUTPUT_ZERO_POINT[i % OUTPUT_SCALE.size])" in kotlin
    assert "OUTPUT_SCALE" in streamed(one, {"state_0": 4})["Stream.kt"]


def test_metadata_say_how_to_convert(made: tuple[export.Export, zoo.Data]) -> None:
    """Values by the file's own scale, then (value - mean) / std, which the metadata hold."""
    one, data = made
    assert one.output is not None
    interpreter = load(one.int8_file)
    own = output_of(interpreter)
    numbers_of = one.output.mean_and_std_after(own)
    assert numbers_of is not None
    mean, std = numbers_of
    plain = predict(interpreter, data.x_test, one.scaling)
    np.testing.assert_allclose((plain - mean) / std, of_file(one, data.x_test), rtol=1e-4)
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(one.int8_file.read_bytes(), 0))
    (entry,) = [part for part in model.metadata if part.name == b"TFLITE_METADATA"]
    content = bytes(model.buffers[entry.buffer].data)
    assert std.astype("<f4").tobytes() in content
    assert mean.astype("<f4").tobytes() in content


def test_scales_of_another_number_of_outputs_are_refused() -> None:
    with pytest.raises(zoo.UserError, match="The report scales 2 outputs and shifts 1"):
        Scaling((1.0, 2.0), (0.0,)).dequantize(np.zeros((4, 3), np.int8))


def test_outputs_near_zero_need_no_host(tmp_path: Path) -> None:
    """The file, and what reads it, is that of a twin for which nobody looked."""
    model = fill_weights(zoo.create_model("mlp_tiny", (13,), 2))
    x = rows("mlp_tiny", 64)[:, :13]
    data = numbers(x, model.predict(x, verbose=0))
    one = export.to_litert(model, data=data, directory=tmp_path / "run")
    assert one.output == output_of(load(one.int8_file))
    assert "OUTPUT_SCALE" not in (one.run.path / "infer.py").read_text()
    assert "constexpr int kOutputZeroPoint" in (one.run.path / "model_io.h").read_text()


@pytest.mark.parametrize("first", [None, "batch norm"])
def test_a_file_of_the_converter_starts_after_a_layer_or_not_at_all(
    first: str | None,
) -> None:
    """What the host would do without a layer of the model's, only a twin can take back."""
    model, data = kelvin(*([layers.BatchNormalization()] if first else []), layers.Flatten())
    rows_of = quantized_plan(model, data, "converter", False, None, None, 64, 0, INT8).rows
    assert rows_of is not None
    assert (rows_of.host is not None) == bool(first)
    assert quantized_plan(model, data, "auto", False, None, None, 64, 0, INT8).rows.host is not None  # type: ignore[union-attr]
