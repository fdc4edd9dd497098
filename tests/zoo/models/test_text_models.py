"""Models of texts: padding does not reach them, from Keras to the file."""

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
import zoo
from export.runtimes.litert import load, predict
from tests.helpers.instances import data_of, fill_weights, rows_of, save_sentences
from tuning import Recipe, train
from zoo.data.text import Vocabulary
from zoo.quantization import calibrate, make_twin, quantize
from zoo.quantization.calibration import predict as run_twin
from zoo.quantization.calibration import weights_hash
from zoo.quantization.layers.arithmetic import Exact, Int8

BODIES = [
    ("text_gru_tiny", {}),
    ("text_gru_tiny", {"cell": "lstm", "bidirectional": False}),
    ("text_cnn_tiny", {}),
    ("text_cnn_tiny", {"kernels": [1, 4]}),
]


@pytest.mark.parametrize(("name", "overrides"), BODIES)
def test_more_padding_changes_nothing(name: str, overrides: dict[str, Any]) -> None:
    """Neither in float nor, to the bit, in int8."""
    x = rows_of(name, (12,), 32)
    longer = np.pad(x, [(0, 0), (7, 0)])
    model = fill_weights(zoo.create_model(name, (12,), 4, **overrides))
    other = zoo.create_model(name, (19,), 4, **overrides)
    other.set_weights(model.get_weights())
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(other.predict(longer, verbose=0), expected, rtol=1e-5, atol=1e-6)
    twin, other_twin = make_twin(model), make_twin(other)
    calibrate(twin, x)
    other_twin.set_weights(twin.get_weights())
    of_int8 = run_twin(twin, x, Int8())
    assert np.ptp(of_int8, axis=0).min() > 0
    np.testing.assert_allclose(run_twin(other_twin, longer, Int8()), of_int8, atol=1e-6)


def test_a_transformer_does_not_see_what_stands_on_padding() -> None:
    """Positions of padding are given other vectors: nothing changes, in float and in int8."""
    x = np.pad(rows_of("text_transformer_tiny", (8,), 32), [(0, 0), (4, 0)])
    model = fill_weights(zoo.create_model("text_transformer_tiny", (12,), 4))
    twin = make_twin(model)
    calibrate(twin, x)
    found = [model.predict(x, verbose=0), run_twin(twin, x, Int8())]
    position = model.get_layer("position").embedding
    moved = np.array(keras.ops.convert_to_numpy(position))
    moved[:4] *= -0.7
    position.assign(moved)
    other = make_twin(model)
    for one, held in zip(other.weights, twin.weights, strict=True):
        if one.shape == ():
            one.assign(held)  # the ranges
    np.testing.assert_allclose(model.predict(x, verbose=0), found[0], atol=1e-6)
    np.testing.assert_allclose(run_twin(other, x, Int8()), found[1], atol=1e-6)
    moved[4:] *= -0.7
    position.assign(moved)
    assert np.abs(model.predict(x, verbose=0) - found[0]).max() > 0.01


def test_more_padding_changes_no_bit_of_the_file(tmp_path: Path) -> None:
    """Two files of one model, for texts of 10 and of 16 tokens, on the same texts."""
    outputs = []
    x = rows_of("text_gru_tiny", (10,), 40)
    first = fill_weights(zoo.create_model("text_gru_tiny", (10,), 4))
    done = quantize(first, data_of(x, np.arange(40) % 4))
    for length in (10, 16):
        padded = np.pad(x, [(0, 0), (length - 10, 0)])
        model = zoo.create_model("text_gru_tiny", (length,), 4)
        model.set_weights(first.get_weights())
        twin = make_twin(model)
        twin.set_weights(done.twin.get_weights())
        ready = replace(done, twin=twin, origin=weights_hash(model))
        made = export.to_litert(
            model,
            data=data_of(padded, np.arange(40) % 4),
            directory=tmp_path / f"{length}",
            quantized=ready,
        )
        assert made.scaling is not None
        assert made.int8_audit is not None
        assert made.int8_audit.inputs == ("INT32",)
        interpreter = load(made.int8_file)
        outputs.append(predict(interpreter, padded, made.scaling))
        beyond = np.where(padded == 199, 10**6, padded)  # clipped to the last id
        np.testing.assert_array_equal(predict(interpreter, beyond, made.scaling), outputs[-1])
    np.testing.assert_array_equal(*outputs)
    assert len(np.unique(outputs[0])) > 10


PACKAGES = ("json", "email", "asyncio", "unittest", "xml", "http", "logging", "multiprocessing")


def docstrings() -> tuple[np.ndarray, np.ndarray]:
    """Return sentences of the docstrings of Python's own packages, and which they are from."""
    texts: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(PACKAGES):
        package = importlib.import_module(name)
        modules = [package]
        for found in pkgutil.iter_modules(package.__path__, f"{name}."):
            if "__main__" not in found.name and "win" not in found.name:
                modules.append(importlib.import_module(found.name))
        said = {
            inspect.cleandoc(one.__doc__).split("\n\n")[0]
            for module in modules
            for holder in [module, *(c for c in vars(module).values() if inspect.isclass(c))]
            if getattr(holder, "__module__", holder.__name__).startswith(name)  # type: ignore[attr-defined]
            for one in [holder, *(f for f in vars(holder).values() if inspect.isfunction(f))]
            if one.__doc__ and len(one.__doc__.split()) > 4
        }
        texts += sorted(said - {*texts})
        labels += [label] * (len(texts) - len(labels))
    return np.array(texts), np.array(labels)


@pytest.mark.filterwarnings("ignore:.* test rows are also training rows")  # cut to 24 tokens
def test_real_texts_go_the_whole_way(folder: Path, tmp_path: Path) -> None:
    """From which of eight packages of Python's a docstring is; the largest is a quarter or so."""
    texts, labels = docstrings()
    chance = np.random.default_rng(0).permutation(len(texts))
    texts, labels = texts[chance], labels[chance]
    count = len(texts) // 5
    path = tmp_path / "docstrings.npz"
    parts = {"x_train": texts[count:], "y_train": labels[count:]}
    np.savez(path, **parts, x_test=texts[:count], y_test=labels[:count])
    data = zoo.load_data(path, front_end="word:length=24")
    run, fit = train("text_cnn_tiny", data, directory=folder, recipe=Recipe(epochs=20))
    assert fit.score > 1.3 * np.bincount(labels).max() / len(labels)

    assert run.load_data().hash == data.hash
    vocabulary = data.encoding.vocabulary
    assert vocabulary is not None
    assert run.spec().overrides["words"] == vocabulary.words
    assert Vocabulary.from_json(run.file("vocabulary.json").read_text()) == vocabulary
    assert run.read_json("data.json")["schema"]["vocabulary"]["length"] == 24
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import front_end\n"
        "print(json.dumps(front_end.VOCABULARY.ids(json.load(sys.stdin)).tolist()))"
    )
    alone = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        input=json.dumps(texts[:count].tolist()),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    np.testing.assert_array_equal(json.loads(alone.stdout), data.x_test)

    made = export.to_litert(run)
    report = export.verify(made, data, max_drop=3.0)
    assert report.passed, report.failures()
    assert report.baselines == ()
    assert json.loads(run.file("report.json").read_text())["input"]["words"] == vocabulary.words
    assert export.check(made.int8_file).passed
    np.savez(tmp_path / "new.npz", x=texts[:count])
    np.testing.assert_array_equal(zoo.read_rows(tmp_path / "new.npz", run), data.x_test)
    np.save(tmp_path / "rows.npy", data.x_test)
    command = [sys.executable, "infer.py", "model_int8.tflite", str(tmp_path / "rows.npy")]
    shipped = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    answers = [int(line.split("\t")[1]) for line in shipped.stdout.splitlines()]
    of_file = predict(load(made.int8_file), data.x_test, made.scaling)
    np.testing.assert_array_equal(answers, of_file.argmax(axis=1))


def test_without_rounding_every_table_is_the_models() -> None:
    x = rows_of("text_cnn_small", (9,), 8)
    model = fill_weights(zoo.create_model("text_cnn_small", (9,), 3))
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(run_twin(make_twin(model), x, Exact()), expected, atol=2e-5)


def test_advice_on_texts_counts_words(tmp_path: Path) -> None:
    data = zoo.load_data(save_sentences(tmp_path / "texts.npz"))
    advice = zoo.advise(data)
    assert advice.kind == "text"
    assert advice.telling[0].feature.startswith("The token 'topic")
    trivial, linear = (one.figures["accuracy"].value for one in advice.baselines)
    assert trivial < 0.3
    assert linear > 0.8
    assert advice.choice.first.startswith("text_")
