"""Sequences of several lengths: how they are padded, and what padding does not change."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
import zoo
from export.runtimes.litert import load, predict
from tests.helpers.instances import fill_weights
from tuning import Recipe, train
from tuning.training.phase import adapt_inputs
from zoo.data.lengths import Padding
from zoo.quantization import make_twin, quantize
from zoo.quantization.calibration import predict as run_twin
from zoo.quantization.layers.arithmetic import Int8

LONGEST, FEATURES = 12, 2


def ragged(count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return waves of 4 to 12 steps that rise or fall, what they are, and their lengths."""
    rng = np.random.default_rng(seed)
    y, lengths = np.arange(count) % 2, rng.integers(4, LONGEST + 1, count)
    steps = np.arange(LONGEST)
    slope = np.where(y, 0.4, -0.4)[:, None]
    x = 5 + slope * steps + 0.3 * rng.normal(size=(count, LONGEST))
    x = np.stack([x, 100 * rng.normal(size=x.shape)], axis=-1).astype(np.float32)
    return x, y, lengths


def saved(folder: Path, gaps: bool = False, **changed: Any) -> Path:
    arrays: dict[str, Any] = {}
    for seed, (part, count) in enumerate({"train": 120, "test": 40}.items()):
        x, y, lengths = ragged(count, seed)
        lengths[:1] = LONGEST
        if gaps:
            x[np.arange(LONGEST) >= lengths[:, None]] = np.nan
        else:
            arrays[f"lengths_{part}"] = lengths
        arrays |= {f"x_{part}": x, f"y_{part}": y}
    path = folder / "waves.npz"
    np.savez(path, **{name: a for name, a in (arrays | changed).items() if a is not None})
    return path


def test_rows_are_padded_in_front_with_the_mean(tmp_path: Path) -> None:
    data = zoo.load_data(saved(tmp_path))
    assert data.input_shape == (LONGEST, FEATURES + 1)
    x, _, lengths = ragged(40, 1)
    lengths[:1] = LONGEST
    for row, values, length in zip(data.x_test, x, lengths, strict=True):
        np.testing.assert_array_equal(row[LONGEST - length :, :-1], values[:length])
        np.testing.assert_array_equal(row[:, -1], np.arange(LONGEST) >= LONGEST - length)
        assert (row[: LONGEST - length, :-1] == data.encoding.padding.fill).all()  # type: ignore[union-attr]
    real = data.x_train[data.x_train[..., -1] == 1][:, :-1]
    assert data.encoding.padding is not None
    np.testing.assert_allclose(data.encoding.padding.fill, real.mean(axis=0), rtol=1e-5)
    model = zoo.create_model("gru_tiny", data.input_shape, 2)
    adapt_inputs(model, data)
    layer = model.get_layer("standardize")
    padded = data.x_train[data.x_train[..., -1] == 0]
    np.testing.assert_allclose(np.asarray(layer(padded[None]))[0, :, :-1], 0, atol=1e-5)


def test_nan_after_the_end_says_the_same(tmp_path: Path) -> None:
    by_lengths, by_gaps = (zoo.load_data(saved(tmp_path, gaps=gaps)) for gaps in (False, True))
    assert by_lengths.hash == by_gaps.hash
    assert by_lengths.encoding == by_gaps.encoding


def test_of_longer_rows_the_end_is_kept() -> None:
    x = np.arange(10, dtype=np.float32).reshape(1, 5, 2)
    found = Padding(3, (0.5, 0.25)).rows(x)
    np.testing.assert_array_equal(found[0], [[4, 5, 1], [6, 7, 1], [8, 9, 1]])
    x[0, 1:] = np.nan
    found = Padding(3, (0.5, 0.25)).rows(x)
    np.testing.assert_array_equal(found[0], [[0.5, 0.25, 0], [0.5, 0.25, 0], [0, 1, 1]])


def gap(row: int, step: int, feature: int | slice) -> np.ndarray:
    x = ragged(120, 0)[0]
    x[row, step, feature] = np.nan
    return x


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"lengths_train": np.zeros(120, int)}, "lengths_train must hold an integer of 1 to the"),
        ({"lengths_train": np.full(120, 13)}, "lengths_train must hold an integer of 1 to the"),
        ({"lengths_train": np.ones(120)}, "got float64 of shape"),
        ({"lengths_test": np.ones(3, int)}, "lengths_test must hold an integer of 1 to the number"),
        ({"lengths_val": np.ones(3, int)}, "lengths_val has no matching x_val"),
        ({"lengths_train": None, "x_train": gap(1, 5, 0)}, "x_train holds NaN within sequences"),
        ({"lengths_train": None, "x_train": gap(1, 5, slice(None))}, "holds NaN within sequences"),
        ({"lengths_train": None, "x_train": gap(1, slice(None), slice(None))}, "holds NaN within"),  # type: ignore[arg-type]
    ],
)
def test_lengths_that_cannot_be(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(saved(tmp_path, **changed))


@pytest.mark.parametrize(
    "overrides",
    [{}, {"depth": 2}, {"bidirectional": True, "depth": 2}, {"cell": "lstm", "units": 8}],
)
def test_more_padding_changes_nothing(overrides: dict[str, Any], tmp_path: Path) -> None:
    """Neither in float nor, to the bit, in int8, of models that hold their state on padding."""
    data = zoo.load_data(saved(tmp_path))
    model = fill_weights(zoo.create_model("gru_tiny", (LONGEST, 3), 2, masked=True, **overrides))
    adapt_inputs(model, data)
    other = zoo.create_model("gru_tiny", (LONGEST + 9, 3), 2, masked=True, **overrides)
    other.set_weights(model.get_weights())
    fill = data.encoding.padding.fill  # type: ignore[union-attr]
    more = np.tile(np.float32([*fill, 0]), (len(data.x_test), 9, 1))
    longer = np.concatenate([more, data.x_test], axis=1)
    expected = model.predict(data.x_test, verbose=0)
    np.testing.assert_allclose(other.predict(longer, verbose=0), expected, rtol=1e-5, atol=1e-6)
    start = quantize(model, data)
    other_twin = make_twin(other, start.twin.host)
    other_twin.set_weights(start.twin.get_weights())
    of_int8 = run_twin(start.twin, start.rows.fed(data.x_test), Int8())
    assert np.ptp(of_int8, axis=0).min() > 0
    found = run_twin(other_twin, start.rows.fed(longer), Int8())
    np.testing.assert_allclose(found, of_int8, atol=1e-6)
    mask = start.twin.parts[0]
    fed = start.rows.fed(data.x_test)
    np.testing.assert_array_equal(
        np.asarray(mask.run(Int8().activation(start.twin.input_range, fed), arithmetic=Int8())),
        data.x_test[..., -1:],
    )


def test_a_convolution_in_front_cannot_be_masked() -> None:
    with pytest.raises(zoo.UserError, match="masked=True needs front_filters=0: a convolution"):
        zoo.create_model("gru_conv_tiny", (8, 3), 2, masked=True)


def test_from_several_lengths_to_a_verified_file(folder: Path, tmp_path: Path) -> None:
    """Features of very different sizes, too: the host scales each, the mask stays exact."""
    data = zoo.load_data(saved(tmp_path))
    run, fit = train("gru_tiny", data, directory=folder, recipe=Recipe(epochs=30))
    assert run.spec().overrides["masked"] is True
    assert fit.score > 0.8
    assert run.load_data().hash == data.hash
    recorded = run.read_json("data.json")["schema"]["padding"]
    assert recorded["steps"] == LONGEST
    assert len(recorded["fill"]) == FEATURES
    x, _, lengths = ragged(40, 1)
    lengths[:1] = LONGEST
    x[np.arange(LONGEST) >= lengths[:, None]] = np.nan
    np.save(tmp_path / "new.npy", x)
    np.testing.assert_array_equal(zoo.read_rows(tmp_path / "new.npy", run), data.x_test)
    made = export.to_litert(run)
    report = export.verify(made, data, max_drop=3.0)
    assert report.passed, report.failures()
    assert made.scaling is not None
    int8 = predict(load(made.int8_file), data.x_test, made.scaling)
    assert made.plan.quantized is not None
    assert made.plan.rows is not None
    of_twin = made.plan.quantized.twin.predict(made.plan.rows.fed(data.x_test), verbose=0)
    assert (int8.argmax(axis=1) == of_twin.argmax(axis=1)).mean() > 0.97


def test_other_families_take_the_mask_as_a_feature(tmp_path: Path) -> None:
    data = zoo.load_data(saved(tmp_path))
    for preset, masked in (("lite_tiny", None), ("gru_conv_tiny", False), ("gru_tiny", True)):
        spec = zoo.ModelSpec.of(preset, data, {})
        assert spec.overrides.get("masked") is masked
        assert spec.build().input_shape == (None, LONGEST, FEATURES + 1)
