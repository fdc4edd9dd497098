"""Built-in data sets, from scikit-learn."""

import numpy as np

from zoo.data.arrays import Arrays
from zoo.tasks import guess

# name -> what it is
BUILT_IN = {
    "digits": "8x8 gray images of handwritten digits, 10 classes",
    "digits_rows": "the same as sequences: 8 rows as steps, 8 pixels as features",
    "breast_cancer": "30 measurements of cell nuclei, 2 classes",
    "wine": "13 chemical measurements, 3 classes",
    "diabetes": "10 measurements, regression of disease progression",
}


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
