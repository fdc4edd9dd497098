"""Races of the presets for tables, behind the order of `zoo.advice.choice`.

    pip install --no-deps statsmodels
    python -m benchmarks.races [--epochs 12] [SET ...]

Trains each preset once on each set, with its default recipe but so many epochs, and measures the
float model on the test rows, beside LightGBM: balanced accuracy, or the root mean squared error
over that of the mean, both in percent. The sets are statsmodels' (`fair`, 6,366 rows; `randhie`,
20,190) and shapes of scikit-learn's `make_*`: no set by which the advice is judged elsewhere.
Prints a line for each; `benchmarks/results/races.md` holds those of one run.
"""

import argparse
import csv
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import make_classification, make_friedman1, make_gaussian_quantiles

import tuning
import zoo
from tuning.spaces import default_recipe
from zoo.baselines.fitted import fit_baseline
from zoo.tasks.units import Units

PRESETS = ("mlp_small", "mlp_base", "mlp_ple_small", "mlp_tabm_small")
TREES = "lightgbm"


def of_statsmodels(name: str, target: str, classes: int | None) -> zoo.Data:
    """Read a set from the installed package; numbers over `classes` - 1 count as that class."""
    package = find_spec("statsmodels")
    if package is None or package.origin is None:
        raise zoo.UserError("pip install --no-deps statsmodels, whose sets are raced on.")
    path = Path(package.origin).parent / "datasets" / name / f"{name}.csv"
    with path.open() as file:
        lines = list(csv.DictReader(file))
    features = [key for key in lines[0] if key != target]
    x = np.array([[float(line[key]) for key in features] for line in lines], np.float32)
    y = np.array([float(line[target]) for line in lines])
    if classes is None:
        return zoo.data_from(x, y, name=name)
    return zoo.data_from(x, np.minimum(np.ceil(y), classes - 1).astype(np.int64), name=name)


def heavy_tails() -> zoo.Data:
    """Return 20,000 rows of 9 skewed features and five classes, 2,000 to 1."""
    shares = [0.8, 0.15, 0.04, 0.0096, 0.0004]
    x, y = make_classification(
        20_000, 9, n_informative=7, n_redundant=0, n_classes=5, n_clusters_per_class=1,
        weights=shares, flip_y=0, class_sep=1.2, random_state=0,
    )  # fmt: skip
    return zoo.data_from(np.sign(x) * np.expm1(1.5 * np.abs(x)), y, name="heavy_tails")


def friedman() -> zoo.Data:
    """Return 20,000 rows of Friedman's first function."""
    return zoo.data_from(*make_friedman1(20_000, 10, noise=1.0, random_state=0), name="friedman")


def rings() -> zoo.Data:
    """Return 20,000 rows of three classes, each a shell of one normal distribution."""
    x, y = make_gaussian_quantiles(n_samples=20_000, n_features=8, n_classes=3, random_state=0)
    return zoo.data_from(x, y, name="rings")


SETS: dict[str, Callable[[], zoo.Data]] = {
    "fair": lambda: of_statsmodels("fair", "affairs", 2),
    "randhie": lambda: of_statsmodels("randhie", "mdvis", 4),
    "heavy_tails": heavy_tails,
    "friedman": friedman,
    "rings": rings,
}


def score(data: zoo.Data, outputs: np.ndarray) -> float:
    """Return balanced accuracy in percent, or the error as percent of the constant's."""
    if data.task.numbers:
        constant = np.tile(data.y_train.mean(axis=0), (len(data.y_test), 1))
        own, whole = (data.task.score(data.y_test, o, Units()) for o in (outputs, constant))
        return 100 * own / whole
    task = data.task.with_metric("balanced_accuracy")
    return 100 * task.score(data.y_test, outputs, Units())


def raced(data: zoo.Data, preset: str, epochs: int) -> tuple[float, float]:
    """Train a preset; return its figure and the seconds."""
    started = time.monotonic()
    keras.utils.set_random_seed(0)
    model = zoo.create_model(preset, data.input_shape, data.num_outputs)
    recipe = replace(default_recipe(preset, data), epochs=epochs)
    tuning.fit(model, data, recipe)
    outputs = np.asarray(model.predict(data.x_test, verbose=0))
    return score(data, outputs), time.monotonic() - started


def main() -> None:
    """Race on the sets that are named, all if none is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--epochs", type=int, default=12)
    asked = parser.parse_args()
    for name in asked.sets:
        data = SETS[name]()
        trees = fit_baseline(TREES, data).predict(data.x_test)
        told = [name, f"{len(data.x_train):,}", f"{score(data, trees):.1f}"]
        for preset in PRESETS:
            figure, seconds = raced(data, preset, asked.epochs)
            told.append(f"{figure:.1f} ({seconds:.0f} s)")
        print(f"| {' | '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
