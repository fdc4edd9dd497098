"""From the best trial to a run folder: spread over seeds, final training, files."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from statistics import mean, stdev
from typing import Any

from tuning.outcome.answer import answer, rivals
from tuning.outcome.anytime import HELD, Finish, Timing
from tuning.outcome.keeping import keep, recipe_like
from tuning.outcome.lessons import advise, importances
from tuning.outcome.pareto import axes, choose, front
from tuning.outcome.reading import read_as
from tuning.recipe import seed_of
from tuning.spaces.candidates import named, way_of
from tuning.study.ledger import Study, Trial, ranked
from tuning.sweep.jobs import Plan
from tuning.sweep.pool import Pool
from tuning.sweep.progress import count_states
from tuning.sweep.repeats import run_jobs
from tuning.sweep.shared import Job
from zoo import Data, ModelSpec, Run, UserError
from zoo.data.ways import Way
from zoo.files import as_json
from zoo.stages import stage

AGAIN = 1_000_000  # seeds of a repeated training begin there
FINISH, AGAIN_KNOWN = "finish", "again"  # what the study keeps: the plan, and scores by other seeds


def _repeats(plan: Plan, best: Trial, count: int) -> list[Job]:
    """Return the jobs that train the best trial again, with other seeds."""
    recipe = recipe_like(best)
    jobs = []
    for n in range(count):
        own = replace(recipe, seed=seed_of(recipe.seed, AGAIN + n))
        name = f"{best.number:05d}-again{n}"
        jobs.append(plan.job(name, _spec_of(plan, best), own, _way_of(plan, best)))
    return jobs


def crown(run: Run, study: Study, plan: Plan, pool: Pool, data: Data, timing: Timing) -> None:
    """Choose among the finished trials, and write the run folder unless it holds the choice.

    Raises:
        UserError: no trial was completed; the message gives the first reason.
    """
    trials = study.trials()
    order = ranked(study.direction, trials)
    if not order:
        first = f" The first: {trials[0].message}" if trials else ""
        raise UserError(f"None of {len(trials)} trials was completed.{first}")
    best = choose(order, plan.settings.picked, study.direction, len(data.x_validation))[0]
    held = run.exists() and study.study.user_attrs.get(HELD) == best.number
    if held and timing.clock.limited and timing.clock.left < timing.filing(best):
        return  # a file of it has been made, and there is no time for another
    finish = decided(study, best, timing)
    left = partial(timing.spare, best, finish.refit)
    again = _again(study, plan, pool, best, finish.repeats, left)
    summary = _summary(study, plan, order, again, data) | {"refit": finish.refit}
    if _is_kept(run, summary):
        return
    rows = plan.data.read(_way_of(plan, best))
    refitted = keep(run, plan, best, _spec_of(plan, best), rows, summary, timing)
    if finish.refit and not refitted and timing.clock.limited:
        _decide(study, best, replace(finish, refit=False))


def hold(run: Run, study: Study, plan: Plan, data: Data, best: Trial, timing: Timing) -> None:
    """Write a trial into the run folder while the search goes on: as it is, without repeats."""
    order = ranked(study.direction, study.trials())
    summary = _summary(study, plan, order, {"scores": []}, data) | {"refit": False}
    rows = plan.data.read(_way_of(plan, best))
    keep(run, plan, best, _spec_of(plan, best), rows, summary, timing)


def decided(study: Study, best: Trial, timing: Timing) -> Finish:
    """Return what is done with the winner; once decided it stays, so that a finished search does.

    Nothing is left out where there is no budget in time.
    """
    finish = timing.plan(best)
    if not timing.clock.limited:
        return finish
    known = study.study.user_attrs.get(FINISH, {})
    again = study.study.user_attrs.get(AGAIN_KNOWN, {})
    if known.get("number") == best.number:
        done = again.get("number") == best.number and again.get("asked") == known["repeats"]
        if done or timing.clock.left > timing.filing(best):
            return Finish(known["repeats"], known["refit"])
    if timing.clock.left < timing.filing(best):  # of a command that was killed late
        finish = Finish(0, False)
    return _decide(study, best, finish)


def _decide(study: Study, best: Trial, finish: Finish) -> Finish:
    decision = {"number": best.number, "repeats": finish.repeats, "refit": finish.refit}
    study.study.set_user_attr(FINISH, decision)
    return finish


def _summary(
    study: Study, plan: Plan, order: list[Trial], again: Mapping[str, Any], data: Data
) -> dict[str, Any]:
    """Return what `study.json` says; `order` are the completed trials, the best first."""
    trials, direction = study.trials(), study.direction
    shortlist = choose(order, plan.settings.picked, direction, len(data.x_validation))
    best = shortlist[0]
    found: dict[str, Any] = {}
    if plan.field.auto:
        found["answer"] = answer(
            plan.field,
            trials,
            study.attempts(),
            best,
            rivals(study, data),
            plan.settings.limits,
            data.task.metric,
        )
    return found | {
        "algorithm": plan.settings.algorithm,
        "objective": plan.settings.objective,
        "pick": plan.settings.picked,
        "limits": dict(plan.settings.limits),
        **_device(plan),
        "trials": count_states(trials),
        "best": asdict(best) | {"weights": None},
        "again": again,
        "history": [_shown(plan, trial) | {"state": trial.state} for trial in trials],
        "axes": axes(order),
        "front": [_shown(plan, trial) for trial in front(order, direction)],
        "shortlist": [_shown(plan, trial) for trial in shortlist],
        "importance": importances(study.study),
        "advice": [
            *advise(plan.space, trials, best, study.attempts(), direction),
            *_unrepeated(again),
        ],
        "direction": direction[:3],
        "seconds": round(sum(trial.seconds for trial in trials), 3),
    }


def _device(plan: Plan) -> dict[str, Any]:
    return {} if plan.settings.device is None else {"device": plan.settings.device}


def _again(
    study: Study, plan: Plan, pool: Pool, best: Trial, count: int, left: Callable[[], float]
) -> dict[str, Any]:
    """Return the scores of the best trial's training with other seeds; run once, then known.

    Those that were cut, as nothing was left of the time for them, are counted.
    """
    known = study.study.user_attrs.get(AGAIN_KNOWN, {})
    if known.get("number") != best.number or known.get("asked") != count:
        jobs = _repeats(plan, best, count)
        if jobs:
            stage(f"training the best trial with {count} other seeds")
        scores = [result["score"] for result in run_jobs(pool, jobs, left)]
        cut = count - len(scores) if left() <= 0 else 0
        known = {"number": best.number, "asked": count, "scores": scores, "cut": cut}
        study.study.set_user_attr(AGAIN_KNOWN, known)
    scores = known["scores"]
    found: dict[str, Any] = {"scores": scores}
    if len(scores) > 1:
        found |= {"mean": mean(scores), "std": stdev(scores)}
    if known.get("cut"):
        found["cut"] = known["cut"]
    return found


def _unrepeated(again: Mapping[str, Any]) -> list[str]:
    """Return a sentence on the repeats that were cut."""
    cut, done = again.get("cut", 0), len(again["scores"])
    if not cut:
        return []
    return [f"Time was up for {cut} of {cut + done} trainings with other seeds; they do not count."]


def _shown(plan: Plan, trial: Trial) -> dict[str, Any]:
    named = {"preset": trial.preset} if trial.preset else {}
    named |= read_as(plan.field, trial.values)
    return {"number": trial.number, "score": trial.score} | named | dict(trial.cost)


def _is_kept(run: Run, summary: Mapping[str, Any]) -> bool:
    """Tell whether the folder already holds the winner of this very study."""
    try:
        run.file("weights.h5"), run.file("model.json"), run.file("data.json")
        return bool(run.read_json("study.json") == json.loads(as_json(summary)))
    except UserError:  # unfinished or damaged: it is written again
        return False


def model_of(spec: ModelSpec, trial: Trial) -> ModelSpec:
    """Return the model of a trial of a search for `spec`.

    Raises:
        UserError: the study, which may be a stranger's, has other weights than were asked for.
    """
    found = replace(spec, overrides=trial.overrides)
    if found.sources() != spec.sources():
        raise UserError(
            f"Trial {trial.number} of the study takes its weights from elsewhere than "
            f"{spec.preset}. Search in a new folder: give another --out."
        )
    return found


def _spec_of(plan: Plan, trial: Trial) -> ModelSpec:
    candidate = named(plan.field.candidates, trial.preset)
    return model_of(candidate.read(_way_of(plan, trial)).spec, trial)


def _way_of(plan: Plan, trial: Trial) -> Way | None:
    return way_of(plan.field.ways, trial.values)
