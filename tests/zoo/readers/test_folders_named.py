"""Folders beyond class folders: groups and times in names, `labels.csv`, recordings."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from zoo.data.kinds import SEQUENCE
from zoo.readers.rows import read_named

PARTS = ("train", "validation", "test")


def picture(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return path


def apart(data: zoo.Data, kind: str = "groups") -> list[set[object]]:
    """Return the groups of each part, after checking that no two parts share one."""
    found = [{*data.columns[f"{kind}_{part}"].tolist()} for part in PARTS]
    assert all(found)
    assert sum(map(len, found)) == len(set.union(*found))
    return found


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("{label}/p{who}_{n}.png", r"(p\d+)_"),
        ("{label}/p{who}/{n}.png", "2"),
        ("p{who}/{label}/{n}.png", "1"),
    ],
    ids=["pattern", "level below the class", "level above the class"],
)
def test_groups_of_files_stay_together(name: str, group: str, tmp_path: Path) -> None:
    for n in range(48):
        picture(tmp_path / name.format(label="ab"[n % 2], who=n // 6, n=n), n)
    data = zoo.load_data(tmp_path, reading=zoo.Reading(group=group))
    assert data.class_names == ("a", "b")
    assert set.union(*apart(data)) == {f"p{who}" for who in range(8)}
    assert str(data.columns["names_test"][0]).endswith(".png")


def test_the_latest_files_are_test_rows(tmp_path: Path) -> None:
    for n in range(30):
        picture(tmp_path / "ab"[n % 2] / f"2024-01-{n + 1:02d}.png", n)
    data = zoo.load_data(tmp_path, reading=zoo.Reading(time=r"(\d+-\d+-\d+)"))
    train, validation, test = (data.columns[f"time_{part}"] for part in PARTS)
    assert train.max() < validation.min() <= validation.max() < test.min()


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        ({"group": "3"}, "so that it has no level 3"),
        ({"group": "(x"}, "is no regular expression"),
        ({"group": "x"}, "must be a level of folders, such as 2, or a regular expression"),
        ({"group": "(q)"}, "does not match 24 of 24 files"),
        ({"time": "(a|b)"}, "must find numbers, or dates such as 2024-12-31"),
        ({"target": "x"}, "is for tables and folders with labels.csv"),
        ({"window": "2 weeks"}, "window must be a time, such as 2s or 500ms, or lines, 128"),
        ({"window": "8", "rate": 0.0}, "rate must be a number in"),
        ({"stride": "8"}, "stride is for windows; give window, too"),
    ],
)
def test_what_names_do_not_say(reading: dict[str, str], message: str, tmp_path: Path) -> None:
    for n in range(24):
        picture(tmp_path / "ab"[n % 2] / f"{n}.png", n)
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(tmp_path, reading=zoo.Reading(**reading))


def flat(folder: Path, header: str = "file,label,patient", ending: str = ".png") -> Path:
    lines = [f"{n}{ending},{'ab'[n % 2]},p{n // 4}" for n in range(40)]
    for n in range(40):
        picture(folder / f"{n}.png", n)
    (folder / "labels.csv").write_text("\n".join([header, *lines]) + "\n")
    return folder


@pytest.mark.parametrize("ending", [".png", ""], ids=["names", "names without ending"])
def test_a_flat_folder_with_a_list(ending: str, tmp_path: Path) -> None:
    data = zoo.load_data(flat(tmp_path, ending=ending), reading=zoo.Reading(group="patient"))
    assert data.class_names == ("a", "b")
    apart(data)
    for name, y in zip(data.columns["names_test"], data.y_test, strict=True):
        assert int(str(name).split(".")[0]) % 2 == y
    x, y = zoo.read_labelled(tmp_path, Described(data))
    assert (len(x), y.tolist()) == (40, [n % 2 for n in range(40)])
    assert len(zoo.read_rows(tmp_path, data.schema)) == 40


class Described:
    """A run that describes its data."""

    def __init__(self, data: zoo.Data) -> None:
        self.held = zoo.run.identity(data)

    def read_json(self, _: str) -> dict[str, object]:
        return self.held


def test_numbers_in_a_list_are_targets(tmp_path: Path) -> None:
    lines = [f"{n}.png,{n / 7}" for n in range(40)]
    for n in range(40):
        picture(tmp_path / f"{n}.png", n)
    (tmp_path / "labels.csv").write_text("\n".join(["image,age", *lines]))
    data = zoo.load_data(tmp_path)
    assert data.task.numbers
    _, y = zoo.read_labelled(tmp_path, Described(data))
    np.testing.assert_allclose(y[:, 0], np.arange(40) / 7, rtol=1e-6)


def test_folders_without_files_and_files_that_are_not_read(tmp_path: Path) -> None:
    for number in range(24):
        picture(tmp_path / "in" / "ab"[number % 2] / f"{number}.png", number)
    (tmp_path / "in" / "c").mkdir()
    data = zoo.load_data(str(tmp_path / "in"))
    assert data.class_names == ("a", "b")
    assert "No images in the folders c: no classes." in data.schema["notes"]
    (tmp_path / "one" / "a").mkdir(parents=True)
    (tmp_path / "one" / "a" / "1.csv").write_text("x\n1\n")
    with pytest.raises(zoo.UserError, match="has 1 class folders with recordings; at least 2"):
        zoo.load_data(str(tmp_path / "one"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "1.MP3").write_text("")
    with pytest.raises(zoo.UserError, match=r"Files ending in '\.mp3' are not read: convert them"):
        zoo.load_data(str(tmp_path / "out"))


def test_a_list_of_names_in_latin_1(tmp_path: Path) -> None:
    lines = [b"file,label"]
    for number in range(40):
        name = b"caf\xe9 %d.png" % number
        os.rename(picture(tmp_path / "1.png", number), os.fsencode(tmp_path) + b"/" + name)
        lines.append(name + b"," + (b"a", b"b")[number % 2])
    (tmp_path / "labels.csv").write_bytes(b"\n".join(lines))
    data = zoo.load_data(str(tmp_path))
    assert sum(len(getattr(data, f"x_{part}")) for part in PARTS) == 40
    names, _ = read_named(tmp_path, data.schema)
    assert names is not None
    assert r"caf\xe9 3.png" in names


def test_lists_that_do_not_fit(tmp_path: Path) -> None:
    flat(tmp_path)
    (tmp_path / "3.png").unlink()
    with pytest.raises(zoo.UserError, match=r"such as '3.png'. Add them, or leave them out"):
        zoo.load_data(tmp_path)
    data = zoo.load_data(tmp_path, reading=zoo.Reading(skip_bad=True, target="label"))
    assert sum(len(getattr(data, f"x_{part}")) for part in PARTS) == 39
    picture(tmp_path / "x.png", 99)
    data = zoo.load_data(tmp_path, reading=zoo.Reading(skip_bad=True, target="label"))
    assert "1 files that labels.csv does not list are unused." in data.schema["notes"]
    table = tmp_path / "labels.csv"
    for text, message in [
        ("a,b\nq,u\nr,v\n", "holds names of files beside it, such as"),
        ("f,u,v\n1.png,a,a\n2.png,b,b\n", "holds the labels. Give --target NAME"),
        ("f,label\n1.png,a\n2.png,\n", "1 lines have no 'label'. Fill them in"),
        ("f,label\n1.png,a\n1.png,b\n", "has a file in two lines"),
    ]:
        table.write_text(text)
        with pytest.raises(zoo.UserError, match=message):
            zoo.load_data(tmp_path)
    with pytest.raises(zoo.UserError, match="has no column 'lable'. Did you mean 'label'"):
        zoo.load_data(tmp_path, reading=zoo.Reading(target="lable"))


def recordings(folder: Path, lines: int = 100, each: int = 8, clock: bool = True) -> Path:
    rng = np.random.default_rng(0)
    for number in range(2 * each):
        label = ("run", "walk")[number % 2]
        (folder / label).mkdir(parents=True, exist_ok=True)
        values = rng.normal(size=(lines, 2)) + number
        rows = [f"{t / 50},{a},{b},x" for t, (a, b) in enumerate(values)]
        if not clock:
            rows = [row.partition(",")[2] for row in rows]
        header = "time,ax,ay,note"[0 if clock else 5 :]
        (folder / label / f"{number:02d}.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder


def test_recordings_are_cut_into_windows(tmp_path: Path) -> None:
    reading = zoo.Reading(window="1s", stride="500ms")
    data = zoo.load_data(recordings(tmp_path), reading=reading)
    assert (data.kind, data.input_shape, data.class_names) == (SEQUENCE, (50, 2), ("run", "walk"))
    assert sum(len(getattr(data, f"x_{part}")) for part in PARTS) == 16 * 3
    apart(data)
    assert str(data.columns["names_test"][0]).endswith("lines 1-50")
    rows = zoo.read_rows(tmp_path / "run" / "00.csv", data.schema)
    assert rows.shape == (3, 50, 2)
    x, y = zoo.read_labelled(tmp_path, Described(data))
    assert (x.shape, y.tolist()) == ((48, 50, 2), [0] * 24 + [1] * 24)
    by_lines = zoo.load_data(tmp_path, reading=zoo.Reading(window="50", stride="25"))
    assert by_lines.hash == data.hash


@pytest.mark.parametrize("window", [None, "1s"])
def test_a_run_on_recordings_is_read_again(window: str | None, tmp_path: Path) -> None:
    folder = recordings(tmp_path / "recordings")
    data = zoo.load_data(folder, reading=zoo.Reading(window=window))
    run = zoo.Run(tmp_path / "run")
    spec = zoo.ModelSpec.of("gru_tiny", data, {})
    run.save(spec.build(), spec, data, {})
    assert run.load_data().hash == data.hash
    rows = zoo.read_rows(folder / "run" / "00.csv", run)
    assert rows.shape == ((2 if window else 1), *data.input_shape)


def test_whole_recordings_and_recordings_without_a_clock(tmp_path: Path) -> None:
    folder = recordings(tmp_path, clock=False)
    assert zoo.load_data(folder).input_shape == (100, 2)
    with pytest.raises(zoo.UserError, match=r"1s needs a sample rate: give --rate HZ, a column"):
        zoo.load_data(folder, reading=zoo.Reading(window="1s"))
    data = zoo.load_data(folder, reading=zoo.Reading(window="1s", rate=20.0, drop=["ay"]))
    assert data.input_shape == (20, 1)
    with pytest.raises(zoo.UserError, match="has no column 'az' of numbers. Known: ax, ay"):
        zoo.load_data(folder, reading=zoo.Reading(drop=["az"]))
    with pytest.raises(zoo.UserError, match="has no column of numbers to learn from"):
        zoo.load_data(folder, reading=zoo.Reading(drop=["ax", "ay"]))
    with pytest.raises(zoo.UserError, match="are shorter than a window of 500"):
        zoo.load_data(folder, reading=zoo.Reading(window="500"))


def test_recordings_that_differ(tmp_path: Path) -> None:
    folder = recordings(tmp_path, clock=False)
    short = folder / "run" / "00.csv"
    short.write_text("ax,ay,note\n1,2,x\n,3,x\n3,4,x\n")
    data = zoo.load_data(folder)  # a row is padded, a gap filled
    assert data.input_shape == (100, 3)
    windows = zoo.load_data(folder, reading=zoo.Reading(window="50"))
    assert "1 recordings are shorter than a window and left out." in windows.schema["notes"]
    (folder / "walk" / "01.csv").write_text("ax,az\n1,2\n3,4\n")
    with pytest.raises(zoo.UserError, match="has no column 'ay' of numbers, as other recordings"):
        zoo.load_data(folder, reading=zoo.Reading(columns=["ay"]))
    short.write_text("ax,ay\n,2\n,4\n")
    with pytest.raises(zoo.UserError, match="column 'ax' is empty"):
        zoo.load_data(folder)
