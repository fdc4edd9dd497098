"""README: its Python blocks run, its commands have their options, and the examples run."""

import os
import re
import runpy
from pathlib import Path

import pytest

from tests.helpers.commands import pocketzoo

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_python_blocks_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *more = blocks("python")
    assert len(first.strip().splitlines()) <= 15
    code = "\n".join([first, *more])  # the later ones go on where the first ends
    quick = code.replace("trials=10", "trials=2").replace("epochs=20", "epochs=2")
    assert quick != code
    script = tmp_path / "readme.py"
    script.write_text(quick)
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        runpy.run_path(str(script))
    finally:
        os.chdir(here)
    assert "accuracy" in capsys.readouterr().out
    described = (ROOT / "docs/guide/run.md").read_text()
    for path in (tmp_path / "runs/mlp").iterdir():
        assert path.name == ".lock" or f"`{path.name}{'/' * path.is_dir()}`" in described


def test_commands_exist() -> None:
    shell = "\n".join(blocks("sh"))
    for line in re.findall(r"^(?:KERAS_BACKEND=\w+ )?pocketzoo (\w+)(.*)$", shell, re.M):
        command, rest = line
        shown = pocketzoo(command, "--help").out
        for option in re.findall(r"--[a-z-]+", rest.split("#")[0]):
            assert option in shown, (command, option)
    for target in re.findall(r"^make ([\w-]+)", shell, re.M):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_examples_run(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", [str(example), str(tmp_path / "out")])
    runpy.run_path(str(example), run_name="__main__")
