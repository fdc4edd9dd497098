"""Opening of a search's study: identity, sampler, pruner, and trials left running."""

import socket
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras_tuner

from tuning.recipe import Recipe
from tuning.settings import Search
from tuning.study.algorithms import ORACLES
from tuning.study.ledger import Study
from tuning.study.oracles import OracleSampler, make_oracle
from tuning.study.pruning import make_pruner
from tuning.study.samplers import PerTrial, free, ranges, sampler_of
from tuning.study.storage import Direction, open_study
from zoo import Data, ModelSpec, Run


def begin(
    run: Run,
    spec: ModelSpec,
    data: Data,
    base: Recipe,
    space: keras_tuner.HyperParameters,
    settings: Search,
    scratch: Path,
) -> tuple[Study, Callable[[int], float]]:
    """Open the study of a search; with it, how long trial n is trained."""
    identity = _identity(spec, data, base, space, settings)
    direction: Direction = "maximize" if data.task.metric.better > 0 else "minimize"
    name = run.path.resolve().name
    opened = open_study(run.path, name, identity, direction, settings.storage, alone=True)
    opened.pruner = make_pruner(_pruner_of(settings), base.epochs)
    owner = f"{socket.gethostname()}:{run.path.resolve()}"
    if settings.algorithm in ORACLES:
        objective = keras_tuner.Objective("score", direction[:3])
        oracle = make_oracle(settings.algorithm, space, objective, settings.trials, settings.seed)
        sampler = OracleSampler(oracle, scratch)
        opened.sampler = sampler
        study = Study(opened, owner, settings.trials, sampler.ready)
        share_of = sampler.share
    else:
        opened.sampler = PerTrial(
            sampler_of(lambda: free(space), settings.algorithm, settings.seed)
        )
        study = Study(opened, owner, settings.trials)
        share_of = _whole
    for attempt in study.running():  # of a command that was killed: it was in this folder, alone
        if settings.storage is None or attempt.user_attrs.get("owner") == owner:
            study.give_up(attempt)
    return study, share_of


def _pruner_of(settings: Search) -> str:
    return settings.prune or ("none" if settings.algorithm in ORACLES else "median")


def _whole(number: int) -> float:
    return 1.0


def _identity(
    spec: ModelSpec,
    data: Data,
    base: Recipe,
    space: keras_tuner.HyperParameters,
    settings: Search,
) -> dict[str, Any]:
    """Return what makes two searches the same. Hyperband's rungs depend on the number of trials."""
    identity = {
        "preset": spec.preset,
        "overrides": dict(spec.overrides),
        "data": data.name,
        "hash": data.hash,
        "algorithm": settings.algorithm,
        "seed": settings.seed,
        "prune": _pruner_of(settings),
        "objective": settings.objective,
        "limits": dict(settings.limits),
        "recipe": asdict(base),
    }
    if settings.algorithm == "hyperband":
        identity["trials"] = settings.trials
    if not data.task.usual:
        identity["metric"] = data.task.metric.spelled
    if settings.chosen is not None:
        identity["device"] = settings.chosen.described()
    return identity | ranges(free(space))
