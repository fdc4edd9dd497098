"""Learning-rate schedules."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tuning.recipe import Recipe


class Broken(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that is linear between given steps, and constant after the last.

    Args:
        steps: where it bends, growing, the first 0.
        rates: the rate there.
    """

    def __init__(self, steps: Sequence[float], rates: Sequence[float]) -> None:
        self.steps, self.rates = list(steps), list(rates)

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32")
        rate, slope = self.rates[0], 0.0
        for n in range(len(self.steps) - 1):
            width = self.steps[n + 1] - self.steps[n]
            bend = (self.rates[n + 1] - self.rates[n]) / width
            rate = rate + (bend - slope) * ops.relu(step - self.steps[n])
            slope = bend
        return rate - slope * ops.relu(step - self.steps[-1])

    def get_config(self) -> dict[str, Any]:
        return {"steps": self.steps, "rates": self.rates}


def rate_of(recipe: Recipe, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return the schedule of a recipe for a training of `steps` steps.

    The one cycle rises from a tenth of the peak for 45 % of the steps, falls as long, and ends
    toward a hundredth of where it began.
    """
    peak, warmup = recipe.learning_rate, int(recipe.warmup * steps)
    if recipe.schedule == "one-cycle":
        return Broken(
            [0, 0.45 * steps, 0.9 * steps, steps], [peak / 10, peak, peak / 10, peak / 1000]
        )
    if recipe.schedule == "constant":
        return Broken([0, warmup], [0.0, peak]) if warmup else Broken([0], [peak])
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else peak,
        steps - warmup,
        warmup_target=peak if warmup else None,
        warmup_steps=warmup,
    )
