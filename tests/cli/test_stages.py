"""Stages of long work on the screen, as each begins, and their epochs."""

import logging
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import tuning
import zoo
from pocketzoo.printing import live
from pocketzoo.printing.start import print_start
from zoo.advice.repeats import find_repeats
from zoo.stages import LOG, epochs, stage


def test_lines_in_a_file_name_stages_and_the_first_epoch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with live.stages():
        stage("measuring [bold]rows[/]")
        tell = epochs("training")
        for done in (1, 2, 3):
            tell(done, 3)
    stage("nobody listens")
    first, second = capsys.readouterr().err.splitlines()
    assert first == "measuring [bold]rows[/]"
    assert second.startswith("training: 1 of 3 epochs, at most ")
    assert LOG.level == logging.NOTSET
    assert not LOG.handlers


@pytest.mark.parametrize(("minutes", "said"), [(1, "1 minute:"), (2.5, "2.5 minutes:")])
def test_a_run_says_how_long_it_takes(
    minutes: float, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_start("auto", Path("runs/first"), tuning.Search(minutes=minutes))
    shown = capsys.readouterr().out
    assert f"This takes {said}" in shown
    assert "Nothing is downloaded. Then open runs/first/report.html." in shown
    print_start("pretrained:mobilenet_v2", Path("x"), tuning.Search(minutes=minutes))
    assert "Weights are downloaded" in capsys.readouterr().out
    print_start("auto", Path("x"), tuning.Search())
    assert not capsys.readouterr().out


def test_a_terminal_sees_every_epoch(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "pocketzoo"):
        tell = epochs("training")
        for done in (1, 2):
            tell(done, 2)
    assert [record.levelname for record in caplog.records] == ["INFO", "DEBUG"]
    assert caplog.messages[-1] == "training: 2 of 2 epochs, at most 0 s left"
    with caplog.at_level(logging.DEBUG, "pocketzoo"):
        epochs("training", most=0.0)(1, 1000)
    assert caplog.messages[-1] == "training: 1 of 1000 epochs, at most 0 s left"


def test_training_and_advice_say_where_they_are(
    wine: zoo.Data, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "pocketzoo"):
        recipe = tuning.Recipe(epochs=2)
        tuning.train("mlp_tiny", wine, directory=tmp_path / "run", recipe=recipe)
        zoo.advise(wine)
    said = " ".join(caplog.messages)
    for words in ("training: 2 of 2 epochs", "a linear model", "repeated rows", "each feature"):
        assert words in said


def test_near_rows_of_wide_rows_do_not_fill_the_memory() -> None:
    x = np.random.default_rng(0).normal(size=(60, 20_000)).astype(np.float32)
    x[40:50] = x[:10] + 1e-4
    data = zoo.data_from(
        x[:40], np.arange(40) % 2, x[50:], np.arange(10) % 2, x[40:50], np.ones(10, np.int64)
    )
    tracemalloc.start()
    found = find_repeats(data)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.near_validation, found.near_test) == (10, 0)
    assert most < 100e6  # the unit matrix of all values has 3.2e9
