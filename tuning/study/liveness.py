"""Heartbeats of the machines that share a study: each counts up, the others watch."""

import time

import optuna

from tuning.study.ledger import Study

PREFIX = "alive:"


class Heartbeat:
    """Signs of life of this machine, and the silence of the others.

    Nothing compares clocks of two machines: a machine is dead when its count has not changed for
    `grace` seconds of ours.

    Args:
        study: the shared study.
        interval: seconds between two signs of ours.
        grace: seconds of silence after which the trials of a machine are run again.
    """

    def __init__(self, study: Study, interval: float, grace: float) -> None:
        self._study, self._interval, self._grace = study, interval, grace
        self._count, self._last = 0, float("-inf")
        self._seen: dict[str, tuple[str | None, float]] = {}

    def beat(self) -> None:
        """Give a sign of life, if it is time, and give up what silent machines were running."""
        now = time.monotonic()
        if now - self._last < self._interval:
            return
        self._last, self._count = now, self._count + 1
        shared: optuna.Study = self._study.study
        shared.set_user_attr(PREFIX + self._study.owner, f"{time.time()} {self._count}")
        signs = shared.user_attrs
        for attempt in self._study.running():
            owner = attempt.user_attrs.get("owner", f"nobody, attempt {attempt.number}")
            if owner != self._study.owner and self._silent(owner, signs.get(PREFIX + owner), now):
                self._study.give_up(attempt)

    def _silent(self, owner: str, sign: str | None, now: float) -> bool:
        seen, since = self._seen.setdefault(owner, (sign, now))
        if seen != sign:
            self._seen[owner] = (sign, now)
            return False
        return now - since > self._grace
