"""The model of a trial as a run folder: its weights, or a final training on more rows."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import keras

from tuning.outcome.anytime import Timing
from tuning.recipe import Recipe, without_stopping
from tuning.study.ledger import Trial
from tuning.sweep.jobs import Plan
from tuning.training.adjusting import adjustment_file, fold, measure
from tuning.training.fitting import announced, fit
from tuning.training.heldout import held_out_file, held_out_rows
from tuning.training.phase import Diverged, Fit, OnEpoch
from zoo import Data, ModelSpec, Run
from zoo.files import as_json
from zoo.run import load_weights


def keep(
    run: Run,
    plan: Plan,
    best: Trial,
    winner: ModelSpec,
    data: Data,
    summary: Mapping[str, Any],
    timing: Timing,
) -> bool:
    """Write a trial into the run folder, trained once more on all rows but the test rows.

    Returns whether it was; it is not where time ran out, or where the training diverged.

    The adjustment is that of the trial's own weights, which have not seen the validation rows.
    """
    recipe = recipe_like(best)
    model = _fresh(winner, recipe)
    fetched, history = plan.files / "best.h5", None
    if plan.fetch(best, fetched):
        load_weights(model, fetched)
    else:
        # its weights are elsewhere; the seed brings them back
        told = announced("training the best trial again", recipe)
        history = fit(model, data, recipe, on_epoch=told)
    fetched.unlink(missing_ok=True)
    adjustment = measure(model, data)
    held_out, refitted = held_out_rows(data, summary["refit"]), None
    if summary["refit"]:
        refitted = _refitted(winner, recipe, best, data.merged(held_out), timing)
    if refitted is not None:
        model, history = refitted
    elif timing.clock.limited:
        summary, held_out = {**summary, "refit": False}, held_out_rows(data, False)
    fold(model, adjustment)
    files: dict[str, str | bytes] = {
        "study.json": as_json(summary),
        "recipe.json": as_json(asdict(recipe)),
        "history.csv": history.to_csv() if history else "",
        **adjustment_file(adjustment),
        **held_out_file(data, held_out),
    }
    run.save(model, winner, data, files)
    return refitted is not None


def recipe_like(best: Trial) -> Recipe:
    """Return the recipe of a training like a trial's: one that was cut is as long as it was."""
    recipe = Recipe(**best.recipe)
    return replace(recipe, epochs=best.epochs) if best.cut else recipe


def _refitted(
    winner: ModelSpec, recipe: Recipe, best: Trial, data: Data, timing: Timing
) -> tuple[keras.Model, Fit] | None:
    """Return the winner trained on all rows but the test rows; None if it was not to the end."""
    model, all_rows = _fresh(winner, recipe), without_stopping(recipe, best.epochs)
    told = _until(timing, best, announced("training on all rows but the test rows", all_rows))
    with suppress(Diverged):  # the trial's own weights are good; they stay
        history = fit(model, data, all_rows, on_epoch=told)
        return (model, history) if history.epochs == best.epochs else None
    return None


def _until(timing: Timing, best: Trial, told: OnEpoch) -> OnEpoch:
    """Return `told`, which ends the training where no time is left for it."""

    def tell(epoch: int, curves: Mapping[str, float]) -> bool:
        timing.clock.note()
        return told(epoch, curves) and timing.clock.left > timing.filing(best) / 2

    return tell


def _fresh(spec: ModelSpec, recipe: Recipe) -> keras.Model:
    keras.utils.clear_session()
    keras.utils.set_random_seed(recipe.seed)
    return spec.build()
