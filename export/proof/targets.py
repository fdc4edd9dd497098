"""Target runtimes of an int8 file: measurements on each, and operators it lacks."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from export.conversion.choices import check_target_takes
from export.litert import Export
from export.proof.beside import BESIDE, Placement, compare
from export.runtimes.arm64 import find_arm64
from export.runtimes.ethos import compile_ethos
from zoo import Data, UserError
from zoo.checks import one_of
from zoo.quantization import UnknownLayer, make_twin
from zoo.quantization.layers.numerics import NUMERICS, Numerics

TARGETS = tuple(dict.fromkeys(name for one in NUMERICS.values() for name in one.targets))
# target -> operators that it lacks, of those our layers may need
LACKS = {
    "litert": set[str](),
    "micro": {"GELU"},
    "ethos-u55": {"WHILE", "GATHER", "CAST"},
    "arm64": set[str](),
}


def check_targets(targets: Sequence[str], numerics: Numerics | None = None) -> None:
    """Raise UserError for an unknown target, or one that is not for a format or cannot be tried."""
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
    export: Export, data: Data, targets: Sequence[str], max_drop: float, of_float: np.ndarray
) -> list[Placement]:
    """Try every int8 file of an export on every target but LiteRT, which `verify` is about.

    Args:
        of_float: the float model's logits of the test rows.
    """
    placements = []
    for form, name in export.plan.forms.items():
        for runtime in BESIDE:
            if runtime.target in targets:
                placements.append(compare(runtime, export, form, data, max_drop, of_float))
        if "ethos-u55" in targets:
            placements.append(_on_ethos(export.run.path / name, form))
    return placements


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
