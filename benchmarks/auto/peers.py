"""Searches of others, in a Python that has them: `PYTHON peers.py NAME ROWS SECONDS OUT`.

ROWS is an `.npz` file with a training and a test part, OUT the `.npz` file to write: the answers
for the test rows, and the bytes of the model as its library saves it. Nothing of ours is imported:
their packages need other versions (`pip install autokeras==3.0.0 flaml==2.8.0 'xgboost<3' pandas`).
"""

import os
import pickle
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

SPARE = 6.0  # seconds that loading the best model and answering take
Found = tuple[np.ndarray, int]


def flaml(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seconds: float) -> Found:
    """Search gradient-boosted trees, forests and linear models, on one core; rows are flattened."""
    from flaml import AutoML

    task = "regression" if y.dtype.kind == "f" else "classification"
    x, x_test = (rows.reshape(len(rows), -1) for rows in (x, x_test))
    search = AutoML()
    search.fit(x, y, task=task, time_budget=seconds, n_jobs=1, verbose=0, seed=0)
    return np.asarray(search.predict(x_test)), len(pickle.dumps(search.model))


def autokeras(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, seconds: float) -> Found:
    """Search networks: of images as such, of all other rows flattened, for which it has no more."""
    started = time.monotonic()
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import autokeras as ak
    import keras
    from autokeras.pipeline import load_pipeline
    from keras_tuner.errors import FatalError

    class Deadline(keras.callbacks.Callback):  # AutoKeras knows trials, not seconds
        def __deepcopy__(self, _: object) -> "Deadline":
            return self

        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            if time.monotonic() - started > seconds - SPARE:
                if search.tuner.oracle.get_best_trials(1):
                    raise FatalError  # the one error that ends a search
                self.model.stop_training = True  # the first model is all there is

    x, x_test = (rows.astype(np.float32) for rows in (x, x_test))
    pictures = x.ndim == 4
    if not pictures:
        x, x_test = (rows.reshape(len(rows), -1) for rows in (x, x_test))
    kind = "Image" if pictures else "StructuredData"
    of = "Regressor" if y.dtype.kind == "f" else "Classifier"
    order = np.random.default_rng(0).permutation(len(x))
    held, own = np.split(order, [len(x) // 5])
    with tempfile.TemporaryDirectory() as folder:
        search = getattr(ak, kind + of)(max_trials=10_000, directory=folder, overwrite=True, seed=0)
        given: dict[str, Any] = {"callbacks": [Deadline()], "verbose": 0}
        with suppress(FatalError):
            search.fit(x[own], y[own], validation_data=(x[held], y[held]), **given)
        tuner = search.tuner
        (best,) = tuner.oracle.get_best_trials(1)
        tuner.get_best_model().save(tuner.best_model_path)
        load_pipeline(tuner._pipeline_path(best.trial_id)).save(tuner.best_pipeline_path)
        size = Path(tuner.best_model_path).stat().st_size
        return np.asarray(search.predict(x_test, verbose=0)), size


def main(name: str, rows: str, seconds: str, out: str) -> None:
    """Search, and write what was found."""
    with np.load(rows, allow_pickle=False) as file:
        x, y, x_test = (file[key] for key in ("x_train", "y_train", "x_test"))
    found, size = {"flaml": flaml, "autokeras": autokeras}[name](x, y, x_test, float(seconds))
    answers = found.reshape(len(x_test)).astype(float if y.dtype.kind == "f" else int)
    np.savez(out, answers=answers, bytes=size)


if __name__ == "__main__":
    main(*sys.argv[1:])
