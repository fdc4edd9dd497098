"""Width of printed tables: whole words on a terminal, plain lines in a pipe."""

import io
import re
from dataclasses import asdict

import pytest
from rich.console import Console
from rich.table import Column, Table

from pocketzoo.printing.console import print_table
from pocketzoo.printing.live import _standing
from pocketzoo.printing.models import print_models
from pocketzoo.printing.study import _print_answer
from tuning.auto.finding import ABSENT, Fallen
from tuning.sweep.progress import Progress
from zoo.presets.catalogue import list_models


def table() -> Table:
    made = Table(Column("name", no_wrap=True), "said", "more", title="a title")
    made.add_row("pretrained:efficientnet_lite0", "a few words that are wrapped", "word " * 12)
    made.add_row("mlp_tiny", "-", "x")
    return made


def plain(file: io.StringIO) -> list[str]:
    return re.sub(r"\x1b\[[\d;]*m", "", file.getvalue()).splitlines()


def printed(width: int, terminal: bool) -> list[str]:
    file = io.StringIO()
    print_table(Console(file=file, width=width, force_terminal=terminal, no_color=True), table())
    return plain(file)


def test_a_pipe_gets_plain_lines() -> None:
    for width in (20, 200):
        title, header, first, second = printed(width, terminal=False)
        assert (title, header.split()) == ("a title", ["name", "said", "more"])
        assert first.split("  ")[0] == "pretrained:efficientnet_lite0"
        assert first.endswith("word word")
        assert second.split() == ["mlp_tiny", "-", "x"]


@pytest.mark.parametrize("width", [40, 80])
def test_a_terminal_gets_whole_words(width: int) -> None:
    lines = printed(width, terminal=True)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "pretrained:efficientnet_lite0" in text
    assert "…" not in text
    assert ("┃" in text) == (width == 80)


def test_names_of_presets_are_whole_in_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, no_color=True, markup=False)
    monkeypatch.setattr("pocketzoo.printing.models.CONSOLE", console)
    print_models("*")
    lines = plain(file)
    assert max(map(len, lines)) <= 80
    assert "…" not in file.getvalue()
    assert "┃" in lines[1]
    assert {*list_models()} <= {line.split()[1] for line in lines if line.startswith("│")}


def test_where_a_search_stands_is_words() -> None:
    states = {"complete": 2, "pruned": 1, "failed": 0, "infeasible": 0}
    progress = Progress(
        trial=None,
        states=states,
        running={4: (3, 10)},
        total=8,
        metric="accuracy",
        best=0.91,
        eta=None,
        per_minute=2.0,
    )
    assert _standing(progress).plain == (
        "3 of 8 trials; 2 complete, 1 pruned; running: 4 (epoch 3 of 10); best accuracy 0.9100; "
        "2.0 per minute"
    )


def test_what_was_not_tried_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, no_color=True, markup=False)
    monkeypatch.setattr("pocketzoo.printing.study.CONSOLE", console)
    fallen = [
        Fallen("cnn_base", "needs bytes 9 (2 too many)", ("bytes",), 1.2),
        Fallen("pretrained:net", ABSENT, missing=True),
        Fallen("mlp_ple_small", "bins are for the features of table rows"),
    ]
    told = {"families": [], "rivals": [], "fallen": [asdict(one) for one in fallen]}
    _print_answer(told | {"sentences": []}, None)
    assert plain(file)[-3:] == [
        "Not tried: cnn_base needs bytes 9 (2 too many).",
        f"Not tried: pretrained:net {ABSENT}.",
        "Not for such rows: mlp_ple_small.",
    ]
    del told["fallen"][1]["missing"]  # as an older study has it
    _print_answer(told | {"sentences": []}, None)
    assert plain(file)[-1] == "Not for such rows: pretrained:net, mlp_ple_small."
