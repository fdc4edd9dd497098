"""What the commands print."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from export import Report
from export.check import Check
from export.formats import recorded
from export.proof.conformal import PredictionInterval
from export.proof.report import BOUND, RUNGS
from export.proof.targets import Placement
from pocketzoo.printing import columns as schema
from pocketzoo.printing import report as quality
from tuning.training.fitting import Fit
from tuning.training.overfit import Overfit
from tuning.training.rates import RangeTest
from zoo import Data, Run, list_models
from zoo.checks import UserError, near
from zoo.presets.catalogue import PRESETS, find_preset, reference
from zoo.readers import BUILT_IN
from zoo.run import rows

CONSOLE = Console(highlight=False, markup=False)  # names come from the data


def print_models(pattern: str) -> None:
    """List presets with the parameters they have at their reference shape."""
    names = list_models(pattern)
    if not names:
        raise UserError(f"No preset matches {pattern!r}. {near(pattern, PRESETS)}")
    table = Table("preset", "parameters", "at", "arguments", "source")
    for name in names:
        preset = find_preset(name)
        shape, outputs = reference(name)
        at = "x".join(str(size) for size in shape) + f" -> {outputs}"
        arguments = ", ".join(f"{key}={value}" for key, value in preset.arguments.items())
        table.add_row(name, f"{preset.parameters:,}", at, arguments, preset.source)
    CONSOLE.print(table)


def print_built_in() -> None:
    table = Table("data", "what it is")
    for name, what in BUILT_IN.items():
        table.add_row(name, what)
    CONSOLE.print(table)


def print_data(data: Data) -> None:
    table = Table(data.name, "", show_header=True)
    parts = ", ".join(f"{count} {part}" for part, count in rows(data).items())
    table.add_row("task", f"{data.task.name}, {data.num_outputs} outputs")
    table.add_row("row shape", str(data.input_shape))
    table.add_row("rows", parts)
    table.add_row("classes", ", ".join(data.class_names[:20]) or "-")
    table.add_row("hash", data.hash)
    CONSOLE.print(table)
    schema.print_columns(CONSOLE, data)
    schema.print_notes(CONSOLE, data)


def print_fit(run: Run, result: Fit) -> None:
    CONSOLE.print(
        f"{result.metric} {result.score:.4f} on validation rows after {result.epochs} epochs, "
        f"{result.seconds:.0f} s"
    )
    print_run(run)


def print_rate(found: RangeTest) -> None:
    """Show the curve of a range test in a few points, and the rate taken."""
    shown = list(zip(found.rates, found.losses, strict=True))[:: max(1, len(found.rates) // 8)]
    curve = ", ".join(f"{rate:.0e}: {loss:.3g}" for rate, loss in shown)
    CONSOLE.print(f"Learning rate {found.learning_rate:.2g}. Loss by rate: {curve}")


def print_overfit(learned: Overfit) -> None:
    """Say whether the rows were learned by heart, and where to look if not."""
    CONSOLE.print(
        f"{learned.rows} training rows, {learned.epochs} epochs: {learned.metric} "
        f"{learned.score:.4f} on them, loss {learned.before:.3g} -> {learned.after:.3g} "
        f"({100 * learned.fall:.1f} % less)."
    )
    if learned.learned:
        CONSOLE.print("Learned by heart: the model and the pipeline can learn.")
    else:
        CONSOLE.print(
            "NOT learned by heart (the loss must fall by 95 %, all classes be right). Look for "
            "labels that do not belong to their rows, equal rows of different classes, features "
            "out of scale; try --find-rate, and a larger preset."
        )


def print_run(run: Run) -> None:
    CONSOLE.print(f"Run folder: {run.path}. Next: pocketzoo export {run.path}", soft_wrap=True)


def print_tracked(made: str) -> None:
    CONSOLE.print(f"In MLflow: run {made}.")


def print_study(run: Run) -> None:
    """Show what a search found, how sure that is, and what to look at."""
    study = run.read_json("study.json")
    counts = ", ".join(f"{count} {state}" for state, count in study["trials"].items() if count)
    best, again = study["best"], study["again"]
    CONSOLE.print(f"Search: {counts}. Trial {best['number']} scored {best['score']:.4f}.")
    if "std" in again:
        scores = ", ".join(f"{score:.4f}" for score in again["scores"])
        CONSOLE.print(
            f"With other seeds: {scores}; mean {again['mean']:.4f}, std {again['std']:.4f}."
        )
    if study["importance"]:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in study["importance"].items())
        CONSOLE.print(f"What mattered: {shares}.", soft_wrap=True)
    if len(study["front"]) > 1:
        table = Table("on the Pareto front", "score", "int8 bytes", "multiply-accumulates", "arena")
        for one in study["front"]:
            figures = (f"{one[name]:,}" for name in ("bytes", "macs", "arena"))
            table.add_row(f"trial {one['number']}", f"{one['score']:.4f}", *figures)
        CONSOLE.print(table)
    for sentence in study["advice"]:
        CONSOLE.print(f"Note: {sentence}", style="yellow", soft_wrap=True)


def print_export(report: Report | None, folder: Path) -> bool:
    """Show what came of an export, and return whether it may be shipped."""
    made = recorded(Run(folder))
    for one in made.values():
        CONSOLE.print(
            f"{one['file']}: {one['bytes']:,} bytes, differs from Keras by "
            f"{one['difference']:.1e} on {one['rows']} test rows",
            soft_wrap=True,
        )
    if report is None:
        return all(one["difference"] < BOUND for one in made.values())
    print_report(report, folder)
    return report.passed


def print_report(report: Report, folder: Path) -> None:
    """Show float beside int8, and the verdict."""
    title = f"{report.model['name']} on {report.data['name']}"
    table = Table(title, "float (95 % interval)", "int8 (95 % interval)")
    quality.add_figures(table, report.quality)
    low, high = report.drop.ci95
    table.add_row(
        "drop", "", f"{report.drop.value:.2f} {report.drop_unit} ({low:.2f} to {high:.2f})"
    )
    if report.agreement is not None:
        table.add_row("same class as float", "", f"{100 * report.agreement:.2f} % of test rows")
    table.add_row("int8 by", "", RUNGS[report.rung])
    if report.without_twin is not None:
        table.add_row("  no twin of", "", report.without_twin)
    for name, audit in report.audits.items():
        sizes = f"{audit.bytes:,} ({report.zip_bytes[name]:,} zipped)"
        place = ["", sizes] if name in report.forms.values() else [sizes, ""]
        table.add_row(f"bytes of {name}", *place)
    if report.estimates and report.compression is None:
        guess = report.estimates["bytes"]
        off = 100 * (guess["estimated"] / guess["measured"] - 1)
        table.add_row("  estimated before training", "", f"{guess['estimated']:,} ({off:+.1f} %)")
    times = (report.latency["float"], report.latency["int8"])
    table.add_row("us, 1 thread: median", *(f"{time.median:.1f}" for time in times))
    table.add_row("  minimum", *(f"{time.minimum:.1f}" for time in times))
    table.add_row("multiply-accumulates", f"{report.float_audit.macs:,}", "")
    integer = all(report.audits[name].integer_only for name in report.forms.values())
    table.add_row("integer-only", "", "yes" if integer else "NO")
    for one in report.placements:
        form = f", {one.form}" if len(report.forms) > 1 else ""
        table.add_row(f"{one.target}{form}", "", _placement(one))
    _add_what_some_have(table, report)
    table.add_row("float .tflite - Keras", f"{report.float_difference:.1e}", "")
    CONSOLE.print(table)
    quality.print_groups(CONSOLE, report)
    quality.print_baselines(CONSOLE, report)
    if len(report.scaling.scale) > 1:
        CONSOLE.print(
            "The int8 input has one scale per feature: q = clip(round(x / scale + zero_point), "
            '-128, 127), with both arrays in report.json under "input".'
        )
    for failure in report.failures():
        CONSOLE.print(f"FAILED: {failure}", style="bold red", soft_wrap=True)
    if report.passed:
        CONSOLE.print("PASSED", style="bold green", end=" ")
    CONSOLE.print(f"Report: {folder / 'report.html'} (figures: report.json)", soft_wrap=True)


def _add_what_some_have(table: Table, report: Report) -> None:
    """Add the rows of a report that only some models have."""
    if report.streaming is not None:
        share = 100 * report.streaming.within_one_step
        table.add_row("streamed = whole sequence", "", f"{share:.1f} % of logits within one step")
    if report.worst_layer is not None:
        table.add_row("noisiest layer", "", "{} ({:.0f} dB)".format(*report.worst_layer))
    if report.prediction_interval is not None:
        table.add_row("90 % of targets within", "", _within(report.prediction_interval))


def _within(found: PredictionInterval) -> str:
    """Say how wide the prediction intervals are, and what they held of the test rows."""
    widths = ", ".join(f"{width:.4g}" for width in found.half_width)
    held = ", ".join(f"{100 * share.value:.1f}" for share in found.coverage)
    return f"+-{widths} (held {held} % of test rows)"


def _placement(one: Placement) -> str:
    """Say in a line what a target makes of a file."""
    if not one.ok:
        return f"NO: {one.why.splitlines()[0]}"
    if one.target == "ethos-u55":
        return (
            f"all on the NPU, {one.figures['cycles']:,} cycles, "
            f"{one.figures['sram_bytes']:,} bytes of SRAM"
        )
    return (
        f"arena {one.figures['arena_bytes']:,} bytes, "
        f"{100 * one.figures['equal']:.1f} % of outputs equal to LiteRT's"
    )


def print_check(file: Path, check: Check) -> None:
    """Show what a `.tflite` file holds."""
    audit = check.audit
    table = Table(file.name, "")
    table.add_row("bytes", f"{audit.bytes:,}")
    table.add_row("sha256", audit.sha256)
    table.add_row("input, output", f"{', '.join(audit.inputs)}, {', '.join(audit.outputs)}")
    table.add_row("operators", ", ".join(f"{n} {c}" for n, c in audit.operators.items()))
    table.add_row("tensors", ", ".join(f"{n} {c}" for n, c in audit.dtypes.items()))
    table.add_row("multiply-accumulates", f"{audit.macs:,}")
    if check.latency is not None:
        table.add_row("us, 1 thread", f"{check.latency.median:.1f}")
    CONSOLE.print(table)
    for failure in check.failures:
        CONSOLE.print(f"FAILED: {failure}", style="bold red", soft_wrap=True)
    if check.passed:
        CONSOLE.print("PASSED: integer-only, and LiteRT runs it", style="bold green")
