"""The options that several commands share, and how their texts are read."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

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
Targets = Annotated[
    str, typer.Option("--targets", help="Comma-separated: litert, micro, ethos-u55.")
]
Forms = Annotated[
    str | None, typer.Option("--forms", help="Of a GRU, comma-separated: rolled, step, unrolled.")
]
Compress = Annotated[
    str | None, typer.Option("--compress", help="prune:0.5, cluster:16 or qat-tfmot (MLP, CNN).")
]
Rung = Annotated[
    str, typer.Option("--rung", help="auto: ptq, then qat if that loses too much; ptq; or qat.")
]


def pairs(option: str, texts: list[str]) -> dict[str, Any]:
    """Read NAME=VALUE texts; values are JSON where they can be, else plain text."""
    from zoo.checks import UserError

    found = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UserError(f"{option} {text}: expected NAME=VALUE.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def names(text: str) -> list[str]:
    """Read a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]
