"""Commands for finished runs and foreign files. Heavy imports wait, as in `cli`."""

from pathlib import Path
from typing import Annotated

import typer

from pocketzoo import early
from pocketzoo.options import RunArgument
from zoo.quantization.layers.numerics import INT8

AsJson = Annotated[bool, typer.Option("--json", help="Everything, as JSON.")]


def devices(pattern: Annotated[str, typer.Argument(help='Such as "stm32*".')] = "*") -> None:
    """List the devices that --device takes: their limits, and what is verified for them."""
    from pocketzoo.printing.devices import print_devices

    print_devices(pattern)


def drift(
    run: RunArgument,
    rows: Annotated[Path, typer.Argument(metavar="NEWDATA", help="New rows; no labels needed.")],
    json: AsJson = False,
) -> None:
    """Check new rows for drift from the data of a run. Exit code 1: much drift."""
    early.check_rows(run, rows)
    import zoo
    from export.after.drift import drift as measure
    from pocketzoo.printing import after as shipped
    from zoo.files import as_json

    opened = zoo.Run(run)
    found = measure(opened, zoo.read_rows(rows, opened))
    print(as_json(found.to_json()), end="") if json else shipped.print_drift(found)
    raise typer.Exit(found.verdict == "much")


def compare(
    a: Annotated[Path, typer.Argument(metavar="RUN_A", help="The run in use.")],
    b: Annotated[Path, typer.Argument(metavar="RUN_B", help="The run to take its place.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Labeled rows that neither run was trained on. Default: the test rows of both."
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Compare the int8 files of two runs on the same rows. Exit code 1: B is worse."""
    early.check_run(a)
    early.check_run(b)
    import export
    import zoo
    from pocketzoo.printing import after as shipped
    from zoo.files import as_json

    found = export.compare(zoo.Run(a), zoo.Run(b), data)
    print(as_json(found.to_json()), end="") if json else shipped.print_versus(found)
    raise typer.Exit(found.winner == "a")


def predict(
    run: RunArgument,
    file: Annotated[Path, typer.Argument(metavar="ROWS", help="Like the data; no labels needed.")],
    use_float: Annotated[bool, typer.Option("--float", help="Use the float file.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write a CSV file; of masks and objects, files into a folder."),
    ] = None,
    column: Annotated[
        str | None, typer.Option("--id", help="Tables: a column that names the rows.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="The probability of every class.")] = False,
) -> None:
    """Predict new rows with a run's int8 file."""
    early.check_rows(run, file)
    from pocketzoo.printing import predict as answering
    from pocketzoo.printing.pictures import predict_pictures

    if answering.of_pictures(run):
        return predict_pictures(run, file, use_float, out)
    name, answers = answering.answer(run, file, use_float, column, every)
    if out is not None:
        answering.write_csv(answers, out)
    return answering.print_answers(name, answers, out)


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.tflite")],
    numerics: Annotated[
        str, typer.Option(help="What it is to be: int8, mixed, int16x8, dynamic, float16, float.")
    ] = INT8.name,
) -> None:
    """Check a .tflite file: what it holds, whether it is integer-only, whether LiteRT runs it."""
    early.check_numerics(numerics)
    early.check_file(file)
    from export.checking import check as checked  # without Keras, unlike `export.check`
    from pocketzoo.printing.check import print_check

    result = checked(file, numerics=numerics)
    print_check(file, result)
    raise typer.Exit(0 if result.passed else 1)
