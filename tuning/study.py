"""The study: a log of finished trials that survives whatever ends the search.

One JSON object per line, written and flushed when a trial ends. The first line says what is being
searched. A line that was cut off by a crash is passed over, and its trial runs again.
"""

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from zoo import UserError
from zoo.run import sha256

STATES = ("completed", "infeasible", "failed")


@dataclass(frozen=True)
class Trial:
    """A finished trial.

    `score` is the validation metric; `weights` a file name and its
    sha256, or None where there are none (any more)."""

    number: int
    values: Mapping[str, Any]  # what KerasTuner asked for
    state: str  # one of STATES
    message: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    loss: float | None = None
    epochs: int = 0
    seconds: float = 0.0
    weights: tuple[str, str] | None = None


@dataclass(frozen=True)
class Study:
    """A folder with `study.log` and the weights of its trials."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "study.log"

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Start the log, or check that the one that is there is of the same search.

        Raises:
            UserError: the folder holds a search of something else.
        """
        lines = self._lines()
        if not lines:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.log.write_text(json.dumps(identity) + "\n")
            return
        wanted = json.loads(json.dumps(identity))
        differing = [key for key in wanted if lines[0].get(key) != wanted[key]]
        if differing:
            held = ", ".join(f"{key}={lines[0].get(key)}" for key in differing)
            asked = ", ".join(f"{key}={wanted[key]}" for key in differing)
            raise UserError(
                f"{self.folder} holds another search: {held}; asked for {asked}. "
                "Give another folder, or delete this one."
            )

    def append(self, trial: Trial) -> None:
        """Record a finished trial; on disk when this returns."""
        with self.log.open("a+b") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            cut_off = file.read(1) not in (b"\n", b"")
            file.write(("\n" * cut_off + json.dumps(asdict(trial)) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())

    def trials(self) -> list[Trial]:
        """Return the recorded trials whose weights, unless dropped, are still there and whole."""
        lines = [line for line in self._lines()[1:] if line.keys() >= {"number", "values", "state"}]
        latest = {line["number"]: Trial(**line) for line in lines}
        return [trial for trial in latest.values() if self._whole(trial)]

    def drop_weights(self, trial: Trial) -> None:
        """Delete a trial's weights and record that they are gone on purpose."""
        if trial.weights is not None:
            self.append(replace(trial, weights=None))
            (self.folder / trial.weights[0]).unlink(missing_ok=True)

    @staticmethod
    def ranked(direction: str, trials: list[Trial]) -> list[Trial]:
        """Return the completed trials, best first: full length before shorter, then by score,
        then by the lower validation loss.

        Raises:
            UserError: no trial was completed; the message gives the first reason.
        """
        completed = [trial for trial in trials if trial.state == "completed"]
        if not completed:
            raise UserError(
                f"None of {len(trials)} trials was completed. The first: {trials[0].message}"
            )
        sign = -1 if direction == "max" else 1
        return sorted(
            completed, key=lambda t: (-t.recipe["epochs"], sign * (t.score or 0.0), t.loss or 0.0)
        )

    def _whole(self, trial: Trial) -> bool:
        if trial.weights is None:
            return True
        path = self.folder / trial.weights[0]
        return path.is_file() and sha256(path) == trial.weights[1]

    def _lines(self) -> list[dict[str, Any]]:
        if not self.log.is_file():
            return []
        lines = []
        for number, text in enumerate(self.log.read_text(errors="replace").splitlines(), 1):
            try:
                lines.append(dict(json.loads(text)))
            except (ValueError, TypeError):
                if number == 1:
                    raise UserError(
                        f"{self.log} is damaged in its first line, which says what was searched. "
                        "Give another folder, or delete this one."
                    ) from None
                warnings.warn(
                    f"{self.log}: line {number} is damaged; its trial runs again.", stacklevel=2
                )
        return lines
