"""Ragged sequences: padded in front to one length, with a feature that marks the real steps.

Shorter rows are padded in front with the mean of the training steps (0 after standardization), up
to the length of the longest training row; of a longer test row the end is kept. An additional last
feature is 1 on steps and 0 on padding. The presets `gru_*` hold their state where it is 0, so that
padding changes nothing at all, in float or int8; for the others it is a feature like any other, and
they learn to recognize padding.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.checks import UserError
from zoo.data.kinds import SEQUENCE, kind_of


@dataclass(frozen=True)
class Padding:
    """The length and the fill value of padded rows.

    Attributes:
        steps: length of every row.
        fill: a step of padding, without the feature that marks it.
    """

    steps: int
    fill: tuple[float, ...]

    def rows(self, x: np.ndarray) -> np.ndarray:
        """Return rows as a model takes them, float32 (rows, steps, features + 1).

        Args:
            x: (rows, any number of steps, features), NaN after the end of a row.
        """
        if x.shape[2] != len(self.fill):
            raise UserError(
                f"Rows have {x.shape[2]} features a step; those of the training had "
                f"{len(self.fill)}. Give rows of the same features."
            )
        present = ~np.isnan(x).any(axis=2)
        rows = np.empty((len(x), self.steps, x.shape[2] + 1), np.float32)
        rows[..., :-1], rows[..., -1] = self.fill, 0
        for row, values, real in zip(rows, x, present, strict=True):
            kept = values[real][-self.steps :]
            row[len(row) - len(kept) :, :-1] = kept
            row[len(row) - len(kept) :, -1] = 1
        return rows


def learn_padding(x: np.ndarray) -> Padding:
    """Return the padding of training rows, (rows, steps, features) with NaN after their ends."""
    present = ~np.isnan(x).any(axis=2)
    mean = x[present].mean(axis=0, dtype=np.float64).astype(np.float32)
    return Padding(int(present.sum(axis=1).max()), tuple(float(value) for value in mean))


def with_ends(arrays: Mapping[str, np.ndarray], path: object) -> dict[str, np.ndarray]:
    """Return the arrays of a file with `lengths_*` replaced by NaN after the end of each row.

    Raises:
        UserError: lengths that do not fit the rows, or NaN elsewhere than at the ends of rows.
    """
    found = dict(arrays)
    for part in [name.partition("_")[2] for name in arrays if name.startswith("x_")]:
        x, lengths = arrays[f"x_{part}"], found.pop(f"lengths_{part}", None)
        if lengths is not None:
            x = found[f"x_{part}"] = _cut(path, part, x, lengths)
        if _has_gaps(x):
            _check_ends(path, part, x)
    left = [name for name in found if name.startswith("lengths_")]
    if left:
        raise UserError(f"{path}: {left[0]} has no matching x_{left[0].partition('_')[2]}.")
    return found


def is_ragged(arrays: Mapping[str, np.ndarray]) -> bool:
    """Return whether some rows are shorter than others, as `with_ends` marks them."""
    return any(_has_gaps(array) for name, array in arrays.items() if name.startswith("x_"))


def _has_gaps(x: np.ndarray) -> bool:
    sequences = kind_of(x.shape[1:]) is SEQUENCE and x.dtype.kind == "f"
    return sequences and any(np.isnan(x[i : i + 1024]).any() for i in range(0, len(x), 1024))


def _cut(path: object, part: str, x: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    sequences = kind_of(x.shape[1:]) is SEQUENCE
    fit = sequences and lengths.dtype.kind in "iu" and lengths.shape == (len(x),)
    if not fit or (lengths < 1).any() or (lengths > x.shape[1]).any():
        raise UserError(
            f"{path}: lengths_{part} must hold an integer of 1 to the number of steps for each "
            f"row of x_{part} (rows, steps, features); got {lengths.dtype} of shape "
            f"{lengths.shape} for x_{part} of shape {x.shape}."
        )
    after = np.arange(x.shape[1]) >= lengths[:, None]
    return np.where(after[..., None], np.float32("nan"), x.astype(np.float32))


def _check_ends(path: object, part: str, x: np.ndarray) -> None:
    """Raise UserError unless all NaN are whole steps at the end of a non-empty row."""
    gaps = np.isnan(x)
    ended = gaps.all(axis=2)
    whole = (gaps.any(axis=2) == ended).all()
    at_the_end = (np.diff(ended.astype(np.int8), axis=1) >= 0).all()
    if not whole or not at_the_end or ended[:, 0].any():
        raise UserError(
            f"{path}: x_{part} holds NaN within sequences. Only whole steps after the end of a "
            "sequence may be NaN; fill the others first."
        )
