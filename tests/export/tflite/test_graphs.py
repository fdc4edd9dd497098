"""Files of any graph from arrays alone: names, scales, fidelity, and arrays that do not fit."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

import export
import zoo
from tests.export.tflite.graphs import named_inputs, siamese, two_heads
from tests.export.tflite.test_operations import filled


def arrays_for(model: keras.Model, rows: int = 100) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {x.name: rng.normal(size=(rows, *x.shape[1:])) for x in model.inputs}


def test_two_outputs(tmp_path: Path) -> None:
    model = filled(two_heads())
    (rows,) = arrays_for(model).values()
    made = export.to_litert(model, data=rows, directory=tmp_path)
    assert list(made.outputs) == ["classes", "mask"]
    assert made.audits[made.int8_file.name].integer_only
    assert made.rows == 20
    assert made.held_out
    for near in made.fidelity.values():
        assert near.signal_to_noise > 20
        assert near.agreement is not None
        assert near.agreement > 0.9
    written = json.loads((tmp_path / "fidelity.json").read_text())
    assert set(written["outputs"]) == {"classes", "mask"}
    (scale,) = written["outputs"]["mask"]["scale"]
    assert scale > 0
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(str(made.int8_file)).get_signature_list()["serving_default"]
    assert signature == {"inputs": ["input"], "outputs": ["classes", "mask"]}
    assert (tmp_path / "model_int8.cc").is_file()
    assert len(zoo.Run(tmp_path).manifest()["files"]) >= 4


@pytest.mark.parametrize("make", [siamese, named_inputs])
def test_several_inputs(make: Any, tmp_path: Path) -> None:
    model = filled(make())
    arrays = arrays_for(model, rows=40)
    made = export.to_litert(model, data=arrays, directory=tmp_path)
    assert {*made.inputs} == {*arrays}
    assert not made.held_out
    assert made.fidelity["output"].signal_to_noise > 20


def test_a_branch_that_is_used_twice_is_written_once(tmp_path: Path) -> None:
    inner = [layers.Dense(64, activation="relu"), layers.Dense(64)]
    branch = keras.Sequential([keras.Input((40,)), *inner])
    pair = [keras.Input((40,), name=name) for name in ("left", "right")]
    both = keras.Model(pair, layers.Dense(2)(layers.Concatenate()([branch(x) for x in pair])))
    arrays = arrays_for(both)
    two = export.to_litert(filled(both), data=arrays, directory=tmp_path / "two")
    one = export.to_litert(branch, data=arrays["left"], directory=tmp_path / "one")
    weights = 40 * 64 + 64 * 64
    bytes_of = [made.audits[made.int8_file.name].model_bytes for made in (one, two)]
    assert bytes_of[1] < bytes_of[0] + weights / 2
    assert two.fidelity["output"].signal_to_noise > 25


def test_arrays_that_do_not_fit(tmp_path: Path) -> None:
    model = siamese()
    good = arrays_for(model)
    left, right = good["left"], good["right"]
    broken = left.copy()
    broken[3] = np.nan
    for arrays, message in (
        ({"left": left}, "has the inputs left, right; the arrays are named left"),
        ([left], "has 2 inputs; got 1 arrays"),
        ([left, right[:50]], "The arrays hold 100, 50 rows; give as many"),
        ([left, right[..., 0]], "The array for 'right' has shape .* expected at least 16 rows"),
        ([left, broken], "The array for 'right' holds NaN or infinite values"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            export.to_litert(model, data=arrays, directory=tmp_path / "no")
    with pytest.raises(zoo.UserError, match="Arrays go with a Keras model; a run knows"):
        export.to_litert(str(tmp_path / "no"), data=good)  # type: ignore[call-overload]
    with pytest.raises(zoo.UserError, match="A graph from arrays needs directory"):
        export.to_litert(model, data=good)  # type: ignore[call-overload]
    assert not (tmp_path / "no").exists()


def test_an_open_size_is_named(tmp_path: Path) -> None:
    inputs = keras.Input((None, 4), name="steps")
    model = keras.Model(inputs, layers.Dense(2)(inputs))
    rows = np.zeros((40, 6, 4))
    with pytest.raises(zoo.UserError, match="sizes must be fixed, but for|has shape"):
        export.to_litert(model, data=rows, directory=tmp_path)
