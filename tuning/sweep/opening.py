"""Opening of a search's study: identity, sampler, pruner, and trials left running."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import keras_tuner
import optuna

from tuning.auto.finding import Field
from tuning.settings import AUTO, Search
from tuning.spaces.candidates import starts
from tuning.study.algorithms import ORACLES
from tuning.study.ledger import Study, ranked
from tuning.study.oracles import OracleSampler, make_oracle
from tuning.study.pruning import make_pruner
from tuning.study.samplers import STARTUP, PerTrial, Start, free, ranges, sampler_of
from tuning.study.storage import Direction, open_study
from tuning.sweep.pacing import EPOCHS, first_epochs, paced
from zoo import Data, Run
from zoo.data.ways import Way

STARTS = 6  # presets that are tried as they are, before their sizes are searched
FIRST = 3  # of them, before other ways of reading are tried with the best of them


def begin(
    run: Run,
    field: Field,
    data: Data,
    space: keras_tuner.HyperParameters,
    settings: Search,
    scratch: Path,
) -> tuple[Study, Callable[[int], float]]:
    """Open the study of a search; with it, how long trial n is trained."""
    identity = _identity(field, data, space, settings)
    direction: Direction = "maximize" if data.task.metric.better > 0 else "minimize"
    name = run.path.resolve().name
    opened = open_study(run.path, name, identity, direction, settings.storage, alone=True)
    epochs = opened.user_attrs.get(EPOCHS, field.candidates[0].recipe.epochs)
    opened.pruner = make_pruner(_pruner_of(settings, field), epochs)
    owner = f"{socket.gethostname()}:{run.path.resolve()}"
    if settings.algorithm in ORACLES:
        objective = keras_tuner.Objective("score", direction[:3])
        oracle = make_oracle(settings.algorithm, space, objective, settings.most, settings.seed)
        sampler = OracleSampler(oracle, scratch)
        share_of: Callable[[int], float] = sampler.share
        opened.sampler = sampler
        study = Study(opened, owner, settings.most, sampler.ready)
    else:
        first, startup, share_of = _starts(opened, field, len(data.x_train), space, settings)
        opened.sampler = PerTrial(
            sampler_of(lambda: free(space), settings.algorithm, settings.seed, first, startup)
        )
        study = Study(opened, owner, settings.most)
    for attempt in study.running():  # of a command that was killed: it was in this folder, alone
        if settings.storage is None or attempt.user_attrs.get("owner") == owner:
            study.give_up(attempt)
    return study, share_of


def _starts(
    study: optuna.Study,
    field: Field,
    rows: int,
    space: keras_tuner.HyperParameters,
    settings: Search,
) -> tuple[list[Start], int, Callable[[int], float]]:
    """Return the points to start with, the last trial before a model is made, and the lengths.

    After the first presets comes what is best by then, its rows read in each of the other ways.

    Under a budget in time the first point is tried twice: in seconds, and then as the others are.
    """
    known = starts(space, field.candidates, STARTS)
    first: list[Start] = [*known[:FIRST]]
    first += [partial(_otherwise, space, field.ways, way) for way in field.ways[1:]]
    first += known[FIRST:]
    recipe = field.candidates[0].recipe
    share: Callable[[int], float] = _whole
    if settings.minutes is not None:
        short = first_epochs(recipe, rows)
        first = [*first[: short < recipe.epochs], *first]
        share = paced(study, recipe, short)
    return first, len(first) if field.auto else STARTUP, share


def _otherwise(
    space: keras_tuner.HyperParameters, ways: Sequence[Way], way: Way, study: optuna.Study
) -> dict[str, Any]:
    """Return the best point so far, its rows read in another way; `ways[0]` if that is its own."""
    known = Study(study, "", 0)
    order = ranked(known.direction, known.trials())
    values = order[0].values if order else {}
    chosen = ways[0] if values.get(way.option) == way.value else way
    return {p.name: p.default for p in space.space} | {**values, way.option: chosen.value}


def repace(study: Study, field: Field, epochs: int, settings: Search) -> None:
    """Set the epochs of a full training, which the study keeps."""
    study.study.set_user_attr(EPOCHS, epochs)
    study.study.pruner = make_pruner(_pruner_of(settings, field), epochs)


def _pruner_of(settings: Search, field: Field) -> str:
    usual = "halving" if field.auto else "median"
    return settings.prune or ("none" if settings.algorithm in ORACLES else usual)


def _whole(number: int) -> float:
    return 1.0


def _identity(
    field: Field,
    data: Data,
    space: keras_tuner.HyperParameters,
    settings: Search,
) -> dict[str, Any]:
    """Return what makes two searches the same. Hyperband's rungs depend on the number of trials."""
    spec, base = field.candidates[0].spec, field.candidates[0].recipe
    identity = {
        "preset": AUTO if field.auto else spec.preset,
        "overrides": {} if field.auto else dict(spec.overrides),
        "data": data.name,
        "hash": data.hash,
        "algorithm": settings.algorithm,
        "seed": settings.seed,
        "prune": _pruner_of(settings, field),
        "objective": settings.objective,
        "limits": dict(settings.limits),
        "recipe": asdict(base),
    }
    if settings.algorithm == "hyperband":
        identity["trials"] = settings.most
    if not data.task.usual:
        identity["metric"] = data.task.metric.spelled
    if settings.chosen is not None:
        identity["device"] = settings.chosen.described()
    return identity | ranges(free(space))
