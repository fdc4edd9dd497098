"""Optuna's study as a KerasTuner oracle, for any build(hp) or Tuner."""

import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import keras_tuner

from tuning.study.algorithms import SAMPLERS, check_sampler
from tuning.study.ledger import Study, Trial
from tuning.study.liveness import Heartbeat
from tuning.study.samplers import (
    PerTrial,
    free,
    ranges,
    sampler_of,
    suggest,
)
from tuning.study.storage import Direction, open_study
from zoo import UserError
from zoo.checks import at_least, in_range, one_of


class StudyOracle(keras_tuner.Oracle):
    """Asks an Optuna study for hyperparameters, and tells it the scores.

    Give it to a `keras_tuner.Tuner` in the place of any other oracle.

    Processes with the same folder, or the same database, share the trials; each needs a
    `project_name` of its own. None is the chief: one that dies is missed by nobody, and what it was
    running is run again. Only active hyperparameters are asked for. The first trial is the space's
    defaults.

    Args:
        folder: where the journal of the study is; its name is the study's.
        objective: a metric's name or `keras_tuner.Objective`; not a list.
        max_trials: trials to finish, of all processes together.
        algorithm: one of "tpe", "gp", "nsga2", "sobol", "random".
        storage: URL of a database instead of the journal.
        seed: of the search; 0 is a seed like any other.
        heartbeat: seconds between the signs of life of this process; after three silent ones its
            trials are run again.
        hyperparameters, allow_new_entries, tune_new_entries: as `keras_tuner.Oracle`.

    Raises:
        UserError: an argument out of range, or a study of something else.

    Examples:
        >>> import keras_tuner
        >>> def build(hp):
        ...     hidden = keras.layers.Dense(hp.Int("units", 8, 64), activation="relu")
        ...     model = keras.Sequential([keras.Input((13,)), hidden, keras.layers.Dense(3)])
        ...     loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        ...     model.compile("adam", loss, metrics=["accuracy"])
        ...     return model
        >>> oracle = tuning.StudyOracle(folder, objective="val_accuracy", max_trials=2)
        >>> tuner = keras_tuner.Tuner(oracle, build, directory=folder, project_name="mine")
        >>> held_out = (data.x_validation, data.y_validation)
        >>> tuner.search(data.x_train, data.y_train, validation_data=held_out, verbose=0)
        >>> [trial.state for trial in oracle.finished()]
        ['completed', 'completed']
    """

    def __init__(
        self,
        folder: str | Path,
        objective: str | keras_tuner.Objective,
        max_trials: int,
        *,
        algorithm: str = "tpe",
        storage: str | None = None,
        seed: int = 0,
        heartbeat: float = 60.0,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
    ) -> None:
        at_least("max_trials", max_trials, 1)
        at_least("seed", seed, 0)
        in_range("heartbeat", heartbeat, 0.1, 3600)
        one_of("algorithm", algorithm, SAMPLERS)
        check_sampler(algorithm)
        super().__init__(
            objective=objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            max_consecutive_failed_trials=max_trials + 1,
        )
        if isinstance(objective, list | tuple) or self.objective.direction not in ("min", "max"):
            raise UserError(
                "StudyOracle needs one objective with a direction, such as 'val_accuracy' or "
                "keras_tuner.Objective('val_f1', 'max')."
            )
        self._folder, self._storage = Path(folder).absolute(), storage
        self._algorithm, self._study_seed, self._interval = algorithm, seed, heartbeat
        self._study: Study | None = None
        self._kept: dict[str, Any] = {}  # KerasTuner's trial id -> number and attempt

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Return the next trial's values, or that there is none; KerasTuner's seam."""
        study = self._opened()
        claimed = study.claim()
        if claimed is None:
            return {"status": "STOPPED", "values": None}
        self._kept[trial_id] = claimed
        return {"status": "RUNNING", "values": suggest(claimed[1], self.get_space())}

    @keras_tuner.synchronized  # type: ignore[untyped-decorator]
    def end_trial(self, trial: Any) -> None:
        """Tell the study how a trial ended; KerasTuner's seam."""
        super().end_trial(trial)
        ended = self.trials[trial.trial_id]
        if ended.status not in ("COMPLETED", "FAILED"):
            return  # KerasTuner tries it again
        number, attempt = self._kept.pop(trial.trial_id)
        done = ended.status == "COMPLETED"
        message = "" if done else (ended.message or "").strip().splitlines()[-1:]
        self._opened().finish(
            attempt,
            Trial(
                number,
                attempt.params,
                "completed" if done else "failed",
                message="".join(message),
                score=float(ended.score) if done else None,
            ),
        )

    def finished(self) -> list[Trial]:
        """Return the finished trials of all processes, by number."""
        return self._opened().trials()

    def _opened(self) -> Study:
        """Open the study when the space is known: after the tuner's first build(hp)."""
        if self._study is not None:
            return self._study
        parameters = free(self.get_space())
        direction: Direction = "maximize" if self.objective.direction == "max" else "minimize"
        identity = {
            "objective": self.objective.name,
            "algorithm": self._algorithm,
            "seed": self._study_seed,
        } | ranges(parameters)
        opened = open_study(
            self._folder,
            self._folder.resolve().name,
            identity,
            direction,
            self._storage,
            alone=False,
        )
        opened.sampler = PerTrial(
            sampler_of(lambda: free(self.get_space()), self._algorithm, self._study_seed)
        )
        owner = f"{socket.gethostname()}:{os.getpid()}:{id(self)}"
        self._study = Study(opened, owner, self.max_trials)
        beats = Heartbeat(self._study, self._interval, 3 * self._interval)
        threading.Thread(target=_beat, args=(beats, self._interval), daemon=True).start()
        return self._study


def _beat(beats: Heartbeat, interval: float) -> None:
    while True:
        time.sleep(interval)
        beats.beat()
