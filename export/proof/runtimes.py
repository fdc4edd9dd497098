"""Runtimes: latency in LiteRT, each int8 file on each other target, and estimates of the cost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from export.exported import Export
from export.proof.finding import Finding
from export.proof.targets import Placement, place
from export.runtimes.litert import Latency, load, load_content, measure_latency, predict
from export.tflite.writer import write
from zoo import Data, UserError
from zoo.cost.estimate import estimate
from zoo.devices.cores import NPU
from zoo.devices.device import Device


@dataclass(frozen=True)
class Rung:
    """A rung that was tried.

    Attributes:
        numerics: name of the format.
        method: how its twin was made, a key of `files.RUNGS`.
        drop: on the held-out rows, in the metric's unit.
        bytes: of its file, without a description.
        latency_us: in LiteRT on one thread, the median.
        taken: whether the quantized files are of it.
    """

    numerics: str
    method: str
    drop: float
    bytes: int
    latency_us: float
    taken: bool

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        return asdict(self)


@dataclass(frozen=True)
class Runtimes:
    """What the int8 files need and do where they run.

    Attributes:
        latency: "float", "int8": in LiteRT on one thread.
        targets: that were asked for.
        placements: every int8 file on every target but LiteRT.
        estimates: figure -> "estimated" before training, "measured".
        ladder: what was tried, where that was more than one rung.
    """

    latency: dict[str, Latency]
    targets: tuple[str, ...]
    placements: tuple[Placement, ...]
    estimates: dict[str, dict[str, int]]
    ladder: tuple[Rung, ...] = ()

    def tried(self) -> dict[str, list[Placement]]:
        """Return the placements on each target that has any, in the order of the targets."""
        by_target = {
            target: [one for one in self.placements if one.target == target]
            for target in self.targets
        }
        return {target: tried for target, tried in by_target.items() if tried}

    def findings(self) -> list[Finding]:
        """Return the targets that take no file."""
        found = []
        for target, tried in self.tried().items():
            if not any(one.ok for one in tried):
                reasons = "; ".join(f"{one.form} form: {one.why}" for one in tried)
                sentence = f"{target} runs none of the forms completely. {reasons}"
                found.append(Finding(sentence, f"Leave {target} out of --targets, or change that."))
        return found

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        litert = {
            "ok": True,
            "threads": 1,
            "latency_us": {name: one.median for name, one in self.latency.items()},
            "latency_us_minimum": {name: one.minimum for name, one in self.latency.items()},
        }
        others = {target: _described(tried) for target, tried in self.tried().items()}
        found = {"runtimes": {"litert": litert, **others}, "estimates": self.estimates}
        return found | ({"ladder": [one.described() for one in self.ladder]} if self.ladder else {})


def _described(tried: Sequence[Placement]) -> dict[str, Any]:
    """Return whether a target is ok, the figures of its best form, and every form's."""
    best = next((one for one in tried if one.ok), tried[0])
    forms = {one.form: {"ok": one.ok, "why": one.why, **one.figures} for one in tried}
    return {"ok": best.ok, "form": best.form, **best.figures, "forms": forms}


def run_everywhere(
    export: Export,
    data: Data,
    targets: Sequence[str],
    max_drop: float,
    of_float: np.ndarray,
    device: Device | None = None,
) -> Runtimes:
    """Run the files of an export on its targets.

    Args:
        of_float: the float model's logits of the test rows.
        device: whose Ethos-U is compiled for, if it has one.
    """
    core = device.core if device is not None and device.npu else NPU
    placements = place(export, data, targets, max_drop, of_float, core)
    files = {"float": load(export.float_file), "int8": load(export.int8_file)}
    for interpreter, scaling in ((files["float"], None), (files["int8"], export.scaling)):
        predict(interpreter, data.x_test[-1:], scaling)  # memory may hold what is no token id
    estimates = _estimates(export, placements)
    latency = measure_latency(files)
    return Runtimes(latency, tuple(targets), tuple(placements), estimates, climbed(export))


def _estimates(export: Export, placements: Sequence[Placement]) -> dict[str, dict[str, int]]:
    """Return what a search would have taken the file to need, beside what it needs."""
    main = next(iter(export.plan.forms))
    audit = export.audits[export.plan.main]
    measured = {"bytes": audit.model_bytes, "macs": audit.macs}
    for one in placements:
        if one.target == "micro" and one.form == main and one.ok:
            measured["arena"] = one.figures["arena_bytes"]
    try:
        cost = asdict(estimate(export.model))
    except UserError:  # a model that no twin can express
        return {}
    return {name: {"estimated": cost[name], "measured": value} for name, value in measured.items()}


def climbed(export: Export) -> tuple[Rung, ...]:
    """Return the rungs that were tried, the lowest first; none where no more than one was."""
    quantized = export.plan.quantized
    if quantized is None or len(quantized.tried) < 2:
        return ()
    twins = [one.quantized.twin for one in quantized.tried]
    contents = [write(twin, twin.numerics) for twin in twins]
    loaded = {str(i): load_content(content) for i, content in enumerate(contents)}
    times = measure_latency(loaded, rounds=100)
    return tuple(
        Rung(
            numerics=twin.numerics.name,
            method=one.quantized.rung,
            drop=one.drop,
            bytes=len(contents[i]),
            latency_us=times[str(i)].median,
            taken=twin is quantized.twin,
        )
        for i, (one, twin) in enumerate(zip(quantized.tried, twins, strict=True))
    )
