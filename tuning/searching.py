"""The search: KerasTuner's space, Optuna's study, a process per trial, the best model as a run."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import keras_tuner

from tuning.augmentation.apply import check_augmentation
from tuning.limits import check_cost, check_limits
from tuning.outcome.winner import crown
from tuning.recipe import Recipe
from tuning.settings import Search
from tuning.spaces import default_recipe, point
from tuning.study.ledger import Study
from tuning.study.liveness import Heartbeat
from tuning.study.storage import answering
from tuning.sweep.cards import cards_for
from tuning.sweep.jobs import Plan
from tuning.sweep.loop import Sweep
from tuning.sweep.opening import begin
from tuning.sweep.pool import Pool, cores
from tuning.sweep.progress import Progress, Reporter, print_progress
from tuning.sweep.shared import sharing
from tuning.sweep.tensorboard import log_curves
from zoo import Data, ModelSpec, Run, UserError
from zoo.lock import locked


def search(
    preset: str,
    data: Data,
    *,
    directory: str | Path,
    search: Search | None = None,
    recipe: Recipe | None = None,
    overrides: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = print_progress,
) -> Run:
    """Search architecture and recipe around a preset, and leave the best model in a run folder.

    The first trial is the preset itself. Trials are compared on the validation rows; the test rows
    are not used. Each runs in a process of its own: one that fails, dies or cannot be built is
    recorded and the search goes on. Called again with the same arguments, or with more trials, it
    continues. Trial n is seeded from (seed, n) alone; with one job a search that was cut off and
    continued is the search that was not.

    Args:
        preset: a name from `zoo.list_models()`.
        data: from `zoo.load_data`.
        directory: the run folder; made if missing.
        search: how many trials, by which algorithm, and so on; None means `Search()`.
        recipe: the training around which is searched; None means the preset's own.
        overrides: factory arguments to hold fixed.
        on_progress: called when something has changed.

    Returns:
        The run folder: model, weights, recipe, history, the data's identity, the study.

    Raises:
        UserError: rows the family cannot take, limits that nothing meets, a folder or a storage
            that holds something else or is in use, a full disk, or no trial that completed.

    Examples:
        >>> search = tuning.Search(trials=1, jobs=1, repeats=0)
        >>> recipe = tuning.Recipe(epochs=1)
        >>> run = tuning.search(
        ...     "mlp_tiny", data, directory="runs/search", search=search, recipe=recipe
        ... )
        trial 1 of 1 ...
        >>> run.load_model().output_shape
        (None, 3)
    """
    run, settings = Run(Path(directory)), search or Search()
    base = recipe or default_recipe(preset, data, overrides)
    spec = ModelSpec.of(preset, data, overrides or {})
    check_cost(spec.build())  # what does not fit the data is a mistake, not a failed trial
    space = keras_tuner.HyperParameters()
    point(space, preset, spec.overrides, base)  # asking once declares every parameter
    _check(run, spec, data, base)
    cards = cards_for(settings.cards)
    check_limits(spec, base, space, settings, settings.seed)
    with locked(run.path), answering(settings.storage):
        files = run.path.resolve() / "trials"  # whatever folder a worker is in
        artifacts = Path(settings.artifacts or files)
        artifacts.mkdir(parents=True, exist_ok=True)
        with sharing(data, files / ".rows") as rows:
            study, share_of = begin(run, spec, data, base, space, settings, rows)
            plan = Plan(spec, base, space, rows, files, artifacts, settings, share_of)
            plan.tidy(study)
            jobs = settings.jobs or min(cores(), sum(map(bool, cards)) or cores())
            with Pool(jobs, run.path / "worker.log", cards) as pool:
                _sweep(study, plan, pool, data, on_progress)
                crown(run, study, plan, pool, data)
            plan.tidy(study, over=True)
            if not any(trial.state == "failed" for trial in study.trials()):
                (run.path / "worker.log").unlink(missing_ok=True)
    return run


def _check(run: Run, spec: ModelSpec, data: Data, base: Recipe) -> None:
    check_augmentation(base, data)
    if base.distill:
        raise UserError("A search has no teacher; set distill to 0, or train a single model.")
    if not len(data.x_validation):
        raise UserError(
            f"{data.name} has no validation rows; a search needs them to compare trials."
        )
    run.claim(spec, data)
    if run.exists() and not (run.path / "study.json").exists():
        raise UserError(
            f"{run.path} holds a model that was trained without a search. Give another folder."
        )


def _sweep(
    study: Study, plan: Plan, pool: Pool, data: Data, on_progress: Callable[[Progress], None]
) -> None:
    settings = plan.settings
    beats = None
    if settings.storage is not None:
        beats = Heartbeat(study, settings.heartbeat, 3 * settings.heartbeat)
    Sweep(
        study,
        pool,
        pool.jobs,
        prepare=plan.prepare,
        record=partial(plan.record, study),
        changed=Reporter(study, pool.jobs, data.metric, on_progress),
        heartbeat=beats,
        log=partial(log_curves, plan.files.parent / "tensorboard"),
    ).run()
