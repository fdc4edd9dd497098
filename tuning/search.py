"""The search: KerasTuner's space, Optuna's study, a process per trial, the best model as a run."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import keras_tuner
from optuna.artifacts import FileSystemArtifactStore

from tuning.augmentation.apply import check_augmentation
from tuning.limits import check_cost, check_limits
from tuning.outcome.winner import crown
from tuning.recipe import Recipe
from tuning.settings import Settings
from tuning.spaces import default_recipe, point
from tuning.study.ledger import Study
from tuning.study.liveness import Heartbeat
from tuning.study.oracles import ORACLES
from tuning.study.storage import answering
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
    trials: int = 10,
    algorithm: str = "tpe",
    seed: int = 0,
    recipe: Recipe | None = None,
    overrides: Mapping[str, Any] | None = None,
    refit: bool = True,
    jobs: int | None = None,
    prune: str | None = None,
    objective: str = "float",
    limits: Mapping[str, int] | None = None,
    pick: str = "best",
    again: int = 3,
    storage: str | None = None,
    artifacts: str | Path | None = None,
    heartbeat: float = 60.0,
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
        trials: how many to finish, at least 1; failed and pruned ones count, infeasible ones not.
        algorithm: "tpe", "gp", "cmaes" or "nsga2" (after ten points of a Sobol sequence), "sobol",
            "random"; or KerasTuner's own "kt-random", "bayesian", "hyperband".
        seed: of the search and of every trial, at least 0.
        recipe: the training around which is searched; None means the preset's own.
        overrides: factory arguments to hold fixed.
        refit: train the winner once more on training and validation rows together, for as many
            epochs as its trial took.
        jobs: trials at a time on this machine, sharing its cores; None is one a core.
        prune: "median", "halving" (ASHA) or "none"; see `tuning.study.pruning`. None is "none" for
            KerasTuner's own algorithms, else "median".
        objective: "float" scores the model, "int8" its quantization twin.
        limits: most that the int8 file may cost, by the names of `zoo.cost.estimate.Cost`:
            "bytes", "macs", "arena"; a model over them is not trained.
        pick: "best"; "smallest-within:P", the smallest file within P points (percent of RMSE) of
            the best score; or "trial:N". Asked for another one, a finished search just takes it.
        again: how often the winner is trained with other seeds, to tell its spread.
        storage: URL of a database that machines share, each with the same command; None is a
            journal in the run folder.
        artifacts: folder for the weights of the best trials, if it is to be a shared one.
        heartbeat: seconds between the signs of life in a shared storage; after three silent ones
            what a machine was running is run again.
        on_progress: called when something has changed.

    Returns:
        The run folder: model, weights, recipe, history, the data's identity, the study.

    Raises:
        UserError: an argument out of range, rows the family cannot take, limits that nothing
            meets, a folder or a storage that holds something else or is in use, a full disk, or no
            trial that completed.
    """
    run = Run(Path(directory))
    settings = Settings(
        trials=trials,
        algorithm=algorithm,
        seed=seed,
        refit=refit,
        jobs=cores() if jobs is None else jobs,
        prune=prune or ("none" if algorithm in ORACLES else "median"),
        objective=objective,
        pick=pick,
        again=again,
        storage=storage,
        artifacts=Path(artifacts) if artifacts else run.path / "trials",
        heartbeat=heartbeat,
        limits=dict(limits or {}),
    )
    base = recipe or default_recipe(preset, data)
    spec = ModelSpec.of(preset, data, overrides or {})
    check_cost(spec.build())  # what does not fit the data is a mistake, not a failed trial
    space = keras_tuner.HyperParameters()
    point(space, preset, spec.overrides, base)  # asking once declares every parameter
    _check(run, spec, data, base)
    check_limits(spec, base, space, settings.limits, seed)
    with locked(run.path), answering(storage):
        files = run.path.resolve() / "trials"  # whatever folder a worker is in
        settings.artifacts.mkdir(parents=True, exist_ok=True)
        store = FileSystemArtifactStore(settings.artifacts)
        with sharing(data, files / ".rows") as rows:
            study, share_of = begin(run, spec, data, base, space, settings, rows)
            plan = Plan(spec, base, space, rows, files, store, settings, share_of)
            plan.tidy(study)
            with Pool(settings.jobs, run.path / "worker.log") as pool:
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
        settings.jobs,
        prepare=plan.prepare,
        record=partial(plan.record, study),
        changed=Reporter(study, settings.jobs, data.metric, on_progress),
        heartbeat=beats,
        log=partial(log_curves, plan.files.parent / "tensorboard"),
    ).run()
