"""KerasTuner's own algorithms as samplers of the study, for comparison with Optuna's.

An oracle of KerasTuner is a function of what happened, in order. It is told from the study, so it
is right after a restart too.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import optuna
from optuna.trial import FrozenTrial

from tuning.study.ledger import Attempt, attempts_of, number_of
from tuning.study.samplers import Point

FACTOR = 3  # Hyperband keeps one in three


class _PresetFirst(keras_tuner.Oracle):
    """Ask for the defaults of the space first, so that a search never ends below its preset."""

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        if not self.trials:
            hps = self.get_space()
            values = {hp.name: hp.default for hp in hps.space if hps.is_active(hp)}
            return {"status": "RUNNING", "values": values}
        return dict(super().populate_space(trial_id))


class Random(_PresetFirst, keras_tuner.oracles.RandomSearchOracle):
    pass


class Bayesian(_PresetFirst, keras_tuner.oracles.BayesianOptimizationOracle):
    pass


class Hyperband(_PresetFirst, keras_tuner.oracles.HyperbandOracle):
    pass


class _Home(keras_tuner.Tuner):
    """Gives an oracle the folder that it wants to write to."""

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> None:
        raise NotImplementedError


class OracleSampler(Point):
    """Suggests what an oracle of KerasTuner asks for."""

    def __init__(self, oracle: keras_tuner.Oracle, scratch: Path) -> None:
        super().__init__({})
        self._oracle = oracle
        oracle.verbose = 0
        _Home(oracle, directory=scratch, project_name="oracle")
        self._told: set[tuple[str, int]] = set()
        self._asked: dict[int, dict[str, Any]] = {}

    def ready(self, attempts: Sequence[Attempt], number: int) -> bool:
        """Tell the oracle what is new, and return whether it has an answer for trial `number`."""
        for _, what, attempt in _events(attempts):
            if (what, attempt.number) not in self._told:
                self._told.add((what, attempt.number))
                self._tell(what, attempt)
        with warnings.catch_warnings():  # the Gaussian process grumbles about flat scores
            warnings.filterwarnings("ignore", module="sklearn.gaussian_process")
            return number in self._asked or self._ask(number)

    def share(self, number: int) -> float:
        """Return how long a trial is trained, in parts of a full training (Hyperband)."""
        units = getattr(self._oracle, "max_epochs", 1)
        return float(self._asked[number].get("tuner/epochs", units) / units)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._values = self._asked[number_of(attempts_of(study), trial.number)]

    def _ask(self, number: int) -> bool:
        asked = self._oracle.create_trial(str(number))
        if asked.status != "RUNNING":
            return False
        self._told.add(("begin", number))
        self._asked[number] = dict(asked.hyperparameters.values)
        return True

    def _tell(self, what: str, attempt: Attempt) -> None:
        if what == "begin":
            self._ask(attempt.number)
            return
        trial = self._oracle.ongoing_trials[str(attempt.number)]
        trial.status = "INVALID"
        if attempt.outcome == "completed":
            trial.status = "COMPLETED"
            self._oracle.update_trial(trial.trial_id, {"score": attempt.frozen.value})
        self._oracle.end_trial(trial)


def _events(attempts: Sequence[Attempt]) -> list[tuple[Any, str, Attempt]]:
    """Return beginnings and ends in the order in which they happened."""
    begun = [(a.frozen.datetime_start, "begin", a) for a in attempts if a.frozen.datetime_start]
    ended = [
        (a.frozen.datetime_complete, "end", a) for a in attempts if a.outcome not in (None, "lost")
    ]
    return sorted([*begun, *ended], key=lambda event: (event[0], event[2].frozen.number))


def make_oracle(
    algorithm: str,
    space: keras_tuner.HyperParameters,
    objective: keras_tuner.Objective,
    trials: int,
    seed: int,
) -> keras_tuner.Oracle:
    """Return an oracle that asks for `trials` trials and never stops because some failed.

    KerasTuner takes seed 0 for "random" and gives neighbouring seeds overlapping streams, so the
    seed is spread first.
    """
    most = 100 * trials  # infeasible ones do not count; the study keeps the budget
    common: dict[str, Any] = {
        "objective": objective,
        "hyperparameters": space,
        "seed": int(np.random.SeedSequence(seed).generate_state(1)[0]) or 1,
        "max_consecutive_failed_trials": most,
    }
    if algorithm == "kt-random":
        return Random(max_trials=most, **common)
    if algorithm == "bayesian":  # its default, three points per dimension, would leave no trial
        return Bayesian(max_trials=most, num_initial_points=5, **common)
    oracle = Hyperband(
        max_epochs=hyperband_units(trials), factor=FACTOR, hyperband_iterations=trials, **common
    )
    oracle.max_trials = most
    return oracle


def hyperband_units(trials: int) -> int:
    """Return the length of a full training, in Hyperband's units, that suits the number of trials.

    The largest power of three for which one sweep over all brackets fits into `trials` (6 trials
    for 3 units, 23 for 9, 70 for 27); below that 1, which is random search. Without it ten trials
    would all belong to the first bracket's shortest round.
    """
    units = 1
    while _sweep(units * FACTOR) <= trials - 1:  # one trial is the preset itself
        units *= FACTOR
    return units


def _sweep(units: int) -> int:
    """Count the trials of one Hyperband sweep, as KerasTuner sizes its brackets."""
    brackets = round(np.log(units) / np.log(FACTOR))
    end_size = 1 + brackets
    return sum(
        int(np.ceil(end_size / (bracket + 1) * FACTOR ** (bracket - rung)))
        for bracket in range(brackets + 1)
        for rung in range(bracket + 1)
    )
