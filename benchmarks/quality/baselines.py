"""Baselines of the quality benchmark: the same rows, flattened, in other models.

The two networks are those of RealMLP's authors (pytabkit: `pip install -e '.[reference]'`), with
their defaults: RealMLP-TD-S, whose recipe our MLP's are after, and TabM.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np

import zoo
from benchmarks.quality.datasets import prepared
from benchmarks.quality.record import Run, commit


def baseline(name: str, kind: str, seed: int, folder: Path) -> Run:
    """Train one of `record.BASELINES` on the training and validation rows, judge it by the rest."""
    started = time.monotonic()
    data = zoo.load_data(prepared(name, seed, folder / "sets"), seed=seed).merged()
    x_train, x_test = (x.reshape(len(x), -1) for x in (data.x_train, data.x_test))
    classes = bool(data.class_names)
    y_train, y_test = (y if classes else y[:, 0] for y in (data.y_train, data.y_test))
    found = _estimator(kind, classes, seed).fit(x_train, y_train).predict(x_test).ravel()
    score = (found == y_test).mean() if classes else np.sqrt(((found - y_test) ** 2).mean())
    seconds = round(time.monotonic() - started, 1)
    package = "pytabkit" if "pytabkit" in kind else "scikit-learn"
    return Run(name, kind, seed, 0, float(score), None, None, None, seconds, package, commit())


def _estimator(kind: str, classes: bool, seed: int) -> Any:
    if kind == "trees":
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        trees = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
        return trees(random_state=seed)
    if kind == "linear":
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        linear = LogisticRegression(max_iter=2000) if classes else Ridge()
        return make_pipeline(StandardScaler(), linear)
    from pytabkit.models.sklearn import sklearn_interfaces as reference

    name = kind.split()[0].replace("-", "_") + ("_Classifier" if classes else "_Regressor")
    return getattr(reference, name)(device="cpu", random_state=seed, n_threads=1)
