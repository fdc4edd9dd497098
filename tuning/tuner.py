"""A KerasTuner tuner whose trials are one `fit` each and end in the study."""

import gc
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import keras_tuner
import numpy as np

from tuning.recipe import Fit, Recipe, fit
from tuning.spaces import Point, point
from tuning.study import Study, Trial
from zoo import Data, ModelSpec, UserError
from zoo.run import save_weights, sha256


@dataclass(frozen=True)
class Progress:
    """What there is to tell after a trial. `eta` in seconds; `best` is the best score so far."""

    trial: Trial
    done: int
    total: int
    metric: str
    best: float | None
    eta: float
    replayed: bool


def print_progress(progress: Progress) -> None:
    """Print one line per trial, and the reason of one that gave no model."""
    trial = progress.trial
    result = trial.state if trial.score is None else f"{progress.metric} {trial.score:.4f}"
    best = "none" if progress.best is None else f"{progress.best:.4f}"
    took = "already run" if progress.replayed else f"{trial.seconds:.0f} s"
    eta = f"  ETA {progress.eta:.0f} s" if progress.done < progress.total else ""
    print(
        f"trial {progress.done} of {progress.total}  {result}  best {best}  {took}{eta}", flush=True
    )
    if trial.message:
        print(f"  {trial.message}", flush=True)


class StudyTuner(keras_tuner.Tuner):
    """Runs what the oracle asks for, unless the study already knows the answer."""

    def __init__(
        self,
        oracle: keras_tuner.Oracle,
        spec: ModelSpec,
        data: Data,
        base: Recipe,
        study: Study,
        seed: int,
        on_trial: Callable[[Progress], None],
        directory: str,
    ) -> None:
        super().__init__(oracle, directory=directory, project_name="keras_tuner")
        self.spec, self.data, self.base, self.study = spec, data, base, study
        self.trial_seed, self.on_trial = seed, on_trial
        self.known = {_key(trial.values): trial for trial in study.trials()}
        self.done: list[Trial] = []
        self.seconds: list[float] = []  # of the trials run now, for the ETA

    def run_trial(self, trial: Any, **_: Any) -> dict[str, float]:
        """Answer one trial of the oracle; KerasTuner's seam."""
        recorded = self.known.get(_key(trial.hyperparameters.values))
        ended = recorded or self._run(int(trial.trial_id), trial.hyperparameters)
        self.done.append(ended)
        self._report(ended, replayed=recorded is not None)
        if ended.score is None:
            raise keras_tuner.errors.FailedTrialError(ended.message)
        return {"score": ended.score}

    def _run(self, number: int, hp: keras_tuner.HyperParameters) -> Trial:
        started = time.monotonic()
        trial = Trial(number, dict(hp.values), "infeasible")
        seed = int(np.random.SeedSequence([self.trial_seed, number]).generate_state(1)[0])
        keras.utils.clear_session()
        gc.collect()
        try:
            chosen = self._chosen(hp, seed)
            trial = replace(trial, overrides=dict(chosen.overrides), recipe=asdict(chosen.recipe))
            keras.utils.set_random_seed(seed)
            model = replace(self.spec, overrides=chosen.overrides).build()
            trial = replace(trial, state="failed")
            trial = self._completed(trial, model, fit(model, self.data, chosen.recipe))
        except Exception as error:  # whatever one model does must not end the search
            reason = (
                str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            )
            trial = replace(trial, message=reason)
        seconds = time.monotonic() - started
        self.seconds.append(seconds)
        trial = replace(trial, seconds=round(seconds, 3))
        self.study.append(trial)
        return trial

    def _chosen(self, hp: keras_tuner.HyperParameters, seed: int) -> Point:
        chosen = point(hp, self.spec.preset, self.spec.overrides, self.base)
        share = hp.values.get("tuner/epochs", self._units()) / self._units()
        epochs = max(1, round(self.base.epochs * share))
        return replace(chosen, recipe=replace(chosen.recipe, seed=seed, epochs=epochs))

    def _units(self) -> int:
        """Return a full training's length in Hyperband's units; 1 for the other algorithms."""
        return int(getattr(self.oracle, "max_epochs", 1))

    def _completed(self, trial: Trial, model: keras.Model, result: Fit) -> Trial:
        name = f"trials/{trial.number:04d}.h5"
        path = self.study.folder / name
        path.parent.mkdir(exist_ok=True)
        save_weights(model, path)
        return replace(
            trial,
            state="completed",
            score=result.score,
            loss=result.loss,
            epochs=result.epochs,
            weights=(name, sha256(path)),
        )

    def _report(self, trial: Trial, replayed: bool) -> None:
        total = self.oracle.max_trials
        scores = [ended.score for ended in self.done if ended.score is not None]
        pick = max if self.oracle.objective.direction == "max" else min
        average = sum(self.seconds) / max(1, len(self.seconds))
        self.on_trial(
            Progress(
                trial,
                len(self.done),
                total,
                "accuracy" if self.data.task == "classification" else "rmse",
                pick(scores, default=None),
                average * (total - len(self.done)),
                replayed,
            )
        )


def _key(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), sort_keys=True)
