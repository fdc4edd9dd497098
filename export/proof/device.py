"""Files on their device: whether they keep its limits, and their estimated latency there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from export.exported import Export
from export.proof.finding import Finding
from export.proof.targets import Placement
from zoo import UserError
from zoo.cost.estimate import estimate
from zoo.devices.budget import Budget, figure
from zoo.devices.device import Device
from zoo.quantization.layers.numerics import INT8

TITLES = {"ms": "estimated ms"}  # of a figure; the others are called by their names
MISSING = {
    "arena": "not measured; add micro to the targets",
    "ms": "not estimated; that is for int8 files that have a twin",
}
VELA, PUBLISHED = "Vela", "published cycles"
SMALLER = (
    "Search with these limits (pocketzoo tune), take a smaller preset, or a larger device: "
    "pocketzoo devices."
)


@dataclass(frozen=True)
class Limit:
    """A limit, and what a file needs of it."""

    name: str  # of `zoo.cost.estimate.Cost`
    most: float
    value: float | None  # None where it was not measured

    @property
    def over(self) -> bool:
        return self.value is not None and self.value > self.most

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        kept = None if self.value is None else not self.over
        return {"most": self.most, "value": self.value, "kept": kept}

    def shown(self) -> str:
        """Return what is needed of how much, in words."""
        if self.value is None:
            return f"{MISSING[self.name]} (at most {self.most:,})"
        value = f"{self.value:.3g}" if self.name == "ms" else f"{self.value:,}"
        return f"{value} of {self.most:,}{' NO' if self.over else ''}"


@dataclass(frozen=True)
class OnDevice:
    """What the files need of their device.

    Attributes:
        device: None where there are limits alone.
        form: the first form whose file keeps all limits; else the main one.
        limits: explicit ones, else the device's.
        ms: estimated latency of one row, in milliseconds; None where it is not known.
        by: what estimates it.
    """

    device: Device | None
    form: str
    limits: tuple[Limit, ...]
    ms: float | None
    by: str

    @property
    def title(self) -> str:
        return "" if self.device is None else f"{self.device.name}: {self.device.title}"

    def findings(self) -> list[Finding]:
        """Return the limits that no form keeps."""
        where = "" if self.device is None else f" on {self.device.name}"
        broken = [(one, one.value) for one in self.limits if one.over]
        return [
            Finding(f"{figure(one.name, value)}: more than {one.most:,}, the limit{where}", SMALLER)
            for one, value in broken
            if value is not None
        ]

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        device = None if self.device is None else self.device.described()
        found = {
            "sheet": device,
            "form": self.form,
            "limits": {one.name: one.described() for one in self.limits},
            "latency": {"estimated_ms": self.ms, "by": self.by},
        }
        return {"device": found}

    def rows(self) -> Iterator[tuple[str, str]]:
        """Give names and values, in words."""
        for one in self.limits:
            yield TITLES.get(one.name, one.name), one.shown()
        if self.ms is not None and "ms" not in {one.name for one in self.limits}:
            yield TITLES["ms"], f"{self.ms:.3g}, by {self.by}"


def on_device(
    export: Export, budget: Budget | None, placements: Sequence[Placement]
) -> OnDevice | None:
    """Compare the files of an export with a budget; None without one."""
    if budget is None or not (budget.limits or budget.device):
        return None
    ms, by = _latency(export, budget.chosen, placements)
    found = {}
    for form in export.plan.forms:
        values = _measured(export, form, placements) | {"ms": ms}
        found[form] = tuple(Limit(name, most, values[name]) for name, most in budget.limits.items())
    fitting = [form for form, limits in found.items() if not any(one.over for one in limits)]
    form = next(iter([*fitting, *found]))
    return OnDevice(budget.chosen, form, found[form], ms, by)


def _measured(
    export: Export, form: str, placements: Sequence[Placement]
) -> dict[str, float | None]:
    """Return what a form's file needs, as far as it was run."""
    audit = export.audits[export.plan.forms[form]]
    arenas = [
        one.figures.get("arena_bytes", one.figures.get("sram_bytes"))
        for one in placements
        if one.form == form and one.ok
    ]
    arena = next((bytes for bytes in arenas if bytes is not None), None)
    return {"bytes": audit.bytes, "macs": audit.macs, "arena": arena}


def _latency(
    export: Export, device: Device | None, placements: Sequence[Placement]
) -> tuple[float | None, str]:
    """Return the estimated milliseconds of the main form, and by what."""
    main = next(iter(export.plan.forms))
    for one in placements:
        compiled = one.form == main and one.ok and "inference_us" in one.figures
        if device is not None and device.npu and compiled and not one.figures["loop_counted_once"]:
            return one.figures["inference_us"] / 1e3, VELA
    if device is None or export.plan.numerics is not INT8:
        return None, PUBLISHED  # the cycles are those of int8
    try:
        return estimate(export.model, device).ms, PUBLISHED
    except UserError:  # a model that no twin can express
        return None, PUBLISHED
