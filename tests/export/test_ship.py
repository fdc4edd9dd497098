"""Deployment files and metadata."""

import io
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import export
import zoo
from export.device.ends import Ends
from export.device.ship import STREAMS, shipped, streamed
from export.runtimes.litert import load, predict
from export.tflite.audit import audit
from export.tflite.metadata import Card, described, description_bytes, label_lines
from export.tflite.scaling import Scaling
from pocketzoo.printing.predict import answer
from tests.helpers.instances import data_of, fill_weights
from zoo.files import as_json
from zoo.metrics.classes import probabilities

NASTY = ('"quoted"', "<script>alert(1)</script>", "a\nb ??/", "$var \\", "köln 🐦", "=1+1")
SITE = str(Path(np.__file__).parents[1])
KNOWN = ("numpy", "ai_edge_litert", "front_end")
# a clean environment: no user site, nothing but these packages and what was shipped beside
CLEAN = f"""
import sys
class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        if top not in {{*KNOWN, *sys.stdlib_module_names, "__main__"}}:
            raise ImportError(top)
sys.meta_path.insert(0, Only())
sys.path.append({SITE!r})
"""


def infer(
    folder: Path, *arguments: str, script: str = "infer.py", known: tuple[str, ...] = KNOWN
) -> tuple[int, str]:
    """Run a folder's infer.py where only NumPy and ai-edge-litert can be imported, or `known`."""
    code = f"KNOWN = {known!r}\n{CLEAN}\nsys.argv = {[script, *arguments]!r}\n"
    code += f"sys.path.append({str(folder)!r})\n"
    code += f"exec(compile(open({str(folder / script)!r}).read(), {script!r}, 'exec'))"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout or ended.stderr


@pytest.fixture(scope="module")
def rows_of(exported: export.Export) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(size=(9, *exported.model.input_shape[1:])).astype(np.float32)


def test_infer_in_a_clean_environment(
    exported: export.Export, rows_of: np.ndarray, tmp_path: Path
) -> None:
    folder, x = exported.run.path, rows_of
    assert (folder / "infer.py").read_text().count("\n") < 70
    np.save(tmp_path / "rows.npy", x)
    for file, scaling in ((exported.int8_file, exported.scaling), (exported.float_file, None)):
        code, said = infer(folder, str(file), str(tmp_path / "rows.npy"))
        assert code == 0, said
        shares = probabilities(predict(load(file), x, scaling))
        labels = (folder / "labels.txt").read_text().splitlines()
        expected = [
            f"{n}\t{labels[share.argmax()]}\t{share.max():.4f}" for n, share in enumerate(shares)
        ]
        assert said.splitlines() == expected
    np.save(tmp_path / "rows.npy", x[:, :3])
    code, said = infer(folder, str(exported.int8_file), str(tmp_path / "rows.npy"))
    assert code == 1
    assert "expected shape (rows, 30), at least one row; got (9, 3)" in said


def test_a_stream_in_a_clean_environment(tmp_path: Path) -> None:
    """Answers after every step; the last is that of the whole sequence."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(60, 9, 3)) * [1, 40, 0.1]).astype(np.float32)
    data = data_of(x, np.arange(60) % 4)
    model = fill_weights(zoo.GRU((9, 3), 4, units=12, depth=2))
    made = export.to_litert(model, data=data, directory=tmp_path / "gru")
    file = made.run.path / made.plan.forms["step"]
    whole = probabilities(predict(load(made.int8_file), x[:5], made.scaling))
    for row, shares in enumerate(whole):
        np.save(tmp_path / "steps.npy", x[row])
        code, said = infer(
            made.run.path, str(file), str(tmp_path / "steps.npy"), script="stream.py"
        )
        assert code == 0, said
        number, label, share = said.splitlines()[-1].split("\t")
        assert (int(number), int(label)) == (8, shares.argmax())
        assert float(share) == pytest.approx(shares.max(), abs=1e-3)
    np.save(tmp_path / "steps.npy", x)
    code, said = infer(made.run.path, str(file), str(tmp_path / "steps.npy"), script="stream.py")
    assert (code, "expected shape (steps, 3); got (60, 9, 3)" in said) == (1, True)
    assert made.run.path.joinpath("stream.cc").is_file()
    assert {*STREAMS} <= {*made.run.manifest()["files"]}
    plain = export.to_litert(model, data=data, directory=tmp_path / "gru", forms=["rolled"])
    assert not {*STREAMS} & {*plain.run.manifest()["files"]}


def test_snippets_of_a_stream() -> None:
    found = streamed(ends(), {"state_0": 12, "state_1": 7})
    for text in found.values():
        assert "m.tflite" in text
        assert not re.search(r"\$[a-z]", text)
    assert "input int8 [1, 2] and state_0 [1, 12], state_1 [1, 7]" in found["stream.cc"]
    assert 'kStates[] = {{"state_0", 12}, {"state_1", 7}};' in found["stream.cc"]
    assert "model_io::Softmax(answers.data());" in found["stream.cc"]
    assert 'linkedMapOf("state_0" to 12, "state_1" to 7)' in found["Stream.kt"]
    assert "ByteArray(2) { i ->" in found["Stream.kt"]
    assert "oftmax" not in streamed(of_numbers(), {"state_0": 1})["stream.cc"]


def test_the_manifest_names_all(exported: export.Export) -> None:
    files = exported.run.manifest()["files"]
    shipped_files = ("labels.txt", "infer.py", "infer.cc", "Infer.kt", "model_io.h")
    assert {*shipped_files, "model_int8.tflite", "model_int8.cc"} <= {*files}


def ends(**changes: object) -> Ends:
    scaling = Scaling((0.1, 0.25), (3.0, -7.5))
    out = Scaling((0.5,), (4.0,))
    made = Ends("m.tflite", (3, 2), scaling, out, 2, ("a", "b"), "softmax", "classes")
    return replace(made, **changes)  # type: ignore[arg-type]


def of_numbers() -> Ends:
    return ends(labels=(), activation="linear", device="numbers")


def printed(folder: Path, one: Ends, main: str) -> list[str]:
    """Compile a program around the header of `one`, with warnings as errors; return its lines."""
    (folder / "model_io.h").write_text(shipped(one)["model_io.h"])
    source = '#include "model_io.h"\n#include <cstdio>\nint main() {\n' + main + "}\n"
    (folder / "main.cc").write_text(source)
    program = str(folder / "main")
    command = ["g++", "-std=c++11", "-Wall", "-Werror", "-trigraphs", "-Wno-trigraphs"]
    subprocess.run([*command, str(folder / "main.cc"), "-o", program], check=True)
    return subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_the_header_computes_what_numpy_does(tmp_path: Path) -> None:
    one = ends(outputs=len(NASTY), labels=NASTY)
    x = np.random.default_rng(0).normal(scale=9, size=one.shape).astype(np.float32)
    steps, best, shares, *labels = printed(
        tmp_path,
        one,
        f"  const float row[] = {{{', '.join(map(repr, x.ravel().tolist()))}}};\n"
        "  std::int8_t in[model_io::kInputs], out[] = {1, 2, 3, -4, 5, 127};\n"
        "  float values[model_io::kOutputs];\n"
        "  model_io::Quantize(row, in);\n"
        '  for (int q : in) std::printf("%d ", q);\n'
        "  model_io::Dequantize(out, values);\n"
        "  const int best = model_io::Softmax(values);\n"
        '  std::printf("\\n%s\\n", model_io::kLabels[best]);\n'
        '  for (float p : values) std::printf("%.6f ", p);\n'
        '  for (const char* label : model_io::kLabels) std::printf("\\n%s", label);\n',
    )
    assert [int(q) for q in steps.split()] == one.scaling.quantize(x).ravel().tolist()
    expected = probabilities((np.array([[1, 2, 3, -4, 5, 127]]) - 4) * 0.5)[0]
    assert [float(p) for p in shares.split()] == pytest.approx(expected, abs=1e-5)
    assert labels == label_lines(NASTY).splitlines()
    assert best == labels[-1]


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_ids_beyond_the_table_are_cut_as_in_numpy(tmp_path: Path) -> None:
    one = ends(shape=(5,), scaling=Scaling((1.0,), (0.0,), words=40))
    ids = np.array([-7, 0, 39, 40, 2_000_000_000])
    (shown,) = printed(
        tmp_path,
        one,
        f"  const std::int32_t row[] = {{{', '.join(map(str, ids))}}};\n"
        "  std::int32_t in[model_io::kInputs];\n"
        "  model_io::Clamp(row, in);\n"
        '  for (int id : in) std::printf("%d ", id);\n',
    )
    assert [int(one) for one in shown.split()] == np.clip(ids, 0, 39).tolist()
    found = shipped(one)
    assert "input int32 [1, 5] -> output int8 [1, 2]" in found["Infer.kt"]
    assert "fun run(row: IntArray): DoubleArray" in found["Infer.kt"]
    assert "row[i].coerceIn(0, 40 - 1)" in found["Infer.kt"]
    assert "Write<std::int32_t>" in found["infer.cc"]
    assert not any(word in found["Infer.kt"] for word in ("SCALE", "math.round", "$"))


def test_snippets_speak_of_the_file() -> None:
    found = shipped(ends())
    for name in ("infer.cc", "Infer.kt", "model_io.h"):
        assert "m.tflite" in found[name]
        assert "[1, 3, 2] -> output int8 [1, 2]" in found[name] or name == "infer.cc"
        assert not re.search(r"\$[a-z]", found[name])
    assert "doubleArrayOf(0.1, 0.25)" in found["Infer.kt"]
    assert "(output[i] - 4) * 0.5" in found["Infer.kt"]
    assert 'listOf<String>("a", "b")' in found["Infer.kt"]
    numbers = shipped(of_numbers())
    assert "labels.txt" not in numbers
    assert not any("oftmax" in numbers[name] for name in ("infer.cc", "model_io.h"))
    assert "exp(values" not in numbers["Infer.kt"]
    dollar = shipped(ends(labels=("$x", 'say "hi"')))["Infer.kt"]
    assert r'listOf<String>("\$x", "say \"hi\"")' in dollar
    compile(shipped(ends(labels=NASTY))["infer.py"], "infer.py", "exec")


def test_metadata_change_nothing_and_say_what_the_file_is(
    exported: export.Export, rows_of: np.ndarray, tmp_path: Path
) -> None:
    card = Card("m", "What it is.", "A row.", "Logits.", NASTY)
    before = exported.int8_file.read_bytes()
    after = tmp_path / "after.tflite"
    after.write_bytes(described(before, card, exported.scaling))
    outputs = [
        predict(load(file), rows_of, exported.scaling) for file in (exported.int8_file, after)
    ]
    assert np.array_equal(*outputs)
    with zipfile.ZipFile(after) as archive:
        assert archive.read("labels.txt").decode() == label_lines(NASTY)
    content = after.read_bytes()
    assert content.count(b"M001") == 1  # the file had a description, which is gone
    for text in (b"What it is.", b"A row.", b"Logits.", b"labels.txt"):
        assert text in content
    grown = audit(after)
    assert grown.operators == audit(exported.int8_file).operators
    assert grown.sha256 == audit(after).sha256


def test_a_description_is_not_part_of_the_model(exported: export.Export) -> None:
    """The C array is the file without it, and so are the bytes that a search has limits for."""
    source = (exported.run.path / "model_int8.cc").read_text()
    flashed = int(re.findall(r"_len = (\d+);", source)[0])
    found = audit(exported.int8_file)
    assert 0 < found.description_bytes < 1200
    assert found.model_bytes == pytest.approx(flashed, abs=32)


def test_a_file_of_another_origin_has_no_description(exported: export.Export) -> None:
    plain = io.BytesIO(exported.int8_file.read_bytes()).getvalue()
    from ai_edge_litert import schema_py_generated as schema  # only here: the bare schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(plain, 0))
    model.metadata = None
    assert description_bytes(model, plain) == 0


def test_per_feature_scales_are_in_the_metadata(tmp_path: Path) -> None:
    """Rows of very different columns: mean and std of the metadata, then the file's own scale."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(200, 3)) * [1, 1000, 1e-3] + [0, 5e4, 7]).astype(np.float32)
    y = (x[:, 1] > 5e4).astype(np.int64)
    np.savez(tmp_path / "d.npz", x_train=x[:160], y_train=y[:160], x_test=x[160:], y_test=y[160:])
    data = zoo.load_data(tmp_path / "d.npz")
    model = zoo.create_model("mlp_tiny", data.input_shape, 2)
    for layer in model.layers:
        if hasattr(layer, "adapt"):
            layer.adapt(data.x_train)
    made = export.to_litert(model, data=data, directory=tmp_path / "run")
    assert made.scaling is not None
    assert len(made.scaling.scale) in (1, 3)
    np.save(tmp_path / "rows.npy", data.x_test)
    code, said = infer(made.run.path, str(made.int8_file), str(tmp_path / "rows.npy"))
    assert code == 0, said
    shares = probabilities(predict(load(made.int8_file), data.x_test, made.scaling))
    told = [float(line.split("\t")[2]) for line in said.splitlines()]
    assert told == pytest.approx(shares.max(axis=1), abs=1e-4)


def test_answers_with_intervals(tmp_path: Path) -> None:
    data = zoo.load_data("diabetes")
    run = zoo.Run(tmp_path / "run")
    model = zoo.create_model("mlp_tiny", data.input_shape, 1)
    spec = zoo.ModelSpec("mlp_tiny", data.input_shape, 1, {})
    run.save(model, spec, data, {"held_out.json": as_json({"validation_rows": list(range(40))})})
    report = export.verify(export.to_litert(run, data=data), data, max_drop=1e9)
    np.save(tmp_path / "rows.npy", data.x_test[:50])
    _, found = answer(run.path, tmp_path / "rows.npy")
    assert found.header == ("row", "answer", "from", "to")
    assert report.prediction_interval is not None
    width = report.prediction_interval.half_width[0]
    for line in found.lines:
        assert float(line[3]) - float(line[2]) == pytest.approx(2 * width, rel=1e-3)
    _, plain = answer(run.path, tmp_path / "rows.npy", use_float=True)
    assert plain.header == ("row", "answer")
    np.save(tmp_path / "none.npy", data.x_test[:0])
    with pytest.raises(zoo.UserError, match="holds no rows to predict"):
        answer(run.path, tmp_path / "none.npy")
