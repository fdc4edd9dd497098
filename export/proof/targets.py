"""Target runtimes of an int8 file: operators they lack, measurements, outputs beside LiteRT's."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from export.conversion.choices import check_target_takes
from export.exported import Export
from export.proof.answers import smallest
from export.runtimes.arm64 import find_arm64, run_arm64
from export.runtimes.ethos import compile_ethos
from export.runtimes.litert import load, raw_outputs, row_inputs
from export.runtimes.micro import run_micro
from export.tflite.joined import read_outputs
from zoo import Data, UserError
from zoo.checks import one_of
from zoo.devices.cores import NPU
from zoo.metrics.gates import FAILED
from zoo.quantization import UnknownLayer, make_twin
from zoo.quantization.layers.numerics import NUMERICS, Numerics
from zoo.stages import stage
from zoo.tasks.outputs import portions

TARGETS = tuple(dict.fromkeys(name for one in NUMERICS.values() for name in one.targets))
# target -> operators that it lacks, of those our layers may need
LACKS = {
    "litert": set[str](),
    "micro": {"GELU"},
    "ethos-u55": {"WHILE", "GATHER", "CAST"},
    "arm64": set[str](),
}
FEW = 8  # rows of which every step is compared, where there is no whole sequence


@dataclass(frozen=True)
class Placement:
    """One int8 file on one target."""

    target: str
    form: str
    ok: bool
    why: str = ""  # if not ok
    figures: dict[str, Any] = field(default_factory=dict)


class Ran(Protocol):
    """What a runtime made of the rows of a file."""

    @property
    def outputs(self) -> tuple[np.ndarray, ...]: ...  # in the file's order

    @property
    def refused(self) -> str | None: ...  # why there are none

    @property
    def figures(self) -> dict[str, Any]: ...  # of the runtime itself


@dataclass(frozen=True)
class Beside:
    """A runtime that gives outputs to compare.

    Attributes:
        target: what it is asked for by.
        title: what it is called in a sentence.
        work: multiply-accumulates that take it about a minute.
        run: (file, inputs) -> what each machine that it runs on makes of them.
    """

    target: str
    title: str
    work: float
    run: Callable[[Path, Sequence[np.ndarray]], Sequence[Ran]]


def _on_micro(path: Path, inputs: Sequence[np.ndarray]) -> list[Ran]:
    return [run_micro(path, inputs)]


def _on_arm(path: Path, inputs: Sequence[np.ndarray]) -> list[Ran]:
    return [run_arm64(arm, [(path, inputs)])[0] for arm in find_arm64()]


BESIDE = (
    Beside("micro", "LiteRT-Micro", 2e10, _on_micro),  # its reference kernels
    Beside("arm64", "LiteRT for Arm", 5e9, _on_arm),  # emulated, on two processors
)


def check_targets(targets: Sequence[str], numerics: Numerics | None = None) -> None:
    """Raise UserError for a target that is unknown, not of the format, or cannot be tried here."""
    if isinstance(targets, str):
        raise UserError(f"targets must be a list, like ['litert', 'micro']; got {targets!r}.")
    for target in targets:
        one_of("targets", target, TARGETS)
    if not targets:
        raise UserError(f"targets must name at least one of {', '.join(TARGETS)}.")
    if "arm64" in targets:
        find_arm64()
    for target in targets:
        if numerics is not None:
            check_target_takes(target, numerics)


def refuse_early(model: keras.Model, targets: Sequence[str], forms: Sequence[str] | None) -> None:
    """Raise UserError if a target lacks an operator that the model will need, before any training.

    A loop is no obstacle where the model has a step form, or an unrolled one is asked for.
    """
    check_targets(targets)
    try:
        twin = make_twin(model)
    except UnknownLayer:
        return  # the converter's file is looked at when it is there
    if forms is not None and "step" in forms:
        twin.cells()  # raises where there is no step form
    loop_free = twin.streams() if forms is None else bool({"step", "unrolled"} & {*forms})
    for target in targets:
        for node in twin.nodes:
            lacking = LACKS[target] & set(node.layer.operators)
            if lacking - ({"WHILE"} if loop_free else set()):
                raise UserError(
                    f"{target} lacks the operator {', '.join(lacking)}, which layer "
                    f"{node.layer.name!r} needs. {_advice(lacking)}"
                )


def _advice(lacking: set[str]) -> str:
    if "WHILE" in lacking:
        return "Ask for a form that it runs: forms rolled,unrolled."
    if "GATHER" in lacking:
        return "It has no embedding lookup: leave the target out."
    return "Choose another activation, such as relu, or leave the target out."


def place(
    export: Export,
    data: Data,
    targets: Sequence[str],
    max_drop: float,
    of_float: np.ndarray,
    core: str = NPU,
) -> list[Placement]:
    """Try every int8 file of an export on every target but LiteRT, which `verify` is about.

    Args:
        of_float: the float model's logits of the test rows.
        core: the Ethos-U that files are compiled for.
    """
    placements = []
    for form, name in export.plan.forms.items():
        for runtime in BESIDE:
            if runtime.target in targets:
                placements.append(compare(runtime, export, form, data, max_drop, of_float))
        if "ethos-u55" in targets:
            placements.append(_on_ethos(export.run.path / name, form, core))
    return placements


def _on_ethos(path: Path, form: str, core: str) -> Placement:
    found = compile_ethos(path, core=core)
    if found.refused is not None:
        return Placement("ethos-u55", form, False, found.refused)
    why = "" if found.npu_share == 1 else f"left to the CPU: {', '.join(found.cpu_operators)}"
    return Placement("ethos-u55", form, not why, why, found.figures())


def compare(
    runtime: Beside,
    export: Export,
    form: str,
    data: Data,
    max_drop: float,
    of_float: np.ndarray,
) -> Placement:
    """Run a form of an export elsewhere and here: of several machines the one that is furthest off.

    The whole sequences' form runs the test rows, as many as a minute allows, and must pass the
    gates. Of the others all steps of a few rows are compared.

    Args:
        of_float: the float model's logits of the test rows.
    """
    output = export.output
    assert export.scaling is not None
    assert output is not None
    path = export.run.path / export.plan.forms[form]
    whole = form == "rolled"
    count = max(16, int(runtime.work / max(1, export.audits[path.name].macs))) if whole else FEW
    interpreter = load(path)
    inputs = row_inputs(interpreter, export.scaling.quantize(data.x_test[:count]))
    least = smallest(export.scaling.ends)
    of_litert = raw_outputs(interpreter, inputs)

    def judged(outputs: Sequence[np.ndarray]) -> np.ndarray:
        parts, task = [], data.task
        for rows in portions(task, data.x_test[: len(inputs[0])]):
            numbers = read_outputs(output, [one[rows] for one in outputs])
            parts.append(task.compact(task.logits(numbers, task.ending(export.model), least)))
        return np.concatenate(parts)

    def placed(ran: Ran) -> Placement:
        if ran.refused is not None:
            return Placement(runtime.target, form, False, ran.refused, ran.figures)
        figures = {"rows": len(inputs[0]), **ran.figures, **_steps(ran.outputs, of_litert)}
        if not whole:
            return Placement(runtime.target, form, True, "", figures)
        here, there = judged(of_litert), judged(ran.outputs)
        why, measured = _measured(runtime.title, data, max_drop, of_float, here, there)
        return Placement(runtime.target, form, not why, why, figures | measured)

    stage(f"running {len(inputs[0])} rows in {runtime.title}")
    machines = [placed(ran) for ran in runtime.run(path, inputs)]
    return min(machines, key=lambda one: (one.ok, one.figures.get("equal", 0.0)))


def _steps(of_other: Sequence[np.ndarray], of_litert: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return which share of the outputs is the same bit for bit, and how far the others are."""
    equal, largest = 0, 0
    for one, other in zip(of_other, of_litert, strict=True):
        for row, like in zip(one, other, strict=True):  # differences take more memory than outputs
            steps = np.abs(row.astype(np.int64) - like)
            equal, largest = equal + int((steps == 0).sum()), max(largest, int(steps.max()))
    return {"equal": equal / sum(one.size for one in of_other), "largest_steps": largest}


def _measured(
    title: str,
    data: Data,
    max_drop: float,
    of_float: np.ndarray,
    here: np.ndarray,
    there: np.ndarray,
) -> tuple[str, dict[str, Any]]:
    """Return which gates the outputs of another runtime fail, and what they are worth."""
    count, task = len(there), data.task
    y, of_float = data.y_test[:count], of_float[:count]
    gates = task.gates(y, of_float, there, max_drop)
    figures = {
        "estimate": asdict(task.estimate(y, there)),
        "drop": gates[0].value,
        "agreement": task.agreement(of_float, there),
        "agreement_with_litert": task.agreement(here, there),
        "gates": [one.described() for one in gates],
    }
    return "; ".join(f"{title}'s {one.sentence}" for one in gates if one.state == FAILED), figures
