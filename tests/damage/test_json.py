"""Edited JSON of a run folder: each file, each key, many values; a sentence each, or it is read."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import numpy as np
import pytest

import zoo
from export.page.families import families
from export.proof.conformal import held_out
from export.proof.verified import Verified
from export.tflite.scaling import Scaling
from pocketzoo.printing.study import print_study
from tests.helpers.mutating import edits, put
from tuning import Recipe, train
from zoo.data.lengths import Padding
from zoo.files import read_json
from zoo.tasks.thresholds import Thresholds
from zoo.typed import Between, Unfit, check, check_plain


class Kind(TypedDict):
    kind: Literal["a"]
    size: int


class Other(TypedDict):
    kind: Literal["b"]
    name: str


@dataclass(frozen=True)
class Whole:
    """A dataclass, of which no other key may be there."""

    size: int
    name: str = ""


@pytest.mark.parametrize(
    ("value", "hint", "said"),
    [
        (True, int, "k must be an integer; got True"),
        (1.5, int, "k must be an integer; got 1.5"),
        ("x", float, "k must be a number; got 'x'"),
        ([], dict[str, int], "k must be an object; got a list"),
        ({"a": "x"}, dict[str, int], "k.a must be an integer; got 'x'"),
        ([1, None], list[int], "k[1] must be an integer; got None"),
        ([1], tuple[int, int], "k must be a list of 2; got a list"),
        (3, str | None, "k must be a text or null; got 3"),
        (0, Annotated[int, Between(1, 9)], "k must be between 1 and 9; got 0"),
        ([], Annotated[list[int], Between(1, 3)], "k must be a list of 1 and 3; got a list"),
        ("c", Literal["a", "b"], "k must be 'a' or 'b'; got 'c'"),
        ({"kind": "a"}, Kind | Other, "k.size is missing"),
        ({"kind": "b", "name": 1}, Kind | Other, "k.name must be a text; got 1"),
        ({"size": 1, "x": 1}, Whole, "k.x is not known"),
        ({"name": "x"}, Whole, "k.size is missing"),
    ],
)
def test_what_does_not_fit_a_type(value: object, hint: Any, said: str) -> None:
    with pytest.raises(Unfit) as caught:
        check(value, hint, "k")
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, float),
        (None, int | None),
        ([1, 2, 3], tuple[int, ...]),
        ({"kind": "b", "name": "x", "more": 1}, Kind | Other),
        ({"size": 1}, Whole),
        ([9], Annotated[list[int], Between(1, 1)]),
    ],
)
def test_what_fits_a_type(value: object, hint: Any) -> None:
    check(value, hint)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "it holds a number that is not finite, or too large"),
        ('{"a": 1e999}', "it holds a number that is not finite, or too large"),
        ('{"a": 1' + "0" * 400 + "}", "it holds a number that is not finite, or too large"),
        ('{"a": "\\ud800"}', "it holds a text that is not Unicode"),
        ('{"a": ' * 100 + "0" + "}" * 100, "objects stand within each other more than 64 deep"),
        ('{"a": ' * 100_000 + "0" + "}" * 100_000, "objects stand too deep in it"),
        ("[" * 100_000 + "]" * 100_000, "objects stand too deep in it"),
        ("[]", "must hold a JSON object; got list"),
        ("{", "cannot be read as JSON"),
        ('{"a": 1' + "0" * 5000 + "}", "cannot be read as JSON"),
    ],
)
def test_json_that_no_reader_expects(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(zoo.UserError) as caught:
        read_json(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    check_plain({"a": [1, 1.5, "ü", None, True, {"b": -1e308}]})


@pytest.fixture(scope="module")
def made(wine: zoo.Data, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run folder, with what a search would have written."""
    folder = tmp_path_factory.mktemp("json") / "run"
    run, _ = train("mlp_tiny", wine, directory=folder, recipe=Recipe(epochs=1))
    run.write({"study.json": json.dumps(STUDY)})
    return folder


def readers(run: zoo.Run, data: zoo.Data) -> dict[str, list[Callable[[], object]]]:
    """Return what reads each file."""
    spec = run.spec()
    return {
        "manifest.json": [run.manifest, run.files],
        "model.json": [run.spec, lambda: run.claim(spec, data)],
        "data.json": [run.task, run.load_data, lambda: run.claim(spec, data)],
        "study.json": [lambda: print_study(run)],
        "recipe.json": [lambda: run.read_json("recipe.json")],
    }


def refused(calls: list[Callable[[], object]]) -> list[str]:
    """Return what users are told by the calls that do not pass."""
    said = []
    for call in calls:
        try:
            call()
        except zoo.UserError as error:
            said.append(str(error))
    return said


def test_an_answer_among_families_is_the_same_on_screen_and_page(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_study(zoo.Run(made))
    screen, page = capsys.readouterr().out, str(families(STUDY["answer"], None))
    for said in (
        "mlp: mlp_tiny (stopped after 3 epochs)",
        "3,000",
        "about 168 as C code",
        "Take the linear model.",
        "needs 9,999 bytes",
    ):
        assert said in screen
        assert said in page


def test_edits_of_every_file(made: Path, wine: zoo.Data, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "run")
    manifest, said = (made / "manifest.json").read_text(), list[str]()
    for name, calls in readers(zoo.Run(folder), wine).items():
        original = (made / name).read_text()
        for number, (_, text) in enumerate(edits(json.loads(original))):
            if number % 3 == 0:
                (folder / "manifest.json").write_text(manifest)
                put(folder, name, text)
                said += refused(calls)
        (folder / "manifest.json").write_text(manifest)
        put(folder, name, original)
    assert len(said) > 500
    assert not [one for one in said if not one.isprintable()]


TRIAL = {"number": 0, "score": 0.5, "bytes": 3, "macs": 3, "arena": 3}
STUDY = {
    "algorithm": "tpe",
    "objective": "float",
    "trials": {"completed": 1, "failed": 0},
    "best": {"number": 0, "score": 0.5, "cost": {"bytes": 3}},
    "again": {"scores": [0.5, 0.6], "mean": 0.55, "std": 0.07},
    "history": [TRIAL | {"state": "completed"}],
    "axes": ["bytes", "arena", "macs"],
    "front": [TRIAL, TRIAL],
    "shortlist": [TRIAL],
    "importance": {"units": 1.0},
    "advice": ["Train longer."],
    "direction": "max",
    "refit": True,
    "answer": {
        "families": [
            {
                "family": "mlp",
                "preset": "mlp_tiny",
                "score": 0.5,
                "epochs": 3,
                "complete": False,
                "bytes": 3000,
                "arena": 100,
            }
        ],
        "rivals": [{"name": "linear", "trees": False, "score": 0.5, "bytes": 168}],
        "fallen": [
            {"preset": "mlp_base", "why": "needs 9,999 bytes", "limits": ["bytes"]},
            {"preset": "mlp_small", "why": "does not fit", "limits": []},
        ],
        "sentences": ["Take the linear model."],
    },
    "seconds": 1.0,
}
REPORT = {
    "passed": True,
    "model": {"preset": None, "overrides": {}, "name": "m", "parameters": 3, "macs": 3},
    "data": {"name": "d", "hash": "x", "rows": {"train": 3}, "task": "regression"},
    "backend": "torch",
    "metric": "rmse",
    "float": {"value": 1.0},
    "int8": {"value": 1.0},
    "drop": {"value": 0.0},
    "ending": None,
    "input": {"scale": [1.0], "zero_point": [0.0], "words": None},
    "files": {"model_int8.tflite": {"bytes": 3, "sha256": "0"}},
    "runtimes": {"litert": {"latency_us": {"float": 1.0, "int8": 1.0}}},
    "prediction_interval": {"half_width": [1.0]},
}


def test_edits_of_a_report(tmp_path: Path) -> None:
    run, said = zoo.Run(tmp_path), list[str]()
    run.write({"report.json": json.dumps(REPORT)})
    assert Verified.read(run).half_widths == (1.0,)
    for _, text in edits(REPORT):
        put(tmp_path, "report.json", text)
        said += refused([lambda: Verified.read(run)])
    assert len(said) > 200
    assert all("report.json" in one for one in said)


@pytest.mark.parametrize("rows", [[10**6], [-1], "x", [None]])
def test_held_out_rows_that_are_not_there(rows: object, wine: zoo.Data, tmp_path: Path) -> None:
    run, _ = train("mlp_tiny", wine, directory=tmp_path / "run", recipe=Recipe(epochs=1))
    run.write({"held_out.json": json.dumps({"validation_rows": rows})})
    with pytest.raises(zoo.UserError, match="held_out.json"):
        held_out(run)


def test_curves_that_are_no_numbers(wine: zoo.Data, tmp_path: Path) -> None:
    run, _ = train("mlp_tiny", wine, directory=tmp_path / "run", recipe=Recipe(epochs=1))
    run.write({"history.csv": "epoch,loss\n0,x\n"})
    with pytest.raises(zoo.UserError, match="history.csv is damaged: could not convert"):
        run.history()


def test_parts_that_do_not_fit_each_other(wine: zoo.Data, tmp_path: Path) -> None:
    run, _ = train("mlp_tiny", wine, directory=tmp_path / "run", recipe=Recipe(epochs=1))
    held = json.loads((run.path / "data.json").read_text()) | {"class_names": ["a", "b"]}
    run.write({"data.json": json.dumps(held)})
    with pytest.raises(zoo.UserError, match="names 2 classes, and the model has 3 outputs"):
        run.task()
    with pytest.raises(zoo.UserError, match="for 3 labels. Train the model again"):
        Thresholds.undone({"values": [0.5, 0.5]}, np.zeros((4, 3)))
    with pytest.raises(zoo.UserError, match="has prediction intervals of 1 targets, and the model"):
        zoo.Regression().answers(np.zeros((4, 2)), (1.0,))
    with pytest.raises(zoo.UserError, match="those of the training had 1"):
        Padding(3, (0.0,)).rows(np.zeros((2, 3, 4), np.float32))
    with pytest.raises(zoo.UserError, match="The report scales 2 features and shifts 1"):
        Scaling((1.0, 2.0), (0.0,)).quantize(np.zeros((2, 3)))
