"""Presets as scikit-learn estimators, for pipelines, grid searches and cross-validation.

Keras' own wrappers call `model.fit` alone: input statistics, target scaling, early stopping and
temperature, which belong to a training here, would be missing.
"""

from collections.abc import Mapping
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from tuning.limits import check_fits
from tuning.recipe import Recipe
from tuning.settings import AUTO, Search
from tuning.spaces import default_recipe
from tuning.training.adjusting import fold, measure
from tuning.training.fitting import fit
from zoo import Budget, Data, ModelSpec, UserError
from zoo.data.dataset import digest
from zoo.data.splits import hold_out
from zoo.metrics.classes import probabilities
from zoo.tasks import Classification, Multilabel, Regression, Task
from zoo.tasks.outputs import sigmoid

BATCH = 32  # of answers: always full, so that a row's answer does not depend on its company


class _Estimator(BaseEstimator):
    """What both have in common. Parameters are those of `Classifier` and `Regressor`."""

    def __init__(
        self,
        preset: str | None = "mlp_small",
        recipe: Recipe | None = None,
        overrides: Mapping[str, Any] | None = None,
        random_state: int = 0,
        metric: str | None = None,
        minutes: float | None = None,
        device: str | None = None,
    ) -> None:
        self.preset = preset
        self.recipe = recipe
        self.overrides = overrides
        self.random_state = random_state
        self.metric = metric
        self.minutes = minutes
        self.device = device

    def _train(self, x: np.ndarray, y: np.ndarray, task: Task) -> None:
        data = _data(x, y, task, self.random_state).judged_by(self.metric)
        if self.minutes is not None or self.preset in (None, AUTO):
            self._search(data)
        else:
            self._train_once(self.preset, data)

    def _search(self, data: Data) -> None:
        """Keep the model of a search, whose run folder is a temporary one."""
        from tuning.searching import search  # Optuna and KerasTuner take a second to import

        settings = Search(minutes=self.minutes, device=self.device, seed=self.random_state)
        with TemporaryDirectory(prefix="pocketzoo-") as folder:
            run = search(
                self.preset,
                data,
                directory=folder,
                search=settings,
                recipe=self.recipe,
                overrides=self.overrides,
                on_progress=lambda _: None,
            )
            self.preset_, self.model_ = run.spec().preset, run.load_model()
            self.n_iter_ = int(run.read_json("study.json")["best"]["epochs"])

    def _train_once(self, preset: str, data: Data) -> None:
        recipe = self.recipe or default_recipe(preset, data, self.overrides)
        recipe = replace(recipe, seed=self.random_state)
        spec = ModelSpec(preset, data.input_shape, data.num_outputs, dict(self.overrides or {}))
        check_fits(spec, Budget(device=self.device))
        keras.utils.set_random_seed(self.random_state)
        self.preset_, self.model_ = preset, spec.build()
        self.n_iter_ = fit(self.model_, data, recipe).epochs
        fold(self.model_, measure(self.model_, data))

    def _outputs(self, x: Any) -> np.ndarray:
        check_is_fitted(self)
        x = validate_data(self, x, dtype=np.float32, allow_nd=True, reset=False)
        full = np.concatenate([x, np.repeat(x[-1:], -len(x) % BATCH, axis=0)])
        outputs = self.model_.predict(full, batch_size=BATCH, verbose=0)
        return np.asarray(outputs, np.float64)[: len(x)]


class Classifier(ClassifierMixin, _Estimator):
    """A preset as a scikit-learn classifier.

    Args:
        preset: a name from `zoo.list_models()` for rows of X's shape: (features,), (steps,
            features) or (height, width, channels); None or "auto" searches among all, see
            `tuning.search`.
        recipe: None means the preset's own, for so many rows.
        overrides: factory arguments that differ from the preset's.
        random_state: seed of the validation rows, the weights and the training.
        metric: what early stopping, a search and the threshold of two classes go by, as `--metric`
            takes it, such as "pr_auc" or "pinball:0.9"; None is what `--metric` would be. `score`
            stays scikit-learn's.
        minutes: for a search around the preset, or among all; None trains the preset once.
        device: a name of `pocketzoo devices` or a TOML file: what is too large for it is refused,
            and not tried in a search.

    Attributes:
        model_: the trained `keras.Model`, which gives logits; `export.to_litert` takes it.
        preset_: its preset.
        classes_: the labels.
        n_iter_: epochs trained.

    Examples:
        >>> from sklearn.datasets import load_wine
        >>> x, y = load_wine(return_X_y=True)
        >>> model = tuning.Classifier("mlp_tiny", recipe=tuning.Recipe(epochs=20)).fit(x, y)
        >>> model.predict(x[:3])
        array([0, 0, 0])
    """

    def fit(self, X: Any, y: Any) -> "Classifier":  # noqa: N803
        """Train on rows X, (rows, *shape), and labels y, (rows,), or a matrix of 0 and 1, (rows,
        labels), for several labels per row. 20 % steer the early stopping.

        Raises:
            ValueError: X or y cannot be used.
        """
        X, y = validate_data(  # noqa: N806
            self, X, y, dtype=np.float32, allow_nd=True, ensure_min_samples=2, multi_output=True
        )
        check_classification_targets(y)
        self.multilabel_ = type_of_target(y) == "multilabel-indicator"
        if self.multilabel_:
            self.classes_ = np.arange(y.shape[1])
            self._train(X, y, Multilabel(tuple(map(str, self.classes_))))
            return self
        self.classes_, numbers = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        if len(self.classes_) < 2:
            raise UserError("y holds one class only; a classifier needs at least two.")
        self._train(X, numbers, Classification(tuple(str(name) for name in self.classes_)))
        return self

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return class probabilities, (rows, classes), or the probability of each label."""
        outputs = self._outputs(X)
        return sigmoid(outputs) if self.multilabel_ else probabilities(outputs)

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return labels, (rows,), or a matrix of 0 and 1 as `fit` took it."""
        outputs = self._outputs(X)
        if self.multilabel_:
            return np.asarray(outputs > 0, np.int64)
        return np.asarray(self.classes_[outputs.argmax(axis=1)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


class Regressor(RegressorMixin, _Estimator):
    """A preset as a scikit-learn regressor of one target. Arguments as for `Classifier`.

    Examples:
        >>> from sklearn.datasets import load_diabetes
        >>> x, y = load_diabetes(return_X_y=True)
        >>> model = tuning.Regressor("mlp_tiny", recipe=tuning.Recipe(epochs=5)).fit(x, y)
        >>> model.predict(x[:3]).shape
        (3,)
    """

    def fit(self, X: Any, y: Any) -> "Regressor":  # noqa: N803
        """Train on rows X, (rows, *shape), and numbers y, (rows,). 20 % steer the early stopping.

        Raises:
            ValueError: X or y cannot be used.
        """
        X, y = validate_data(  # noqa: N806
            self, X, y, dtype=np.float32, allow_nd=True, ensure_min_samples=2, y_numeric=True
        )
        targets = np.asarray(column_or_1d(y, warn=True), np.float32)
        self._train(X, targets[:, None], Regression())
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return numbers, (rows,)."""
        return self._outputs(X)[:, 0]


def _data(x: np.ndarray, y: np.ndarray, task: Task, seed: int) -> Data:
    """Return rows as data without test rows; without validation rows where there are too few."""
    y = y.astype(np.float32 if task.numbers else np.int64)
    try:
        arrays = hold_out(x, y, seed, task.strata(y))
    except UserError:
        arrays = {"x_train": x, "y_train": y, "x_val": x[:0], "y_val": y[:0]}
    held = [arrays[name] for name in ("x_train", "y_train", "x_val", "y_val")]
    parts = (held[0], held[1], held[2], held[3], x[:0], y[:0])
    return Data("arrays", "arrays", seed, task, digest(parts), *parts)
