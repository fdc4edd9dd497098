"""The search: KerasTuner asks, `fit` answers, the study remembers, the best model becomes a run.

KerasTuner keeps its own files in a throw-away folder. What is worth keeping is in `study.log`:
running a search again replays the log through the same oracle, which asks the same questions, and
goes on where the answers end.
"""

import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from tuning.oracles import ALGORITHMS, make_oracle
from tuning.recipe import Diverged, Fit, Recipe, fit, without_stopping
from tuning.spaces import default_recipe, point
from tuning.study import Study, Trial
from tuning.tuner import Progress, StudyTuner, print_progress
from zoo import Data, ModelSpec, Run, UserError
from zoo.checks import at_least, one_of
from zoo.run import as_json, load_weights

KEPT = 3  # trials whose weights stay after the search


def search(
    preset: str,
    data: Data,
    *,
    directory: str | Path,
    trials: int = 10,
    algorithm: str = "random",
    seed: int = 0,
    recipe: Recipe | None = None,
    overrides: Mapping[str, Any] | None = None,
    refit: bool = True,
    on_trial: Callable[[Progress], None] = print_progress,
) -> Run:
    """Search architecture and recipe around a preset, and leave the best model in a run folder.

    The first trial is the preset itself. Trials are compared on the validation rows; the test rows
    are not used. A trial that fails or cannot be built is recorded and the search goes on. Called
    again with the same arguments, or with more trials, it continues.

    Args:
        preset: a name from `zoo.list_models()`.
        data: from `zoo.load_data`.
        directory: the run folder; made if missing.
        trials: how many, at least 1; failed and infeasible ones count.
        algorithm: "random", "bayesian" (Gaussian process after 5 trials) or "hyperband" (short
            trainings for many, longer ones for the best third; each is a complete training).
        seed: of the search and of every trial, at least 0.
        recipe: the training around which is searched; None means the preset's own.
        overrides: factory arguments to hold fixed.
        refit: train the winner once more on training and validation rows together, for as many
            epochs as its trial took.
        on_trial: called after every trial.

    Returns:
        The run folder: model, weights, recipe, history, the data's identity, the study.

    Raises:
        UserError: an argument out of range, rows the family cannot take, a folder that holds
            something else, or no trial that completed.
    """
    at_least("trials", trials, 1)
    at_least("seed", seed, 0)
    one_of("algorithm", algorithm, ALGORITHMS)
    base = recipe or default_recipe(preset)
    spec = ModelSpec(preset, data.input_shape, data.num_outputs, dict(overrides or {}))
    spec.build()  # a preset that does not fit the data is a mistake, not a failed trial
    if not len(data.x_validation):
        raise UserError(
            f"{data.name} has no validation rows; a search needs them to compare trials."
        )
    run, study = Run(Path(directory)), Study(Path(directory))
    run.claim(spec, data)
    if run.exists() and not study.log.exists():
        raise UserError(
            f"{directory} holds a model that was trained without a search. Give another folder."
        )
    study.begin(_identity(spec, data, base, algorithm, trials, seed))
    direction = "max" if data.task == "classification" else "min"
    space = keras_tuner.HyperParameters()
    point(space, preset, spec.overrides, base)  # asking once declares every parameter
    with tempfile.TemporaryDirectory() as throw_away:
        objective = keras_tuner.Objective("score", direction)
        oracle = make_oracle(algorithm, space, objective, trials, seed)
        tuner = StudyTuner(oracle, spec, data, base, study, seed, on_trial, throw_away)
        with warnings.catch_warnings():  # the Gaussian process grumbles about flat scores
            warnings.filterwarnings("ignore", module="sklearn.gaussian_process")
            tuner.search(verbose=0)
    ranked = study.ranked(direction, tuner.done)
    summary = _summary(tuner.done, ranked[0], algorithm, direction, refit)
    if not _is_kept(run, summary):
        _keep(run, study, ranked[0], spec, data, summary)
    for trial in ranked[KEPT:]:
        study.drop_weights(trial)
    return run


def _identity(
    spec: ModelSpec, data: Data, base: Recipe, algorithm: str, trials: int, seed: int
) -> dict[str, Any]:
    """Return what makes two searches the same. Hyperband's rungs depend on the number of trials."""
    identity = {
        "preset": spec.preset,
        "overrides": dict(spec.overrides),
        "data": data.name,
        "hash": data.hash,
        "algorithm": algorithm,
        "seed": seed,
        "recipe": asdict(base),
    }
    return identity | ({"trials": trials} if algorithm == "hyperband" else {})


def _summary(
    done: list[Trial], best: Trial, algorithm: str, direction: str, refit: bool
) -> dict[str, Any]:
    states = [trial.state for trial in done]
    return {
        "algorithm": algorithm,
        "trials": {state: states.count(state) for state in ("completed", "infeasible", "failed")},
        "best": asdict(best) | {"weights": None},
        "direction": direction,
        "refit": refit,
        "seconds": round(sum(trial.seconds for trial in done), 3),
    }


def _is_kept(run: Run, summary: dict[str, Any]) -> bool:
    try:
        run.file("weights.h5"), run.file("model.json"), run.file("data.json")
        return run.read_json("study.json") == summary
    except UserError:  # unfinished or damaged: it is written again
        return False


def _keep(
    run: Run, study: Study, best: Trial, spec: ModelSpec, data: Data, summary: dict[str, Any]
) -> None:
    """Write the winner into the run folder, trained once more on all rows but the test rows."""
    keras.utils.clear_session()
    recipe = Recipe(**best.recipe)
    winner = ModelSpec(spec.preset, spec.input_shape, spec.num_outputs, best.overrides)
    keras.utils.set_random_seed(recipe.seed)
    model = winner.build()
    history = None
    if summary["refit"]:
        history = _refit(model, data.merged(), without_stopping(recipe, best.epochs))
    if history is None and best.weights is None:
        history = fit(model, data, recipe)  # dropped after a longer search; the seed brings it back
    if history is None and best.weights is not None:
        load_weights(model, study.folder / best.weights[0])
    files: dict[str, str | bytes] = {
        "study.json": as_json(summary),
        "recipe.json": as_json(asdict(recipe)),
        "history.csv": history.to_csv() if history else "",
    }
    run.save(model, winner, data, files)


def _refit(model: keras.Model, data: Data, recipe: Recipe) -> Fit | None:
    try:
        return fit(model, data, recipe)
    except Diverged:  # the trial's own weights are good; they stay
        return None
