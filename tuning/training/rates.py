"""Learning-rate range test."""

from dataclasses import dataclass

import keras
import numpy as np

from tuning.recipe import Recipe
from tuning.training.feeding import Batches, Feed
from tuning.training.fitting import check_fits
from tuning.training.losses import Targets, compile_for
from tuning.training.phase import adapt_inputs
from zoo import Data, UserError

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 100
SMOOTHING = 0.9  # of the curve's moving average
EXPLODED = 4.0  # times the lowest loss
MARGIN = 10.0  # below the rate at which the loss is lowest


@dataclass(frozen=True)
class RangeTest:
    """A learning rate, and the curve it was read from: smoothed loss at each rate tried.

    Examples:
        >>> model = zoo.create_model("mlp_tiny", data.input_shape, data.num_outputs)
        >>> test = tuning.find_learning_rate(model, data)
        >>> len(test.rates) == len(test.losses)
        True
    """

    learning_rate: float
    rates: list[float]
    losses: list[float]


def find_learning_rate(model: keras.Model, data: Data, recipe: Recipe | None = None) -> RangeTest:
    """Look for a peak learning rate by a range test (Smith 2017, arXiv:1506.01186, section 3.3).

    The rate grows from 1e-6 to 1 over 100 steps on training rows, until the loss explodes; a tenth
    of the rate at which the loss was lowest is proposed. The model's weights are put back.

    Args:
        model: as for `tuning.fit`, untrained.
        data: only training rows are used.
        recipe: all but its rate, schedule and warm-up are used; None means `Recipe()`.

    Raises:
        UserError: as `tuning.fit`; or a loss that no rate lowers.

    Examples:
        >>> model = zoo.create_model("mlp_tiny", data.input_shape, data.num_outputs)
        >>> rate = tuning.find_learning_rate(model, data).learning_rate
        >>> recipe = tuning.Recipe(epochs=20, learning_rate=rate)
    """
    recipe = recipe or Recipe()
    check_fits(model, data, recipe)
    before = model.get_weights()
    keras.utils.set_random_seed(recipe.seed)
    batches = Batches(Feed.of(data, Targets.of(data), recipe), 0)
    adapt_inputs(model, data)
    compile_for(model, data, recipe)
    growth = (HIGHEST / LOWEST) ** (1 / (STEPS - 1))
    schedule = keras.optimizers.schedules.ExponentialDecay(LOWEST, 1, growth)
    model.optimizer.learning_rate = schedule
    rates, losses = _curve(model, batches, growth)
    model.set_weights(before)
    lowest = int(np.argmin([*losses, np.inf]))
    if lowest == 0:
        raise UserError(
            f"No learning rate from {LOWEST} to {HIGHEST} lowers the loss of {model.name} on "
            f"{data.name}. Try `pocketzoo train --overfit 100`."
        )
    return RangeTest(rates[lowest] / MARGIN, rates, losses)


def _curve(model: keras.Model, batches: Batches, growth: float) -> tuple[list[float], list[float]]:
    """Return the rates, and the loss at each: a moving average without its bias to zero."""
    rates: list[float] = []
    losses: list[float] = []
    average = 0.0
    for step in range(STEPS):
        model.reset_metrics()
        loss = float(model.train_on_batch(*batches[step], return_dict=True)["loss"])
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        smooth = average / (1 - SMOOTHING ** (step + 1))
        if not np.isfinite(smooth) or (losses and smooth > EXPLODED * min(losses)):
            break
        rates.append(LOWEST * growth**step)
        losses.append(smooth)
    return rates, losses
