"""Soft targets from a teacher (Hinton et al. 2015)."""

from pathlib import Path

import numpy as np

from tuning.recipe import TREES
from zoo import Data, Run, UserError
from zoo.tasks.answers import Part
from zoo.tasks.outputs import log_probabilities

FOLDS = 5


def teach(teacher: str | Path, data: Data) -> np.ndarray:
    """Return a teacher's answers for the training rows, for `tuning.fit`.

    Args:
        teacher: a run folder on the same data; or "trees", scikit-learn's gradient boosting, each
            row answered by trees that were not grown on it (their answers for rows they know are
            all but the labels).
        data: the rows.

    Returns:
        Class probabilities, or targets in their own units: (rows, data.num_outputs).

    Raises:
        UserError: a run of other data, or a class with a single training row.
    """
    if str(teacher) == TREES:
        return _trees(data)
    run = Run(Path(teacher))
    if run.read_json("data.json")["hash"] != data.hash:
        raise UserError(
            f"{run.path} was trained on other data than {data.name} (hash {data.hash}). "
            "Give a teacher that was trained on the same split."
        )
    outputs = np.asarray(run.load_model().predict(data.x_train, verbose=0))
    return data.task.soft(outputs)


def _trees(data: Data) -> np.ndarray:
    parts = [_of_part(data, part) for part in data.task.parts(data.y_train)]
    return data.task.soft(data.task.joined(parts))


def _of_part(data: Data, part: Part) -> np.ndarray:
    """Return log-probabilities (rows, classes), or numbers (rows, targets)."""
    # scikit-learn takes a second to import
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict

    x = data.x_train.reshape(len(data.x_train), -1)
    if not part.classes:
        folds = KFold(FOLDS, shuffle=True, random_state=data.seed)
        model = HistGradientBoostingRegressor(random_state=data.seed)
        columns = [cross_val_predict(model, x, column, cv=folds) for column in part.y.T]
        return np.stack(columns, axis=1)
    known, counts = np.unique(part.y, return_counts=True)
    if counts.min() < 2:
        raise UserError(
            f"Class {known[np.argmin(counts)]} has a single training row; trees as a teacher need "
            "2 of each class. Give a run folder as the teacher."
        )
    folds = StratifiedKFold(min(FOLDS, counts.min()), shuffle=True, random_state=data.seed)
    trees = HistGradientBoostingClassifier(random_state=data.seed)
    answers = np.zeros((len(x), part.classes))
    answers[:, known] = cross_val_predict(trees, x, part.y, cv=folds, method="predict_proba")
    return log_probabilities(answers)
