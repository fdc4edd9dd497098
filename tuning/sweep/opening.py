"""Opening the study of a search: what it is of, who samples, who prunes, what was left running."""

import json
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras_tuner
import optuna

from tuning.recipe import Recipe
from tuning.settings import Settings
from tuning.study.ledger import Study, attempts_of, number_of
from tuning.study.oracles import ORACLES, OracleSampler, make_oracle
from tuning.study.pruning import make_pruner
from tuning.study.samplers import PerTrial, free, make_sampler
from tuning.study.storage import Direction, open_study
from zoo import Data, ModelSpec, Run


def begin(
    run: Run,
    spec: ModelSpec,
    data: Data,
    base: Recipe,
    space: keras_tuner.HyperParameters,
    settings: Settings,
    scratch: Path,
) -> tuple[Study, Callable[[int], float]]:
    """Open the study of a search; with it, how long trial n is trained."""
    identity = _identity(spec, data, base, space, settings)
    direction: Direction = "maximize" if data.task.metric.better > 0 else "minimize"
    name = run.path.resolve().name
    opened = open_study(run.path, name, identity, direction, settings.storage, alone=True)
    opened.pruner = make_pruner(settings.prune, base.epochs)
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


def _whole(number: int) -> float:
    return 1.0


def sampler_of(
    parameters: Callable[[], Sequence[Any]], algorithm: str, seed: int
) -> Callable[[optuna.Study, optuna.trial.FrozenTrial], optuna.samplers.BaseSampler]:
    """Return what makes the sampler of a trial, for `PerTrial`; a space may grow as it is used."""

    def sampler(study: optuna.Study, trial: Any) -> optuna.samplers.BaseSampler:
        attempts = attempts_of(study)
        number = number_of(attempts, trial.number)
        finished = sum(attempt.outcome is not None for attempt in attempts)
        return make_sampler(algorithm, parameters(), seed, number, finished)

    return sampler


def _identity(
    spec: ModelSpec,
    data: Data,
    base: Recipe,
    space: keras_tuner.HyperParameters,
    settings: Settings,
) -> dict[str, Any]:
    """Return what makes two searches the same. Hyperband's rungs depend on the number of trials."""
    identity = {
        "preset": spec.preset,
        "overrides": dict(spec.overrides),
        "data": data.name,
        "hash": data.hash,
        "algorithm": settings.algorithm,
        "seed": settings.seed,
        "prune": settings.prune,
        "objective": settings.objective,
        "limits": dict(settings.limits),
        "recipe": asdict(base),
    }
    if settings.algorithm == "hyperband":
        identity["trials"] = settings.trials
    return identity | ranges(free(space))


def ranges(parameters: Sequence[Any]) -> dict[str, str]:
    """Return what makes two spaces the same: each parameter's name and range."""
    return {f"range of {p.name}": json.dumps(p.get_config(), sort_keys=True) for p in parameters}
