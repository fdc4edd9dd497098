"""Candidates of a search: one preset, or several of which the search chooses.

With several the preset is a parameter of the space, and what each of them varies is conditional on
it: `cnn_small/dropout` exists where `preset` is `cnn_small`. The way of reading is another
parameter, where there are several: it goes with every preset.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tuning.recipe import Recipe
from tuning.spaces import Point, point
from tuning.spaces.space import HP
from zoo import ModelSpec, UserError
from zoo.data.ways import Way

PRESET = "preset"  # the parameter that chooses among several


@dataclass(frozen=True)
class Candidate:
    """A model that a search may take, and the recipe around which it is searched.

    Attributes:
        spec: the preset, what is fixed of it, and the rows it is for.
        recipe: see `tuning.spaces.default_recipe`.
        cost: of the preset itself, by the names of `zoo.cost.estimate.Cost`; empty where it was
            not asked for.
        smallest: begin with the smallest sizes of its space, as the preset itself is over a limit.
        way: in which the rows are read that `spec` is for; None where there is one way alone.
    """

    spec: ModelSpec
    recipe: Recipe
    cost: Mapping[str, float] = field(default_factory=dict)
    smallest: bool = False
    way: Way | None = None

    def read(self, way: Way | None) -> "Candidate":
        """Return the same model for rows that are read in another way."""
        if way is None or way == self.way:
            return self
        return replace(self, way=way, spec=replace(self.spec, input_shape=way.shape))


def declare(candidates: Sequence[Candidate], ways: Sequence[Way] = ()) -> HP:
    """Return the space of all candidates, every parameter declared.

    Args:
        candidates: to choose from.
        ways: of reading, to choose from; the default first.
    """
    space = HP()
    if ways:
        space.Choice(ways[0].option, [way.value for way in ways])
    names = [one.spec.preset for one in candidates]
    for one in candidates:
        if len(names) > 1:
            space.Choice(PRESET, names)
            space.values = {PRESET: one.spec.preset}
        with _scope(space, one, candidates):
            point(space, one.spec.preset, one.spec.overrides, one.recipe)
    space.values = {p.name: p.default for p in space.space if space.is_active(p)}
    return space


def ask(
    space: HP, candidates: Sequence[Candidate], ways: Sequence[Way] = ()
) -> tuple[Candidate, Point]:
    """Return the candidate and the point of it that the values of a space stand for."""
    chosen = candidates[0]
    if len(candidates) > 1:
        chosen = named(candidates, str(space.values[PRESET]))
    chosen = chosen.read(way_of(ways, space.values))
    with _scope(space, chosen, candidates):
        return chosen, point(space, chosen.spec.preset, chosen.spec.overrides, chosen.recipe)


def named(candidates: Sequence[Candidate], preset: str) -> Candidate:
    """Return the candidate of a preset; "" is the only one there is, as of older studies.

    Raises:
        UserError: the study, which may be a stranger's, names another.
    """
    known = {one.spec.preset: one for one in candidates} | {"": candidates[0]}
    if preset not in known:
        raise UserError(
            f"A trial of the study is of {preset!r}, which is none of the candidates here. "
            "Search in a new folder: give another --out."
        )
    return known[preset]


def way_of(ways: Sequence[Way], values: Mapping[str, Any]) -> Way | None:
    """Return the way of reading that a point has; None where there is one way alone.

    Raises:
        UserError: the study, which may be a stranger's, has another.
    """
    if not ways:
        return None
    value = values.get(ways[0].option)
    for way in ways:
        if way.value == value:
            return way
    raise UserError(
        f"A trial of the study read its rows by {ways[0].option} {value!r}, which is none of the "
        "ways here. Search in a new folder: give another --out."
    )


def starts(space: HP, candidates: Sequence[Candidate], most: int) -> list[dict[str, Any]]:
    """Return the points that are tried first: the candidates themselves, in their order.

    Args:
        space: from `declare`.
        candidates: what is to be tried first comes first.
        most: at most so many.
    """
    defaults = {p.name: p.default for p in space.space}
    smallest = {p.name: next(iter(p.values)) for p in space.space if type(p).__name__ != "Fixed"}
    return [
        (defaults | smallest if one.smallest else defaults)
        | {PRESET: one.spec.preset}
        | ({one.way.option: one.way.value} if one.way else {})
        for one in candidates[:most]
    ]


@contextmanager
def _scope(space: HP, one: Candidate, candidates: Sequence[Candidate]) -> Iterator[None]:
    """Name and condition what is asked for by the preset, where there are several."""
    if len(candidates) == 1:
        yield
        return
    with space.conditional_scope(PRESET, [one.spec.preset]), space.name_scope(one.spec.preset):
        yield
