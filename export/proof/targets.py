"""Target runtimes of an int8 file: measurements on each, and operators it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export.conversion.choices import check_target_takes
from export.litert import Export
from export.proof.answers import smallest
from export.runtimes.ethos import compile_ethos
from export.runtimes.litert import dequantized, load, raw_outputs, row_inputs
from export.runtimes.micro import MicroRun, run_micro
from zoo import Data, UserError
from zoo.checks import one_of
from zoo.metrics.gates import FAILED
from zoo.quantization import UnknownLayer, make_twin
from zoo.quantization.layers.numerics import NUMERICS, Numerics

TARGETS = tuple(dict.fromkeys(name for one in NUMERICS.values() for name in one.targets))
MICRO_WORK = 2e10  # multiply-accumulates: about a minute of LiteRT-Micro's reference kernels
# target -> operators that it lacks, of those our layers may need
LACKS = {"litert": set[str](), "micro": {"GELU"}, "ethos-u55": {"WHILE", "GATHER", "CAST"}}


@dataclass(frozen=True)
class Placement:
    """One int8 file on one target."""

    target: str
    form: str
    ok: bool
    why: str = ""  # if not ok
    figures: dict[str, Any] = field(default_factory=dict)


def check_targets(targets: Sequence[str], numerics: Numerics | None = None) -> None:
    """Raise UserError for an unknown target, one that a format is not for, or none at all."""
    if isinstance(targets, str):
        raise UserError(f"targets must be a list, like ['litert', 'micro']; got {targets!r}.")
    for target in targets:
        one_of("targets", target, TARGETS)
    if not targets:
        raise UserError(f"targets must name at least one of {', '.join(TARGETS)}.")
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
    export: Export, data: Data, targets: Sequence[str], max_drop: float, of_float: np.ndarray
) -> list[Placement]:
    """Try every int8 file of an export on every target but LiteRT, which `verify` is about.

    Args:
        of_float: the float model's logits of the test rows.
    """
    placements = []
    for form, name in export.plan.forms.items():
        path = export.run.path / name
        if "micro" in targets and form == "rolled":
            placements.append(_whole_on_micro(export, path, data, max_drop, of_float))
        elif "micro" in targets:
            placements.append(_part_on_micro(export, path, form, data))
        if "ethos-u55" in targets:
            placements.append(_on_ethos(path, form))
    return placements


def _whole_on_micro(
    export: Export, path: Path, data: Data, max_drop: float, of_float: np.ndarray
) -> Placement:
    """Compare LiteRT-Micro with LiteRT row by row, and measure its metric on those test rows."""
    assert export.scaling is not None
    macs = max(1, export.audits[path.name].macs)
    count = min(len(data.x_test), max(16, int(MICRO_WORK / macs)))
    rows = export.scaling.quantize(data.x_test[:count])
    found = run_micro(path, rows)
    if found.refused is not None:
        return Placement("micro", "rolled", False, found.refused)
    interpreter = load(path)
    of_micro = dequantized(found.outputs[0], interpreter.get_output_details()[0])
    least = smallest(export.scaling.ends)
    of_micro = data.task.logits(of_micro, data.task.ending(export.model), least)
    gates = data.task.gates(data.y_test[:count], of_float[:count], of_micro, max_drop)
    figures = {
        "rows": count,
        "drop": gates[0].value,
        "agreement": data.task.agreement(of_float[:count], of_micro),
        "gates": [one.described() for one in gates],
        **_beside_litert(found, raw_outputs(interpreter, [rows])),
    }
    failed = [f"LiteRT-Micro's {one.sentence}" for one in gates if one.state == FAILED]
    return Placement("micro", "rolled", not failed, "; ".join(failed), figures)


def _part_on_micro(export: Export, path: Path, form: str, data: Data) -> Placement:
    """Run the step form on every step of a few rows, or the unrolled one; compare with LiteRT."""
    assert export.scaling is not None
    interpreter = load(path)
    inputs = row_inputs(interpreter, export.scaling.quantize(data.x_test[:8]))
    found = run_micro(path, inputs)
    if found.refused is not None:
        return Placement("micro", form, False, found.refused)
    beside = _beside_litert(found, raw_outputs(interpreter, inputs))
    return Placement("micro", form, True, "", {"rows": len(inputs[0]), **beside})


def _beside_litert(found: MicroRun, of_litert: Sequence[np.ndarray]) -> dict[str, Any]:
    """Return how far LiteRT-Micro's outputs are from LiteRT's, and the arena it took."""
    pairs = zip(found.outputs, of_litert, strict=True)
    steps = np.concatenate([np.abs(one.astype(np.int64) - other).ravel() for one, other in pairs])
    return {
        "equal": float(np.mean(steps == 0)),
        "largest_steps": int(steps.max()),
        "arena_bytes": found.arena_bytes,
        "arena_minimum": found.arena_minimum,
    }


def _on_ethos(path: Path, form: str) -> Placement:
    found = compile_ethos(path)
    if found.refused is not None:
        return Placement("ethos-u55", form, False, found.refused)
    figures = {
        "npu_share": found.npu_share,
        "cpu_operators": list(found.cpu_operators),
        "sram_bytes": found.sram_bytes,
        "cycles": found.cycles,
        "inference_us": found.inference_us,
        "loop_counted_once": found.loops,
    }
    why = "" if found.npu_share == 1 else f"left to the CPU: {', '.join(found.cpu_operators)}"
    return Placement("ethos-u55", form, not why, why, figures)
