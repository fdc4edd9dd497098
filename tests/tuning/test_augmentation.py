"""Each change of the training rows against what its source says, in plain NumPy."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import affine_transform
from sklearn.utils.class_weight import compute_class_weight

import zoo
from tests.helpers.instances import data_of
from tuning import Recipe
from tuning.augmentation import images as pictures
from tuning.augmentation import mixing
from tuning.augmentation import sequences as series
from tuning.augmentation.apply import KINDS, Augmentation, check_augmentation
from tuning.training.feeding import Batches, Feed
from tuning.training.losses import Targets
from zoo.tasks import Regression

SHAPES = {1: (6,), 2: (20, 3), 3: (12, 10, 2)}
ON: dict[str, Any] = {
    "shift": 0.2,
    "flip": True,
    "zoom": 0.3,
    "randaugment": 0.5,
    "warp": 0.2,
    "scaling": 0.1,
    "jitter": 0.05,
    "cutout": 0.4,
    "specaugment": 0.3,
    "mixup": 0.5,
    "cutmix": 1.0,
}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def batch(kind: int, count: int = 16) -> np.ndarray:
    return rng(1).random((count, *SHAPES[kind])).astype(np.float32)


def one_hot(count: int = 16) -> np.ndarray:
    return np.eye(count, dtype=np.float32)  # every row of a class of its own


def test_shift_repeats_edges_and_moves_each_row_its_own_way() -> None:
    x = batch(3)
    moves = set()
    for row, moved in zip(x, mixing.shift(rng(), x, 0.2), strict=True):
        padded = np.pad(row, ((2, 2), (2, 2), (0, 0)), mode="edge")  # 0.2 of 12 and of 10
        windows = {(i, j): padded[i : i + 12, j : j + 10] for i in range(5) for j in range(5)}
        moves |= {at for at, window in windows.items() if np.array_equal(window, moved)}
    assert {i for i, _ in moves} == {j for _, j in moves} == set(range(5))


def test_flip_mirrors_about_half() -> None:
    x = batch(3, 100)
    flipped = pictures.flip(rng(), x)
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, x, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(flipped, x, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 30 < sum(mirrored) < 70


@pytest.mark.parametrize("kind", [2, 3])
def test_cutout_blanks_one_box_with_the_mean(kind: int) -> None:
    x = batch(kind, 200)
    blank = np.full(x.shape[-1], -1.0, np.float32)
    blanked = (mixing.cutout(rng(), x, 0.4, blank) == -1).all(axis=-1)
    largest = np.prod([round(0.4 * side) for side in SHAPES[kind][:-1]])
    counts = blanked.reshape(200, -1).sum(axis=1)
    assert counts.max() == largest
    assert counts.min() < largest  # a centre near the edge
    for mask in blanked:
        inside = np.nonzero(mask)
        assert mask[tuple(slice(at.min(), at.max() + 1) for at in inside)].all()


def test_specaugment_blanks_a_stripe_along_each_axis() -> None:
    x = batch(2, 300)
    out = mixing.specaugment(rng(), x, 0.3, np.full(3, -1.0, np.float32))
    blank = out == -1
    steps, bands = blank.all(axis=2).sum(axis=1), blank.all(axis=1).sum(axis=1)
    assert set(steps) == set(range(7))  # 0.3 of 20
    assert set(bands) == {0, 1}  # 0.3 of 3
    for mask in blank.all(axis=2):
        assert (np.diff(np.flatnonzero(mask)) == 1).all()
    np.testing.assert_array_equal(out[~blank], x[~blank])


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_mixup_blends_rows_as_it_blends_targets(kind: int) -> None:
    x, y = batch(kind), one_hot()
    mixed, targets = mixing.mixup(rng(), x, y, 0.5)
    expected = np.tensordot(targets, x, axes=1)  # the targets say which rows, and how much
    np.testing.assert_allclose(mixed, expected, atol=1e-6)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    shares = np.concatenate([mixing.mixup(rng(n), x, y, 0.5)[1].diagonal() for n in range(50)])
    between = np.asarray(shares[(shares > 0) & (shares < 1)])
    assert between.var() == pytest.approx(0.125, abs=0.02)  # of Beta(a, a): 1 / (4 (2 a + 1))


@pytest.mark.parametrize("kind", [2, 3])
def test_cutmix_weighs_targets_by_what_is_seen(kind: int) -> None:
    x = np.arange(16, dtype=np.float32).reshape(-1, *[1] * kind)
    x = np.broadcast_to(x, (16, *SHAPES[kind]))  # every value tells its row
    mixed, targets = mixing.cutmix(rng(), x, one_hot(), 1.0)
    for number, row in enumerate(mixed):
        seen = np.bincount(row.astype(int).ravel(), minlength=16) / row.size
        np.testing.assert_allclose(targets[number], seen, atol=1e-6)
        assert np.count_nonzero(seen) <= 2
    assert np.count_nonzero(targets) > 20


def test_jitter_is_noise_in_units_of_the_feature() -> None:
    x, std = batch(2, 500), np.array([1.0, 10.0, 0.0], np.float32)
    noise = series.jitter(rng(), x, 0.05, std) - x
    np.testing.assert_allclose(noise.std(axis=(0, 1)), [0.05, 0.5, 0.0], rtol=0.03)
    assert abs(noise.mean()) < 0.01


def test_scaling_stretches_each_feature_about_its_mean() -> None:
    x, mean = batch(2, 500), np.array([5.0, 0.0, -2.0], np.float32)
    factors = (series.scaling(rng(), x, 0.1, mean) - mean) / (x - mean)
    np.testing.assert_allclose(factors, np.broadcast_to(factors[:, :1], x.shape), rtol=1e-2)
    one = np.median(factors, axis=1)
    assert one.mean() == pytest.approx(1, abs=0.01)
    assert one.std() == pytest.approx(0.1, rel=0.1)


def test_warp_reads_each_feature_at_the_warped_times() -> None:
    x = batch(2)
    times = series.warped_times(rng(), 16, 20, 0.2)
    warped = series.warp(rng(), x, 0.2)
    steps = np.arange(20)
    for row, read, at in zip(x, warped, times, strict=True):
        for feature in range(3):
            expected = np.interp(at, steps, row[:, feature])
            np.testing.assert_allclose(read[:, feature], expected, atol=1e-5)
    assert (times[:, 0] == 0).all()
    np.testing.assert_allclose(times[:, -1], 19)
    assert (np.diff(times) > 0).all()
    assert 0.05 < np.diff(times).std() < 0.4
    assert series.warp(rng(), x[:, :1], 0.2).shape == (16, 1, 3)


def test_affine_is_scipys() -> None:
    x = batch(3, 1)
    for move in pictures.GEOMETRY:
        matrix = move(0.7)
        half = np.diag([5.5, 4.5])  # from the centre, in half sides, to pixels
        linear = half @ matrix[:, :2] @ np.linalg.inv(half)
        centre = np.array([5.5, 4.5])
        offset = centre - linear @ centre + half @ matrix[:, 2]
        expected = [
            affine_transform(x[0, :, :, c], linear, offset, order=1, mode="nearest")
            for c in range(2)
        ]
        found = pictures.affine(x, matrix[None])[0]
        np.testing.assert_allclose(found, np.stack(expected, axis=-1), atol=1e-5)


def test_tones_are_those_of_pil() -> None:
    x = rng().integers(0, 256, (4, 6, 6, 1))
    change = np.full((4, 1, 1, 1), 0.5)
    brightness, contrast, autocontrast, solarize, posterize = (
        np.clip(tone(x / 255, change), 0, 1) * 255 for tone in pictures.TONES
    )
    np.testing.assert_allclose(brightness, np.minimum(x * 1.45, 255))
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(contrast, np.clip(mean + 1.45 * (x - mean), 0, 255))
    low, high = x.min(axis=(1, 2), keepdims=True), x.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(autocontrast, 255 * (x - low) / (high - low))
    np.testing.assert_allclose(solarize, np.where(x >= 128, 255 - x, x))
    np.testing.assert_allclose(posterize, x & 0b11111100)  # half of the 4 bits


def test_randaugment_gives_each_picture_its_own_two_and_stays_in_range() -> None:
    x = 5 + 10 * batch(3, 400)
    out = pictures.randaugment(rng(), x, 0.5, 5.0, 15.0)
    assert out.shape == x.shape
    assert out.min() >= 5 - 1e-5
    assert out.max() <= 15 + 1e-5
    same = sum(np.allclose(a, b, atol=1e-4) for a, b in zip(out, x, strict=True))
    assert same < 0.1 * 400  # the identity twice is one in 121


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"mosaic"}))  # of boxes: `test_moving.py`
def test_every_field_changes_its_kind_of_rows_and_refuses_others(name: str, kind: int) -> None:
    x, y = batch(kind), one_hot()
    data = replace(data_of(x, np.arange(16)), name="ours")
    recipe = Recipe(**{name: ON[name]})
    if data.kind not in KINDS[name]:
        with pytest.raises(zoo.UserError, match=rf"{name} is for .* the rows of ours have shape"):
            check_augmentation(recipe, data)
        return
    check_augmentation(recipe, data)
    augment = Augmentation.of(recipe, x)
    before = x.copy()
    changed, targets = augment(rng(), x, y)
    again, same = augment(rng(), x, y)
    np.testing.assert_array_equal(changed, again)
    np.testing.assert_array_equal(targets, same)
    np.testing.assert_array_equal(x, before)
    assert changed.dtype == targets.dtype == np.float32
    assert changed.shape == x.shape
    assert not np.array_equal(changed, augment(rng(5), x, y)[0])


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"focal": 2.0}, "focal is for classes; ours is a regression"),
        ({"cutmix": 1.0}, "cutmix is for classes; ours is a regression"),
        ({"balance": "weights"}, "balance is for classes; ours is a regression"),
    ],
)
def test_what_is_for_classes_only(field: dict[str, object], message: str) -> None:
    data = data_of(batch(3), np.arange(16))
    targets = np.zeros((16, 1), np.float32)
    regression = replace(data, name="ours", task=Regression(), y_train=targets)
    with pytest.raises(zoo.UserError, match=message):
        check_augmentation(Recipe(**field), regression)  # type: ignore[arg-type]


def feed(recipe: Recipe, classes: np.ndarray) -> Feed:
    x = np.arange(len(classes), dtype=np.float32)[:, None]
    data = data_of(x, classes)
    return Feed.of(data, Targets.of(data), recipe)


def drawn(recipe: Recipe, classes: np.ndarray, start: int = 0) -> list[list[int]]:
    """Return the numbers of the rows of two epochs."""
    batches = Batches(feed(recipe, classes), start)
    epochs = (range(n * batches.steps, (n + 1) * batches.steps) for n in (0, 1))
    return [[int(row) for i in epoch for row in batches[i][0].ravel().round()] for epoch in epochs]


def test_batches_are_every_row_once_an_epoch_and_the_same_when_taken_up_again() -> None:
    recipe = Recipe(batch_size=16, jitter=1e-3, seed=3)
    classes = np.arange(50) % 2
    first, second = drawn(recipe, classes)
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second
    assert drawn(recipe, classes) == [first, second]
    assert drawn(recipe, classes, start=1)[0] == second
    assert drawn(replace(recipe, seed=4), classes)[0] != first
    batches = Batches(feed(recipe, classes), 0)
    np.testing.assert_array_equal(batches[5][0], batches[5][0])
    assert len(batches[3][0]) == 2  # the rest of the first epoch


RARE = np.array([0] * 90 + [1] * 10)


def test_balance_by_sampling_draws_classes_evenly() -> None:
    recipe = Recipe(balance="sampling", batch_size=32)
    rows = np.concatenate([drawn(recipe, RARE, start) for start in range(0, 20, 2)]).ravel()
    assert len(rows) == 2000
    assert (rows >= 90).mean() == pytest.approx(0.5, abs=0.04)
    assert len(Batches(feed(recipe, RARE), 0)[0]) == 2  # no weights on top


@pytest.mark.parametrize("changed", [False, True])
def test_balance_by_weights_is_scikit_learns(changed: bool) -> None:
    recipe = Recipe(balance="weights", batch_size=100, jitter=1e-3 if changed else 0.0)
    expected = compute_class_weight("balanced", classes=np.arange(2), y=RARE)
    x, y, weights = Batches(feed(recipe, RARE), 0)[0]
    assert len(x) == 100
    np.testing.assert_allclose(weights, expected[y.argmax(axis=1)], rtol=1e-6)


def test_validation_rows_are_weighed_too() -> None:
    x = np.zeros((100, 1), np.float32)
    data = replace(data_of(x, RARE), x_validation=x[:3], y_validation=np.array([0, 1, 1]))
    given = Feed.of(data, Targets.of(data), Recipe(balance="sampling")).validation
    assert given is not None
    np.testing.assert_allclose(given[2], [100 / 180, 5, 5], rtol=1e-6)
