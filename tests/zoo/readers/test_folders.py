"""Folders of pictures and sounds, memory maps, and data from Python."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import soundfile
from PIL import Image

import zoo
from tests.helpers.made import write_pictures, write_sounds
from zoo.data import memory as room
from zoo.readers import decoding


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))


def load(path: Path, **said: Any) -> zoo.Data:
    return zoo.load_data(path, reading=zoo.Reading(**said))


@pytest.mark.parametrize(
    ("shape", "ending", "said", "row"),
    [
        ((8, 8), "png", {}, (8, 8, 1)),
        ((8, 12, 3), "png", {}, (8, 12, 3)),
        ((8, 12, 3), "jpg", {"color": "gray"}, (8, 12, 1)),
        ((8, 8), "bmp", {"color": "rgb", "image_size": 16}, (16, 16, 3)),
        ((8, 8, 3), "webp", {"image_size": (4, 6)}, (4, 6, 3)),
        ((8, 8), "tiff", {}, (8, 8, 1)),
        ((8, 8), "gif", {"color": "gray"}, (8, 8, 1)),
        ((300, 300), "png", {}, (64, 64, 1)),
    ],
)
def test_pictures(
    tmp_path: Path, shape: tuple[int, ...], ending: str, said: dict[str, Any], row: tuple[int, ...]
) -> None:
    data = load(write_pictures(tmp_path / "pets", shape=shape, ending=ending), **said)
    assert (data.input_shape, data.class_names) == (row, ("cat", "dog"))
    assert [len(x) for x in (data.x_train, data.x_validation, data.x_test)] == [15, 4, 5]
    assert data.x_train.dtype == np.float32
    assert 0 <= data.x_train.min() < 100 < data.x_train.max() <= 255
    assert data.schema["image_size"] == row[:2]


def test_pixels_are_what_the_file_holds(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pets")
    data = load(folder)
    rows = zoo.read_rows(folder, json.loads(json.dumps(data.schema)))
    first = np.asarray(Image.open(folder / "cat" / "00.png"))
    np.testing.assert_array_equal(rows[0, :, :, 0], first)
    parts = np.concatenate([data.x_train, data.x_validation, data.x_test])
    assert {row.tobytes() for row in rows} == {row.tobytes() for row in parts}
    one = zoo.read_rows(folder / "dog" / "03.png", data.schema)
    np.testing.assert_array_equal(one[0], rows[15])


def test_pictures_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_pictures(tmp_path / "pets")
    before = load(folder).hash
    (kept,) = (tmp_path / "cache").iterdir()
    with monkeypatch.context() as patch:
        patch.setattr("zoo.readers.images._decode", lambda *_, **__: 1 / 0)
        assert load(folder).hash == before
    os.truncate(kept, 100)
    assert load(folder).hash == before
    monkeypatch.setenv("POCKETZOO_CACHE", "/proc/none")
    assert load(folder).hash == before


def test_turned_and_transparent_pictures(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pets", shape=(8, 12, 3))
    wide = np.zeros((8, 12, 3), np.uint8)
    wide[:, :6] = 200
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right
    Image.fromarray(wide.transpose(1, 0, 2)).save(folder / "cat" / "zz.png", exif=exif)
    through = np.zeros((8, 12, 4), np.uint8)  # black that cannot be seen
    Image.fromarray(through).save(folder / "dog" / "zz.png")
    deep = np.full((8, 12), 257 * 100, np.uint16)
    Image.fromarray(deep).save(folder / "cat" / "zy.png")
    data = load(folder)
    assert data.input_shape == (8, 12, 3)
    rows = zoo.read_rows(folder, data.schema)
    assert (rows[-1] == 255).all()
    np.testing.assert_array_equal(rows[13][:, :, 0], wide[:, ::-1, 0])
    assert (rows[12] == 100).all()
    assert data.schema["notes"] == ["1 of 27 images are gray; all are read in color."]


@pytest.mark.parametrize(
    ("parts", "counts"),
    [
        ({"train": 12, "test": 3}, [19, 5, 6]),
        ({"train": 12, "valid": 4, "test": 3}, [24, 8, 6]),
        ({"train": 12, "val": 4}, [19, 8, 5]),
    ],
)
def test_folders_above_the_classes_are_parts(
    tmp_path: Path, parts: dict[str, int], counts: list[int]
) -> None:
    for number, (part, each) in enumerate(parts.items()):
        write_pictures(tmp_path / "pets" / part, each, (8, 8 + number))
    data = load(tmp_path / "pets", image_size=8)
    assert [len(x) for x in (data.x_train, data.x_validation, data.x_test)] == counts
    assert data.class_names == ("cat", "dog")


def test_large_rows_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_pictures(tmp_path / "pets")
    before = load(folder)
    monkeypatch.setattr(room, "IN_MEMORY", 64)
    monkeypatch.setattr(room, "BLOCK", 100)
    after = load(folder)
    assert after.hash == before.hash
    np.testing.assert_array_equal(after.merged().x_train, before.merged().x_train)
    assert len(list((tmp_path / "cache").iterdir())) == 1  # the others have no name
    monkeypatch.setattr("os.posix_fallocate", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(zoo.UserError, match="There is no room for .* GB on the disk of .* full"):
        load(folder)


def test_progress_is_shown_on_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(decoding, "SHOWN", 10)
    load(write_pictures(tmp_path / "pets"))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    load(write_pictures(tmp_path / "more", shape=(9, 9)))
    assert "\rdecoding 20 of 24\rdecoding 24 of 24\n" in capsys.readouterr().err


def test_sounds(tmp_path: Path) -> None:
    folder = write_sounds(tmp_path / "words", 24, seconds=lambda n: 5.0 if n == 3 else 0.2)
    data = load(folder)
    assert data.schema["rate"] == 8000
    assert data.schema["samples"] == 1600  # 2 of 48 are longer: cut
    assert data.input_shape == (9, 40)
    assert data.schema["notes"] == [
        "0.2 s of each audio file are used; 2 are longer. --seconds sets another length."
    ]
    mfcc = zoo.load_data(folder, front_end="mfcc", reading=zoo.Reading(seconds=0.3))
    assert mfcc.input_shape == (14, 10)
    rows = zoo.read_rows(folder, json.loads(json.dumps(data.schema)))
    parts = np.concatenate([data.x_train, data.x_validation, data.x_test])
    assert {row.tobytes() for row in rows} == {row.tobytes() for row in parts}


@pytest.mark.parametrize("ending", ["flac", "ogg"])
def test_sounds_of_another_rate_and_more_channels(tmp_path: Path, ending: str) -> None:
    folder = write_sounds(tmp_path / "words")
    time = np.arange(3200) / 16_000
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(folder / "no" / f"zz.{ending}", np.stack([2 * tone, 0 * tone], 1), 16_000)
    reading = zoo.Reading()
    from zoo.readers.audio import audio_rows, read_audio

    found = read_audio(folder, reading, 0)
    assert found.schema["notes"][0] == "1 of 25 audio files were resampled to 8000 Hz."
    heard = audio_rows(folder, found.schema)[12] / 32_768
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(1600) / 8000)
    assert np.abs(heard - wanted)[50:-50].max() < 0.03


def made_arrays(rows: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.normal(size=(rows, 4)).astype(np.float32),
        "y_train": np.arange(rows) % 2,
        "x_val": rng.normal(size=(6, 4)).astype(np.float32),
        "y_val": np.arange(6) % 2,
        "x_test": rng.normal(size=(6, 4)).astype(np.float32),
        "y_test": np.arange(6) % 2,
    }


def test_memory_maps_are_not_copied(tmp_path: Path) -> None:
    arrays = made_arrays()
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    data = load(tmp_path)
    mapped = data.x_train
    while isinstance(mapped.base, np.ndarray):
        mapped = mapped.base
    assert isinstance(mapped, np.memmap)
    np.savez(tmp_path / "set.npz", **arrays)
    assert data.hash == load(tmp_path / "set.npz").hash
    np.save(tmp_path / "x_train.npy", arrays["x_train"].astype("f8"))
    assert load(tmp_path).hash == data.hash
    for name in ("set.npz", "x_test.npy"):
        assert zoo.read_rows(tmp_path / name, data.schema).shape[1:] == (4,)


class Batches(keras.utils.PyDataset):
    """Three batches of rows."""

    def __init__(self, one_hot: bool = False) -> None:
        super().__init__()
        self.one_hot = one_hot

    def __len__(self) -> int:
        return 3

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        rng, y = np.random.default_rng(number), np.arange(10) % 2
        return rng.normal(size=(10, 4)), np.eye(2)[y] if self.one_hot else y


def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    yield from (Batches()[number] for number in range(3))


def test_data_from_python() -> None:
    arrays = made_arrays()
    data = zoo.data_from(
        *(arrays[f"{xy}_{part}"] for part in ("train", "test", "val") for xy in "xy"),
        name="mine",
        class_names=("a", "b"),
    )
    assert (data.name, data.class_names, len(data.x_train)) == ("mine", ("a", "b"), 40)
    alone = zoo.data_from(arrays["x_train"], arrays["y_train"])
    assert [len(x) for x in (alone.x_train, alone.x_validation, alone.x_test)] == [25, 7, 8]
    hashes = {zoo.data_from(one).hash for one in (Batches(), Batches(one_hot=True), batches())}
    assert len(hashes) == 1


def test_a_keras_folder_data_set(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pets")
    made = keras.utils.image_dataset_from_directory(
        folder, image_size=(8, 8), color_mode="grayscale", verbose=False
    )
    data = zoo.data_from(made)
    assert (data.input_shape, data.class_names) == ((8, 8, 1), ("cat", "dog"))
    ours = load(folder)
    rows = {row.tobytes() for one in (ours.x_train, ours.x_validation, ours.x_test) for row in one}
    assert all(row.tobytes() in rows for row in data.x_train)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones((4, 2)),), "train needs labels: give y_train with arrays, or a data set"),
        ((5,), "train needs labels: give"),
        ((iter([]),), "The data set train gave no batches"),
        ((iter([5]),), r"train must give batches \(x, y\); got int"),
        (
            (iter([(np.ones((2, 3)), [0, 1]), (np.ones((2, 4)), [0, 1])]),),
            r"gave rows of shapes \(3,\) and \(4,\)",
        ),
    ],
)
def test_what_is_no_data(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.data_from(*arguments)


def test_names_that_are_too_few() -> None:
    arrays = made_arrays()
    with pytest.raises(zoo.UserError, match="class_names holds 1 names for 2 classes"):
        zoo.data_from(arrays["x_train"], arrays["y_train"], class_names=("a",))


def test_a_run_of_data_from_python_says_so(tmp_path: Path) -> None:
    arrays = made_arrays()
    data = zoo.data_from(arrays["x_train"], arrays["y_train"])
    spec = zoo.ModelSpec("mlp_tiny", (4,), 2, {})
    run = zoo.Run(tmp_path / "run")
    run.save(spec.build(), spec, data, {})
    with pytest.raises(zoo.UserError, match="came from a Python program, not from a file"):
        run.load_data()
