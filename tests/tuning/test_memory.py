"""Memory that trainings on masks and boxes take: never the outputs for all rows together."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.dense import blocks, masks_of
from tests.helpers.instances import data_of
from tuning import FineTuning, quantize_aware, train
from tuning.training import imitation
from tuning.training.imitation import Imitation, Lessons
from tuning.training.overfitting import _learned
from zoo.quantization import quantize
from zoo.tasks import Segmentation, outputs
from zoo.tasks.units import Units

FEW, MANY = 64, 512
CLASSES = 8  # whose logits are eight times the pixels


def scenes(count: int) -> zoo.Data:
    x = blocks(np.random.default_rng(0), count, (16, 16, 1))
    task = Segmentation(tuple(map(str, range(CLASSES))))
    return replace(data_of(x, masks_of(x)), task=task, name="blocks")


def network() -> keras.Model:
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 16, 1))
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    return keras.Model(inputs, keras.layers.Conv2D(CLASSES, 1)(x), name="masks")


def imitated(held: int, monkeypatch: pytest.MonkeyPatch) -> Imitation:
    """Return what a twin imitates, with the outputs held that fit into so many bytes."""
    monkeypatch.setattr(imitation, "HELD", held)
    model, data = network(), scenes(FEW)
    start = quantize(model, data)
    return Imitation(model, start.twin, start.rows, batch_size=32)


def most(work: Callable[[np.ndarray], Any], x: np.ndarray) -> int:
    """Return the most bytes that NumPy held for some work on rows."""
    tracemalloc.start()
    work(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_batches_give_what_would_be_held_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    x = scenes(FEW + 3).x_train
    held = imitated(2**28, monkeypatch).pairs(x)
    once = imitated(1, monkeypatch).pairs(x).x
    endless = imitated(1, monkeypatch).pairs(x, seed=3).x
    assert isinstance(held.y, np.ndarray)
    assert isinstance(once, Lessons)
    assert isinstance(endless, Lessons)
    rows, wanted = map(np.concatenate, zip(*once, strict=True))
    np.testing.assert_array_equal(rows, held.x)
    np.testing.assert_array_equal(wanted, held.y)
    monkeypatch.setattr(imitation, "IN_MEMORY", 1)  # rows in a file
    filed = imitated(2**28, monkeypatch).pairs(x).x
    assert isinstance(filed, Lessons)
    rows, wanted = map(np.concatenate, zip(*filed, strict=True))
    np.testing.assert_array_equal(rows, held.x)
    np.testing.assert_array_equal(wanted, held.y)
    each = -(-len(x) // 32)
    orders = []
    for epoch in range(2):
        batches = [endless[epoch * each + step] for step in range(each)]
        rows, wanted = map(np.concatenate, zip(*batches, strict=True))
        order = [int(np.flatnonzero((x == row).all(axis=(1, 2, 3)))[0]) for row in rows]
        assert sorted(order) == list(range(len(x)))
        np.testing.assert_allclose(wanted, held.y[order], rtol=1e-6, atol=1e-6)
        orders.append(order)
    assert orders[0] != orders[1]
    np.testing.assert_array_equal(endless[1][1], endless[1][1])


@pytest.mark.parametrize(("held", "grows"), [(1, False), (2**28, True)])
def test_outputs_for_a_twin_to_imitate(
    held: int, grows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    imitating, x = imitated(held, monkeypatch), scenes(MANY).x_train

    def epoch(x: np.ndarray) -> None:
        pairs = imitating.pairs(x)
        for _ in pairs.x if isinstance(pairs.x, Lessons) else ():
            pass

    epoch(x)  # what Keras compiles is held too
    few, many = most(epoch, x[:FEW]), most(epoch, x)
    assert (many > 4 * few) == grows
    assert (many > x.nbytes * CLASSES) == grows


@pytest.mark.parametrize("held", [2**28, 1])
def test_a_twin_learns_from_arrays_and_from_batches(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A twin whose kernels are off by a tenth comes near again, and the same way twice."""
    monkeypatch.setattr(imitation, "HELD", held)
    model, data = network(), scenes(FEW)
    start = quantize(model, data)
    exact = model.predict(data.x_train, verbose=0)
    start.twin.trainable = True
    for weight in start.twin.trainable_variables:
        weight.assign(0.9 * weight)
    how = FineTuning(epochs=8, learning_rate=1e-2)
    before = np.abs(start.twin.predict(data.x_train, verbose=0) - exact).mean()
    tuned = [quantize_aware(model, data, start=start, fine_tuning=how) for _ in range(2)]
    first, again = (one.twin.predict(data.x_train, verbose=0) for one in tuned)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - exact).mean() < before / 2


def test_rows_learned_by_heart_are_judged_a_portion_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, data = network(), scenes(MANY)
    task, y = data.task, data.y_train
    logits = model.predict(data.x_train, verbose=0)
    whole = task.score(y, logits, Units()), task.plain_loss(y, logits, Units())
    assert _learned(model, data) == whole
    large = most(lambda x: _learned(model, replace(data, x_train=x)), data.x_train)
    monkeypatch.setattr(outputs, "HELD", 1)
    portions = _learned(model, data)
    assert portions[0] == whole[0]
    assert portions[1] == pytest.approx(whole[1], rel=1e-12)
    assert most(lambda x: _learned(model, replace(data, x_train=x)), data.x_train) < large / 2


def test_a_teacher_of_masks_is_refused_before_it_answers(tmp_path: Path) -> None:
    with pytest.raises(zoo.UserError, match=r"distill blends one answer .* is a segmentation"):
        train("unet_tiny", scenes(FEW), directory=tmp_path / "run", teacher=tmp_path / "none")
    assert not (tmp_path / "run").exists()
