"""Printed verdict on an export: float beside int8, what failed, and where the report is."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rich.table import Table

from export import Report
from export.conversion.written import NEAR
from export.formats import recorded
from export.proof.conformal import PredictionInterval
from export.proof.files import RUNGS
from export.proof.targets import Placement
from pocketzoo.printing.console import CONSOLE, print_failures, print_table
from pocketzoo.printing.report import figures, print_baselines, print_groups
from zoo import Run
from zoo.metrics.gates import NOT_SHOWN

Row = tuple[str, str, str]  # title, float, int8


def print_tracked(made: str) -> None:
    CONSOLE.print(f"In MLflow: run {made}.")


def print_export(report: Report | None, folder: Path, accept_few_rows: bool) -> bool:
    """Show what came of an export, and return whether it may be shipped.

    Args:
        accept_few_rows: so does a file of which too few test rows cannot tell.
    """
    made = recorded(Run(folder))
    for one in made.values():
        CONSOLE.print(
            f"{one['file']}: {one['bytes']:,} bytes, differs from Keras by "
            f"{one['difference']:.1e} on {one['rows']} test rows",
            soft_wrap=True,
        )
    if report is None:
        return all(one["difference"] < NEAR for one in made.values())
    print_report(report, folder)
    return report.passed or (accept_few_rows and report.verdict == NOT_SHOWN)


def print_report(report: Report, folder: Path) -> None:
    """Show float beside int8, and the verdict."""
    title = f"{report.model.name} on {report.data.name}"
    table = Table(title, "float (95 % interval)", f"{report.numerics} (95 % interval)")
    for rows in ROWS:
        for row in rows(report):
            table.add_row(*row)
    print_table(CONSOLE, table)
    adjusted = report.quality.adjusted
    if adjusted is not None and adjusted.note:
        CONSOLE.print(adjusted.note, soft_wrap=True, markup=False)
    print_groups(CONSOLE, report)
    print_baselines(CONSOLE, report)
    if len(report.files.scaling.scale) > 1:
        ends = report.files.scaling.ends
        CONSOLE.print(
            f"The {ends.dtype.name} input has one scale per feature: "
            f"q = clip(round(x / scale + zero_point), "
            f'{ends.low}, {ends.high}), with both arrays in report.json under "input".'
        )
    if report.files.converted:
        CONSOLE.print(
            "The outputs have units of their own: y = (q - zero_point) * scale, with both "
            'arrays in report.json under "output".'
        )
    print_verdict(report)
    CONSOLE.print(f"Report: {folder / 'report.html'} (figures: report.json)", soft_wrap=True)


def print_verdict(report: Report) -> None:
    """Say whether int8 does what float does, whether that is of use, and what to do next."""
    print_failures(report.failures(), report.verdict.upper())
    if report.passed:
        told = f"{report.told}: the {report.numerics} file does what the float model does."
        style = "bold yellow" if report.fitness.but else "bold green"
        CONSOLE.print(told, style=style, soft_wrap=True)
    for advice in report.next_steps():
        CONSOLE.print(f"  Next: {advice}", soft_wrap=True)
    doubts = report.fitness.doubts
    CONSOLE.print(report.fitness.sentence, style="bold yellow" if doubts else "green")
    for one in doubts:
        CONSOLE.print(f"  {one.sentence}. {one.advice}", soft_wrap=True)


def _figures(report: Report) -> Iterable[Row]:
    return figures(report.quality)


def _drop(report: Report) -> Iterator[Row]:
    low, high = report.drop.ci95
    value = f"{report.drop.value:.2f} {report.measured.drop_unit}"
    yield "drop", "", f"{value} ({low:.2f} to {high:.2f})"


def _agreement(report: Report) -> Iterator[Row]:
    if report.agreement is not None:
        yield (
            f"same {report.task.words.target} as float",
            "",
            f"{100 * report.agreement:.2f} % of {report.task.words.compared}",
        )


def _method(report: Report) -> Iterator[Row]:
    yield f"{report.numerics} by", "", RUNGS[report.files.rung]
    unit = report.measured.drop_unit
    for one in report.runtimes.ladder:
        figures = f"drop {one.drop:.2f} {unit}, {one.bytes:,} bytes, {one.latency_us:.1f} us"
        yield f"  tried: {one.numerics}, {one.method}", "", figures
    if report.without_twin is not None:
        yield "  no twin of", "", report.without_twin


def _sizes(report: Report) -> Iterator[Row]:
    files = report.files
    for name, audit in files.audits.items():
        size = f"{audit.bytes:,} ({files.zip_bytes[name]:,} zipped)"
        place = ("", size) if name in files.forms.values() else (size, "")
        yield (f"bytes of {name}", *place)


def _estimate(report: Report) -> Iterator[Row]:
    estimates = report.runtimes.estimates
    if estimates and report.files.compression is None:
        guess = estimates["bytes"]
        off = 100 * (guess["estimated"] / guess["measured"] - 1)
        said = f"{guess['estimated']:,} without metadata ({off:+.1f} %)"
        yield "  estimated before training", "", said


def _times(report: Report) -> Iterator[Row]:
    of_float, of_int8 = (report.runtimes.latency[kind] for kind in ("float", "int8"))
    yield "us, 1 thread: median", f"{of_float.median:.1f}", f"{of_int8.median:.1f}"
    yield "  minimum", f"{of_float.minimum:.1f}", f"{of_int8.minimum:.1f}"


def _work(report: Report) -> Iterator[Row]:
    yield "multiply-accumulates", f"{report.model.macs:,}", ""


def _integer(report: Report) -> Iterator[Row]:
    yield "integer-only", "", "yes" if report.files.integer_only else "NO"


def _placements(report: Report) -> Iterator[Row]:
    several = len(report.files.forms) > 1
    for one in report.runtimes.placements:
        yield f"{one.target}{f', {one.form}' if several else ''}", "", _placement(one)


def _placement(one: Placement) -> str:
    """Say in a line what a target makes of a file."""
    if not one.ok:
        return f"NO: {one.why.splitlines()[0]}"
    if one.target == "ethos-u55":
        return (
            f"all on the NPU, {one.figures['cycles']:,} cycles, "
            f"{one.figures['sram_bytes']:,} bytes of SRAM"
        )
    found = one.figures
    where = found.get("machine") or f"arena {found['arena_bytes']:,} bytes"
    same = found.get("agreement_with_litert")
    answers = "" if same is None else f", {100 * same:.1f} % of answers the same"
    return (
        f"{where}, {100 * found['equal']:.1f} % of outputs equal to LiteRT's, "
        f"others {found['largest_steps']} steps at most{answers}"
    )


def _on_device(report: Report) -> Iterator[Row]:
    found = report.device
    if found is not None:
        yield "device and limits", "", found.title
        for row, value in found.rows():
            yield f"  {row}", "", value


def _fidelity(report: Report) -> Iterator[Row]:
    streaming, worst = report.fidelity.streaming, report.fidelity.worst_layer
    if streaming is not None:
        share = f"{100 * streaming.within_one_step:.1f} % of logits within one step"
        yield "streamed = whole sequence", "", share
    if report.fidelity.twin is not None:
        twin = report.fidelity.twin
        share = f"{100 * twin.equal:.1f} % of outputs, others {twin.largest_steps} steps at most"
        yield "LiteRT = twin", "", share
    if worst is not None:
        yield "noisiest layer", "", "{} ({:.0f} dB)".format(*worst)


def _intervals(report: Report) -> Iterator[Row]:
    if report.prediction_interval is not None:
        yield "90 % of targets within", "", _within(report.prediction_interval)


def _within(found: PredictionInterval) -> str:
    """Say how wide the prediction intervals are, and what they held of the test rows."""
    widths = ", ".join(f"{width:.4g}" for width in found.half_width)
    held = ", ".join(f"{100 * share.value:.1f}" for share in found.coverage)
    return f"+-{widths} (covers {held} % of test rows)"


def _difference(report: Report) -> Iterator[Row]:
    yield "float .tflite - Keras", f"{report.files.float_difference:.1e}", ""


ROWS: tuple[Callable[[Report], Iterable[Row]], ...] = (
    _figures,
    _drop,
    _agreement,
    _method,
    _sizes,
    _estimate,
    _times,
    _work,
    _integer,
    _placements,
    _on_device,
    _fidelity,
    _intervals,
    _difference,
)
