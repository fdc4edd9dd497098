"""A build(hp) of your own, with the study behind it: `python examples/own_tuner.py OUT`.

Start it several times at once, with the same OUT, and the processes share the trials.
"""

import os
import sys
from pathlib import Path

import keras
import keras_tuner

import tuning
import zoo


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    """Return a small network; its second layer is a choice."""
    model = keras.Sequential([keras.Input((64,)), keras.layers.Rescaling(1 / 16)])
    model.add(keras.layers.Dense(hp.Int("units", 8, 64, step=8), activation="relu"))
    if hp.Boolean("deeper"):
        with hp.conditional_scope("deeper", [True]):
            model.add(keras.layers.Dense(hp.Int("more_units", 8, 32, step=8), activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def main(out: Path) -> None:
    data = zoo.load_data("digits")
    x, held_out = (rows.reshape(len(rows), 64) for rows in (data.x_train, data.x_validation))
    oracle = tuning.StudyOracle(out / "study", objective="val_accuracy", max_trials=4)
    tuner = keras_tuner.Tuner(
        oracle, hypermodel=build, directory=out, project_name=f"process-{os.getpid()}"
    )
    validation = (held_out, data.y_validation)
    tuner.search(x, data.y_train, validation_data=validation, epochs=3, verbose=0)
    for trial in oracle.finished():
        print(trial.number, trial.state, trial.score, dict(trial.values))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
