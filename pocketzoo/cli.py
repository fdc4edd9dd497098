"""`pocketzoo`: the commands. Heavy imports wait until a command runs, so that help is immediate."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pocketzoo.options import (
    Algorithm,
    Compress,
    DataArgument,
    Epochs,
    Forms,
    MaxDrop,
    Out,
    PresetArgument,
    Recipes,
    Refit,
    RunArgument,
    Rung,
    Seed,
    Sets,
    Targets,
    Task,
    Trials,
    names,
    pairs,
)
from pocketzoo.process import run_guarded

app = typer.Typer(
    help="Small Keras 3 models, searched, quantized to int8 .tflite and checked.",
    epilog="Exit codes: 0 done, 1 the check did not pass, 2 a mistake in the command or its data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
        preset, rows, directory=out, recipe=recipe, overrides=pairs("--set", sets)
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
def export_command(
    run: RunArgument,
    max_drop: MaxDrop = 0.5,
    targets: Targets = "litert",
    forms: Forms = None,
    compress: Compress = None,
    rung: Rung = "auto",
) -> None:
    """Convert a run to float and int8 .tflite, check both, and write report.json."""
    from pocketzoo import console, ladder

    wanted = None if forms is None else names(forms)
    report = ladder.export_run(run, max_drop, names(targets), wanted, compress, rung)
    console.print_report(report, run)
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
    max_drop: MaxDrop = 0.5,
    targets: Targets = "litert",
    forms: Forms = None,
    compress: Compress = None,
    rung: Rung = "auto",
) -> None:
    """Tune, export and check in one go."""
    import zoo
    from pocketzoo import ladder

    rows = zoo.load_data(source, seed, task)  # what cannot be exported is not searched for
    spec = zoo.ModelSpec(preset, rows.input_shape, rows.num_outputs, pairs("--set", sets))
    wanted = None if forms is None else names(forms)
    ladder.check_options(spec.build(), max_drop, names(targets), wanted, compress, rung)
    _search(source, preset, out, trials, algorithm, epochs, seed, task, sets, recipes, refit)
    export_command(out, max_drop, targets, forms, compress, rung)


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
        overrides=pairs("--set", sets),
        refit=refit,
    )


def _recipe(preset: str, epochs: int | None, seed: int, fields: list[str]) -> Any:
    from dataclasses import asdict

    from tuning import Recipe
    from tuning.spaces import default_recipe
    from zoo.checks import UserError, near

    values = asdict(default_recipe(preset)) | {"seed": seed}
    for name, value in pairs("--recipe", fields).items():
        if name not in values:
            raise UserError(f"--recipe {name}: no such field. {near(name, values)}")
        values[name] = value
    return Recipe(**values | ({} if epochs is None else {"epochs": epochs}))


def main() -> None:
    """Run the command line."""
    run_guarded(app)
