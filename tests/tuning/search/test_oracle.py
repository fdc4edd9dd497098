"""The study behind a build(hp) and a Tuner of a user's own."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import pytest

import tuning
import zoo


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    model = keras.Sequential([keras.Input((13,)), keras.layers.Dense(hp.Int("units", 4, 16))])
    if hp.Boolean("deep"):
        with hp.conditional_scope("deep", [True]):
            model.add(keras.layers.Dense(hp.Int("more", 4, 8), activation="relu"))
    model.add(keras.layers.Dense(3, activation="softmax"))
    rate = hp.Float("rate", 1e-4, 1e-1, sampling="log")
    if rate > 0.05:
        raise ValueError("too fast")
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


class OwnTuner(keras_tuner.Tuner):
    """A user's own."""


def test_a_tuner_and_a_build_of_ones_own(wine: zoo.Data, tmp_path: Path) -> None:
    studies = []
    for name in ("one", "two"):  # two processes' worth: the second goes on where the first ended
        oracle = tuning.StudyOracle(
            tmp_path / "study", "val_accuracy", 4 if name == "one" else 8, algorithm="sobol"
        )
        tuner = OwnTuner(oracle, hypermodel=build, directory=tmp_path, project_name=name)
        tuner.search(
            *(wine.x_train, wine.y_train),
            validation_data=(wine.x_validation, wine.y_validation),
            epochs=1,
            verbose=0,
        )
        studies.append(oracle.finished())
    first, both = studies
    assert [t.number for t in both] == list(range(8))
    assert both[:4] == first
    for trial in both:
        assert (trial.state == "failed") == (trial.values["rate"] > 0.05)
        assert ("more" in trial.values) <= trial.values["deep"]
    failed = [trial for trial in both if trial.state == "failed"]
    assert failed
    assert failed[0].message == "ValueError: too fast"
    best = tuner.get_best_hyperparameters()[0].values
    assert best["units"] in {trial.values["units"] for trial in both[4:]}


def test_a_study_of_another_space_is_refused(tmp_path: Path) -> None:
    def oracle(most: int, **changed: Any) -> tuning.StudyOracle:
        space = keras_tuner.HyperParameters()
        space.Int("units", 1, most)
        made = tuning.StudyOracle(
            tmp_path / "s", keras_tuner.Objective("f", "max"), 2, hyperparameters=space, **changed
        )
        made._opened()
        return made

    oracle(4)
    oracle(4)
    with pytest.raises(zoo.UserError, match="holds another search: range of units="):
        oracle(5)
    with pytest.raises(zoo.UserError, match="holds another search: seed=0; asked for seed=1"):
        oracle(4, seed=1)
    with pytest.raises(zoo.UserError, match="needs one objective with a direction"):
        tuning.StudyOracle(tmp_path / "t", [keras_tuner.Objective("a", "max")] * 2, 2)  # type: ignore[arg-type]
