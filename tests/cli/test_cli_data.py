"""The command on files and folders as people have them: two commands, no Python written."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from sklearn.datasets import load_digits

import zoo
from pocketzoo.options import Loading, sides
from pocketzoo.printing.columns import print_columns
from tests.helpers.commands import pocketzoo
from tests.helpers.made import rows_of_table, write_csv, write_wine

SHORT = ("--trials", 1, "--epochs", 2, "--repeats", 0, "--max-drop", 100)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POCKETZOO_CACHE", str(tmp_path / "cache"))


def said(*arguments: object) -> str:
    """Run a command that must go well, and return what it prints."""
    code, out, err = pocketzoo(*arguments)
    assert code == 0, err
    return out


def test_a_table(tmp_path: Path) -> None:
    path = write_wine(tmp_path / "wines.csv")
    out = said("advise", path, "--target", "grape")
    assert "classification, table" in out
    assert "Try first: " in out
    folder = tmp_path / "run"
    out = said(
        "run", path, "mlp_tiny", "--target", "grape", "--out", folder, *SHORT, "--drop", "hue"
    )
    assert "PASSED" in out
    report = json.loads((folder / "report.json").read_text())
    assert report["data"]["rows"] == {"train": 113, "validation": 29, "test": 36}
    recorded = json.loads((folder / "data.json").read_text())
    assert recorded["class_names"] == ["class_0", "class_1", "class_2"]
    assert recorded["reading"] == {"target": "grape", "drop": ["hue"]}
    assert "region=north" in recorded["schema"]["features"]
    answers = tmp_path / "answers.csv"
    said("predict", folder, path, "--id", "region", "--all", "--out", answers)
    header, first, *_ = answers.read_text().splitlines()
    assert header == "region,row,answer,probability,p class_0,p class_1,p class_2"
    name, _, answer, sure, *each = first.split(",")
    assert (name, sure) == ("north", each[int(answer[-1])])
    code, _, err = pocketzoo("predict", folder, path, "--id", "regio")
    assert (code, "There is no column 'regio' (--id). Did you mean" in err) == (2, True)
    shown = json.loads(said("drift", folder, path, "--json"))["features"]
    assert [one["counted"] for one in shown if one["name"].startswith("region")] == [True]


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    digits = load_digits()
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        if label < 3 and number < 600:
            folder = tmp_path / "photos" / f"digit_{label}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray((image * 15).astype(np.uint8)).save(folder / f"{number}.png")
    (tmp_path / "photos" / "digit_0" / "broken.png").write_bytes(b"")
    folder = tmp_path / "run"
    out = said(
        *("run", tmp_path / "photos", "cnn_tiny", "--out", folder, *SHORT),
        *("--image-size", "8x8", "--skip-bad"),
    )
    assert "Note: 1 broken files were left out:" in out
    assert "PASSED" in out
    assert (folder / "model_int8.tflite").stat().st_size > 1000
    assert re.search(r"row \d+, digit_\d/\d+\.png", (folder / "report.html").read_text())
    answers = tmp_path / "answers.csv"
    said("predict", folder, tmp_path / "photos" / "digit_1", "--out", answers)
    header, first, *_ = answers.read_text().splitlines()
    assert header == "file,row,answer,probability"
    assert re.match(r"\d+\.png,0,", first)
    code, _, err = pocketzoo("predict", folder, tmp_path / "photos", "--id", "x")
    assert (code, "--id x is for tables; files are named by themselves" in err) == (2, True)


def test_columns_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_csv(tmp_path / "flats.csv", rows_of_table())
    data = Loading(target="price", drop=["house"]).load(str(path), 0)
    out = " ".join(capsys.readouterr().out.split())
    assert "Note: Column 'id' is left out: it only numbers the rows." in out
    print_columns(Console(width=200), data)
    out = capsys.readouterr().out
    assert "one of Bern, Genève, Zürich, other" in out
    assert "its value, gaps filled with" in out
    assert "days since the first" in out
    assert "10 columns became 13 features." in out


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"image_size": "8x8x8"}, "--image-size 8x8x8: expected 64, or HEIGHTxWIDTH"),
        ({"image_size": "big"}, "expected 64, or HEIGHTxWIDTH such as 64x48"),
        (
            {"target": "price"},
            "--target is for table, images, audio and recordings; wine is read",
        ),
        ({"columns": ["price"]}, "--column is for table and recordings; wine is read as arrays"),
    ],
)
def test_mistakes(said: dict[str, Any], message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        Loading(**said).load("wine", 0)
    assert sides("64") == (64, 64)
    assert sides("64x48") == (64, 48)
