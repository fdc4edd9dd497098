"""Optional boosting libraries: LightGBM, XGBoost, CatBoost (the extra "trees").

Each with its own defaults, stopped where the validation loss is least, and grown once more on the
validation rows too, with as many trees.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.baselines.problem import Predict, Problem, each_target

ROUNDS, PATIENCE = 1000, 30  # most trees, and those without a better validation loss at the end
UNSTOPPED = 100  # trees, where there are no validation rows


def lightgbm(problem: Problem, seed: int) -> Predict:
    """Grow LightGBM's trees (Ke et al. 2017)."""
    import lightgbm as library

    def grow(y: np.ndarray, y_validation: np.ndarray) -> Any:
        objective: dict[str, Any] = {"objective": "l2"}
        if problem.classes:
            objective = {"objective": "multiclass", "num_class": problem.classes}
        settings = objective | {"seed": seed, "verbosity": -1, "deterministic": True}
        rounds = UNSTOPPED
        if len(y_validation):
            rows = library.Dataset(problem.x, y)
            held_out = library.Dataset(problem.x_validation, y_validation, reference=rows)
            stop = library.early_stopping(PATIENCE, verbose=False)
            stopped = library.train(settings, rows, ROUNDS, [held_out], callbacks=[stop])
            rounds = max(1, stopped.best_iteration)
        every = library.Dataset(problem.x_all, np.concatenate([y, y_validation]))
        return library.train(settings, every, rounds).predict

    return each_target(problem, grow)


def xgboost(problem: Problem, seed: int) -> Predict:
    """Grow XGBoost's trees (Chen and Guestrin 2016, arXiv:1603.02754)."""
    import xgboost as library

    def grow(y: np.ndarray, y_validation: np.ndarray) -> Any:
        objective: dict[str, Any] = {"objective": "reg:squarederror"}
        if problem.classes:
            objective = {"objective": "multi:softprob", "num_class": problem.classes}
        settings = objective | {"seed": seed, "verbosity": 0}
        rounds = UNSTOPPED
        if len(y_validation):
            rows = library.DMatrix(problem.x, y)
            held_out = [(library.DMatrix(problem.x_validation, y_validation), "validation")]
            stopped = library.train(
                settings,
                rows,
                ROUNDS,
                evals=held_out,
                early_stopping_rounds=PATIENCE,
                verbose_eval=False,
            )
            rounds = stopped.best_iteration + 1
        every = library.DMatrix(problem.x_all, np.concatenate([y, y_validation]))
        model = library.train(settings, every, rounds)
        return lambda x: model.predict(library.DMatrix(x))

    return each_target(problem, grow)


def catboost(problem: Problem, seed: int) -> Predict:
    """Grow CatBoost's trees (Prokhorenkova et al. 2018, arXiv:1706.09516)."""
    import catboost as library

    classes = problem.classes > 0
    kind: Any = library.CatBoostClassifier if classes else library.CatBoostRegressor
    settings: dict[str, Any] = {"random_seed": seed, "verbose": False, "allow_writing_files": False}
    if classes:
        settings["loss_function"] = "MultiClass"

    def grow(y: np.ndarray, y_validation: np.ndarray) -> Any:
        rounds = UNSTOPPED
        if len(y_validation):
            stopped = kind(iterations=ROUNDS, early_stopping_rounds=PATIENCE, **settings)
            stopped.fit(problem.x, y, eval_set=(problem.x_validation, y_validation))
            rounds = stopped.get_best_iteration() + 1
        model = kind(iterations=rounds, **settings)
        model.fit(problem.x_all, np.concatenate([y, y_validation]))
        return model.predict_proba if classes else model.predict

    return each_target(problem, grow)


LIBRARIES: dict[str, Callable[[Problem, int], Predict]] = {
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
}
