"""Optional boosting libraries: LightGBM, XGBoost, CatBoost (the extra "trees").

Each with its own defaults, stopped where the validation loss is least, and grown once more on the
validation rows too, with as many trees; with a smaller rate and larger leaves where that fails.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.baselines.growing import Answer, Grown, Settings, loss, steady
from zoo.baselines.problem import Predict, Problem, each_target

ROUNDS, PATIENCE = 1000, 30  # most trees, and those without a better validation loss at the end
UNSTOPPED = 100  # trees, where there are no validation rows
RATE = {"learning_rate": 0.03}  # of gentle trees

Rows = tuple[np.ndarray, np.ndarray]  # x and y
# settings, most rounds, rows, held-out rows to stop by -> the trees, and the best round
Train = Callable[[Settings, int, Rows, Rows | None], tuple[Answer, int]]


def lightgbm(problem: Problem, seed: int) -> Predict:
    """Grow LightGBM's trees (Ke et al. 2017)."""
    import lightgbm as library

    objective: dict[str, Any] = {"objective": "l2"}
    if problem.errors.level is not None:
        objective = {"objective": "quantile", "alpha": problem.errors.level}
    if problem.classes:
        objective = {"objective": "multiclass", "num_class": problem.classes}
    basis = objective | {"seed": seed, "verbosity": -1, "deterministic": True}

    def train(
        settings: Settings, rounds: int, rows: Rows, held_out: Rows | None
    ) -> tuple[Answer, int]:
        own, parts = library.Dataset(*rows, weight=problem.weights(rows[1])), []
        stops: list[Callable[..., Any]] = []
        if held_out is not None:
            stops = [library.early_stopping(PATIENCE, verbose=False)]
            weight = problem.weights(held_out[1])
            parts = [library.Dataset(*held_out, reference=own, weight=weight)]
        model = library.train(basis | {**settings}, own, rounds, parts, callbacks=stops)
        return model.predict, max(1, model.best_iteration)

    return _grown_by(train, problem, RATE | {"min_data_in_leaf": 50})


def xgboost(problem: Problem, seed: int) -> Predict:
    """Grow XGBoost's trees (Chen and Guestrin 2016, arXiv:1603.02754)."""
    import xgboost as library

    objective: dict[str, Any] = {"objective": "reg:squarederror"}
    if problem.errors.level is not None:
        objective = {"objective": "reg:quantileerror", "quantile_alpha": problem.errors.level}
    if problem.classes:
        objective = {"objective": "multi:softprob", "num_class": problem.classes}
    basis = objective | {"seed": seed, "verbosity": 0}

    def train(
        settings: Settings, rounds: int, rows: Rows, held_out: Rows | None
    ) -> tuple[Answer, int]:
        own, last, stop = library.DMatrix(*rows, weight=problem.weights(rows[1])), rounds, {}
        if held_out is not None:
            weight = problem.weights(held_out[1])
            parts = [(library.DMatrix(*held_out, weight=weight), "validation")]
            stop = {"evals": parts, "early_stopping_rounds": PATIENCE, "verbose_eval": False}
        model = library.train(basis | {**settings}, own, rounds, **stop)
        if held_out is not None:
            last = model.best_iteration + 1
        return lambda x: model.predict(library.DMatrix(x), iteration_range=(0, last)), last

    return _grown_by(train, problem, RATE | {"min_child_weight": 10})


def catboost(problem: Problem, seed: int) -> Predict:
    """Grow CatBoost's trees (Prokhorenkova et al. 2018, arXiv:1706.09516)."""
    import catboost as library

    classes = problem.classes > 0
    kind: Any = library.CatBoostClassifier if classes else library.CatBoostRegressor
    basis: dict[str, Any] = {"random_seed": seed, "verbose": False, "allow_writing_files": False}
    if problem.errors.level is not None:
        basis["loss_function"] = f"Quantile:alpha={problem.errors.level}"
    if classes:
        basis["loss_function"] = "MultiClass"

    def pool(rows: Rows) -> Any:
        return library.Pool(*rows, weight=problem.weights(rows[1]))

    def train(
        settings: Settings, rounds: int, rows: Rows, held_out: Rows | None
    ) -> tuple[Answer, int]:
        stop = {} if held_out is None else {"early_stopping_rounds": PATIENCE}
        model = kind(iterations=rounds, **basis, **settings, **stop)
        own, held = (None if part is None else pool(part) for part in (rows, held_out))
        model.fit(own, eval_set=held)
        last = rounds if held_out is None else model.get_best_iteration() + 1
        return model.predict_proba if classes else model.predict, last

    return _grown_by(train, problem, RATE | {"l2_leaf_reg": 30})


def _grown_by(train: Train, problem: Problem, gentle: Settings) -> Predict:
    def answer(y: np.ndarray, held_out: np.ndarray) -> Answer:
        if not len(held_out):
            return train({}, UNSTOPPED, (problem.x, y), None)[0]
        every = problem.x_all, np.concatenate([y, held_out])

        def grow(settings: Settings) -> Grown:
            held = problem.x_validation, held_out
            stopped, rounds = train(settings, ROUNDS, (problem.x, y), held)
            own = loss(np.asarray(stopped(held[0])), held_out, problem)
            return Grown(own, lambda: stopped, lambda: train(settings, rounds, every, None)[0])

        return steady(problem, y, held_out, grow, [{}], gentle)

    return each_target(problem, answer)


LIBRARIES: dict[str, Callable[[Problem, int], Predict]] = {
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
}
