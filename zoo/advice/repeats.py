"""Duplicate rows, and groups and times that the parts share."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

from zoo.data.dataset import Data
from zoo.data.splits import row_digests

NEAR = 0.05  # of the distance to the tenth-nearest training row
NEIGHBOURS = 10
LOOKED_AT = 500  # rows of each part, against at most:
REFERENCE = 50_000  # training rows, and at most
VALUES = 50_000_000  # of these rows
DIRECTIONS = 64  # random ones that rows of more values are projected on
FEWEST_VALUES = 3  # of a row; on a line or in a plane every row has near ones


@dataclass(frozen=True)
class Repeats:
    """Rows equal to the bit, counted in all rows; near ones, counted in a sample.

    A row is near a training row if that is twenty times nearer than the tenth-nearest one.
    Distances are Euclidean, of values divided by their standard deviations, on 64 random directions
    (Johnson & Lindenstrauss 1984) where a row holds more values.
    """

    training: int  # training rows that equal an earlier one
    contradicting: int  # of these, with another label than the first
    validation: int  # validation rows that equal a training row
    test: int  # test rows that equal a training or validation row
    near_validation: int  # of `looked_at`
    near_test: int
    looked_at: dict[str, int]  # "validation", "test", "training": rows of the sample

    def warnings(self) -> list[str]:
        """Return sentences on what is wrong."""
        found = []
        if self.test:
            found.append(
                f"Test rows that equal training or validation rows: {self.test}. They make the "
                "test figures too optimistic; remove them from one part."
            )
        if self.validation:
            found.append(
                f"Validation rows that equal training rows: {self.validation}. They mislead a "
                "search; remove duplicates before splitting."
            )
        for part, count in (("validation", self.near_validation), ("test", self.near_test)):
            if count > 0.01 * self.looked_at[part]:
                found.append(
                    f"{count} of {self.looked_at[part]} sampled {part} rows are near-copies of "
                    "training rows (noisy copies, adjacent frames?): keep such rows in one part."
                )
        if self.contradicting:
            found.append(
                f"Training rows that equal another with a different label: {self.contradicting}. "
                "No model can be right on both."
            )
        return found


@dataclass(frozen=True)
class Leaks:
    """Groups that parts share, and times out of order; None where the data name none."""

    groups_validation: int | None  # validation rows whose group has training rows
    groups_test: int | None  # test rows whose group has training or validation rows
    time_validation: int | None  # validation rows not later than the newest training row
    time_test: int | None  # test rows not later than the newest training or validation row

    def warnings(self) -> list[str]:
        """Return sentences on what is shared, and what to do about it."""
        return [f"{sentence}. {advice}" for sentence, advice in self.findings()]

    def findings(self) -> list[tuple[str, str]]:
        """Return what is shared, a sentence without its full stop, and what to do about it."""
        found = []
        for part, count in (("validation", self.groups_validation), ("test", self.groups_test)):
            if count:
                said = (
                    f"{count} {part} rows belong to groups that also have training rows: the "
                    "figures hold for known groups only"
                )
                found.append((said, "For new ones split by group (GroupShuffleSplit)."))
        for part, count in (("validation", self.time_validation), ("test", self.time_test)):
            if count:
                said = (
                    f"{count} {part} rows are not later than the newest training row: the figures "
                    "do not hold for the future"
                )
                found.append((said, "Split by time."))
        return found


def find_repeats(data: Data) -> Repeats:
    """Look for rows that are there more than once, in a part or across parts."""
    train, validation, test = (
        row_digests(x) for x in (data.x_train, data.x_validation, data.x_test)
    )
    first: dict[bytes, int] = {}
    for place, digest in enumerate(train):
        first.setdefault(digest, place)
    again = [(place, first[digest]) for place, digest in enumerate(train)]
    repeated = [(place, other) for place, other in again if place != other]
    labels = data.y_train
    contradicting = sum(bool(np.any(labels[place] != labels[other])) for place, other in repeated)
    known = {*first, *validation}
    equal = [digest in first for digest in validation], [digest in known for digest in test]
    near, looked_at = _near(data, equal)
    return Repeats(
        training=len(repeated),
        contradicting=contradicting,
        validation=sum(equal[0]),
        test=sum(equal[1]),
        near_validation=near[0],
        near_test=near[1],
        looked_at=looked_at,
    )


def find_leaks(data: Data) -> Leaks:
    """Compare the groups and times of the parts, as far as `data.columns` names them."""
    counts: list[int | None] = []
    for kind, count in (("groups", _shared), ("time", _not_later)):
        train, validation, test = (
            data.columns.get(f"{kind}_{part}") for part in ("train", "validation", "test")
        )
        known = [column for column in (train, validation) if column is not None]
        counts.append(None if train is None or validation is None else count([train], validation))
        counts.append(None if not known or test is None else count(known, test))
    return Leaks(*counts)


def _shared(known: list[np.ndarray], asked: np.ndarray) -> int:
    return int(np.isin(asked, np.concatenate(known)).sum())


def _not_later(known: list[np.ndarray], asked: np.ndarray) -> int:
    return int((asked <= max(column.max() for column in known)).sum())


def _near(data: Data, exact: Iterable[list[bool]]) -> tuple[list[int], dict[str, int]]:
    """Return the near rows of the validation and test part, equal ones left out; and the sample."""
    rng = np.random.default_rng(0)
    most = min(REFERENCE, max(1000, VALUES // int(np.prod(data.input_shape))))
    reference = _sample(data.x_train, most, rng)
    pairs = zip((data.x_validation, data.x_test), exact, strict=True)
    parts = [_sample(x[~np.array(equal, bool)], LOOKED_AT, rng) for x, equal in pairs]
    looked_at = {"validation": len(parts[0]), "test": len(parts[1]), "training": len(reference)}
    middle, spread = (one(axis=0, dtype=np.float64) for one in (reference.mean, reference.std))
    used = spread > 0
    if used.sum() < FEWEST_VALUES or len(reference) <= NEIGHBOURS:
        return [0, 0], looked_at
    values = int(used.sum())
    many = values > DIRECTIONS  # of 12,000 the unit matrix alone has a gigabyte
    directions = rng.normal(size=(values, DIRECTIONS)) if many else np.eye(values)
    directions = (directions / spread[used][:, None]).astype(np.float32)

    def placed(x: np.ndarray) -> np.ndarray:
        return np.asarray((x - middle.astype(np.float32))[:, used] @ directions)

    index = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(placed(reference))
    counts = []
    for part in parts:
        if not len(part):
            counts.append(0)
            continue
        far = index.kneighbors(placed(part))[0]
        counts.append(int((far[:, 0] <= NEAR * far[:, -1]).sum()))
    return counts, looked_at


def _sample(x: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return at most so many rows, flat."""
    chosen = x if len(x) <= most else x[np.sort(rng.choice(len(x), most, replace=False))]
    return chosen.reshape(len(chosen), int(np.prod(x.shape[1:])))  # there may be none
