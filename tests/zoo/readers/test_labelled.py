"""New rows with their answers: read as a run read its own, and two runs compared on them."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from sklearn.datasets import load_diabetes, load_wine

import export
import zoo
from export import compare
from tests.helpers.commands import pocketzoo
from tests.helpers.described import Recorded
from tuning import Recipe, train
from zoo.tasks import Regression, worded

RNG = np.random.default_rng(0)
KINDS = np.array(["red", "rosé", "white"])


def table(path: Path, rows: np.ndarray, target: np.ndarray, **columns: np.ndarray) -> Path:
    held = {f"f{n}": column for n, column in enumerate(rows.T)} | columns | {"kind": target}
    lines = [",".join(held), *(",".join(map(str, row)) for row in zip(*held.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_tables(tmp_path: Path) -> None:
    x, y = load_wine(return_X_y=True)
    data = zoo.load_data(table(tmp_path / "a.csv", x, KINDS[y]), reading=zoo.Reading(target="kind"))
    last = [*KINDS[y[::7]], ""]  # the last row has no answer
    new = table(tmp_path / "new.csv", np.concatenate([x[::7], x[:1]]), np.array(last))
    with pytest.warns(UserWarning, match="1 rows without a value of 'kind' were left out"):
        rows, answers = zoo.read_labelled(new, Recorded(data))
    assert answers.tolist() == y[::7].tolist()
    np.testing.assert_allclose(rows, x[::7], rtol=1e-6)
    np.testing.assert_array_equal(rows, zoo.read_rows(new, data.schema)[:-1])
    with pytest.raises(zoo.UserError, match="has the class 'green', which the run does not know"):
        zoo.read_labelled(table(tmp_path / "b.csv", x[:1], np.array(["green"])), Recorded(data))
    (tmp_path / "c.csv").write_text("f0,f1\n1,2\n")
    with pytest.raises(zoo.UserError, match=r"There is no column 'kind' \(target\)"):
        zoo.read_labelled(tmp_path / "c.csv", Recorded(data))
    with pytest.raises(zoo.UserError, match="does not exist"):
        zoo.read_labelled(tmp_path / "d.csv", Recorded(data))


def test_targets_and_other_kinds_of_classes(tmp_path: Path) -> None:
    x, y = load_diabetes(return_X_y=True)
    reading = zoo.Reading(target="kind")
    data = zoo.load_data(table(tmp_path / "a.csv", x, y), task="regression", reading=reading)
    rows, answers = zoo.read_labelled(tmp_path / "a.csv", Recorded(data))
    np.testing.assert_allclose(answers, y[:, None])
    assert rows.shape == x.shape
    words = table(tmp_path / "words.csv", x[:3], np.array(["low", "high", "low"]))
    with pytest.raises(zoo.UserError, match="holds texts; expected numbers"):
        zoo.read_labelled(words, Recorded(data))
    for kinds, classes in ((np.array([3, 10, 200]), "3 10 200"), (y > 100, "false true")):
        target = kinds[np.arange(len(x)) % 3] if len(kinds) == 3 else kinds
        data = zoo.load_data(table(tmp_path / "b.csv", x, target), reading=reading)
        assert list(data.class_names) == classes.split()
        _, answers = zoo.read_labelled(tmp_path / "b.csv", Recorded(data))
        assert np.unique(target)[answers].tolist() == target.tolist()


def test_folders(tmp_path: Path) -> None:
    for part, name, number in [
        (part, name, n) for part in ("train", "test") for name in "abc" for n in range(4)
    ]:
        place = tmp_path / "pictures" / part / name
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (8, 8), np.uint8)).save(place / f"{number}.png")
        waves = tmp_path / "sounds" / name
        waves.mkdir(parents=True, exist_ok=True)
        sound = RNG.normal(size=4000).astype(np.float32) / 9
        soundfile.write(waves / f"{part}{number}.wav", sound, 8000)
    data = zoo.load_data(tmp_path / "pictures")
    x, y = zoo.read_labelled(tmp_path / "pictures", Recorded(data))
    np.testing.assert_array_equal(x, data.x_test)
    np.testing.assert_array_equal(y, data.y_test)
    data = zoo.load_data(tmp_path / "sounds")
    x, y = zoo.read_labelled(tmp_path / "sounds", Recorded(data))
    assert x.shape == (24, *data.input_shape)
    assert y.tolist() == [n // 8 for n in range(24)]


def test_arrays(tmp_path: Path) -> None:
    recorded, file = Recorded(zoo.load_data("wine")), tmp_path / "new.npz"
    x, y = RNG.normal(size=(9, 13)), np.arange(9) % 3
    for names in (("x", "y"), ("x_test", "y_test")):
        np.savez(file, **dict(zip(names, (x, y), strict=True)))
        rows, answers = zoo.read_labelled(file, recorded)
        np.testing.assert_allclose(rows, x, rtol=1e-6)
        assert answers.tolist() == y.tolist()
    for held, message in (
        ({"x": x}, "must be an .npz file with x and y, or x_test and y_test"),
        (
            {"x": x, "y": y[:3]},
            "must hold a label for each row, and at least one row; got 9 rows and 3",
        ),
        ({"x": x, "y": y + 5}, "must hold a class number of 0 to 2 for each row"),
        ({"x": x[:, :5], "y": y}, r"holds rows of shape \(5,\)"),
    ):
        np.savez(file, **held)  # type: ignore[arg-type]
        with pytest.raises(zoo.UserError, match=message):
            zoo.read_labelled(file, recorded)
    file.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(zoo.UserError, match=r"new.npz"):
        zoo.read_labelled(file, recorded)
    recorded.held["task"] = "regression"
    np.savez(file, x=x, y=y + np.nan)
    with pytest.raises(zoo.UserError, match="must hold finite numbers as targets"):
        zoo.read_labelled(file, recorded)
    recorded.held["schema"] = {}
    with pytest.raises(zoo.UserError, match="This run does not record how rows are read"):
        zoo.read_labelled(file, recorded)


def test_answers_that_do_not_go_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = load_diabetes(return_X_y=True)
    both = table(tmp_path / "a.csv", x[:, :4], y, other=-y)
    a, b = (
        Recorded(zoo.load_data(both, task="regression", reading=zoo.Reading(target=name)))
        for name in ("kind", "other")
    )
    with pytest.raises(zoo.UserError, match="read different targets from .*: they were trained"):
        compare(a, b, both)  # type: ignore[arg-type]
    monkeypatch.setattr("export.after.versus.answers", lambda run, rows: np.zeros((len(rows), 1)))
    a.held["schema"] = {"kind": "arrays"}
    np.savez(tmp_path / "two.npz", x=x, y=np.stack([y, y], axis=1))
    with pytest.raises(zoo.UserError, match=r"\(442, 1\), but the true values have shape"):
        compare(a, a, tmp_path / "two.npz")  # type: ignore[arg-type]


def test_runs_that_read_other_columns_are_compared(tmp_path: Path) -> None:
    """The new run has fewer columns, and one of texts: each reads the new rows in its own way."""
    x, y = load_wine(return_X_y=True)
    shade = np.array(["dark", "light"])[(x[:, 9] < 5).astype(int)]
    held = np.arange(len(x)) % 4 == 0
    old = table(tmp_path / "old.csv", x[~held], KINDS[y[~held]], shade=shade[~held])
    new = table(tmp_path / "new.csv", x[held], KINDS[y[held]], shade=shade[held])
    runs = []
    for name, dropped in (("all", ("shade",)), ("few", ("f0", "f6", "f9", "f12"))):
        data = zoo.load_data(old, reading=zoo.Reading(target="kind", drop=dropped))
        run, _ = train("mlp_tiny", data, directory=tmp_path / name, recipe=Recipe(epochs=20))
        export.verify(export.to_litert(run), data, max_drop=100)
        runs.append(run)
    found = compare(*runs, new)
    assert found.rows == held.sum()
    by_rows = sum(found.broken.values()) - sum(found.fixed.values())
    assert found.worse.value == pytest.approx(100 * by_rows / found.rows)
    ended = pocketzoo("compare", *(run.path for run in runs), "--data", new, "--json")
    assert json.loads(ended.out)["rows"] == found.rows
    assert ended.code == (found.winner == "a")


def test_several_targets(tmp_path: Path) -> None:
    lines = [f"{n},{n / 7},{'' if n == 3 else n % 5},{n % 2},{n / 3}" for n in range(60)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(['id,a,"b,c",d,e', *lines]))
    data = zoo.load_data(path, reading=zoo.Reading(target="a, d"))
    assert data.task == Regression()
    answers = data.task.answers(data.y_test, (1.0, 1.0)).titled(["a", "d"])
    assert answers.header == ("row", "a", "from", "to", "d", "from", "to")
    assert [worded(name) for name in ("macro_f1", "rmse")] == ["macro F1", "rmse"]
    assert data.y_train.shape == (38, 2)
    assert "a" not in data.schema["features"]
    x, y = zoo.read_labelled(path, Recorded(data))
    assert x.shape == (60, *data.input_shape)
    np.testing.assert_allclose(y, [[n / 7, n % 2] for n in range(60)], rtol=1e-6)
    named = zoo.load_data(path, reading=zoo.Reading(target="b,c", columns=["e"]))
    assert named.class_names == tuple("01234")
    assert sum(map(len, (named.x_train, named.x_validation, named.x_test))) == 59
    separated = zoo.Reading(target="a", separator=";")
    with pytest.raises(zoo.UserError, match="--separator ';' is for a column of tags, several to"):
        zoo.load_data(path, reading=separated, task="regression")
    with pytest.raises(zoo.UserError, match="A classification has one target; got 'a', 'd'"):
        zoo.load_data(path, reading=zoo.Reading(target="a,d"), task="classification")
