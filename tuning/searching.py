"""The search: KerasTuner's space, Optuna's study, a process per trial, the best model as a run."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tuning.augmentation.apply import check_augmentation
from tuning.auto.field import field_of
from tuning.auto.finding import Field, Lacks
from tuning.limits import check_limits
from tuning.outcome.anytime import Timing, better_file, first_file, make_timing
from tuning.outcome.winner import crown, hold
from tuning.recipe import Recipe
from tuning.settings import Search
from tuning.spaces.candidates import declare
from tuning.study.ledger import Study, Trial
from tuning.study.liveness import Heartbeat
from tuning.study.storage import answering
from tuning.sweep.cards import cards_for
from tuning.sweep.jobs import Plan
from tuning.sweep.loop import Sweep
from tuning.sweep.opening import begin
from tuning.sweep.pacing import first_seconds, screened
from tuning.sweep.pool import Pool, cores
from tuning.sweep.progress import Progress, Reporter, print_progress
from tuning.sweep.readings import Readings
from tuning.sweep.shared import sharing
from tuning.sweep.tensorboard import log_curves
from zoo import Data, ModelSpec, Run, UserError
from zoo.data.ways import Way
from zoo.files import read_json
from zoo.folder import FILES
from zoo.lock import locked
from zoo.readers.loading import read_again


def search(
    preset: str | None,
    data: Data,
    *,
    directory: str | Path,
    search: Search | None = None,
    recipe: Recipe | None = None,
    overrides: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], None] = print_progress,
    on_model: Callable[[Run], None] = lambda run: None,
    lacks: Lacks | None = None,
    started: float | None = None,
) -> Run:
    """Search architecture and recipe, and leave the best model in a run folder.

    The first trial is the preset itself; without one, the presets that take the data and fit the
    limits, in the order of `zoo.advise`, and then what is searched around all of them. Trials are
    compared on the validation rows; the test rows are not used. Each runs in a process of its own:
    one that fails, dies or cannot be built is recorded and the search goes on. Called again with
    the same arguments, or with more trials, it continues. Trial n is seeded from (seed, n) alone;
    with one job a search that was cut off and continued is the search that was not, unless it has a
    budget in time (`Search.minutes`).

    Args:
        preset: a name from `zoo.list_models()`; None or "auto" chooses among all.
        data: from `zoo.load_data`.
        directory: the run folder; made if missing.
        search: how many trials, by which algorithm, and so on; None means `Search()`.
        recipe: the training around which is searched; None means the preset's own. Without a preset
            the fields that differ from `Recipe()` replace those of each preset's own.
        overrides: factory arguments to hold fixed.
        on_progress: called when something has changed.
        on_model: under a budget in time called when the run folder holds a first model, and later
            better ones; what it takes is planned for the end, too.
        lacks: without a preset: runtime -> operators that it lacks; a model that needs one of them
            is not tried.
        started: `time.monotonic()` when the command began, if the time before this call counts.

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
    started = time.monotonic() if started is None else started
    run, settings = Run(Path(directory)), search or Search()
    if not len(data.x_validation):
        raise UserError(
            f"{data.name} has no validation rows; a search needs them to compare trials."
        )
    field = field_of(preset, data, settings, recipe, overrides, lacks)
    space = declare(field.candidates, field.ways)
    _check(run, field, data)
    cards = cards_for(settings.cards)
    if not field.auto:
        (one,) = field.candidates
        check_limits(one.spec, one.recipe, space, settings, settings.seed)
    with locked(run.path), answering(settings.storage):
        files = run.path.resolve() / "trials"  # whatever folder a worker is in
        artifacts = Path(settings.artifacts or files)
        artifacts.mkdir(parents=True, exist_ok=True)
        with sharing(data, files / ".rows") as rows:
            study, share_of = begin(run, field, data, space, settings, rows)
            plan = Plan(
                field,
                space,
                Readings(data, rows),
                files,
                artifacts,
                settings,
                share_of,
                screen=screened(len(data.x_train)) if field.auto else 0,
                first=first_seconds(settings.minutes),
                rows=len(data.x_train),
            )
            plan.tidy(study)
            jobs = settings.jobs or min(cores(), sum(map(bool, cards)) or cores())
            with Pool(jobs, run.path / "worker.log", cards) as pool:
                timing = make_timing(study, plan, pool.jobs, data, started)
                _run(run, study, plan, pool, data, timing, on_progress, on_model)
                crown(run, study, plan, pool, data, timing)
            plan.tidy(study, over=True)
            if not any(trial.state == "failed" for trial in study.trials()):
                (run.path / "worker.log").unlink(missing_ok=True)
    return run


def _check(run: Run, field: Field, data: Data) -> None:
    for one in field.candidates:
        check_augmentation(one.recipe, data)
        if one.recipe.distill:
            raise UserError("A search has no teacher; set distill to 0, or train a single model.")
    way = _held_as(run, data)
    run.claim(_held(run, field), data if way is None else read_again(data, way))
    if run.exists() and not (run.path / "study.json").exists():
        raise UserError(
            f"{run.path} holds a model that was trained without a search. Give another folder."
        )


def _held(run: Run, field: Field) -> ModelSpec:
    """Return the candidate that the folder holds, else the first."""
    held = run.spec().preset if "model.json" in run.files() else ""
    return next(
        (one.spec for one in field.candidates if one.spec.preset == held),
        field.candidates[0].spec,
    )


def _held_as(run: Run, data: Data) -> Way | None:
    """Return the way in which the rows of the folder's model were read; None where none is known.

    Their hash is in the folder, so that they must be read so to see whether they are the same.
    """
    path = run.path / "data.json"
    held = read_json(path, FILES[path.name]) if data.ways and path.is_file() else {}
    return next((way for way in data.ways if way.made(held)), None)


def _run(
    run: Run,
    study: Study,
    plan: Plan,
    pool: Pool,
    data: Data,
    timing: Timing,
    on_progress: Callable[[Progress], None],
    on_model: Callable[[Run], None],
) -> None:
    """Run the trials; under a budget in time a short one first, and files of better models."""
    reporter = Reporter(study, pool.jobs, data.metric, on_progress, timing.left)

    def make(best: Trial) -> None:
        hold(run, study, plan, data, best, timing)
        on_model(run)

    def sweep(part: Study) -> None:
        between = partial(better_file, run, study, timing, make)
        _sweep(part, plan, pool, reporter, timing, between)

    if timing.clock.limited:
        first_file(run, study, plan, timing, partial(sweep, replace(study, budget=1)), make)
    sweep(study)


def _sweep(
    study: Study,
    plan: Plan,
    pool: Pool,
    reporter: Reporter,
    timing: Timing,
    between: Callable[[], None],
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
        changed=reporter,
        heartbeat=beats,
        log=partial(log_curves, plan.files.parent / "tensorboard"),
        over=timing.over,
        between=between,
    ).run()
