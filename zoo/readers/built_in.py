"""Built-in data sets, from scikit-learn."""

import numpy as np

from zoo.data.arrays import Arrays
from zoo.tasks import guess


def read_built_in(name: str, seed: int) -> Arrays:
    """Return a built-in set with 20 % of its rows as test rows, stratified by class."""
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
