"""Commands of `pocketzoo`. Heavy imports wait until a command runs, so that help is immediate.

Data are read before Keras is imported, so that a mistake in them costs a second, too.
"""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pocketzoo import after, early
from pocketzoo import export_command as leaving
from pocketzoo import record as commands
from pocketzoo.flat import flat
from pocketzoo.options import (
    DATA,
    DataArgument,
    Exporting,
    Loading,
    Out,
    PresetArgument,
    PresetOrAll,
    Seed,
    Training,
)
from pocketzoo.parsing import pairs
from pocketzoo.process import leave, run_guarded
from pocketzoo.recipes import check_fits, recipe_of
from tuning.settings import AUTO, Search
from zoo.backends import do_without_tensorflow

app = typer.Typer(
    help="Small Keras 3 models, searched, quantized to int8 .tflite and checked.",
    epilog="Exit codes: 0 done, 1 the check did not pass, 2 a mistake in the command or its data.",
    no_args_is_help=True,
    add_completion=True,  # --install-completion
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"pocketzoo {version('pocketzoo')}")
        raise typer.Exit


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and all logs.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """`run_guarded` reads --debug, because it must act before the first import."""


@app.command()
def models(pattern: Annotated[str, typer.Argument(help='Such as "vit*".')] = "*") -> None:
    """List the presets."""
    from pocketzoo.printing.models import print_models

    print_models(pattern)


@app.command()
@flat
def data(
    loading: Loading,
    source: Annotated[str | None, typer.Argument(metavar="[DATA]", help=DATA)] = None,
    seed: Seed = 0,
    picture: Annotated[
        Path | None, typer.Option(help="Masks, boxes: PNG file for images with them drawn in.")
    ] = None,
) -> None:
    """List the built-in data sets, or describe one set."""
    if source is None:
        from pocketzoo.printing.built_in import print_built_in

        print_built_in()
    else:
        early.check_source(source, loading)
        from pocketzoo.printing.data import print_data

        print_data(loading.load(source, seed, aloud=False), picture)


@app.command()
@flat
def advise(
    source: DataArgument,
    loading: Loading,
    seed: Seed = 0,
    json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """Check data before training: leaks, baselines, what to try first."""
    early.check_source(source, loading)
    rows = loading.load(source, seed, aloud=not json)
    import zoo
    from pocketzoo.printing import live
    from pocketzoo.printing.advice import print_advice

    with live.stages():
        advice = zoo.advise(rows)
    if json:
        print(advice.to_json(), end="")
    else:
        print_advice(advice)


@app.command()
@flat
def train(
    source: DataArgument,
    preset: PresetArgument,
    loading: Loading,
    training: Training,
    out: Annotated[Path | None, typer.Option("--out", help="Run folder to create.")] = None,
    overfit: Annotated[
        int | None, typer.Option(help="Only check whether this many rows can be memorized.")
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="Distill from a run folder on the same data, or from trees.")
    ] = None,
    find_rate: Annotated[
        bool, typer.Option("--find-rate", help="Find the learning rate first.")
    ] = False,
) -> None:
    """Train one model, without a search."""
    early.check_training(source, preset, loading, training)
    early.check_single(out, overfit, teacher)
    rows = loading.load(source, training.seed, preset=preset)
    import keras

    import tuning
    import zoo
    from pocketzoo.printing import live
    from pocketzoo.printing import training as printing

    do_without_tensorflow()
    check_fits(preset, training, rows)
    recipe, overrides = recipe_of(preset, training, rows), pairs("--set", training.sets)
    if find_rate:
        spec = zoo.ModelSpec.of(preset, rows, overrides)
        keras.utils.set_random_seed(recipe.seed)  # of the weights, too
        found = tuning.find_learning_rate(spec.build(), rows, recipe)
        printing.print_rate(found)
        recipe = replace(recipe, learning_rate=found.learning_rate)
    if overfit is not None:
        learned = tuning.overfit(preset, rows, overfit, recipe=recipe, overrides=overrides)
        printing.print_overfit(learned)
        raise typer.Exit(0 if learned.learned else 1)
    with live.stages():
        run, result = tuning.train(
            preset, rows, directory=str(out), recipe=recipe, overrides=overrides, teacher=teacher
        )
    commands.record(run.path, "trained")
    printing.print_fit(run, result)


@app.command()
@flat
def tune(
    source: DataArgument,
    loading: Loading,
    training: Training,
    searching: Search,
    out: Out,
    preset: PresetOrAll = AUTO,
) -> None:
    """Search around a preset, or among all, and keep the best model. Continues where it stopped."""
    started = time.monotonic()
    early.check_training(source, preset, loading, training, searching)
    rows = loading.load(source, training.seed, preset=preset)
    from pocketzoo.printing.training import print_run
    from pocketzoo.searching import search

    print_run(search(rows, preset, out, training, searching, started))


app.command("export")(flat(leaving.export_command))


@app.command()
@flat
def run(
    source: DataArgument,
    out: Out,
    loading: Loading,
    training: Training,
    searching: Search,
    exporting: Exporting,
    preset: PresetOrAll = AUTO,
) -> None:
    """Tune, export and check in one go; without a preset among all models that fit."""
    started = time.monotonic()
    early.check_training(source, preset, loading, training, searching)
    early.check_exporting(exporting)
    from pocketzoo.printing.start import print_start

    print_start(preset, out, searching)
    rows = loading.load(source, training.seed, preset=preset)
    from pocketzoo.searching import run_all

    passed = run_all(rows, preset, out, training, searching, exporting, started)
    raise typer.Exit(0 if passed else 1)


app.command()(after.devices)
app.command()(after.check)
app.command()(after.drift)
app.command()(after.compare)
app.command()(after.predict)


def main() -> None:
    """Run the command line."""
    try:
        run_guarded(app)
    except SystemExit as ended:
        leave(ended)
        raise
