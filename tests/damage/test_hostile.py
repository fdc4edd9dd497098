"""Run folders of a stranger: nothing outside is written or deleted, whatever they name or link."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

import zoo
from tests.helpers.commands import pocketzoo
from tests.helpers.searching import searched
from tuning import Recipe, train
from zoo.files import beside, inside, write_atomic


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Return a folder beside the run folder, with files that must stay."""
    folder = tmp_path / "victim"
    folder.mkdir()
    for name in ("thesis.txt", "important.h5", "00000.h5", "best.h5", "a.checkpoint"):
        (folder / name).write_text(name)
    return folder


def untouched(victim: Path) -> bool:
    return {path.name: path.read_text() for path in victim.iterdir()} == {
        name: name for name in ("thesis.txt", "important.h5", "00000.h5", "best.h5", "a.checkpoint")
    }


def name_in_manifest(run: zoo.Run, name: str, entry: Any) -> None:
    path = run.path / "manifest.json"
    held = json.loads(path.read_text())
    held["files"][name] = entry
    path.write_text(json.dumps(held))


@pytest.mark.parametrize(
    "name", ["../victim/thesis.txt", "{victim}/thesis.txt", "a/../../x", "a//b"]
)
def test_a_manifest_that_names_files_outside(
    wine: zoo.Data, tmp_path: Path, victim: Path, name: str
) -> None:
    recipe = Recipe(epochs=1)
    run, _ = train("mlp_tiny", wine, directory=tmp_path / "run", recipe=recipe)
    name_in_manifest(run, name.format(victim=victim), {"bytes": 1, "sha256": "0"})
    for again in (run.load_model, lambda: train("mlp_tiny", wine, directory=run.path)):
        with pytest.raises(zoo.UserError, match="which is not a name within the folder"):
            again()
    assert untouched(victim)


def test_what_was_not_written_by_a_run_stays(wine: zoo.Data, tmp_path: Path) -> None:
    recipe = Recipe(epochs=1)
    run, _ = train("mlp_tiny", wine, directory=tmp_path / "run", recipe=recipe)
    (run.path / "notes.txt").write_text("mine")
    name_in_manifest(run, "notes.txt", {"bytes": 4, "sha256": "0"})
    train("mlp_tiny", wine, directory=run.path, recipe=recipe)
    assert (run.path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("entry", [None, 3, [], {"bytes": 1}, {"sha256": 5}])
def test_a_manifest_with_other_entries(wine: zoo.Data, tmp_path: Path, entry: object) -> None:
    run, _ = train("mlp_tiny", wine, directory=tmp_path / "run", recipe=Recipe(epochs=1))
    name_in_manifest(run, "x", entry)
    with pytest.raises(zoo.UserError, match="manifest.json is damaged"):
        run.load_model()


@pytest.mark.parametrize("name", ["trials", "tensorboard", "study.log", "worker.log", ".lock"])
def test_links_in_a_run_folder(wine: zoo.Data, tmp_path: Path, victim: Path, name: str) -> None:
    out = tmp_path / "run"
    train("mlp_tiny", wine, directory=out, recipe=Recipe(epochs=1))
    (out / name).unlink(missing_ok=True)
    (out / name).symlink_to(victim / "thesis.txt" if "." in name else victim)
    with pytest.raises(zoo.UserError, match="is a link. What a run writes and deletes lies in its"):
        searched(wine, out)
    assert untouched(victim)


def test_a_link_below_a_folder_of_the_run(tmp_path: Path, victim: Path) -> None:
    run = zoo.Run(tmp_path / "run")
    run.path.mkdir()
    (run.path / "saved_model").symlink_to(victim)
    with pytest.raises(zoo.UserError, match="is a link"):
        run.write({"saved_model/thesis.txt": "other"})
    with pytest.raises(zoo.UserError, match="is a link"):
        run.write({}, remove=["saved_model/thesis.txt"])
    (run.path / "report.json").symlink_to(victim / "thesis.txt")
    run.write({"report.json": "{}"})  # the link is replaced, not followed
    assert not (run.path / "report.json").is_symlink()
    assert untouched(victim)


def test_files_on_their_way_are_new_ones(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with beside(tmp_path / "a.json", "") as first, beside(tmp_path / "a.json", "") as second:
            assert first != second
            assert not first.is_symlink()
            first.write_text("1")
            second.write_text("2")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o640
    write_atomic(tmp_path / "a.json", "3")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    with pytest.raises(zoo.UserError, match="not a name within the folder"):
        inside(tmp_path, "a\0b")


def test_a_search_deletes_only_files_of_its_own_names(wine: zoo.Data, tmp_path: Path) -> None:
    trials = tmp_path / "run" / "trials"
    trials.mkdir(parents=True)
    (trials / "important.h5").write_text("mine")
    (trials / "weights.checkpoint").write_text("mine")
    searched(wine, tmp_path / "run")
    assert (trials / "important.h5").read_text() == "mine"
    assert (trials / "weights.checkpoint").read_text() == "mine"


def test_the_command_says_it_in_a_sentence(wine: zoo.Data, tmp_path: Path, victim: Path) -> None:
    out = tmp_path / "run"
    run, _ = train("mlp_tiny", wine, directory=out, recipe=Recipe(epochs=1))
    name_in_manifest(run, "../victim/thesis.txt", {"bytes": 1, "sha256": "0"})
    code, _, err = pocketzoo("export", out)
    assert code == 2
    assert "which is not a name within the folder" in err
    assert untouched(victim)
