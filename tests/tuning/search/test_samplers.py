"""Samplers: the point of the space that each trial tries."""

from typing import Any

import keras_tuner
import numpy as np
import optuna
import pytest

import zoo
from tuning.spaces import default_recipe, point
from tuning.study.samplers import Sobol, at_share, free, make_sampler, suggest


def test_sobol_points_are_spread_and_only_active_parameters_are_asked() -> None:
    space = keras_tuner.HyperParameters()
    point(space, "vit_tiny", {}, default_recipe("vit_tiny"))
    study = optuna.create_study()
    names = [parameter.name for parameter in free(space)]
    shares = np.array(
        [[Sobol(names, 0, n)._values[name] for name in names] for n in range(32)], np.float64
    )
    assert all(np.abs(np.histogram(column, 4, (0, 1))[0] - 8).max() <= 1 for column in shares.T)
    for n in range(8):
        study.sampler = Sobol(names, 0, n)
        trial = study.ask()
        values = suggest(trial, space)
        assert set(values) == {parameter.name for parameter in space.space}
        assert ("weight_decay" in trial.params) == values["decay_weights"]


@pytest.mark.parametrize(
    ("distribution", "shares", "values"),
    [
        (optuna.distributions.IntDistribution(1, 3), (0.0, 0.5, 0.99), (1, 2, 3)),
        (optuna.distributions.IntDistribution(4, 12, step=4), (0.0, 0.5, 0.99), (4, 8, 12)),
        (optuna.distributions.FloatDistribution(0, 2), (0.0, 0.5), (0, 1)),
        (optuna.distributions.FloatDistribution(1, 100, log=True), (0.0, 0.5), (1, 10)),
        (optuna.distributions.FloatDistribution(0, 1, step=0.5), (0.0, 0.5, 0.9), (0, 0.5, 1)),
        (optuna.distributions.CategoricalDistribution(["a", "b"]), (0.4, 0.5), ("a", "b")),
    ],
)
def test_a_share_of_a_range(distribution: Any, shares: Any, values: Any) -> None:
    assert [at_share(distribution, share) for share in shares] == pytest.approx(list(values))


def test_what_optuna_cannot_sample() -> None:
    space = keras_tuner.HyperParameters()
    space.Int("list", 1, 8, step=2, sampling="log")
    assert suggest(optuna.create_study().ask(), space)["list"] in (1, 2, 4, 8)
    space.Float("x", 1.0, 2.0, sampling="reverse_log")
    with pytest.raises(zoo.UserError, match="x is sampled by reverse_log, which Optuna"):
        suggest(optuna.create_study().ask(), space)


def test_a_sampler_that_would_take_too_long_is_changed_with_a_notice() -> None:
    space = keras_tuner.HyperParameters()
    space.Float("x", 0.0, 1.0)
    with pytest.warns(UserWarning, match="tpe takes too long beyond 2500 finished trials"):
        sampler = make_sampler("tpe", free(space), 0, 3_001, 3_001)
    assert isinstance(sampler, Sobol)
