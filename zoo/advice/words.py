"""Texts as a table of word counts, for baselines that need no network."""

from dataclasses import replace

import numpy as np

from zoo.data.dataset import Data
from zoo.data.text import FIRST

MOST = 1000  # words, the most frequent


def as_table(data: Data) -> tuple[Data, list[str]]:
    """Return texts as logarithms of counts, float32 (rows, words), and what the columns are."""
    vocabulary = data.encoding.vocabulary
    tokens = [] if vocabulary is None else vocabulary.tokens
    names = [f"The token {token!r}" for token in tokens[:MOST]]
    count = FIRST + len(names)

    def counted(ids: np.ndarray) -> np.ndarray:
        places = np.where(ids < count, ids, 0) + count * np.arange(len(ids))[:, None]
        counts = np.bincount(places.ravel(), minlength=count * len(ids)).reshape(len(ids), count)
        return np.log1p(counts[:, FIRST:]).astype(np.float32)

    x_train, x_validation, x_test = map(counted, (data.x_train, data.x_validation, data.x_test))
    return replace(data, x_train=x_train, x_validation=x_validation, x_test=x_test), names
