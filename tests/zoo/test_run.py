"""The run folder: whole or not at all, and what is said about a damaged one."""

import json
import os
import shutil
from pathlib import Path

import pytest

import zoo
from tuning import Recipe, train
from zoo.files import write_atomic
from zoo.lock import LOCK, locked
from zoo.run import load_weights


@pytest.fixture
def run(wine_run: zoo.Run, folder: Path) -> zoo.Run:
    return zoo.Run(shutil.copytree(wine_run.path, folder))


def test_a_run_gives_back_model_and_data(run: zoo.Run, wine: zoo.Data) -> None:
    assert run.spec() == zoo.ModelSpec("mlp_tiny", (13,), 3, {})
    assert run.load_data().hash == wine.hash
    assert run.load_model().output_shape == (None, 3)
    names = {"model.json", "weights.h5", "data.json", "recipe.json", "history.csv"}
    names |= {"temperature.json"}
    assert set(run.manifest()["files"]) == names
    assert [path.name for path in run.path.iterdir() if path.name.startswith(".")] in ([], [LOCK])


@pytest.mark.parametrize("name", ["model.json", "weights.h5", "data.json"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "is missing. Run the command .* again"),
        (lambda path: os.truncate(path, 50), "is not the file that was written"),
        (
            lambda path: path.write_bytes(path.read_bytes() + b" "),
            "is not the file that was written",
        ),
    ],
)
def test_damaged_files(run: zoo.Run, name: str, damage: object, message: str) -> None:
    damage(run.path / name)  # type: ignore[operator]
    with pytest.raises(zoo.UserError, match=message):
        run.load_data() if name == "data.json" else run.load_model()


def test_damaged_manifest(run: zoo.Run) -> None:
    manifest = run.path / "manifest.json"
    for content, message in (
        ("{", "cannot be read as JSON"),
        ("[]", "must hold a JSON object; got list"),
        ('{"files": 1}', "is damaged"),
    ):
        manifest.write_text(content)
        with pytest.raises(zoo.UserError, match=message):
            run.spec()
    manifest.unlink()
    with pytest.raises(zoo.UserError, match="holds no finished run"):
        run.spec()


def test_data_that_changed_since(run: zoo.Run) -> None:
    identity = json.loads((run.path / "data.json").read_text()) | {"hash": "sha256:other"}
    run.write({"data.json": json.dumps(identity)})
    with pytest.raises(zoo.UserError, match="wine has changed since"):
        run.load_data()


def test_weights_of_another_model(run: zoo.Run) -> None:
    with pytest.raises(zoo.UserError, match=r"does not hold the weights of vit_tiny"):
        load_weights(zoo.create_model("vit_tiny", (8, 8, 1), 3), run.path / "weights.h5")


def test_folder_of_something_else(run: zoo.Run, wine: zoo.Data, tmp_path: Path) -> None:
    with pytest.raises(zoo.UserError, match="holds another run: mlp_tiny on wine"):
        train("mlp_small", wine, directory=run.path)
    with pytest.raises(
        zoo.UserError, match="holds other sizes of mlp_tiny: {}; asked for {.units.: 8}"
    ):
        train("mlp_tiny", wine, directory=run.path, overrides={"units": 8})
    with pytest.raises(zoo.UserError, match="holds another run"):
        train("mlp_tiny", zoo.load_data("wine", seed=1), directory=run.path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(zoo.UserError, match="is not empty and holds no run"):
        train("mlp_tiny", wine, directory=tmp_path / "mine")
    with pytest.raises(zoo.UserError, match="is a file; a run needs a folder"):
        train("mlp_tiny", wine, directory=tmp_path / "mine" / "thesis.txt")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_new_save_removes_what_spoke_of_the_old_weights(run: zoo.Run, wine: zoo.Data) -> None:
    run.write({"model_int8.tflite": b"of the old weights", "report.json": "{}"})
    (run.path / "notes.txt").write_text("mine")
    train("mlp_tiny", wine, directory=run.path, recipe=Recipe(epochs=1))
    names = {path.name for path in run.path.iterdir()}
    assert not names & {"model_int8.tflite", "report.json"}
    assert "notes.txt" in names


def test_writing_one_file_does_not_bless_another(run: zoo.Run) -> None:
    (run.path / "model.json").write_text("{}")
    run.write({"report.json": "{}"})
    with pytest.raises(zoo.UserError, match="model.json is not the file that was written"):
        run.spec()


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.json"
    write_atomic(path, "old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_one_command_at_a_time(folder: Path) -> None:
    with locked(folder):
        (folder / "something").write_text("")
        with pytest.raises(zoo.UserError, match="Another command is at work in"), locked(folder):
            raise AssertionError
    with locked(folder):
        pass
    with locked(folder.parent / "other"):
        pass
    assert not (folder.parent / "other").exists()  # nothing came of it
