"""Searches of the command line: one preset or all, files of better models while time lasts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pocketzoo import export_command as leaving
from pocketzoo import record as commands
from pocketzoo.early import recipe_fields
from pocketzoo.options import Exporting, Training
from pocketzoo.parsing import pairs
from pocketzoo.recipes import recipe_of
from tuning.settings import AUTO, Search
from zoo.backends import do_without_tensorflow

if TYPE_CHECKING:
    from pocketzoo.printing.live import Screen
    from zoo import Run

PAGE = "report.html"
OnModel = Callable[["Screen", "Run"], None]


def search(
    rows: Any,
    preset: str,
    out: Path,
    training: Training,
    searching: Search,
    started: float,
    on_model: OnModel = lambda screen, run: None,
    lacks: Any = None,
) -> "Run":
    """Search, and show how it goes and what it found; see `tuning.search`."""
    import tuning
    from pocketzoo.printing import live
    from pocketzoo.printing.study import print_study

    do_without_tensorflow()
    minutes = searching.minutes
    left = None if minutes is None else live.Left(60 * minutes, started)
    with live.shown(left) as screen:
        run = tuning.search(
            preset,
            rows,
            directory=out,
            search=searching,
            recipe=_recipe(preset, training, rows),
            overrides=pairs("--set", training.sets),
            on_progress=screen,
            on_model=lambda run: on_model(screen, run),
            lacks=lacks,
            started=started,
        )
    commands.record(run.path, "trained")
    print_study(run)
    return run


def _recipe(preset: str, training: Training, rows: Any) -> Any:
    if preset != AUTO:
        return recipe_of(preset, training, rows)
    from tuning import Recipe

    return Recipe(**{"seed": training.seed, **recipe_fields(training)})


def run_all(
    rows: Any,
    preset: str,
    out: Path,
    training: Training,
    searching: Search,
    exporting: Exporting,
    started: float,
) -> bool:
    """Search, export and verify; return whether what came of it may be shipped."""
    import zoo
    from pocketzoo import exporting as ladder
    from pocketzoo.printing.console import CONSOLE
    from pocketzoo.printing.live import Left
    from tuning.sweep.pacing import first_seconds
    from zoo.metrics.gates import NOT_SHOWN

    lacks = ladder.lacking(exporting)
    if preset != AUTO:
        spec = zoo.ModelSpec.of(preset, rows, pairs("--set", training.sets))
        ladder.check_options(spec.build(), exporting)  # what cannot be exported is not searched for
    ladder.chosen_groups(rows, exporting)

    def on_model(screen: "Screen", run: zoo.Run) -> None:
        screen.told(ladder.export_held(run, exporting, first_seconds(searching.minutes)))

    found = search(rows, preset, out, training, searching, started, on_model, lacks)
    _, *others = found.read_json("study.json")["shortlist"]  # smallest first; mostly there is one
    minutes = searching.minutes
    left = None if minutes is None else Left(60 * minutes, started)
    if left is not None and (before := leaving.made_before(out)) is not None:
        told = f"{before.verdict.upper()}: the file was checked before. {before.fit}".strip()
        CONSOLE.print(f"{told} Report: {out / PAGE}", soft_wrap=True)
        return before.passed or (exporting.accept_few_rows and before.verdict == NOT_SHOWN)
    passed = leaving.export_run(out, exporting, left)
    while not passed and others and not leaving.too_few_rows(out):
        another = replace(searching, pick=f"trial:{others.pop(0)['number']}")
        search(rows, preset, out, training, another, started, lacks=lacks)
        passed = leaving.export_run(out, exporting)
    return passed
