"""Gates of a verdict: figures of int8 beside float, each with its bound and what rows can tell."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.metrics import intervals, numbers
from zoo.metrics.intervals import Estimate

SMALLEST = 5.0  # percent of rows, or of variance, that int8 may change however small `max_drop` is
WIDEST = 3  # times the bound that an interval may reach: no change in 22 rows, one in 36
LOST = 25.0  # points of one class's recall that two or more lost rows put in question
LOSS = 0.05  # nats, beside a tenth of float's loss and
PER_POINT = 0.02  # nats for each point of `max_drop`
FEWEST = 20  # rows without outliers that are looked at by themselves
WORST = 10.0  # percent: the rise of a single target's error that may pass

PASSED, FAILED, NOT_SHOWN = "passed", "failed", "not shown"
TRAIN = "Train the int8 model (--rung qat), or take a larger preset"
MORE = "measure on more test rows"
ACCEPT = "Measure on more test rows, or let these be enough (--accept-few-rows)."


@dataclass(frozen=True)
class Gate:
    """One figure of the verdict.

    Attributes:
        what: names it in a sentence.
        unit: of the numbers.
        value, ci95: of int8 against float, on the same rows.
        bound: that it may reach.
        told: whether so many rows can tell that it is within.
        rows: how many there are.
        advice: what to do where it is not passed.
    """

    what: str
    unit: str
    value: float
    ci95: tuple[float, float]
    bound: float
    told: bool
    rows: int
    advice: str

    @property
    def state(self) -> str:
        """ "failed" where the whole interval is over the bound; "not shown" where rows are few."""
        if self.ci95[0] > self.bound:
            return FAILED
        return PASSED if self.told else NOT_SHOWN

    @property
    def sentence(self) -> str:
        low, high = self.ci95
        figure = f"{self.what} of {self.value:.3g} {self.unit} ({low:.3g} to {high:.3g})"
        if self.state == NOT_SHOWN:
            return f"{self.rows:,} rows cannot tell: {figure}, bound {self.bound:.3g}"
        side = "over" if self.state == FAILED else "within"
        return f"{figure} is {side} the bound of {self.bound:.3g}"

    def described(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self) | {"state": self.state}


def drop(found: Estimate, bound: float, unit: str, rows: int) -> Gate:
    """Return the gate of the task's own metric."""
    told = found.value <= bound
    advice = f"{TRAIN}; {MORE}, or allow more with --max-drop."
    return Gate("drop", unit, found.value, found.ci95, bound, told, rows, advice)


def disagreement(changed: int, of: int, rows: int, what: str, max_drop: float) -> Gate:
    """Return the gate of answers that int8 gives otherwise than float, with Wilson's interval.

    Args:
        changed: of the answers that are counted.
        of: how many are counted.
        rows: that they belong to.
        what: they are, after "share of".
        max_drop: points that may be lost; at least as many answers may change.
    """
    low, high = (100 * end for end in intervals.wilson(changed, max(of, 1)))
    value, bound = 100 * changed / max(of, 1), max(SMALLEST, max_drop)
    told = value <= bound and high <= WIDEST * bound
    advice = f"{TRAIN}; {MORE}." if value > bound else ACCEPT  # only the rows are too few
    return Gate(f"share of {what}", "%", value, (low, high), bound, told, rows, advice)


def recall(labels: Sequence[str], counts: Sequence[list[int]], max_drop: float) -> list[Gate]:
    """Return the gate of the class whose recall falls the most; none where no row has a class.

    Agresti & Min's intervals for matched pairs, at Bonferroni's level for so many classes.

    Args:
        labels: names of the classes.
        counts: of each class the rows that float alone has right, that int8 alone has, and all.
        max_drop: points; at least 5 may be lost.
    """
    from scipy import stats  # a second to import

    present = [line for line in zip(labels, *counts, strict=True) if line[-1]]
    z, bound = stats.norm.isf(0.025 / max(1, len(present))), max(SMALLEST, max_drop)
    found = []
    for label, lost, won, count in present:
        net, ends = lost - won, intervals.matched(lost, won, count, z)
        told = net < min(2, count) or 100 * net / count < max(LOST, bound)
        advice = f"Add rows of {label!r}, or weigh it (--recipe balance=weights). {TRAIN}."
        what = f"loss of recall of {label!r}"
        found.append(Gate(what, "points", 100 * net / count, ends, bound, told, count, advice))
    order = {FAILED: 2, NOT_SHOWN: 1, PASSED: 0}
    return sorted(found, key=lambda one: (order[one.state], one.value))[-1:]


def loss(of_float: np.ndarray, of_int8: np.ndarray, max_drop: float) -> list[Gate]:
    """Return the gate of the loss of probabilities, nats (rows,); none for a single row.

    The same classes may be answered with probabilities that are off.
    """
    from scipy import stats  # a second to import

    rises = np.asarray(of_int8 - of_float, np.float64)
    if len(rises) < 2:
        return []
    value, spread = float(rises.mean()), float(stats.sem(rises))
    reach = float(stats.t.isf(0.025, len(rises) - 1)) * spread
    bound = LOSS + PER_POINT * max(0.0, max_drop) + 0.1 * float(of_float.mean())
    advice = f"{TRAIN}; answers alone may be right where their probabilities are not."
    ends = (value - reach, value + reach)
    told = bool(rises.sum() - rises.max() <= bound * len(rises))  # one row may be lost
    return [Gate("rise of log-loss", "nats", value, ends, bound, told, len(rises), advice)]


def noise(y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray, max_drop: float) -> Gate:
    """Return the gate of int8's distance from float, percent of the variance about the mean.

    The mean over targets, (rows, targets). Float outputs that hardly vary count as if they had a
    five-hundredth of the variance of the truth. Beside one wild value any noise looks small: rows
    without outliers are looked at by themselves, too, and what is worse counts.
    """
    spread, usual = numbers.spread(y), numbers.no_outliers(y, of_float)
    shares, what = _noise(spread, of_float, of_int8), "int8 noise"
    advice, bound = f"{TRAIN}; {MORE}.", max(SMALLEST, max_drop)
    if np.count_nonzero(usual) >= FEWEST:
        own = numbers.spread(y[usual])
        among = _noise(np.where(own > 0, own, spread), of_float[usual], of_int8[usual])
        if shares.mean() <= bound < among.mean():
            shares, what = among, "int8 noise on rows that are no outliers"
            advice = f"Clip or remove outlying targets: they set the int8 output's scale. {TRAIN}."
    value, ends = float(shares.mean()), intervals.of_mean(shares)
    told = value <= bound and intervals.wilson(0, len(y))[1] <= WIDEST * SMALLEST / 100
    return Gate(what, "% of the variance", value, ends, bound, told, len(y), advice)


def _noise(spread: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray) -> np.ndarray:
    """Return the mean share of each row, percent."""
    signal = of_float.astype(np.float64).var(axis=0)
    signal = np.maximum(signal, np.maximum(spread**2 / 500, numbers.TINY))
    found: np.ndarray = 100 * ((of_int8.astype(np.float64) - of_float) ** 2 / signal).mean(axis=1)
    return found


def worst_target(
    y: np.ndarray, of_float: np.ndarray, of_int8: np.ndarray, max_drop: float
) -> list[Gate]:
    """Return the gate of the target whose error rises the most; none for a single target.

    Normal intervals from resampled rows, at Bonferroni's level for so many targets.
    """
    from scipy import stats  # a second to import

    if y.shape[1] < 2:
        return []
    rises, samples = intervals.rises(y, of_float, of_int8)
    reach = stats.norm.isf(0.025 / y.shape[1]) * samples.std(axis=0)
    n = int(np.argmax(rises))
    ends, bound = (float(rises[n] - reach[n]), float(rises[n] + reach[n])), max(WORST, max_drop)
    advice = "One int8 output scale serves all targets: bring them to like units, or drop some."
    what = f"rise of the error of target {n}"
    return [Gate(what, "%", float(rises[n]), ends, bound, True, len(y), advice)]
