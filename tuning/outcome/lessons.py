"""Lessons from a finished search, in the sense of Google's Tuning Playbook.

https://github.com/google-research/tuning_playbook
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import keras_tuner
import optuna
from optuna.trial import TrialState

from tuning.study.ledger import Attempt, Trial
from tuning.study.samplers import free

EDGE = 0.05  # of a range, counts as its edge
ENOUGH = 6  # completed trials, below which nothing can be said of importance


def importances(study: optuna.Study) -> dict[str, float]:
    """Return how much of the scores' variance each hyperparameter explains, the largest first.

    Functional ANOVA (Hutter et al. 2014) over the completed trials; conditional parameters are
    left out. Empty where there are too few trials, or all scores are the same.
    """
    scores = [t.value for t in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])]
    if len(scores) < ENOUGH or len(set(scores)) == 1:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of constant parameters and the like
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: round(share, 4) for name, share in found.items()}


def advise(
    space: keras_tuner.HyperParameters,
    trials: Sequence[Trial],
    best: Trial,
    attempts: Sequence[Attempt],
    direction: str,
) -> list[str]:
    """Return what should be looked at before the result is taken: one sentence each."""
    said = [_edge(p, best.values[p.name]) for p in free(space) if p.name in best.values]
    said += [_share(trials, "infeasible", 0.5, "the space mostly lies outside the limits")]
    said += [_share(trials, "failed", 0.25, "their messages are in the study")]
    said += [_still_improving(best, attempts, direction)]
    return [sentence for sentence in said if sentence]


def _edge(parameter: Any, value: Any) -> str:
    ordered = list(parameter.values) if type(parameter).__name__ != "Float" else []
    if type(parameter).__name__ == "Float":
        log = parameter.sampling == "log"
        low, at, high = (
            math.log(number) if log else number
            for number in (parameter.min_value, value, parameter.max_value)
        )
        share = (at - low) / (high - low) if high > low else 0.5
    elif len(ordered) < 3 or not getattr(parameter, "ordered", True):
        return ""
    else:
        share = ordered.index(value) / (len(ordered) - 1)
    if EDGE < share < 1 - EDGE or (value == 0 and share <= EDGE):
        return ""
    which = "lower" if share <= EDGE else "upper"
    return f"The best {parameter.name}, {value:.4g}, lies at the {which} edge of what was searched."


def _share(trials: Sequence[Trial], state: str, most: float, meaning: str) -> str:
    count = sum(trial.state == state for trial in trials)
    if count <= most * len(trials):
        return ""
    return f"{count} of {len(trials)} trials were {state}: {meaning}."


def _still_improving(best: Trial, attempts: Sequence[Attempt], direction: str) -> str:
    epochs = int(best.recipe["epochs"])
    curve = next(
        a.frozen.intermediate_values
        for a in attempts
        if a.number == best.number and a.outcome == "completed"
    )
    sign = 1 if direction == "maximize" else -1
    if epochs < 10 or len(curve) < epochs:
        return ""
    reached = max(curve, key=lambda epoch: (sign * curve[epoch], -epoch))
    if reached + 1 < 0.95 * epochs:
        return ""
    return f"The best trial was still improving in epoch {reached + 1} of {epochs}."
