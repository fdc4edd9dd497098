"""Graphics cards: one for each trial at a time, from a list that is made up."""

import os
import socket
from pathlib import Path

import pytest

import tuning
import zoo
from tuning import Recipe, Search
from tuning.sweep.cards import VISIBLE, Cards, cards_for

NOTING = """
import os
leave = os._exit
def note(code):
    with open({folder!r} + "/" + str(os.getpid()), "w") as file:
        file.write(os.environ.get("CUDA_VISIBLE_DEVICES", "unset"))
    leave(code)
os._exit = note
"""


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with three cards."""
    fake(tmp_path, monkeypatch, "printf '0\\n1\\n2\\n'")


def fake(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.delenv(VISIBLE, raising=False)


@pytest.mark.parametrize(
    ("given", "asked", "found"),
    [
        (None, None, ("0", "1", "2")),
        (None, ("0", "2"), ("0", "2")),
        (None, ("",), ("",)),
        ("2, 1", None, ("2", "1")),
        ("GPU-8a3f,MIG-77c1", ("MIG-77c1",), ("MIG-77c1",)),
        ("", None, ()),
        ("-1", None, ()),
        ("NoDevFiles", None, ()),
    ],
)
def test_cards_are_those_listed_or_given(
    given: str | None,
    asked: tuple[str, ...] | None,
    found: tuple[str, ...],
    cards: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if given is not None:
        monkeypatch.setenv(VISIBLE, given)
    assert cards_for(asked) == found


@pytest.mark.parametrize("body", ["exit 9", "echo No devices were found", "true"])
def test_a_tool_that_fails_means_no_card(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, monkeypatch, body)
    assert cards_for(None) == ()
    with pytest.raises(zoo.UserError, match="no card '0' for --gpus: there are none"):
        cards_for(("0",))


def test_a_card_that_is_not_there_is_refused(cards: None) -> None:
    with pytest.raises(zoo.UserError, match="There is no card '7' for --gpus: 0, 1, 2 are there"):
        cards_for(("0", "7"))


@pytest.mark.parametrize("gpus", ["", "0,,1", "1,1"])
def test_a_list_that_means_nothing_is_refused(gpus: str) -> None:
    with pytest.raises(zoo.UserError, match="gpus must be cards, each once"):
        Search(gpus=gpus)
    assert Search(gpus="none").cards == ("",)
    assert Search(gpus="0, 2").cards == ("0", "2")
    assert Search().cards is None


def test_each_trial_has_the_card_that_is_least_used() -> None:
    pairs = [socket.socketpair() for _ in range(5)]
    held = Cards(("0", "2"))
    assert [held.take(pair[0]) for pair in pairs[:3]] == ["0", "2", "0"]
    pairs[0][0].close()
    pairs[2][0].close()
    assert [held.take(pair[0]) for pair in pairs[3:]] == ["0", "0"]
    assert Cards(()).take(pairs[1][0]) is None
    for pair in pairs:
        for end in pair:
            end.close()


@pytest.mark.parametrize(("gpus", "seen"), [("0,2", {"0", "2"}), ("none", {""})])
def test_trials_see_one_card_each(
    gpus: str,
    seen: set[str],
    wine: zoo.Data,
    cards: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noted = tmp_path / "noted"
    noted.mkdir()
    (tmp_path / "sitecustomize.py").write_text(NOTING.format(folder=str(noted)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    search = Search(trials=4, jobs=2, repeats=0, gpus=gpus)
    recipe = Recipe(epochs=1)
    tuning.search("mlp_tiny", wine, directory=tmp_path / "run", search=search, recipe=recipe)
    values = [path.read_text() for path in noted.iterdir()]
    assert {one for one in values if one != "unset"} == seen
    assert len([one for one in values if one != "unset"]) == 4  # others wait for a trial's end
