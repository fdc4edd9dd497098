"""Drift: do new rows still look like those that the model was made from?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from export.proof.answers import answers
from zoo import Data, Run, UserError
from zoo.metrics.shift import Shift, described, shifts
from zoo.readers.columns import feature_names

FEWEST = 20  # rows that say anything


@dataclass(frozen=True)
class Drift:
    """New rows beside a run's own.

    Attributes:
        rows: how many new ones.
        features: against the training rows, the most changed first.
        predictions: of the int8 file, against those on the test rows.

    Examples:
        >>> drift = export.drift(run, data.x_test)
        >>> drift.verdict
        'none'
        >>> [shift.name for shift in drift.predictions]
        ['predicted class', 'confidence']
    """

    rows: int
    features: tuple[Shift, ...]
    predictions: tuple[Shift, ...]

    @property
    def verdict(self) -> str:
        """ "none", "some" or "much": the worst of all."""
        found = {one.verdict for one in (*self.features, *self.predictions)}
        return next(one for one in ("much", "some", "none") if one in found)

    def to_json(self) -> dict[str, Any]:
        kinds = {"features": self.features, "predictions": self.predictions}
        return {"verdict": self.verdict, "rows": self.rows} | {
            kind: [asdict(one) | {"verdict": one.verdict} for one in found]
            for kind, found in kinds.items()
        }


def drift(run: Run, x: np.ndarray, data: Data | None = None) -> Drift:
    """Compare new rows, which need no labels, with those a run was made from.

    Args:
        run: exported and verified.
        x: new rows, (rows, *input_shape), as the model takes them.
        data: the run's own; None loads it.

    Raises:
        UserError: rows of another shape, or fewer than 20.

    Examples:
        >>> export.drift(run, data.x_test).verdict
        'none'
        >>> export.drift(run, data.x_test + 100).verdict
        'much'
    """
    data = data or run.load_data()
    if x.shape[1:] != data.input_shape or len(x) < FEWEST:
        raise UserError(
            f"Drift needs at least {FEWEST} rows of shape {data.input_shape}; got "
            f"{len(x)} of {x.shape[1:]}."
        )
    before, now = (data.task.predictions(answers(run, rows)) for rows in (data.x_test, x))
    features = shifts(*(_described(rows, data.schema) for rows in (data.x_train, x)))
    return Drift(len(x), features, shifts(before, now))


def _described(x: np.ndarray, schema: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return features by name, (rows,) each; of a category of a table the number of its value."""
    plans = schema.get("columns")
    if plans is None:
        return described(x, tuple(schema.get("channels", ())))
    found, start = {}, 0
    for plan in plans:
        names = feature_names(plan)
        values = x[:, start : start + len(names)]
        start += len(names)
        if plan["kind"] == "category":
            found[plan["name"]] = np.where(values.any(axis=1), values.argmax(axis=1), len(names))
        else:
            found |= {name: values[:, n] for n, name in enumerate(names)}
    return found
