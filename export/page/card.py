"""The model card (Mitchell et al. 2019, arXiv:1810.03993): intended use, and how it was made."""

from collections.abc import Mapping
from typing import Any

from export.page.facts import Facts, python_version
from export.page.markup import Child, Html, folded, section, table, tag
from export.proof.report import Report
from zoo.presets.catalogue import PRESETS
from zoo.tasks import worded

FEW = 20  # test rows of a class, below which its figures say little
MOST_NAMES = 30


def card(facts: Facts) -> Html:
    """Return model, data, license, use, limits, and how to make it again."""
    return section(
        "Model card",
        table((), _about(facts)),
        tag("h3", "Limits"),
        tag("ul", *(tag("li", sentence) for sentence in limits(facts.report))),
        tag("h3", "How to reproduce it"),
        _again(facts),
        folded("Versions", _pairs(facts.report.origin.versions | {"python": python_version()})),
        folded("Recipe", _pairs(facts.recipe)) if facts.recipe else None,
        folded("Files and their sha256", _hashes(facts)),
    )


def _about(facts: Facts) -> list[tuple[str, Child]]:
    report = facts.report
    model, data = report.model, report.data
    preset = PRESETS.get(str(model.preset))
    rows = ", ".join(f"{count:,} {part}" for part, count in data.rows.items())
    shape = " x ".join(str(size) for size in facts.model.get("input_shape", ()))
    names = facts.data.get("class_names", [])
    changed = ", ".join(f"{name}={value}" for name, value in model.overrides.items())
    found: list[tuple[str, Child]] = [
        ("model", f"{model.name}{f' with {changed}' if changed else ''}"),
        ("source", preset.source if preset else None),
        ("size", f"{model.parameters:,} parameters, {model.macs:,} multiply-accumulates per row"),
        ("intended use", _use(report)),
        ("data", f"{data.name}: {rows} rows{f', each {shape} values' if shape else ''}"),
        (report.task.words.labels, _names(names)),
        ("data hash", tag("code", data.hash)),
        ("license", report.origin.license or _no_license()),
        ("trained on", facts.model.get("backend")),
    ]
    return [(what, said) for what, said in found if said]


def _use(report: Report) -> str:
    return (
        f"{report.task.words.use}, on a device, for rows collected the same way as those of "
        f"{report.data.name}. Not for decisions about people without human review."
    )


def _no_license() -> str:
    return "not given. Ask who owns the data; pocketzoo export --license TEXT writes it here."


def _names(names: list[str]) -> str | None:
    more = f", {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}" if names else None


def limits(report: Report) -> list[str]:
    """Return what the figures do not say, and where the model is weak: a sentence each."""
    low, high = map(report.task.metric.shown, report.int8_estimate.ci95)
    said = [
        f"{report.test_rows:,} test rows show the {worded(report.metric)} to be between "
        f"{low} and {high} "
        "for rows of the same origin. They show nothing about other devices, places and times."
    ]
    rare = [name for name, rows in report.quality.rows_of_classes() if rows < FEW]
    if rare:
        said.append(f"Classes with fewer than {FEW} test rows: {_names(rare)}.")
    if report.task.words.limit:
        said.append(report.task.words.limit)
    worst, within = report.quality.worst_group(), report.prediction_interval
    if worst is not None:
        said.append(f"The worst group of test rows is {worst.name}.")
    if within is not None:
        widths = ", ".join(f"{width:.4g}" for width in within.half_width)
        said.append(f"A prediction plus or minus {widths} contains the true value 9 times in 10.")
    said.append("Times were measured on the machine that exported it, not on the device.")
    return said


def _again(facts: Facts) -> Html:
    lines = list(dict.fromkeys(facts.commands.get(one) for one in ("trained", "exported")))
    commands = "\n".join(line for line in lines if line)
    if not commands:
        return tag("p", "The model was made from Python: the recipe and the versions are below.")
    return tag("pre", commands)


def _pairs(values: Mapping[str, Any]) -> Html:
    return table((), [(name, f"{value}") for name, value in values.items()])


def _hashes(facts: Facts) -> Html:
    files = facts.manifest["files"].items()
    rows = [(name, tag("code", one["sha256"])) for name, one in files if name != "report.html"]
    return table(("file", "sha256"), rows)
