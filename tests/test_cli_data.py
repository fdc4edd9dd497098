"""The command on files and folders as people have them: two commands, no Python written."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.made import write_wine
from tests.test_cli import pocketzoo

SHORT = ("--trials", 1, "--epochs", 2, "--again", 0, "--max-drop", 100)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))


def test_a_table(tmp_path: Path) -> None:
    path = write_wine(tmp_path / "wines.csv")
    code, out, err = pocketzoo("advise", path, "--target", "grape")
    assert code == 0, err
    assert "classification, table" in out
    assert "Try first: " in out
    code, out, err = pocketzoo("data", path, "--target", "grape", "--drop", "hue")
    assert code == 0, err
    assert "one of north, south, other" in out
    assert "its value, gaps filled with 13" in out
    assert "13 columns became 16 features" in out
    folder = tmp_path / "run"
    code, out, err = pocketzoo(
        "run", path, "mlp_tiny", "--target", "grape", "--out", folder, *SHORT, "--drop", "hue"
    )
    assert (code, err) == (0, "")
    assert "PASSED" in out
    report = json.loads((folder / "report.json").read_text())
    assert report["data"]["rows"] == {"train": 113, "validation": 29, "test": 36}
    recorded = json.loads((folder / "data.json").read_text())
    assert recorded["class_names"] == ["class_0", "class_1", "class_2"]
    assert recorded["reading"] == {"target": "grape", "drop": ["hue"]}
    assert "region=north" in recorded["schema"]["features"]


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        if label < 3 and number < 600:
            folder = tmp_path / "photos" / f"digit_{label}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray((image * 15).astype(np.uint8)).save(folder / f"{number}.png")
    (tmp_path / "photos" / "digit_0" / "broken.png").write_bytes(b"")
    folder = tmp_path / "run"
    asked = ("run", tmp_path / "photos", "cnn_tiny", "--out", folder, *SHORT, "--image-size", "8x8")
    code, _, err = pocketzoo(*asked)
    assert code == 2
    assert "digit_0/broken.png: empty" in err
    code, out, err = pocketzoo(*asked, "--skip-bad")
    assert (code, err) == (0, "")
    assert "Note: 1 broken files were left out:" in out
    assert "PASSED" in out
    assert (folder / "model_int8.tflite").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--image-size", "8x8x8"), "--image-size 8x8x8: expected 64, or HEIGHTxWIDTH"),
        (("--image-size", "big"), "expected 64, or HEIGHTxWIDTH such as 64x48"),
        (("--target", "price"), "--target is for table; wine is read as arrays"),
    ],
)
def test_mistakes(arguments: tuple[str, ...], message: str) -> None:
    code, _, err = pocketzoo("data", "wine", *arguments)
    assert code == 2
    assert message in err
