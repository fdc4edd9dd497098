"""The front end for sound: beside TensorFlow's, from a set of waveforms to the run folder."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import zoo
from export.page.rows import Rows
from tuning import train
from tuning.recipe import Recipe
from zoo.data.audio import FrontEnd, spectra
from zoo.data.waveforms import OUTLINE, outline

RATE = 4000


def chirps(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return synthetic sounds of half a second as 16-bit integers: rising, falling, level."""
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % 3
    time = np.arange(RATE // 2) / RATE
    sweep = np.array([600, -600, 0])[y][:, None]
    start = rng.uniform(700, 1200, (rows, 1))
    phase = 2 * np.pi * (start * time + sweep * time**2)
    x = 0.3 * np.sin(phase) + 0.02 * rng.normal(size=phase.shape)
    return (x * 32767).astype(np.int16), y


def saved(folder: Path, **changed: Any) -> Path:
    (x_train, y_train), (x_test, y_test) = chirps(90, 0), chirps(30, 1)
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    arrays |= {"rate": np.array(RATE)}
    path = folder / "chirps.npz"
    np.savez(path, **{name: a for name, a in (arrays | changed).items() if a is not None})
    return path


@pytest.mark.parametrize(
    "front_end",
    [
        FrontEnd(16_000),
        FrontEnd(16_000, "mfcc"),
        FrontEnd(8_000, "mfcc", 25.0, 10.0, mels=20, coefficients=13, low_hz=80, high_hz=3800),
    ],
)
def test_spectra_are_those_of_tensorflow(front_end: FrontEnd) -> None:
    waves = np.random.default_rng(0).uniform(-1, 1, (300, 4000)).astype(np.float32)
    high = front_end.high_hz or front_end.rate / 2
    framed = tf.signal.stft(waves, front_end.window, front_end.stride, front_end.size)
    bands = tf.signal.linear_to_mel_weight_matrix(
        front_end.mels, front_end.size // 2 + 1, front_end.rate, front_end.low_hz, high
    )
    expected = tf.math.log(tf.abs(framed) @ bands + front_end.floor)
    if front_end.kind == "mfcc":
        expected = tf.signal.mfccs_from_log_mel_spectrograms(expected)
        expected = expected[..., : front_end.coefficients].numpy()
        expected[..., 0] /= np.sqrt(2)  # TensorFlow's first cosine is not normalized
    found = spectra(waves, front_end)
    assert found.dtype == np.float32
    assert found.shape == (300, front_end.frames(4000), front_end.features)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-3)


def test_integers_are_fractions_of_full_scale() -> None:
    waves, _ = chirps(4, 0)
    of_floats = spectra(waves.astype(np.float32) / 32768, FrontEnd(RATE))
    np.testing.assert_allclose(spectra(waves, FrontEnd(RATE)), of_floats, rtol=1e-5)


def test_from_waveforms_to_a_run_that_brings_its_front_end(folder: Path, tmp_path: Path) -> None:
    data = zoo.load_data(saved(tmp_path), front_end="mfcc:coefficients=8,stride_ms=25")
    assert data.input_shape == (19, 8)
    run, fit = train("gru_tiny", data, directory=folder, recipe=Recipe(epochs=20))
    assert fit.score > 0.8  # a third is luck
    again = run.load_data()
    assert again.hash == data.hash
    assert again.front_end == data.front_end == FrontEnd(RATE, "mfcc", stride_ms=25, coefficients=8)

    alone = (  # on a device: NumPy and the file, nothing of ours
        "import sys, numpy as np; sys.path = [sys.argv[1], *sys.path[1:]]; import front_end as f; "
        "assert not {'zoo', 'keras'} & set(sys.modules); "
        "np.save(sys.argv[2], f.spectra(np.load(sys.argv[3]), f.FRONT_END))"
    )
    waves = tmp_path / "waves.npy"
    np.save(waves, chirps(30, 1)[0])
    command = [sys.executable, "-c", alone, str(folder), str(tmp_path / "x.npy"), str(waves)]
    subprocess.run(command, check=True, cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "x.npy"), data.x_test)


def test_test_rows_keep_what_their_waves_look_like(tmp_path: Path) -> None:
    data = zoo.load_data(saved(tmp_path))
    waves, _ = chirps(30, 1)
    seen = data.columns["wave_test"]
    assert seen.shape == (30, 2 * OUTLINE)
    np.testing.assert_array_equal(seen[3, :2], [waves[3, :26].min(), waves[3, :26].max()])
    np.testing.assert_array_equal(outline(waves[:, :50]), waves[:, :50])  # short ones are whole
    drawn = str(Rows(data).drawn(3))
    assert "waveform of test row 3" in drawn
    assert drawn.count("<img") == 1


def test_log_mel_is_the_default(tmp_path: Path) -> None:
    data = zoo.load_data(saved(tmp_path))
    assert data.front_end == FrontEnd(RATE)
    assert data.input_shape == (24, 40)


@pytest.mark.parametrize(
    ("front_end", "changed", "message"),
    [
        ("mfcc", {"rate": None}, "A front end is for audio"),
        ("mel", {}, "front_end='mel' is not known"),
        ("mfcc:coefficient=3", {}, "has no setting 'coefficient'. Did you mean 'coefficients'"),
        ("mfcc:mels=many", {}, "front end's mels must be a number"),
        ("mfcc:coefficients=41", {}, "must be at most mels; got 41 of 40"),
        ("log_mel:window_ms=0", {}, "window_ms must be a number in"),
        ("log_mel:window_ms=900", {}, "shorter than a frame of 3600"),
        ("log_mel:low_hz=3000", {}, "low_hz must be a number in"),
        (None, {"rate": np.array("fast")}, "rate must be one number of 1000 to"),
        (None, {"rate": np.array([1000, 2000])}, "rate must be one number of 1000 to"),
    ],
)
def test_mistakes(
    front_end: str | None, changed: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(saved(tmp_path, **changed), front_end=front_end)


def test_waveforms_have_one_axis(tmp_path: Path) -> None:
    x_train, x_test = np.ones((90, 50, 2)) * np.arange(90)[:, None, None], np.ones((30, 50, 2))
    with pytest.raises(zoo.UserError, match=r"must hold waveforms \(rows, samples\)"):
        zoo.load_data(saved(tmp_path, x_train=x_train, x_test=x_test))
