"""Drift statistics: two samples of the same features, compared one feature at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

TENTHS = 10
SOME, MUCH = 0.1, 0.25  # of the index: Siddiqi 2006, "Credit Risk Scorecards", chapter 9
SURE = 0.01  # significance level


@dataclass(frozen=True)
class Shift:
    """Difference of a feature between new rows and the reference.

    Attributes:
        name: name of the feature.
        psi: population stability index over deciles of the reference, or over classes; 0 means no
            difference.
        chance: expected index of two samples of these sizes from the same distribution.
        ks: largest distance of the two distribution functions (Kolmogorov, Smirnov), in [0, 1].
        p: p-value of the difference, times the number of features (Holm).
        before, after: means.
        counted: the values are numbers of categories, whose means say nothing.
    """

    name: str
    psi: float
    chance: float
    ks: float
    p: float
    before: float
    after: float
    counted: bool = False

    @property
    def verdict(self) -> str:
        """ "none", "some" or "much": whether a difference is significant and large."""
        if self.p >= SURE or self.psi - self.chance < SOME:
            return "none"
        return "much" if self.psi - self.chance >= MUCH else "some"


def shifts(reference: Mapping[str, np.ndarray], new: Mapping[str, np.ndarray]) -> tuple[Shift, ...]:
    """Compare every feature; the most changed comes first.

    Args:
        reference: name -> values (rows,); integers are classes or categories.
        new: the same names.
    """
    raw = [stability(reference[name], new[name]) for name in reference]
    order = np.argsort([p for *_, p in raw], kind="stable")
    holm = np.empty(len(raw))
    holm[order] = np.maximum.accumulate(
        [min(1.0, raw[i][3] * (len(raw) - n)) for n, i in enumerate(order)]
    )
    found = [
        Shift(
            name,
            *figures[:3],
            float(p),
            float(reference[name].mean()),
            float(new[name].mean()),
            reference[name].dtype.kind in "biu",
        )
        for name, figures, p in zip(reference, raw, holm, strict=True)
    ]
    return tuple(sorted(found, key=lambda shift: (shift.p >= SURE, -shift.psi)))


def stability(reference: np.ndarray, new: np.ndarray) -> tuple[float, float, float, float]:
    """Return the index, the index expected by chance, the largest distance, and its p-value.

    Without a change the index is approximately chi-squared times (1/rows + 1/rows): Yurdakul 2018,
    "Statistical properties of the population stability index". An empty bin counts as half a row.
    """
    from scipy import stats  # a second to import

    if reference.dtype.kind in "biu":
        edges = np.union1d(reference, new)[:-1] + 0.5
    else:
        edges = np.unique(np.quantile(reference, np.linspace(0, 1, TENTHS + 1)[1:-1]))
    counts = [
        np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
        for values in (reference, new)
    ]
    a, b = (np.maximum(count, 0.5) / count.sum() for count in counts)
    index = float(np.sum((b - a) * np.log(b / a)))
    noise = 1 / len(reference) + 1 / len(new)
    ks = stats.ks_2samp(reference, new)
    p = stats.chi2.sf(index / noise, len(edges)) if reference.dtype.kind in "biu" else ks.pvalue
    return index, len(edges) * noise, float(ks.statistic), float(p)


def described(x: np.ndarray, names: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """Return features of rows, name -> (rows,).

    For tables their own features; for images and sequences the mean, the spread and the roughness
    (mean absolute difference of neighbors) of each channel or feature.

    Args:
        x: (rows, features), (rows, steps, features) or (rows, height, width, channels).
        names: of the last axis.
    """
    last = names or tuple(f"feature {n}" for n in range(x.shape[-1]))
    if x.ndim == 2:
        return {name: x[:, n] for n, name in enumerate(last)}
    flat = x.reshape(len(x), -1, x.shape[-1])
    rough = np.abs(np.diff(x, axis=-2)).reshape(len(x), -1, x.shape[-1]).mean(axis=1)
    kinds = {"mean": flat.mean(axis=1), "spread": flat.std(axis=1), "roughness": rough}
    return {
        f"{kind} of {name}": values[:, n]
        for kind, values in kinds.items()
        for n, name in enumerate(last)
    }
