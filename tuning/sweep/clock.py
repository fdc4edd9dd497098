"""The clock of a search with a budget in minutes: a killed one goes on with what time was left."""

import math
import time

import optuna

NOTED = 5.0  # seconds between two notes of the time spent
SPENT = "spent:"


class Clock:
    """Time spent on a search by this machine, earlier commands included.

    It is monotonic: the computer's date may jump.

    Args:
        minutes: the budget; None is none, and nothing is noted.
        started: `time.monotonic()` when the command began.
        study: keeps the time that was spent.
        owner: of this machine's part of the study.
    """

    def __init__(
        self, minutes: float | None, started: float, study: optuna.Study, owner: str
    ) -> None:
        self.limited = minutes is not None
        self.total = math.inf if minutes is None else 60.0 * minutes
        self._started, self._study, self._key = started, study, SPENT + owner
        self._before = float(study.user_attrs.get(self._key, 0.0)) if self.limited else 0.0
        self._noted = 0.0

    @property
    def spent(self) -> float:
        """Seconds, of all commands."""
        return self._before + time.monotonic() - self._started

    @property
    def left(self) -> float:
        """Seconds that are left; below 0 where it took longer."""
        return self.total - self.spent

    def note(self) -> None:
        """Write the time down, if it is time to."""
        if self.limited and self.spent - self._noted >= NOTED:
            self._noted = self.spent
            self._study.set_user_attr(self._key, round(self.spent, 3))
