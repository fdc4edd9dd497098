"""Cost limits, with an early error where nothing in the space meets them or nobody can know."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras
import keras_tuner

from tuning.recipe import Recipe
from tuning.spaces import point
from tuning.study.samplers import free
from zoo import ModelSpec, UserError
from zoo.cost.estimate import estimate
from zoo.devices.budget import Budget, compared
from zoo.quantization import UnknownLayer

TRIED = 32  # points, before it is said that none meets the limits


def check_cost(model: keras.Model) -> None:
    """Raise UserError for a model whose int8 file cannot be estimated before it is trained."""
    try:
        estimate(model)
    except UnknownLayer as error:
        said = str(error).split(". ")[0]
        raise UserError(
            f"{said}; a search needs it to estimate the cost of each model. Train a single model "
            "instead: pocketzoo train, then pocketzoo export."
        ) from error


def check_limits(
    spec: ModelSpec,
    base: Recipe,
    space: keras_tuner.HyperParameters,
    budget: Budget,
    seed: int,
) -> None:
    """Look for a point that meets the limits: the smallest corner, the preset, points at random.

    Raises:
        UserError: none was found; the message names the nearest.
    """
    limits, device = budget.limits, budget.chosen
    if not limits:
        return
    nearest: tuple[float, str] = (float("inf"), "")
    for values in _points(space, seed):
        asked = space.copy()
        asked.values = values
        overrides = point(asked, spec.preset, spec.overrides, base).overrides
        try:
            cost = estimate(replace(spec, overrides=overrides).build(), device).known()
        except UserError:
            continue
        excess = max(cost[name] / most for name, most in limits.items())
        if excess <= 1:
            return
        nearest = min(nearest, (excess, f"{dict(overrides)} needs {compared(limits, cost)}"))
    wanted = ", ".join(f"max_{name} {most:,}" for name, most in limits.items())
    where = "" if device is None else f" on {device.name}"
    raise UserError(
        f"Nothing found in the space of {spec.preset} meets {wanted}{where}. The nearest: "
        f"{nearest[1]}. Raise the limit or take a smaller preset."
    )


def check_fits(spec: ModelSpec, budget: Budget) -> None:
    """Raise UserError for a model that is over a limit before it is trained.

    One whose cost cannot be estimated is measured when it is exported.
    """
    limits = budget.limits
    try:
        cost = estimate(spec.build(), budget.chosen).known() if limits else {}
    except UserError:
        return
    if any(cost[name] > most for name, most in limits.items()):
        where = "" if budget.device is None else f" for {budget.device}"
        raise UserError(
            f"{spec.preset} is too large{where}: it needs {compared(limits, cost)}. Take a smaller "
            "preset, or smaller sizes by --set."
        )


def _points(space: keras_tuner.HyperParameters, seed: int) -> Iterator[dict[str, Any]]:
    fixed = {p.name: p.value for p in space.space if type(p).__name__ == "Fixed"}
    parameters = free(space)
    yield fixed | {p.name: next(iter(p.values)) for p in parameters}
    yield fixed | {p.name: p.default for p in parameters}
    for n in range(TRIED):
        yield fixed | {p.name: p.random_sample(seed + n) for p in parameters}
