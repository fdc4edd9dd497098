"""Ways of reading the same files: the table, and the same rows in the same parts."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

import zoo
from tests.helpers.made import write_pictures, write_sounds
from zoo.data.audio import KINDS, FrontEnd
from zoo.data.waveforms import front_end_of
from zoo.data.ways import FRONT_ENDS, sizes_around
from zoo.readers.loading import read_again
from zoo.run import identity

# window and stride in ms, frames of a second, values a frame
SETTINGS = {
    "log_mel": (30, 20, 49, 40),
    "log_mel:stride_ms=10": (30, 10, 98, 40),
    "mfcc:window_ms=40": (40, 20, 49, 10),
    "mfcc:stride_ms=10,coefficients=40": (30, 10, 98, 40),
}


def test_front_ends_are_those_of_their_sources() -> None:
    assert {*FRONT_ENDS} == {*SETTINGS}
    assert front_end_of(next(iter(FRONT_ENDS)), 8000) == FrontEnd(8000)  # the default comes first
    for value, (window, stride, frames, features) in SETTINGS.items():
        found = front_end_of(value, 16_000)
        assert (found.window_ms, found.stride_ms) == (window, stride)
        assert (found.frames(16_000), found.features) == (frames, features)
    assert {front_end_of(value, 8000).kind for value in FRONT_ENDS} == {*KINDS}


@pytest.mark.parametrize(
    ("side", "sides", "expected"),
    [(64, [300, 90, 200], [64, 48, 96]), (64, [95, 95, 300], [64, 48]), (16, [9, 9], [16])],
)
def test_sizes_around_the_default(side: int, sides: list[int], expected: list[int]) -> None:
    assert sizes_around(side, sides) == tuple((one, one) for one in expected)


def write_mixed(folder: Path, each: int = 12) -> Path:
    """Write pictures of which half are larger."""
    small = write_pictures(folder, each, shape=(100, 120))
    for number, path in enumerate(sorted(small.rglob("*.png"))):
        if number % 2:
            path.unlink()
    other = write_pictures(folder.with_name("others"), each, shape=(110, 130))
    for number, path in enumerate(sorted(other.rglob("*.png"))):
        if number % 2:
            path.rename(folder / path.relative_to(other))
    return folder


def values(data: zoo.Data) -> list[str]:
    return [way.value for way in data.ways]


def test_only_what_the_user_has_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sounds = write_sounds(tmp_path / "words")
    assert values(zoo.load_data(sounds)) == [*FRONT_ENDS]
    assert values(zoo.load_data(sounds, front_end="log_mel")) == []
    short = write_sounds(tmp_path / "short", seconds=lambda number: 0.035)
    assert values(zoo.load_data(short)) == [one for one in FRONT_ENDS if one != "mfcc:window_ms=40"]
    photos = write_mixed(tmp_path / "photos")
    assert values(zoo.load_data(photos)) == ["64x64", "48x48", "96x96"]
    assert values(zoo.load_data(photos, reading=zoo.Reading(image_size=64))) == []
    small = write_pictures(tmp_path / "small")
    assert values(zoo.load_data(small)) == values(zoo.load_data("wine")) == []
    monkeypatch.setattr("zoo.data.ways.MOST", 24 * 64 * 64 * 4)  # of 24 pictures
    assert values(zoo.load_data(photos)) == ["64x64", "48x48"]


@pytest.mark.parametrize("write", [write_sounds, write_mixed])
def test_each_way_has_the_same_rows_in_the_same_parts(
    write: Callable[[Path], Path], tmp_path: Path
) -> None:
    data = zoo.load_data(write(tmp_path / "files"), seed=3, metric="macro_f1")
    assert read_again(data, data.ways[0]) is data
    for way in data.ways:
        again = read_again(data, way)
        assert again.input_shape == way.shape
        for part in ("train", "validation", "test"):
            np.testing.assert_array_equal(getattr(again, f"y_{part}"), getattr(data, f"y_{part}"))
        np.testing.assert_array_equal(again.columns["names_test"], data.columns["names_test"])
        assert (again.name, again.metric) == (data.name, "macro_f1")
        held = identity(again)
        assert [one for one in data.ways if one.made(held)] == [way]
        raw = tmp_path / "files" / str(data.columns["names_test"][0])
        np.testing.assert_array_equal(zoo.read_rows(raw, again.schema)[0], again.x_test[0])
    way = data.ways[1]
    asked = zoo.load_data(tmp_path / "files", seed=3, **way.arguments(data.reading))
    assert asked.hash == read_again(data, way).hash


def test_files_that_change_meanwhile(tmp_path: Path) -> None:
    data = zoo.load_data(write_sounds(tmp_path / "words"))
    (tmp_path / "words" / "no" / "00.wav").unlink()
    with pytest.raises(zoo.UserError, match="has changed while it was searched: read as --front-e"):
        read_again(data, data.ways[1])
    assert not data.ways[1].made({"front_end": asdict(FrontEnd(8000))})
    assert not data.ways[1].made({})
