"""The model card (Mitchell et al. 2019, arXiv:1810.03993): what it is for, and how it was made."""

from collections.abc import Mapping
from typing import Any

from export.page.facts import Facts, python_version
from export.page.markup import Child, Html, folded, section, table, tag
from zoo.presets.catalogue import PRESETS

FEW = 20  # test rows of a class, below which its figures say little
MOST_NAMES = 30


def card(facts: Facts) -> Html:
    """Return model, data, licence, use, limits, and how to make it again."""
    return section(
        "Model card",
        table((), _about(facts)),
        tag("h3", "Limits"),
        tag("ul", *(tag("li", sentence) for sentence in limits(facts))),
        tag("h3", "How to make it again"),
        _again(facts),
        folded("Versions", _pairs(facts.report["versions"] | {"python": python_version()})),
        folded("Recipe", _pairs(facts.recipe)) if facts.recipe else None,
        folded("Files and their sha256", _hashes(facts)),
    )


def _about(facts: Facts) -> list[tuple[str, Child]]:
    model, data = facts.report["model"], facts.report["data"]
    preset = PRESETS.get(str(model["preset"]))
    rows = ", ".join(f"{count:,} {part}" for part, count in data["rows"].items())
    shape = " x ".join(str(size) for size in facts.model.get("input_shape", ()))
    names = facts.data.get("class_names", [])
    changed = ", ".join(f"{name}={value}" for name, value in model["overrides"].items())
    found: list[tuple[str, Child]] = [
        ("model", f"{facts.name}{f' with {changed}' if changed else ''}"),
        ("after", preset.source if preset else None),
        ("size", f"{model['parameters']:,} parameters, {model['macs']:,} multiply-adds a row"),
        ("intended use", _use(facts)),
        ("data", f"{data['name']}: {rows} rows{f', each {shape} values' if shape else ''}"),
        ("classes", _names(names)),
        ("content", tag("code", data["hash"])),
        ("licence", facts.report.get("licence") or _no_licence()),
        ("trained on", facts.model.get("backend")),
    ]
    return [(what, said) for what, said in found if said]


def _use(facts: Facts) -> str:
    data = facts.report["data"]
    return (
        f"{facts.task.words.use}, for rows that come about as those of {data['name']} did, on a "
        "device. Not for decisions about people that nobody looks at."
    )


def _no_licence() -> str:
    return "not given. Ask who owns the data; pocketzoo export --licence TEXT writes it here."


def _names(names: list[str]) -> str | None:
    more = f", {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"{', '.join(names[:MOST_NAMES])}{more}" if names else None


def limits(facts: Facts) -> list[str]:
    """Return what the figures do not say, and where the model is weak: a sentence each."""
    report = facts.report
    low, high = report["int8"]["ci95"]
    said = [
        f"{facts.test_rows:,} test rows tell the {facts.metric} to between {facts.shown(low)} and "
        f"{facts.shown(high)}, for rows of the same origin. Of other devices, places and times "
        "they tell nothing."
    ]
    if report["confusion"]:
        counts = [sum(row) for row in report["confusion"]["int8"]]
        pairs = zip(report["confusion"]["classes"], counts, strict=True)
        rare = [name for name, count in pairs if count < FEW]
        if rare:
            said.append(f"Classes with fewer than {FEW} test rows: {_names(rare)}.")
    if facts.task.words.limit:
        said.append(facts.task.words.limit)
    if report["worst_group"]:
        said.append(f"The worst group of test rows is {report['worst_group']}.")
    within = report["prediction_interval"]
    if within:
        widths = ", ".join(f"{width:.4g}" for width in within["half_width"])
        said.append(f"An answer plus or minus {widths} holds the truth 9 times in 10.")
    said.append("Times were measured on the machine that exported it, not on the device.")
    return said


def _again(facts: Facts) -> Html:
    lines = list(dict.fromkeys(facts.commands.get(one) for one in ("trained", "exported")))
    commands = "\n".join(line for line in lines if line)
    if not commands:
        return tag("p", "It was made from Python: the recipe and the versions are below.")
    return tag("pre", commands)


def _pairs(values: Mapping[str, Any]) -> Html:
    return table((), [(name, f"{value}") for name, value in values.items()])


def _hashes(facts: Facts) -> Html:
    files = facts.manifest["files"].items()
    rows = [(name, tag("code", one["sha256"])) for name, one in files if name != "report.html"]
    return table(("file", "sha256"), rows)
