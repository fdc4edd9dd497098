"""Trainings on masks: class weights of pixels, sampling of images, everything at once, resuming."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.dense import NAMES, shapes
from tests.helpers.instances import data_of
from tuning import Recipe, fit, search, train
from tuning.settings import Search
from tuning.spaces import default_recipe
from tuning.training.feeding import Batches, Feed
from tuning.training.losses import Targets, class_weights
from zoo.tasks import Segmentation
from zoo.tasks.masks.form import IGNORED


def scenes(count: int = 40) -> zoo.Data:
    x, y = shapes(count, 0)
    y[:, :2, :2] = IGNORED
    data = data_of(x, y)
    held = {"x_validation": x[:8], "y_validation": y[:8]}
    return replace(data, name="shapes", task=Segmentation(NAMES), **held)


def fed(data: zoo.Data, **fields: Any) -> tuple[Feed, Batches]:
    feed = Feed.of(data, Targets.of(data), Recipe(**fields))
    return feed, Batches(feed, 0)


def test_weights_are_of_the_pixels_and_ignored_ones_have_none() -> None:
    data = scenes()
    weights = class_weights(data, Recipe(balance="weights"))
    assert weights is not None
    feed, batches = fed(data, balance="weights", batch_size=16)
    x, y, counted = batches[0]
    assert y.dtype == np.uint8
    assert x.shape[:3] == y.shape == counted.shape
    known = y != IGNORED
    np.testing.assert_array_equal(counted[known], weights[y[known]])
    assert (counted[~known] == 0).all()
    every = data.task.weigh(data.y_train, weights)
    assert every[data.y_train != IGNORED].mean() == pytest.approx(1)
    per_class = [every[data.y_train == label].sum() for label in range(3)]
    np.testing.assert_allclose(per_class, per_class[0], rtol=1e-5)
    assert feed.validation is not None
    assert feed.validation[2].shape == data.y_validation.shape


def test_weights_follow_the_moved_masks() -> None:
    data = scenes()
    weights = class_weights(data, Recipe(balance="weights"))
    assert weights is not None
    _, y, counted = fed(data, balance="weights", zoom=0.5, shift=0.2)[1][0]
    assert not np.array_equal(np.sort(y.ravel()), np.sort(data.y_train[: len(y)].ravel()))
    np.testing.assert_array_equal(counted == 0, y == IGNORED)


def test_sampling_draws_images_of_rare_classes_more_often() -> None:
    data = scenes()
    y = np.where(data.y_train == 2, 0, data.y_train).astype(np.uint8)
    y[:4][data.y_train[:4] == 2] = 2  # discs in four of 40 images
    _, batches = fed(replace(data, y_train=y), balance="sampling", batch_size=40)
    drawn = np.concatenate([batches[n][1] for n in range(20)])
    rare = (drawn == 2).any(axis=(1, 2)).mean()
    assert rare > 2 * 4 / 40
    assert len(batches[0]) == 2  # no weights on top


EVERYTHING: dict[str, Any] = {
    "ema": 0.9,
    "balance": "weights",
    "focal": 1.0,
    "label_smoothing": 0.1,
    "shift": 0.2,
    "flip": True,
    "zoom": 0.3,
    "randaugment": 0.3,
    "cutout": 0.2,
    "specaugment": 0.2,
}


def test_trains_with_everything_on_and_is_taken_up_again(tmp_path: Path) -> None:
    data = scenes()
    recipe = Recipe(epochs=4, patience=0, batch_size=16, **EVERYTHING)

    class Cut(Exception):
        """The process was killed."""

    def trained(resume: Path | None, cut: int | None = None) -> list[np.ndarray]:
        def on_epoch(epoch: int, curves: Mapping[str, float]) -> bool:
            assert set(curves) == {"loss", "miou", "val_loss", "val_miou"}
            if epoch == cut:
                raise Cut
            return True

        keras.utils.set_random_seed(1)
        model = zoo.create_model("unet_tiny", data.input_shape, data.num_outputs, dropout=0.1)
        fit(model, data, recipe, on_epoch=on_epoch, resume=resume)
        return list(model.get_weights())

    whole = trained(None)
    assert all(np.isfinite(weight).all() for weight in whole)
    with pytest.raises(Cut):
        trained(tmp_path / "checkpoint", cut=3)
    assert all(map(np.array_equal, whole, trained(tmp_path / "checkpoint")))


def test_a_training_shows_the_score_of_the_masks() -> None:
    data = scenes()
    model = zoo.create_model("unet_tiny", data.input_shape, data.num_outputs)
    result = fit(model, data, Recipe(epochs=30, learning_rate=1e-2, patience=0, batch_size=8))
    assert result.metric == data.metric
    outputs = model.predict(data.x_validation, verbose=0)
    score = data.task.score(data.y_validation, outputs, data.task.units(data.y_train))
    assert result.score == pytest.approx(score, rel=1e-4)
    assert score > 0.6


def test_train_and_search_leave_runs(tmp_path: Path) -> None:
    data = scenes()
    short = replace(default_recipe("unet_tiny", data), epochs=1, patience=0)
    run, _ = train("unet_tiny", data, directory=tmp_path / "one", recipe=short)
    assert run.load_model().output_shape == (None, 16, 16, 3)
    assert not (run.path / "temperature.json").exists()
    quick = Search(trials=2, repeats=0, refit=True, objective="int8", jobs=1)
    found = search("unet_tiny", data, directory=tmp_path / "two", recipe=short, search=quick)
    assert found.load_model().output_shape == (None, 16, 16, 3)


def test_a_family_for_values_is_refused_for_masks() -> None:
    with pytest.raises(zoo.UserError, match=r"gives values for a row, but shapes is a segm"):
        zoo.ModelSpec.of("cnn_tiny", scenes(), {})


@pytest.mark.parametrize(
    ("preset", "overrides", "message"),
    [
        ("unet_tiny", {"filters": [8]}, r"must list at least two widths, like \[16, 32\]; got"),
        ("aspp_tiny", {"filters": [8]}, r"must list at least two widths, like \[16, 32\]; got"),
        ("unet_tiny", {"block": "odd"}, "block='odd' is not known"),
        ("aspp_tiny", {"head": 0}, "head must be an integer of at least 1; got 0"),
    ],
)
def test_bad_arguments(preset: str, overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.create_model(preset, (16, 16, 1), 3, **overrides)
