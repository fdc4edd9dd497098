"""The page's section on files and devices."""

from typing import Any

from export.page.charts import bars
from export.page.facts import Facts, kilobytes, microseconds
from export.page.markup import Html, figure, folded, section, table, tag
from export.proof.report import RUNGS

SHOWN = 16  # layers as bars; the rest in a table
PLENTY = 60.0  # dB, from where on a bar grows no more: an error of a thousandth
RUNTIMES = {"litert": "LiteRT", "micro": "LiteRT-Micro", "ethos-u55": "Ethos-U55"}


def device(facts: Facts) -> Html:
    """Return files, runtimes, and the int8 error of each layer."""
    lead = f"Made int8 by {RUNGS[facts.report['method']]}."
    return section("On the device", _files(facts), _runtimes(facts), _layers(facts), lead=lead)


def _files(facts: Facts) -> Html:
    report = facts.report
    rows = [
        (
            name,
            ", ".join(file["dtypes"]),
            f"{file['bytes']:,}",
            f"{file['zip_bytes']:,}",
            f"{sum(file['operators'].values()):,}",
        )
        for name, file in report["files"].items()
    ]
    sizes = table(("file", "types", "bytes", "zipped", "operators"), rows, numbers=2)
    operators = [
        (name, ", ".join(f"{one} {count}" for one, count in file["operators"].items()))
        for name, file in report["files"].items()
    ]
    return tag(
        "div",
        tag("h3", "Files"),
        sizes,
        _estimates(report["estimates"]),
        folded("Operators of each file", table(("file", "operators"), operators)),
    )


def _estimates(estimates: dict[str, Any]) -> Html | None:
    if not estimates:
        return None
    rows = [
        (name, f"{one['estimated']:,}", f"{one['measured']:,}") for name, one in estimates.items()
    ]
    said = "Estimated before training, and measured; bytes are without descriptions and labels."
    return folded(said, table(("", "estimated", "measured"), rows, numbers=1))


def _runtimes(facts: Facts) -> Html:
    runtimes = facts.report["runtimes"]
    rows: list[tuple[str, str, str]] = []
    litert = runtimes["litert"]
    times, least = litert["latency_us"], litert["latency_us_minimum"]
    for kind in ("float", "int8"):
        said = f"{microseconds(times[kind])} a row on one thread, {microseconds(least[kind])} least"
        rows.append((f"LiteRT, {kind}", "yes", said))
    for target, found in runtimes.items():
        for form, one in found.get("forms", {}).items():
            name = f"{RUNTIMES[target]}, {form}"
            rows.append((name, "yes" if one["ok"] else "NO", one["why"] or _placed(target, one)))
    streaming = facts.report["streaming"]
    if streaming:
        share = f"{100 * streaming['within_one_step']:.1f} % of logits within one int8 step"
        rows.append(("step by step", "yes", f"{share} of the whole sequence's"))
    return tag("div", tag("h3", "Runtimes"), table(("runtime", "runs", "figures"), rows))


def _placed(target: str, one: dict[str, Any]) -> str:
    if target == "micro":
        drop = f", drop {one['drop']:.2f}" if "drop" in one else ""
        equal = f"{100 * one['equal']:.1f} % of outputs equal to LiteRT's"
        return f"arena {kilobytes(one['arena_bytes'])}, {equal}{drop}, {one['rows']:,} rows"
    return (
        f"{100 * one['npu_share']:.0f} % of operators on the NPU, {one['cycles']:,} cycles, "
        f"{kilobytes(one['sram_bytes'])} of SRAM"
    )


def _layers(facts: Facts) -> Html | None:
    layers = facts.report["layers"]
    if not layers:
        return None
    worst = sorted(layers.items(), key=lambda item: item[1])[:SHOWN]
    order = [name for name in layers if name in dict(worst)]
    items = [
        (name, min(max(layers[name], 0.0), PLENTY), f"{layers[name]:.0f} dB") for name in order
    ]
    marked = order.index(worst[0][0])
    some = f" The {SHOWN} noisiest of {len(layers)}." if len(layers) > SHOWN else ""
    said = f"Signal to int8 error of each layer, in the order of the graph; more is better.{some}"
    every = [(name, f"{value:.1f}") for name, value in layers.items()]
    return tag(
        "div",
        tag("h3", "Float beside int8, layer by layer"),
        figure(said, bars("signal to int8 error by layer", items, marked)),
        folded("All layers", table(("layer", "dB"), every, numbers=1)),
    )
