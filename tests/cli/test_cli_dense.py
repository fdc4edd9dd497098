"""The commands on folders of images with masks or boxes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.commands import pocketzoo
from tests.zoo.readers.dense.drawn import write_coco, write_masks


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))


def test_what_is_in_boxes_and_masks(tmp_path: Path) -> None:
    picture = tmp_path / "sheet.png"
    write_coco(tmp_path / "boxes")
    code, out, _ = pocketzoo("data", tmp_path / "boxes", "--picture", picture)
    assert code == 0
    for said in ("detection, 2 outputs", "boxes per image: 1 to 1", "20x16", "gray bars"):
        assert said in out
    assert np.asarray(Image.open(picture)).shape == (2 * 100 - 4, 6 * 196 - 4, 3)
    write_masks(tmp_path / "masks", (0, 1, 7))
    reading = ("--ignore", 7, "--image-size", "32x48", "--picture", picture)
    code, out, _ = pocketzoo("data", tmp_path / "masks", *reading)
    assert code == 0
    for said in ("segmentation, 2 outputs", "share of pixels", "ignored pixels: 1.56%"):
        assert said in out
    assert np.asarray(Image.open(picture)).shape == (2 * 132 - 4, 6 * 196 - 4, 3)


def test_mistakes(tmp_path: Path) -> None:
    code, _, err = pocketzoo("data", "wine", "--picture", tmp_path / "sheet.png")
    assert (code, "is for images with masks or boxes; wine has none" in err) == (2, True)
    code, _, err = pocketzoo("data", "wine", "--ignore", 3)
    assert (code, "--ignore is for images with masks or boxes; wine is read" in err) == (2, True)
    write_coco(tmp_path / "boxes")
    code, _, err = pocketzoo("data", tmp_path / "boxes", "--picture", tmp_path / "none/sheet.png")
    assert code == 2
    assert "Traceback" not in err
