"""Baselines without a network: the most frequent class or the mean, and a linear model."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from zoo.data.dataset import Data
from zoo.metrics.evaluation import Figure, evaluate

WORK = 60_000_000  # rows x features x classes of the linear model; seconds
STEPS = 100  # of its solver
FIGURES = {"classification": ("accuracy", "balanced_accuracy"), "regression": ("rmse", "r2")}


@dataclass(frozen=True)
class Baseline:
    """A model that costs nothing, and its figures on the validation rows."""

    name: str
    what: str
    rows: int  # training rows it has seen
    figures: dict[str, Figure]


def measure(data: Data) -> tuple[Baseline, ...]:
    """Return the trivial model and the linear one."""
    classes = max(1, len(data.class_names))
    most = max(1000, WORK // (int(np.prod(data.input_shape)) * classes))
    chosen = _sample(data.y_train, most)
    if data.task == "regression":
        trivial = np.broadcast_to(data.y_train.mean(axis=0), data.y_validation.shape)
        names = ("the mean target", "ridge regression")
        linear = _ridge(data, chosen)
    else:
        shares = np.bincount(data.y_train, minlength=classes) / len(data.y_train)
        trivial = np.tile(np.log(shares + 1e-9), (len(data.x_validation), 1))
        names = ("the most frequent class", "logistic regression")
        linear = _logistic(data, chosen)
    return (
        Baseline("trivial", names[0], len(data.x_train), _figures(data, trivial)),
        Baseline("linear", names[1], len(chosen), _figures(data, linear)),
    )


def _sample(y: np.ndarray, most: int) -> np.ndarray:
    """Return the places of about so many rows, one of each class among them."""
    if len(y) <= most:
        return np.arange(len(y))
    chosen = np.random.default_rng(0).choice(len(y), most, replace=False)
    each = np.unique(y, return_index=True)[1] if y.ndim == 1 else chosen[:0]
    return np.unique(np.concatenate([chosen, each]))


def _figures(data: Data, outputs: np.ndarray) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    for name in FIGURES[data.task]:
        pairs = evaluate(data.task, data.y_validation, outputs, outputs, only=name)
        found |= {name: one.float for name, one in pairs.items()}
    return found


def _logistic(data: Data, chosen: np.ndarray) -> np.ndarray:
    """Return log-probabilities of the validation rows, (rows, classes)."""
    x, held_out = _standardized(data, chosen)
    model = LogisticRegression(max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough for a baseline
        model.fit(x, data.y_train[chosen])
    outputs = np.full((len(held_out), data.num_outputs), -1e3)  # of classes not in the sample
    outputs[:, model.classes_] = np.maximum(model.predict_log_proba(held_out), -1e3)
    return outputs


def _ridge(data: Data, chosen: np.ndarray) -> np.ndarray:
    """Return predictions for the validation rows, (rows, targets)."""
    x, held_out = _standardized(data, chosen)
    model = Ridge(alpha=x.shape[1])  # a prior worth a row per feature
    model.fit(x, data.y_train[chosen])
    return np.asarray(model.predict(held_out)).reshape(data.y_validation.shape)


def _standardized(data: Data, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = data.x_train[chosen].reshape(len(chosen), -1)
    held_out = data.x_validation.reshape(len(data.x_validation), -1)
    mean, std = (one(axis=0, dtype=np.float64) for one in (x.mean, x.std))
    std = np.where(std > 1e-6 * np.abs(mean), std, 1)
    parts = [((part - mean) / std).astype(np.float32) for part in (x, held_out)]
    return parts[0], parts[1]
