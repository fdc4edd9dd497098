"""Compressions that are refused, and messages where one fails."""

import json
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
import zoo
from export.child import ChildError
from export.conversion.choices import Compression, parse_compression
from export.conversion.compression import compress
from tests.helpers.instances import data_for, data_of, fill, rows, spec
from zoo.layers.inputs import Standardize

layers = keras.layers


# what is asked for


@pytest.mark.parametrize(
    ("text", "compression"),
    [
        ("prune:0.5", Compression("prune", 0.5)),
        ("cluster:16", Compression("cluster", 16)),
        ("qat-tfmot", Compression("qat-tfmot")),
    ],
)
def test_compressions_are_read(text: str, compression: Compression) -> None:
    assert parse_compression(text) == compression


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prune", "prune needs the share of zeros, .* as in 'prune:0.5'; got None"),
        ("prune:", "got None"),
        ("prune:1.5", "a number between 0 and 1, .*; got 1.5"),
        ("prune:0", "got 0.0"),
        ("prune:nan", "got nan"),
        ("prune:half", "got 'half'"),
        (
            "cluster:x",
            "cluster needs the number of values .* 2 to 256, as in 'cluster:16'; got 'x'",
        ),
        ("cluster:1", "got 1."),
        ("cluster:257", "got 257."),
        ("cluster", "got None"),
        ("qat-tfmot:8", "qat-tfmot takes no amount; got '8'"),
        ("prnue:0.5", "compression='prnue' is not known. Did you mean 'prune'?"),
        ("", "compression='' is not known"),
    ],
)
def test_what_cannot_be_asked_for(text: str, message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        parse_compression(text)


# what cannot be compressed


def test_layers_that_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "export.conversion.compression.run_child", lambda *_: pytest.fail("it was run")
    )
    half = Compression("prune", 0.5)
    inputs = keras.Input((30,))
    dense = layers.Dense(2, name="dense")
    standardized = Standardize(name="standardize")(inputs)
    softmax = layers.Dense(2, activation="softmax", name="probabilities")(inputs)
    beside = layers.Add()([dense(standardized), layers.Dense(2, name="beside")(inputs)])
    head = layers.Dense(2)
    twice = layers.Dense(30, name="twice")
    late = Standardize(name="late")
    for outputs, message in (
        (head(layers.LayerNormalization(name="ln")(inputs)), "layer 'ln' is a LayerNormalization"),
        (head(late(layers.Dense(30)(inputs))), "layer 'late' is a Standardize, which cannot be"),
        (head(inputs + 1.0), "is a Add, which cannot be compressed. Known: Standardize after"),
        (softmax, "activation 'softmax' of layer 'probabilities' cannot be compressed"),
        (beside, "layer 'beside' reads the input in parallel to 'standardize'; only a model"),
        (head(twice(twice(inputs))), "layer 'twice' is used 2 times; a model to be compressed"),
    ):
        with pytest.raises(zoo.UserError, match=message):
            compress(keras.Model(inputs, outputs), data_for("mlp_tiny", 64), half)


def test_other_families_and_arguments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "export.conversion.compression.run_child", lambda *_: pytest.fail("it was run")
    )
    half = Compression("prune", 0.5)
    sequences = data_for("gru_tiny", 40)
    with pytest.raises(zoo.UserError, match="gru_tiny: layer 'gru.*' is a GRU, which cannot be"):
        compress(fill("gru_tiny"), sequences, half)
    with pytest.raises(zoo.UserError, match="vit_tiny: layer .* is a .*, which cannot be"):
        compress(fill("vit_tiny"), data_for("cnn_tiny", 80), half)
    curved = spec("cnn_tiny", activation="hard_silu").build()
    with pytest.raises(zoo.UserError, match="qat-tfmot cannot quantize the activation 'hard_silu'"):
        compress(curved, data_for("cnn_tiny", 80), Compression("qat-tfmot"))
    inputs = keras.Input((30,))
    norm = layers.BatchNormalization(name="norm")(layers.Dense(3, activation="relu")(inputs))
    late = keras.Model(inputs, layers.Dense(2)(norm), name="late")
    with pytest.raises(zoo.UserError, match="cannot quantize 'norm', a BatchNormalization that"):
        compress(late, data_for("mlp_tiny", 64), Compression("qat-tfmot"))
    with pytest.raises(zoo.UserError, match="mlp_tiny maps .* but rows needs"):
        compress(fill("mlp_tiny"), data_for("cnn_tiny", 80), half)
    with pytest.raises(zoo.UserError, match="prune trains on one answer for a whole row; rows is"):
        compress(fill("unet_tiny"), data_for("unet_tiny", 40), half)
    inputs = keras.Input((2,))
    bare = keras.Model(inputs, layers.Activation("tanh")(inputs), name="bare")
    with pytest.raises(zoo.UserError, match="bare has no Dense or Conv2D layer"):
        compress(bare, data_of(rows("mlp_tiny", 40)[:, :2], np.arange(40) % 2), half)
    for wrong in ({"epochs": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"seed": -1}):
        with pytest.raises(zoo.UserError, match=f"{next(iter(wrong))} must be"):
            compress(fill("mlp_tiny"), data_for("mlp_tiny", 64), half, **wrong)  # type: ignore[arg-type]


# failures


def test_a_failing_child_is_an_error_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    half, model = Compression("prune", 0.5), fill("mlp_tiny")
    with pytest.raises(
        export.ExportError, match="Nothing was compressed: the process of tfmot took more than 0.5"
    ):
        compress(model, data_for("mlp_tiny", 64), half, timeout=0.5)

    def differ(_: str, job: str, __: float) -> str:
        described = json.loads((Path(job) / "job.json").read_text())
        assert described["settings"]["amount"] == 0.5
        np.save(Path(job) / "copy.npy", np.full((64, 2), np.nan))
        return ""

    with monkeypatch.context() as patch:
        patch.setattr("export.conversion.compression.run_child", differ)
        with pytest.raises(export.ExportError, match="the Keras 2 copy of mlp_tiny differs from"):
            compress(model, data_for("mlp_tiny", 64), half)
        patch.setattr("export.conversion.compression.run_child", _die)
        with pytest.raises(export.ExportError, match="the process of tfmot died of SIGSEGV"):
            compress(model, data_for("mlp_tiny", 64), half)
    model.layers[-1].set_weights([np.full((32, 2), 3e38), np.zeros(2)])
    with pytest.raises(export.ExportError, match="The loss became NaN or infinite; lower the"):
        compress(model, data_for("mlp_tiny", 64), half)
    assert list(tmp_path.iterdir()) == []


def _die(*_: Any) -> str:
    raise ChildError("died of SIGSEGV. Its last lines:\nend of the log")
