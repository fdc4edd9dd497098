"""Built-in data sets, from scikit-learn."""

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import Arrays, Found
from zoo.data.sources import SCENES
from zoo.tasks import Task, guess, moving

SCHEMA = {"kind": "arrays"}


def read_built_in(name: str, seed: int, task: type[Task] | None = None) -> Found:
    """Return a built-in set with 20 % of its rows as test rows, stratified by class.

    Raises:
        UserError: scenes for a task that is neither of boxes nor of masks.
    """
    if name == SCENES:
        return _scenes(seed, task or moving("boxes"))
    return Found(_measured(name, seed), SCHEMA)


def _scenes(seed: int, task: type[Task]) -> Found:
    from zoo.readers.dense.scenes import scenes

    if not task.moves:
        raise UserError(
            f"{SCENES} has boxes, and masks: it is for {moving('boxes').name} and "
            f"{moving('mask').name}, not for {task.name}. Give one of these as --task."
        )
    return Found(scenes(seed, masks=task.moves == "mask"), SCHEMA, task)


def _measured(name: str, seed: int) -> Arrays:
    from sklearn import datasets

    from zoo.data.splits import hold_out

    loaded = getattr(datasets, f"load_{name.removesuffix('_rows')}")()
    x = loaded.images if name.startswith("digits") else loaded.data
    x = x[..., None] if name == "digits" else x
    y = loaded.target
    strata = guess(y, name).strata(y)
    arrays = hold_out(x.astype(np.float32), y, seed, strata, part="test")
    if strata is not None:
        arrays["class_names"] = np.asarray(loaded.target_names)
    return arrays
