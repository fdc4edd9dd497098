"""Names of a stranger, and terminals and folders as they come."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from export import child
from pocketzoo.printing.console import CONSOLE
from pocketzoo.printing.predict import write_csv
from tests.helpers.made import write_csv as write_table
from tests.helpers.made import write_pictures
from zoo.checks import printable
from zoo.readers.folders import find
from zoo.readers.rows import read_named
from zoo.tasks.answers import Answers

ROOT = Path(__file__).parents[2]
OWN = ("zoo", "export", "tuning", "random", "keras", "pocketzoo", "json")


def test_control_characters_become_marks(capsys: pytest.CaptureFixture[str]) -> None:
    assert printable("a\x1b[2Jb\nü\udcff") == "a\ufffd[2Jb\nü\ufffd"
    assert str(zoo.UserError("no class '\x1b[2J'")) == "no class '\ufffd[2J'"
    with CONSOLE.capture() as shown:
        CONSOLE.print("\x1b[2JPASSED [bold]x[/] :smile:", style="red")
    assert "\x1b[2J" not in shown.get()
    assert "PASSED [bold]x[/] :smile:" in shown.get()


def test_answers_as_csv_hold_no_formulas(tmp_path: Path) -> None:
    lines = [["=cmd|x", "-1.5"], ["@a", "+2"], ["-x", "nan"], ["\x1b[2J", "1e-3"], ["ü", "0"]]
    write_csv(Answers(("class", "=p"), lines), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.reader(file))
    assert found == [
        ["class", "'=p"],
        ["'=cmd|x", "-1.5"],
        ["'@a", "+2"],
        ["'-x", "nan"],
        ["\ufffd[2J", "1e-3"],
        ["ü", "0"],
    ]
    write_csv(Answers(("a",), [["b"]]), Path(os.devnull))


def test_names_that_are_not_utf8_are_written_with_escapes(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "photos")
    os.rename(folder / "cat", os.fsencode(folder) + b"/c\xe9t")
    os.rename(folder / "dog", folder / "d\x1bg\u200c")
    cat = os.fsencode(folder) + b"/c\xe9t/"
    os.rename(cat + sorted(os.listdir(cat))[0], cat + b"\xff 0.png")
    data = zoo.load_data(str(folder), reading=zoo.Reading(group=r"(\d)\.png"))
    assert data.class_names == ("c\\xe9t", r"d\x1bg\u200c")
    names, _ = read_named(folder, data.schema)
    assert names is not None
    assert "c\\xe9t/\\xff 0.png" in names
    write_csv(Answers(("class",), [[data.class_names[0]]]).named("file", names[:1]), tmp_path / "a")
    assert "\\xe9" in (tmp_path / "a").read_text(encoding="utf-8")


def test_two_class_folders_that_read_the_same(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "photos")
    os.rename(folder / "cat", os.fsencode(folder) + b"/c\xe9t")
    os.rename(folder / "dog", folder / r"c\xe9t")
    with pytest.raises(zoo.UserError, match="two class folders that read .* Rename one of them"):
        find(folder, "pictures")


def test_a_target_of_commas(tmp_path: Path) -> None:
    path = write_table(tmp_path / "t.csv", [{"a": n, "b": n % 2} for n in range(40)])
    with pytest.raises(zoo.UserError, match="names no column"):
        zoo.load_data(path, reading=zoo.Reading(target=","))


@pytest.fixture
def working(tmp_path: Path) -> Path:
    """Return a folder with a user's own files, called as packages are."""
    for name in OWN:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the user\\'s own was imported')\n")
    return tmp_path


def test_files_of_a_user_are_not_imported(working: Path) -> None:
    script = working / "bin" / "pocketzoo"  # as the installed one, which puts its own folder first
    script.parent.mkdir()
    script.write_text("from pocketzoo.cli import main; main()")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script), "--help"]
    ended = subprocess.run(command, cwd=working, env=environment, capture_output=True, text=True)
    assert "quantized to int8 .tflite" in ended.stdout, ended.stderr
    code = f"from importlib.util import find_spec as f; print(*(f(n).origin for n in {OWN}))"
    found = child.run_python(["-c", code], 60, working).split()
    assert len(found) == len(OWN)
    assert not [one for one in found if one.startswith(str(working))]


@pytest.mark.parametrize("redirect", ["2>&-", pytest.param("0<&- 2>&-", marks=pytest.mark.slow)])
def test_terminals_as_they_come(redirect: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write_table(path, [{"größe": n * 1.5, "b": "äö"[n % 2]} for n in range(40)])
    command = f"{sys.executable} -P -m pocketzoo data {path} --target b {redirect}"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "20", "LC_ALL": "C"}
    environment |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ended = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
