"""Reliability diagram: confidence beside the share of right answers."""

from dataclasses import dataclass

import numpy as np

from zoo.metrics import classes


@dataclass(frozen=True)
class Bin:
    """Rows of like confidence: their mean confidence, the share answered right, how many."""

    confidence: float
    accuracy: float
    rows: int


def reliability(y: np.ndarray, logits: np.ndarray) -> list[Bin]:
    """Return the bins of confidence that have rows: Guo et al. 2017, figure 1."""
    p = classes.probabilities(logits)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = classes.bins_of(confidence)
    return [
        Bin(
            float(confidence[bins == n].mean()),
            float(right[bins == n].mean()),
            int((bins == n).sum()),
        )
        for n in np.unique(bins)
    ]
