"""Samplers by name: the point of the space that trial n tries.

Every trial gets a sampler of its own, seeded from (seed, n): what is suggested depends on the
trials that are finished and on n, not on the process that asks.
"""

import json
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras_tuner
import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial
from scipy.stats import qmc

from tuning.recipe import seed_of
from tuning.study.algorithms import MODELLED
from tuning.study.ledger import attempts_of, number_of
from zoo.checks import UserError

# a point to start with, or what makes one of a study when it is the turn of its trial
Start = dict[str, Any] | Callable[[optuna.Study], dict[str, Any]]

STARTUP = 10  # trials that are Sobol points before a model of the scores is made


def make_sampler(
    algorithm: str,
    parameters: Sequence[Any],
    seed: int,
    number: int,
    finished: int,
    startup: int = STARTUP,
) -> optuna.samplers.BaseSampler:
    """Return the sampler of trial `number`, which comes after the points to start with.

    Args:
        algorithm: one of `SAMPLERS`.
        parameters: of the space, in a fixed order.
        seed: of the search.
        number: of the trial.
        finished: how many trials there are to learn from.
        startup: the last trial that is a Sobol point before a model of the scores is made.
    """
    own, most = seed_of(seed, number), MODELLED.get(algorithm, 0)
    if algorithm == "random":
        return optuna.samplers.RandomSampler(own)
    if most and finished > most:
        warnings.warn(
            f"{algorithm} takes too long beyond {most} finished trials; from now on the points are "
            "those of a Sobol sequence.",
            stacklevel=2,
        )
    if number <= startup or not most or finished > most:
        return Sobol([parameter.name for parameter in parameters], seed, number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return _model(algorithm, own)


def _model(algorithm: str, seed: int) -> optuna.samplers.BaseSampler:
    """Return a sampler that learns from the scores; what it cannot model, TPE samples."""
    tpe = optuna.samplers.TPESampler(
        n_startup_trials=0, multivariate=True, group=True, constant_liar=True, seed=seed
    )
    if algorithm == "gp":
        return optuna.samplers.GPSampler(
            independent_sampler=tpe,
            warn_independent_sampling=False,
            n_startup_trials=0,
            seed=seed,
        )
    if algorithm == "nsga2":
        return optuna.samplers.NSGAIISampler(population_size=STARTUP, seed=seed)
    return tpe


class Point(optuna.samplers.BaseSampler):
    """One given point."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def infer_relative_search_space(self, *_: Any) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(self, *_: Any) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: Any, name: str, distribution: BaseDistribution
    ) -> Any:
        return self._values[name]


class Sobol(Point):
    """Point `number` of a scrambled Sobol sequence (Owen 1998, by SciPy), a dimension a parameter.

    Optuna's QMCSampler leaves conditional parameters to chance and counts its points in the
    storage, where two workers meet and a lost trial leaves a gap.
    """

    def __init__(self, names: Sequence[str], seed: int, number: int) -> None:
        sequence = qmc.Sobol(len(names), rng=np.random.default_rng(seed_of(seed, 0)))
        if number:  # SciPy cannot advance by nothing
            sequence.fast_forward(number)
        with warnings.catch_warnings():  # one point is no balanced set, and need not be
            warnings.simplefilter("ignore", UserWarning)
            super().__init__(dict(zip(names, sequence.random(1)[0], strict=True)))

    def sample_independent(
        self, study: optuna.Study, trial: Any, name: str, distribution: Any
    ) -> Any:
        return at_share(distribution, self._values[name])


def at_share(distribution: Any, share: float) -> Any:
    """Return the value that lies at `share`, in [0, 1), of a distribution."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(share * len(distribution.choices))]
    low, high = distribution.low, distribution.high
    if isinstance(distribution, IntDistribution):
        count = (high - low) // distribution.step + 1
        return low + distribution.step * int(share * count)
    if distribution.log:
        return float(np.exp(np.log(low) + share * (np.log(high) - np.log(low))))
    if distribution.step is not None:
        count = int((high - low) / distribution.step + 1e-9) + 1
        return low + distribution.step * int(share * count)
    return low + share * (high - low)


class PerTrial(optuna.samplers.BaseSampler):
    """Hands every attempt to the sampler that `make` returns for it."""

    def __init__(
        self, make: Callable[[optuna.Study, FrozenTrial], optuna.samplers.BaseSampler]
    ) -> None:
        self._make = make
        self._sampler: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler()

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._sampler = self._make(study, trial)
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(self, *arguments: Any) -> dict[str, BaseDistribution]:
        return self._sampler.infer_relative_search_space(*arguments)

    def sample_relative(self, *arguments: Any) -> dict[str, Any]:
        return self._sampler.sample_relative(*arguments)

    def sample_independent(self, *arguments: Any) -> Any:
        return self._sampler.sample_independent(*arguments)

    def after_trial(self, *arguments: Any) -> None:
        self._sampler.after_trial(*arguments)


def sampler_of(
    parameters: Callable[[], Sequence[Any]],
    algorithm: str,
    seed: int,
    starts: Sequence[Start] = (),
    startup: int = STARTUP,
) -> Callable[[optuna.Study, FrozenTrial], optuna.samplers.BaseSampler]:
    """Return what makes the sampler of an attempt, for `PerTrial`; a space may grow with use.

    Args:
        parameters: of the space, in a fixed order.
        algorithm, seed, startup: as of `make_sampler`.
        starts: points to start with; none: the space's defaults.
    """

    def sampler(study: optuna.Study, attempt: FrozenTrial) -> optuna.samplers.BaseSampler:
        attempts = attempts_of(study)
        number = number_of(attempts, attempt.number)
        finished, known = sum(one.outcome is not None for one in attempts), parameters()
        first = starts or [{parameter.name: parameter.default for parameter in known}]
        if number >= len(first):
            return make_sampler(algorithm, known, seed, number, finished, startup)
        point = first[number]
        return Point(point(study) if callable(point) else point)

    return sampler


def suggest(attempt: optuna.Trial, space: keras_tuner.HyperParameters) -> dict[str, Any]:
    """Ask for the active parameters of the space, in its order, and return the values of all.

    Inactive parameters have their defaults, as KerasTuner has it; the study never sees them.
    """
    chosen = space.copy()
    chosen.values = {}
    for parameter in chosen.space:  # a name may stand there twice, under two conditions
        if chosen.is_active(parameter):
            chosen.values[parameter.name] = _suggested(attempt, parameter)
        else:
            chosen.values.setdefault(parameter.name, parameter.default)
    attempt.set_user_attr("asked", True)  # the point is whole: another attempt gets the same
    return dict(chosen.values)


def _suggested(attempt: optuna.Trial, parameter: Any) -> Any:
    kind, name = type(parameter).__name__, parameter.name
    if kind == "Fixed":
        return parameter.value
    if kind == "Boolean":
        return attempt.suggest_categorical(name, [False, True])
    if kind == "Choice" or _is_a_list(parameter):
        return attempt.suggest_categorical(name, list(parameter.values))
    if parameter.sampling == "reverse_log":
        raise UserError(
            f"{name} is sampled by reverse_log, which Optuna does not have. Use log or linear, or "
            "one of KerasTuner's own algorithms."
        )
    low, high, log = parameter.min_value, parameter.max_value, parameter.sampling == "log"
    if kind == "Int":
        return attempt.suggest_int(name, low, high, step=parameter.step, log=log)
    return attempt.suggest_float(name, low, high, step=parameter.step, log=log)


def _is_a_list(parameter: Any) -> bool:
    """Tell whether a number goes in factors of `step`, which Optuna has only as a list."""
    return parameter.sampling == "log" and parameter.step not in (None, 1)


def free(space: keras_tuner.HyperParameters) -> list[Any]:
    """Return the parameters that can vary, each name once."""
    return list({p.name: p for p in space.space if type(p).__name__ != "Fixed"}.values())


def ranges(parameters: Sequence[Any]) -> dict[str, str]:
    """Return what makes two spaces the same: each parameter's name and range."""
    return {f"range of {p.name}": json.dumps(p.get_config(), sort_keys=True) for p in parameters}
