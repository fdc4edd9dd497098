"""scikit-learn's own checks of its own API, on our estimators."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.metrics import recall_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import zoo
from tuning import Classifier, Recipe, Regressor

TINY = "tiny.toml"
BOARD = 'title = "Tiny"\ncore = "cortex-m4"\nmhz = 80\nflash = 8000\nram = 8000\n'
QUICK = Recipe(epochs=20, batch_size=32, learning_rate=2e-2)
FEW_STEPS = Recipe(epochs=20, batch_size=128, learning_rate=3e-2)  # there are 300 rows at most
CHECKS = [
    *estimator_checks_generator(Classifier("mlp_tiny", FEW_STEPS), legacy=True),
    *estimator_checks_generator(Regressor("mlp_tiny", FEW_STEPS), legacy=True),
]


def named(value: Any) -> str:
    return getattr(getattr(value, "func", value), "__name__", type(value).__name__)


@pytest.mark.filterwarnings("ignore")  # what scikit-learn provokes on purpose
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=named)
def test_scikit_learn_accepts_it(estimator: Any, check: Any) -> None:
    check(estimator)


def test_several_labels_a_row() -> None:
    x = np.random.default_rng(0).normal(size=(200, 4))
    y = (x[:, :3] > 0).astype(int)
    model = Classifier("mlp_tiny", QUICK).fit(x, y)
    assert model.predict(x).shape == (200, 3)
    assert (model.predict(x) == y).mean() > 0.9
    chances = model.predict_proba(x)
    assert chances.shape == (200, 3)
    assert chances.sum(axis=1).max() > 1.5


def test_in_a_pipeline_and_a_grid() -> None:
    x, y = load_iris(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), Classifier("mlp_tiny", QUICK))
    assert cross_val_score(pipe, x, y, cv=3).mean() > 0.9
    grid = GridSearchCV(Classifier("mlp_tiny", QUICK), {"overrides": [{}, {"depth": 2}]}, cv=2)
    assert grid.fit(x, y).best_score_ > 0.9


def test_pictures_and_names() -> None:
    digits = load_digits()
    x, y = digits.images[:600, ..., None], np.array(list("abcdefghij"))[digits.target[:600]]
    model = Classifier("cnn_tiny", QUICK).fit(x[:400], y[:400])
    assert model.score(x[400:], y[400:]) > 0.8
    np.testing.assert_allclose(model.predict_proba(x[400:]).sum(axis=1), 1)
    assert set(model.predict(x[400:])) <= set("abcdefghij")


def test_one_class_is_refused() -> None:
    with pytest.raises(zoo.UserError, match="y holds one class only; a classifier needs"):
        Classifier().fit(np.eye(8), np.zeros(8))


def uneven() -> tuple[np.ndarray, np.ndarray]:
    """Return two classes, 25 to 1, of which the rarer is never likelier than not."""
    y = (np.arange(1560) % 26 == 0).astype(np.int64)
    x = np.random.default_rng(0).normal(size=(len(y), 4))
    x[:, 0] += 2.0 * y
    return x, np.array(["fine", "broken"])[y]


def test_the_metric_decides_what_is_answered() -> None:
    x, y = uneven()
    recipe = Recipe(epochs=5, batch_size=64, learning_rate=1e-2)
    found = {
        metric: recall_score(
            y,
            Classifier("mlp_tiny", recipe, metric=metric).fit(x, y).predict(x),
            pos_label="broken",
        )
        for metric in ("accuracy", None, "recall_at_precision:0.3:broken")
    }
    assert found["accuracy"] < 0.2
    assert min(found[None] or 0, found["recall_at_precision:0.3:broken"]) > 0.4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"metric": "rmse"}, "classification has no metric 'rmse'"),
        ({"metric": "recall_at_precision:2"}, "needs a number between 0 and 1 after a colon"),
        ({"metric": "pr_auc:cat"}, "there is no 'cat'"),
        ({"device": "rp2041"}, "rp2040"),
        ({"preset": "mlp_base", "device": TINY}, "mlp_base is too large for"),
        ({"minutes": 0}, "minutes must be"),
        ({"preset": None, "overrides": {"units": 3}}, "cannot be set where no preset is named"),
    ],
)
def test_what_is_refused(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    x, y = load_iris(return_X_y=True)
    if given.get("device") == TINY:
        (tmp_path / TINY).write_text(BOARD)
        given = given | {"device": str(tmp_path / TINY)}
    model = Classifier(**given)
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(zoo.UserError, match=message):
        model.fit(x, y)


def test_a_search_in_the_minutes_that_are_given() -> None:
    x, y = load_iris(return_X_y=True)
    recipe = Recipe(epochs=2)
    model = Classifier("mlp_tiny", recipe, metric="log_loss", minutes=0.1, device="rp2040")
    assert model.fit(x, y).predict(x).shape == (150,)
    assert model.preset_ == "mlp_tiny"
    assert 1 <= model.n_iter_ <= 2
