"""The answer of a search among families: each one's best beside models without a network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tuning.auto.finding import Field
from tuning.outcome.pareto import front
from tuning.outcome.reading import read_as, readings
from tuning.study.ledger import Attempt, Study, Trial
from zoo import Data
from zoo.baselines.rivals import measure_rivals
from zoo.devices.budget import figure
from zoo.presets.catalogue import family_of
from zoo.stages import stage
from zoo.tasks.metric import Metric

RIVALS = "rivals"  # as the study keeps them
BINDS = 0.8  # of a limit, from which it is what holds the winner back


def rivals(study: Study, data: Data) -> list[dict[str, Any]]:
    """Return the models without a network, measured once for a study."""
    known = study.study.user_attrs.get(RIVALS)
    if known is None:
        stage("fitting models without a network")
        known = [asdict(one) for one in measure_rivals(data)]
        study.study.set_user_attr(RIVALS, known)
    return list(known)


def answer(
    field: Field,
    trials: Sequence[Trial],
    attempts: Sequence[Attempt],
    best: Trial,
    rivals: Sequence[Mapping[str, Any]],
    limits: Mapping[str, float],
    metric: Metric,
) -> dict[str, Any]:
    """Return what `study.json` says of a search among families.

    Args:
        field: what was chosen from.
        trials: finished ones.
        attempts: all; they have the scores of pruned trials.
        best: the trial that is taken.
        rivals: from `rivals`.
        limits: of the file.
        metric: of the task.

    Returns:
        "families": the best of each, the best family first; "readings": the best of each way of
        reading, where there are several; "rivals": models without a network; "fallen": presets
        and ways that were not tried, and why; "sentences": what to make of it.
    """
    rows = _rows(field, trials, attempts, metric)
    best_of: dict[str, dict[str, Any]] = {}
    for row in rows:
        best_of.setdefault(row["family"], row)
    families = [*best_of.values()]
    read, by = readings(field, rows, read_as(field, best.values), metric)
    said = [
        by,
        _instead(best, rivals, limits, metric),
        _second(best, families, metric),
        *_binding(field, trials, best, limits, metric),
    ]
    return {
        "families": families,
        **({"readings": read} if read else {}),
        "rivals": [dict(one) for one in rivals],
        "fallen": [asdict(one) for one in (*field.fallen, *field.unread)],
        "sentences": [sentence for sentence in said if sentence],
    }


def _rows(
    field: Field, trials: Sequence[Trial], attempts: Sequence[Attempt], metric: Metric
) -> list[dict[str, Any]]:
    """Return the trials by their scores, the best first; pruned ones, where they ended, last."""
    reached = {
        a.number: a.frozen.intermediate_values[max(a.frozen.intermediate_values)]
        for a in attempts
        if a.frozen.intermediate_values
    }
    found: list[tuple[bool, dict[str, Any]]] = []
    for trial in trials:
        score = trial.score if trial.score is not None else reached.get(trial.number)
        if score is None or trial.state not in ("completed", "pruned"):
            continue
        row: dict[str, Any] = {
            "family": family_of(trial.preset).name,
            "preset": trial.preset,
            **read_as(field, trial.values),
            "number": trial.number,
            "score": score,
            "epochs": trial.epochs,
            "complete": trial.state == "completed" and not trial.cut,
            **trial.cost,
        }
        found.append((trial.state == "completed", row))
    placed = sorted(found, key=lambda one: (one[0], metric.better * one[1]["score"]), reverse=True)
    return [row for _, row in placed]


def _second(best: Trial, families: Sequence[Mapping[str, Any]], metric: Metric) -> str:
    own = family_of(best.preset).name
    other = next((row for row in families if row["family"] != own), None)
    if other is None:
        return ""
    cut = "" if other["complete"] else f" after {other['epochs']} epochs, where it was stopped"
    size = ""
    if "bytes" in other:  # which a trial of an older study may lack
        size = f"{',' * bool(cut)} at {other['bytes']:,} bytes"
    return (
        f"The second-best family is {other['family']} ({other['preset']}): "
        f"{metric.shown(other['score'])}{cut}{size}, against "
        f"{metric.shown(best.score or 0.0)} at {best.cost['bytes']:,}."
    )


def _instead(
    best: Trial,
    rivals: Sequence[Mapping[str, Any]],
    limits: Mapping[str, float],
    metric: Metric,
) -> str:
    """Return that a model without a network will do: one that scores no worse, the smallest."""
    score = metric.better * (best.score or 0.0)
    level = [one for one in rivals if metric.better * one["score"] >= score]
    if not level:
        return ""
    ahead = [one for one in level if metric.better * one["score"] > score]
    most = limits.get("bytes", math.inf)
    fitting = [one for one in level if one["bytes"] <= most]
    one = min(fitting or ahead or level, key=lambda other: other["bytes"])
    title = "the trees" if one["trees"] else "the linear model"
    compared = "beats" if one in ahead else "equals"
    fits = "" if one["bytes"] <= most else ", which is over the limit: not on the device"
    return (
        f"Take {title}: {one['name']} {compared} the best network on validation rows, "
        f"{metric.shown(one['score'])} against {metric.shown(best.score or 0.0)}, with about "
        f"{one['bytes']:,} bytes as C code ({best.cost['bytes']:,} here){fits}."
    )


def _binding(
    field: Field,
    trials: Sequence[Trial],
    best: Trial,
    limits: Mapping[str, float],
    metric: Metric,
) -> list[str]:
    """Return which limits hold the search back, and what lifting them would win."""
    over = {name: [one for one in field.fallen if name in one.limits] for name in limits}
    free = sum(trial.state == "infeasible" for trial in trials)
    found = []
    for name, most in limits.items():
        used = best.cost.get(name, 0.0) / most
        if used < BINDS and not over[name]:
            continue
        said = f"The limit of {name}, {most:,}, binds: the winner uses {used:.0%} of it"
        if over[name]:
            said += f", and {len(over[name])} presets fell out, {over[name][0].preset} first"
        found.append(f"{said}. {_slope(trials, metric, name)}")
    if found and free:
        found.append(f"{free} points were over a limit and not trained.")
    return found


def _slope(trials: Sequence[Trial], metric: Metric, name: str) -> str:
    """Return what the last step to more of a cost has won, as a measure of the next one."""
    direction = "maximize" if metric.better > 0 else "minimize"
    completed = [trial for trial in trials if trial.state == "completed"]
    rising = sorted(front(completed, direction, (name,)), key=lambda trial: trial.cost.get(name, 0))
    if len(rising) < 2:
        return "More of it has not scored better here: lifting it may win nothing."
    small, large = rising[-2:]
    return (
        f"From {figure(name, small.cost[name])} to {figure(name, large.cost[name])} the score "
        f"went from {metric.shown(small.score or 0.0)} to {metric.shown(large.score or 0.0)}: a "
        "hint at what lifting it would win."
    )
