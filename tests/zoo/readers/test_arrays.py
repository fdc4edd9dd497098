"""Arrays as people save them: gray images, single features, waveforms, one-hot labels."""

from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.data.kinds import IMAGE, SEQUENCE
from zoo.readers.shapes import shaped


def arrays(shape: tuple[int, ...] = (28, 28), dtype: str = "uint8") -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (60, *shape)).astype(dtype)
    y = (np.arange(60) % 3).astype(np.uint8)
    return {"x_train": x[:45], "y_train": y[:45], "x_test": x[45:], "y_test": y[45:]}


def saved(path: Path, held: dict[str, np.ndarray]) -> Path:
    np.savez(path, **held)
    return path


def test_keras_mnist_is_images(tmp_path: Path) -> None:
    path = saved(tmp_path / "mnist.npz", arrays())
    data = zoo.load_data(path)
    assert (data.kind, data.input_shape) == (IMAGE, (28, 28, 1))
    (note,) = data.schema["notes"]
    assert note.startswith("Rows of 28x28 bytes are read as gray images; --kind sequences")
    rows = zoo.read_rows(saved(tmp_path / "new.npz", {"x": arrays()["x_test"]}), data.schema)
    np.testing.assert_array_equal(rows, data.x_test)
    overruled = zoo.load_data(path, reading=zoo.Reading(kind="sequences"))
    assert (overruled.kind, overruled.input_shape) == (SEQUENCE, (28, 28))
    assert "notes" not in overruled.schema
    held = arrays()
    pairs = [(held[f"x_{part}"], held[f"y_{part}"]) for part in ("train", "test")]
    assert zoo.data_from(*pairs[0], *pairs[1], name="mnist").hash == data.hash
    assert zoo.data_from(*pairs[0], *pairs[1], rows="sequences").hash == overruled.hash


def test_a_folder_of_maps_is_read_likewise(tmp_path: Path) -> None:
    for name, array in arrays().items():
        np.save(tmp_path / f"{name}.npy", array)
    assert zoo.load_data(tmp_path).input_shape == (28, 28, 1)


@pytest.mark.parametrize(
    "held",
    [
        arrays(dtype="float32"),
        arrays((100, 3)),
        arrays() | {"lengths_train": np.full(45, 9), "lengths_test": np.full(15, 9)},
    ],
    ids=["float", "three features", "lengths"],
)
def test_sequences_stay_sequences(held: dict[str, np.ndarray]) -> None:
    assert shaped("data", held, None).arrays["x_train"].ndim == 3


def test_a_sequence_of_one_feature_needs_no_last_axis() -> None:
    held = arrays((50,), "float32")
    assert shaped("data", held, "sequences").arrays["x_test"].shape == (15, 50, 1)
    assert shaped("data", held, "tables").arrays["x_test"].shape == (15, 50)
    with pytest.raises(zoo.UserError, match=r"which cannot be read as images \(height, width"):
        shaped("data", held, "images")
    with pytest.raises(zoo.UserError, match="kind='movies' is not known"):
        zoo.Reading(kind="movies")
    with pytest.raises(zoo.UserError, match="rows='movies' is not known"):
        zoo.data_from(held["x_train"], held["y_train"], rows="movies")


@pytest.mark.parametrize("name", ["rate", "sample_rate", "sr"])
def test_waveforms_by_the_name_of_their_rate(name: str, tmp_path: Path) -> None:
    held = arrays((4000,), "float32")
    path = saved(tmp_path / "w.npz", held | {name: np.array(8000)})
    data = zoo.load_data(path)
    assert data.front_end is not None
    assert (data.kind, data.front_end.rate) == (SEQUENCE, 8000)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_one_hot_labels_are_classes(dtype: str, tmp_path: Path) -> None:
    held = arrays((4,), "float32")
    plain = zoo.load_data(saved(tmp_path / "a.npz", held))
    coded = {name: np.eye(3, dtype=dtype)[held[name]] for name in ("y_train", "y_test")}
    path = saved(tmp_path / "b.npz", held | coded)
    for task in (None, "classification"):
        assert zoo.load_data(path, task=task).hash == plain.hash
    assert zoo.load_data(path, task="regression").task.numbers
    assert zoo.data_from(held["x_train"], coded["y_train"]).task == plain.task  # splits by class
