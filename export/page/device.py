"""The page's section on files and devices."""

from collections.abc import Iterator

from export.page.charts import bars
from export.page.facts import kilobytes, microseconds
from export.page.markup import Html, figure, folded, section, table, tag
from export.proof.device import OnDevice
from export.proof.files import RUNGS, Files
from export.proof.report import Report
from export.proof.runtimes import Runtimes
from export.proof.targets import Placement

SHOWN = 16  # layers as bars; the rest in a table
PLENTY = 60.0  # dB, from where on a bar grows no more: an error of a thousandth
RUNTIMES = {
    "litert": "LiteRT",
    "micro": "LiteRT-Micro",
    "ethos-u55": "Ethos-U55",
    "arm64": "LiteRT for Arm",
}


def device(report: Report) -> Html:
    """Return files, runtimes, and the int8 error of each layer."""
    estimates = _estimates(report.runtimes.estimates)
    return section(
        "On the device",
        _files(report.files, estimates),
        _runtimes(report),
        _limits(report.device),
        _layers(report.fidelity.layers),
        lead=f"Quantized to {report.numerics} by {RUNGS[report.files.rung]}.",
    )


def _files(files: Files, estimates: Html | None) -> Html:
    rows = [
        (
            name,
            ", ".join(audit.dtypes),
            f"{audit.bytes:,}",
            f"{files.zip_bytes[name]:,}",
            f"{sum(audit.operators.values()):,}",
        )
        for name, audit in files.audits.items()
    ]
    sizes = table(("file", "types", "bytes", "zipped", "operators"), rows, numbers=2)
    operators = [
        (name, ", ".join(f"{one} {count}" for one, count in audit.operators.items()))
        for name, audit in files.audits.items()
    ]
    every = folded("Operators of each file", table(("file", "operators"), operators))
    return tag("div", tag("h3", "Files"), sizes, estimates, every)


def _estimates(estimates: dict[str, dict[str, int]]) -> Html | None:
    if not estimates:
        return None
    rows = [
        (name, f"{one['estimated']:,}", f"{one['measured']:,}") for name, one in estimates.items()
    ]
    said = "Estimated before training, and measured; bytes are without descriptions and labels."
    return folded(said, table(("", "estimated", "measured"), rows, numbers=1))


def _runtimes(report: Report) -> Html:
    rows = [*_in_litert(report.runtimes), *_elsewhere(report.runtimes)]
    streaming, twin = report.fidelity.streaming, report.fidelity.twin
    if twin is not None:
        share = f"{100 * twin.equal:.1f} % of outputs equal, {twin.largest_steps} steps at most"
        rows.append(("LiteRT beside the twin that was calibrated", "", share))
    if streaming is not None:
        share = f"{100 * streaming.within_one_step:.1f} % of logits within one step"
        rows.append(("step by step", "yes", f"{share} of the whole sequence's"))
    return tag("div", tag("h3", "Runtimes"), table(("runtime", "runs", "figures"), rows))


def _in_litert(runtimes: Runtimes) -> Iterator[tuple[str, str, str]]:
    for kind, time in runtimes.latency.items():
        median, least = microseconds(time.median), microseconds(time.minimum)
        yield f"LiteRT, {kind}", "yes", f"{median} per row on one thread, {least} minimum"


def _elsewhere(runtimes: Runtimes) -> Iterator[tuple[str, str, str]]:
    for target, tried in runtimes.tried().items():
        for one in tried:
            name = f"{RUNTIMES[target]}, {one.form}"
            yield name, "yes" if one.ok else "NO", one.why or _placed(one)


def _placed(one: Placement) -> str:
    found = one.figures
    if one.target == "ethos-u55":
        return (
            f"{100 * found['npu_share']:.0f} % of operators on the NPU, "
            f"{found['cycles']:,} cycles, {kilobytes(found['sram_bytes'])} of SRAM"
        )
    where = found.get("machine") or f"arena {kilobytes(found['arena_bytes'])}"
    equal = (
        f"{100 * found['equal']:.1f} % of outputs equal to LiteRT's, the others "
        f"{found['largest_steps']} steps off at most"
    )
    same = found.get("agreement_with_litert")
    answers = "" if same is None else f", {100 * same:.1f} % of answers the same"
    drop = f", drop {found['drop']:.2f}" if "drop" in found else ""
    return f"{where}, {equal}{answers}{drop}, {found['rows']:,} rows"


def _limits(found: OnDevice | None) -> Html | None:
    """Return the limits of the device, what the file needs of them, and its estimated latency."""
    if found is None:
        return None
    rows = list(found.rows())
    return tag("div", tag("h3", f"Limits {found.title}"), table(("", "needed"), rows))


def _layers(layers: dict[str, float]) -> Html | None:
    if not layers:
        return None
    worst = sorted(layers.items(), key=lambda item: item[1])[:SHOWN]
    order = [name for name in layers if name in dict(worst)]
    items = [
        (name, min(max(layers[name], 0.0), PLENTY), f"{layers[name]:.0f} dB") for name in order
    ]
    marked = order.index(worst[0][0])
    some = f" The {SHOWN} noisiest of {len(layers)}." if len(layers) > SHOWN else ""
    said = f"Signal-to-noise ratio of each layer, in graph order; higher is better.{some}"
    every = [(name, f"{value:.1f}") for name, value in layers.items()]
    return tag(
        "div",
        tag("h3", "Float against integers, layer by layer"),
        figure(said, bars("signal-to-noise ratio by layer", items, marked)),
        folded("All layers", table(("layer", "dB"), every, numbers=1)),
    )
