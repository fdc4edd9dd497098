"""KerasTuner's oracles: asking for the preset first, with any seed, surviving any failure."""

from typing import Any

import keras_tuner
import numpy as np

from zoo.checks import one_of

ALGORITHMS = ("random", "bayesian", "hyperband")
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
    one_of("algorithm", algorithm, ALGORITHMS)
    common: dict[str, Any] = {
        "objective": objective,
        "hyperparameters": space,
        "seed": int(np.random.SeedSequence(seed).generate_state(1)[0]) or 1,
        "max_consecutive_failed_trials": trials + 1,
    }
    if algorithm == "random":
        return Random(max_trials=trials, **common)
    if algorithm == "bayesian":  # its default, three points per dimension, would leave no trial
        return Bayesian(max_trials=trials, num_initial_points=5, **common)
    oracle = Hyperband(
        max_epochs=hyperband_units(trials), factor=FACTOR, hyperband_iterations=trials, **common
    )
    oracle.max_trials = trials
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
