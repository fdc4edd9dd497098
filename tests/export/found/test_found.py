"""Runs of masks and objects: what is found in pictures, by the command and by infer.py."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

import export
import zoo
from export.proof.answers import answers, outputs_of
from tests.export.found.squares import (
    CELL,
    CLASSES,
    SIDE,
    detector,
    save_boxes,
    save_masks,
    segmenter,
    squares,
)
from tests.export.test_ship import KNOWN, infer
from tests.helpers.commands import pocketzoo
from zoo.tasks.outputs import portions

Made = tuple[export.Export, zoo.Data]
PICTURED = (*KNOWN, "PIL")


def made(folder: Path, save: Callable[[Path], Path], build: Callable[..., keras.Model]) -> Made:
    data = zoo.load_data(save(folder / "data"))
    result = export.to_litert(build(data.input_shape), data=data, directory=folder / "run")
    report = export.verify(result, data, max_drop=50)
    assert report.int8_estimate.value == 1
    return result, data


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("boxes"), save_boxes, detector)


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("masks"), save_masks, segmenter)


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, list[Any], np.ndarray]:
    """A folder of pictures twice as large and wider than rows; their squares and masks."""
    drawn, truth, held = squares(3, seed=7)
    folder = tmp_path / "new"
    (folder / "deep").mkdir(parents=True)
    for name, pixels in zip(("a.png", "b.png", "deep/a.png"), drawn, strict=True):
        Image.fromarray(pixels).resize((2 * SIDE, 2 * SIDE), 0).save(folder / name)
    return folder, held, truth


def told(*arguments: object) -> str:
    ended = pocketzoo("predict", *arguments)
    assert ended.code == 0, ended.err
    return ended.out


def test_objects_in_pictures(
    boxes: Made, pictures: tuple[Path, list[Any], np.ndarray], tmp_path: Path
) -> None:
    """COCO JSON in pixels of the pictures, and pictures with them."""
    (run, _), (folder, held, _) = boxes, pictures
    said = told(run.run.path, folder, "--out", tmp_path / "out")
    assert "3 pictures, COCO JSON" in said.replace("\n", " ")
    found = json.loads((tmp_path / "out" / "objects.json").read_text())
    assert [one["name"] for one in found["categories"]] == [*CLASSES]
    names = [one["file_name"] for one in found["images"]]
    assert names == ["a.png", "b.png", "deep/a.png"]
    assert {one["width"] for one in found["images"]} == {2 * SIDE}
    for number, mine in enumerate(held):
        own = [one for one in found["annotations"] if one["image_id"] == number + 1]
        placed = sorted([one["category_id"] - 1, *one["bbox"]] for one in own)
        side = 2 * CELL
        wanted = [[label, side * x, side * y, side, side] for label, y, x in mine]
        assert np.abs(np.array(placed) - np.array(sorted(wanted))).max() < 1
        assert all(0.3 < one["score"] <= 1 for one in own)
    for name in names:
        with Image.open(tmp_path / "out" / "pictures" / name) as drawn:
            assert drawn.size == (2 * SIDE, 2 * SIDE)
            pixels = np.asarray(drawn.convert("RGB"), int)
            assert (np.ptp(pixels, axis=2) > 90).any()  # colors over gray
    assert "--out FOLDER writes COCO JSON" in told(run.run.path, folder / "a.png")


def test_masks_of_pictures(
    masks: Made, pictures: tuple[Path, list[Any], np.ndarray], tmp_path: Path
) -> None:
    (run, _), (folder, _, truth) = masks, pictures
    told(run.run.path, folder, "--out", tmp_path / "out")
    for name, mask in zip(("a", "b", "deep/a"), truth, strict=True):
        with Image.open(tmp_path / "out" / "masks" / f"{name}.png") as found:
            assert (found.mode, found.size) == ("P", (2 * SIDE, 2 * SIDE))
            assert np.array_equal(found, mask.repeat(2, axis=0).repeat(2, axis=1))
        assert (tmp_path / "out" / "pictures" / f"{name}.png").is_file()
    assert not (tmp_path / "out" / "objects.json").exists()


def test_names_that_differ_in_their_ending_and_the_float_file(masks: Made, tmp_path: Path) -> None:
    (run, data), out = masks, tmp_path / "out"
    folder = tmp_path / "same"
    folder.mkdir()
    for name in ("x.png", "x.bmp"):
        Image.fromarray(np.asarray(data.x_test[0][..., 0], np.uint8)).save(folder / name)
    told(run.run.path, folder, "--float", "--out", out)
    assert sorted(one.name for one in (out / "masks").iterdir()) == ["x.bmp.png", "x.png.png"]


def test_a_file_is_no_folder(masks: Made, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("")
    run = masks[0].run.path
    ended = pocketzoo("predict", run, run / "infer.py", "--out", tmp_path / "one")
    assert (ended.code, "--out of masks and objects is a folder" in ended.err) == (2, True)


def test_a_portion_of_the_rows_at_a_time_tells_the_same(
    boxes: Made, masks: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outputs of many rows are never held together, and those that are kept are small."""
    for run, data in (boxes, masks):
        whole, told = outputs_of(run, data), answers(run.run, data.x_test)
        with monkeypatch.context() as patch:
            patch.setattr("zoo.tasks.outputs.HELD", 1)
            patch.setattr("zoo.tasks.outputs.BATCH", 3)
            assert len([*portions(data.task, data.x_test)]) > 2
            parts = outputs_of(run, data)
            np.testing.assert_array_equal(answers(run.run, data.x_test), told)
        for name, value in vars(whole).items():
            np.testing.assert_array_equal(getattr(parts, name), value, name)
        assert whole.of_int8.dtype != whole.plain.dtype
        np.testing.assert_array_equal(whole.of_int8, told)


def test_infer_finds_the_same_objects(
    boxes: Made, pictures: tuple[Path, list[Any], np.ndarray], tmp_path: Path
) -> None:
    (run, data), (folder, held, _) = boxes, pictures
    np.save(tmp_path / "rows.npy", data.x_test[:2])
    for file in (run.int8_file, run.float_file):
        given = [str(folder / "a.png"), str(tmp_path / "rows.npy")]
        code, said = infer(run.run.path, str(file), *given, known=PICTURED)
        assert code == 0, said
        lines = [line.split("\t") for line in said.splitlines()]
        mine = [line for line in lines if line[0] == "a"]
        placed = sorted([CLASSES.index(line[1]), *map(float, line[3:5])] for line in mine)
        wanted = sorted([label, 2 * CELL * x, 2 * CELL * y] for label, y, x in held[0])
        assert np.abs(np.array(placed) - np.array(wanted)).max() < 1
        there = (data.y_test[:2, :, 0] >= 0).sum()
        assert len(lines) - len(mine) == there
    (tmp_path / "bad.png").write_text("no picture")
    code, said = infer(run.run.path, str(run.int8_file), str(tmp_path / "bad.png"), known=PICTURED)
    assert (code, "Expected a picture, or .npy rows" in said) == (1, True)


def test_infer_finds_the_same_masks(
    masks: Made,
    pictures: tuple[Path, list[Any], np.ndarray],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (run, _), (folder, _, truth) = masks, pictures
    monkeypatch.chdir(tmp_path)
    given = (str(run.int8_file), str(folder / "b.png"))
    code, said = infer(run.run.path, *given, known=PICTURED)
    assert code == 0, said
    assert said.startswith("b_mask.png\t0 ")
    with Image.open(tmp_path / "b_mask.png") as found:
        assert np.array_equal(found, truth[1].repeat(2, axis=0).repeat(2, axis=1))


def test_pages_show_truth_and_prediction(boxes: Made, masks: Made) -> None:
    """Two drawings of each image with the name of its file, a legend, and figures of classes."""
    for (run, data), titles in (
        (boxes, ("Objects", "precision and recall")),
        (masks, ("Classes", "Confused classes")),
    ):
        page = (run.run.path / "report.html").read_text()
        assert all(title in page for title in titles)
        pairs = re.findall(r'<div class="pair">(.*?)</div>', page)
        assert len(pairs) >= min(8, len(data.x_test))
        for pair in pairs:
            assert re.findall(r'alt="test row \d+, (\w+)"', pair) == ["truth", "prediction"]
        assert "Typical predictions" in page
        assert str(data.columns["names_test"][0]) in page
        assert page.count("data:image/png") > 2 * len(pairs)
        assert len(page) < 300_000
