"""`pocketzoo`: the commands. Heavy imports wait until a command runs, so that help is immediate."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer

from pocketzoo.process import run_guarded

app = typer.Typer(
    help="Small Keras 3 models, searched, quantized to int8 .tflite and checked.",
    epilog="Exit codes: 0 done, 1 the check did not pass, 2 a mistake in the command or its data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DataArgument = Annotated[str, typer.Argument(metavar="DATA", help="Built-in name or .npz file.")]
PresetArgument = Annotated[str, typer.Argument(metavar="PRESET", help="See `pocketzoo models`.")]
RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder.")]
Out = Annotated[Path, typer.Option("--out", help="Run folder to make or continue.")]
Trials = Annotated[int, typer.Option("--trials", help="Trials, the preset itself included.")]
Algorithm = Annotated[str, typer.Option("--algorithm", help="random, bayesian or hyperband.")]
Epochs = Annotated[int | None, typer.Option("--epochs", help="Epochs of a full training.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of split, search and training.")]
Task = Annotated[str | None, typer.Option("--task", help="classification or regression.")]
Sets = Annotated[list[str], typer.Option("--set", help="Factory argument, e.g. width=64.")]
Recipes = Annotated[list[str], typer.Option("--recipe", help="Recipe field, e.g. batch_size=16.")]
Refit = Annotated[bool, typer.Option(help="Train the winner once more on validation rows too.")]
MaxDrop = Annotated[float, typer.Option("--max-drop", help="Largest drop, points (or % of RMSE).")]


@app.callback()
def common(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks and all logs.")] = False,
) -> None:
    """`run_guarded` reads --debug, because it must act before the first import."""


@app.command()
def models(pattern: Annotated[str, typer.Argument(help='Such as "vit*".')] = "*") -> None:
    """List the presets."""
    from pocketzoo import console

    console.print_models(pattern)


@app.command()
def data(
    source: Annotated[str | None, typer.Argument(metavar="[DATA]")] = None,
    seed: Seed = 0,
    task: Task = None,
) -> None:
    """List the built-in data sets, or describe one set."""
    from pocketzoo import console

    if source is None:
        console.print_built_in()
    else:
        import zoo

        console.print_data(zoo.load_data(source, seed, task))


@app.command()
def train(
    source: DataArgument,
    preset: PresetArgument,
    out: Out,
    epochs: Epochs = None,
    seed: Seed = 0,
    task: Task = None,
    sets: Sets = [],  # noqa: B006  (typer reads the default, nothing writes to it)
    recipes: Recipes = [],  # noqa: B006
) -> None:
    """Train one model, without a search."""
    import tuning.train
    import zoo
    from pocketzoo import console

    rows = zoo.load_data(source, seed, task)
    recipe = _recipe(preset, epochs, seed, recipes)
    run, result = tuning.train.train(
        preset, rows, directory=out, recipe=recipe, overrides=_pairs("--set", sets)
    )
    console.print_fit(run, result)


@app.command()
def tune(
    source: DataArgument,
    preset: PresetArgument,
    out: Out,
    trials: Trials = 10,
    algorithm: Algorithm = "random",
    epochs: Epochs = None,
    seed: Seed = 0,
    task: Task = None,
    sets: Sets = [],  # noqa: B006
    recipes: Recipes = [],  # noqa: B006
    refit: Refit = True,
) -> None:
    """Search around a preset and keep the best model. Continues where it stopped."""
    found = _search(
        source, preset, out, trials, algorithm, epochs, seed, task, sets, recipes, refit
    )
    from pocketzoo import console

    console.print_run(found)


@app.command("export")
def export_command(run: RunArgument, max_drop: MaxDrop = 1.0) -> None:
    """Convert a run to float and int8 .tflite, check both, and write report.json."""
    import export
    import zoo
    from pocketzoo import console

    folder = zoo.Run(run)
    rows = folder.load_data()
    report = export.verify(export.to_litert(folder, data=rows), rows, max_drop=max_drop)
    console.print_report(folder, report)
    raise typer.Exit(0 if report.passed else 1)


@app.command()
def run(
    source: DataArgument,
    preset: PresetArgument,
    out: Out,
    trials: Trials = 10,
    algorithm: Algorithm = "random",
    epochs: Epochs = None,
    seed: Seed = 0,
    task: Task = None,
    sets: Sets = [],  # noqa: B006
    recipes: Recipes = [],  # noqa: B006
    refit: Refit = True,
    max_drop: MaxDrop = 1.0,
) -> None:
    """Tune, export and check in one go."""
    from zoo.checks import in_range

    in_range("max_drop", max_drop, -math.inf, math.inf)  # before the search, not after it
    _search(source, preset, out, trials, algorithm, epochs, seed, task, sets, recipes, refit)
    export_command(out, max_drop)


@app.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE.tflite")]) -> None:
    """Say what a .tflite file holds, and whether it is integer-only and runs."""
    import export
    from pocketzoo import console

    result = export.check(file)
    console.print_check(file, result)
    raise typer.Exit(0 if result.passed else 1)


def _search(
    source: str,
    preset: str,
    out: Path,
    trials: int,
    algorithm: str,
    epochs: int | None,
    seed: int,
    task: str | None,
    sets: list[str],
    recipes: list[str],
    refit: bool,
) -> Any:
    import tuning
    import zoo

    rows = zoo.load_data(source, seed, task)
    return tuning.search(
        preset,
        rows,
        directory=out,
        trials=trials,
        algorithm=algorithm,
        seed=seed,
        recipe=_recipe(preset, epochs, seed, recipes),
        overrides=_pairs("--set", sets),
        refit=refit,
    )


def _recipe(preset: str, epochs: int | None, seed: int, fields: list[str]) -> Any:
    from dataclasses import asdict

    from tuning import Recipe
    from tuning.spaces import default_recipe
    from zoo.checks import UserError, near

    values = asdict(default_recipe(preset)) | {"seed": seed}
    for name, value in _pairs("--recipe", fields).items():
        if name not in values:
            raise UserError(f"--recipe {name}: no such field. {near(name, values)}")
        values[name] = value
    return Recipe(**values | ({} if epochs is None else {"epochs": epochs}))


def _pairs(option: str, texts: list[str]) -> dict[str, Any]:
    """Read NAME=VALUE texts; values are JSON where they can be, else plain text."""
    from zoo.checks import UserError

    pairs = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UserError(f"{option} {text}: expected NAME=VALUE.")
        try:
            pairs[name] = json.loads(value)
        except ValueError:
            pairs[name] = value
    return pairs


def main() -> None:
    """Run the command line."""
    run_guarded(app)
