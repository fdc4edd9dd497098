"""`pocketzoo export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pocketzoo import early
from pocketzoo.options import Exporting, Loading, RunArgument, Seed

if TYPE_CHECKING:
    import export
    from export.proof.verified import Verified
    from pocketzoo.printing.live import Left


def export_command(
    run: RunArgument,
    loading: Loading,
    exporting: Exporting,
    source: Annotated[
        str | None, typer.Option("--data", help="For a .keras file: the DATA it was trained on.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="For a .keras file: the folder to create.")
    ] = None,
    seed: Seed = 0,
) -> None:
    """Convert a run or a .keras file to float and int8 .tflite, check both, write report.json."""
    early.check_exported(run, source, out)
    early.check_exporting(exporting)
    if run.is_dir() and source is None and out is None:
        raise typer.Exit(0 if export_run(run, exporting) else 1)
    assert source is not None  # or `early` has said so
    assert out is not None
    data = loading.load(source, seed)
    from export import read_model
    from pocketzoo import exporting as ladder

    report = ladder.export_model(read_model(run), data, out, exporting)
    raise typer.Exit(0 if _reported(report, out, exporting) else 1)


def export_run(run: Path, exporting: Exporting, left: "Left | None" = None) -> bool:
    """Export a run folder, print what came of it, and return whether it may be shipped."""
    from pocketzoo import exporting as ladder
    from pocketzoo import record as commands

    commands.record(run, "exported")
    return _reported(ladder.export_run(run, exporting, left), run, exporting)


def too_few_rows(folder: Path) -> bool:
    """Return whether test rows are too few to tell, so that another model would not pass either."""
    from zoo.metrics.gates import NOT_SHOWN

    before = made_before(folder)
    return before is not None and before.verdict == NOT_SHOWN


def made_before(folder: Path) -> "Verified | None":
    """Return the report on the files in a run folder; None where there are none of this model."""
    import zoo
    from export.proof.reported import REPORT
    from export.proof.verified import Verified

    run = zoo.Run(folder)
    return Verified.read(run) if REPORT in run.files() else None


def _reported(report: "export.Report | None", folder: Path, exporting: Exporting) -> bool:
    """Print what came of an export, and log it; return whether it may be shipped."""
    import zoo
    from pocketzoo import tracking
    from pocketzoo.printing.verdict import print_export, print_tracked

    passed = print_export(report, folder, exporting.accept_few_rows)
    if report is not None and exporting.mlflow is not None:
        print_tracked(tracking.log_run(zoo.Run(folder), exporting.mlflow))
    return passed
