"""Every task keeps its promises: what joins `TASKS` joins these tests."""

from typing import Any

import keras
import numpy as np
import pytest

import zoo
from tests.zoo.tasks.samples import SAMPLES, Sample
from zoo.metrics.bootstrap import resamples
from zoo.metrics.evaluation import evaluate
from zoo.metrics.weighted import once
from zoo.tasks import FIGURES, TASKS, Detection, recorded
from zoo.tasks.answers import MOST, Described
from zoo.tasks.outputs import compacted
from zoo.tasks.units import Units


@pytest.fixture(params=TASKS)
def sample(request: pytest.FixtureRequest) -> Sample:
    return SAMPLES[request.param]


def test_labels_are_learned_and_bad_ones_refused(sample: Sample) -> None:
    kind = TASKS[sample.task.name]
    arrays = {"y_train": sample.y, "y_test": sample.y[:9]}
    if sample.task.labels:
        arrays["class_names"] = np.array(sample.task.labels)
    if isinstance(sample.task, Detection):
        arrays["x_train"] = np.zeros((len(sample.y), *sample.task.size, 1), np.float32)
    learned, checked = kind.learn(arrays)
    assert learned == sample.task
    np.testing.assert_array_equal(checked["y_train"], sample.y)
    assert len(checked["y_test"]) == 9
    for labels, message in sample.bad:
        with pytest.raises(zoo.UserError, match=message):
            kind.learn({"y_train": labels})


def test_a_task_comes_back_from_json(sample: Sample) -> None:
    size = getattr(sample.task, "size", (9,))
    names = list(sample.task.labels)
    held = {"task": sample.task.name, "class_names": names, "schema": {"shape": [*size, 1]}}
    assert recorded(held) == sample.task


def test_strata_have_an_entry_a_row(sample: Sample) -> None:
    strata = sample.task.strata(sample.y)
    assert strata is None or strata.shape == (len(sample.y),)


def test_aims_fit_outputs_and_the_loss_falls_with_better_ones(sample: Sample) -> None:
    task = sample.task
    aims = task.aims(sample.y)
    beside = 5 * (task.gives == "boxes")  # of a cell: its box, and whether there is one
    assert sample.outputs.shape[-1] == beside + task.outputs(sample.y)
    assert aims.shape == (sample.y if task.moves else sample.outputs).shape
    units = task.units(sample.y)
    losses = [
        float(task.loss()(units.standardize(aims), units.standardize(outputs)))
        for outputs in (sample.perfect, sample.outputs, sample.worse)
    ]
    assert np.isfinite(losses).all()
    assert losses == sorted(losses)
    assert losses[1] == pytest.approx(task.plain_loss(sample.y, sample.outputs, units), rel=1e-4)


def test_ignorance_is_the_loss_of_the_best_constant(sample: Sample) -> None:
    task, y = sample.task, sample.y
    known = task.constant(y, sample.outputs.shape)
    assert (known is not None) == (not task.parts(y))
    if known is not None:
        assert task.plain_loss(y, known, Units()) == pytest.approx(task.ignorance(y), rel=1e-4)
        assert task.ignorance(y) > task.plain_loss(y, sample.perfect, Units())
        return
    shares = task.aims(y).mean(axis=0)
    odds = np.log(shares) - np.log1p(-shares) if task.labels else shares
    constants = {"softmax": np.log(shares + 1e-9), "sigmoid": odds, "linear": shares}
    constant = constants[task.activation]
    outputs = np.tile(constant, (len(y), 1)).astype(np.float32)
    assert task.plain_loss(y, outputs, task.units(y)) == pytest.approx(task.ignorance(y), rel=1e-4)


def test_training_shows_the_metric(sample: Sample) -> None:
    task, units = sample.task, Units()
    shown = task.progress()
    score = task.score(sample.y, sample.outputs, units)
    if shown is not None:
        shown.update_state(task.aims(sample.y), sample.outputs)
        assert shown.name == task.metric.name
        assert float(shown.result()) == pytest.approx(score, rel=1e-5)
    assert task.estimate(sample.y, sample.outputs).value == pytest.approx(score, rel=1e-5)


def test_figures_are_those_of_scikit_learn(sample: Sample) -> None:
    task, y = sample.task, sample.y
    figures = task.figures(y, sample.outputs)
    assert next(iter(figures)) == task.metric.name
    assert set(figures) <= set(task.titles) <= set(FIGURES)
    assert {task.ceiling, task.told, *task.advised} <= set(figures)
    strata = task.strata(y)
    some = next(resamples(np.zeros(len(y), int) if strata is None else strata))[:3]
    for weights in [once(len(y))[0], *some]:
        drawn = np.repeat(np.arange(len(y)), weights.astype(int))
        for name, expected in sample.reference(y[drawn], sample.outputs[drawn]).items():
            found = figures[name].at(weights[None].astype(np.float64))[0]
            tolerance = 5e-3 if name == "roc_auc" else 1e-5  # an area is linear to first order
            assert found == pytest.approx(expected, rel=tolerance), name


def test_every_figure_has_an_interval(sample: Sample) -> None:
    for name, pair in evaluate(sample.task, sample.y, sample.outputs, sample.worse).items():
        low, high = pair.float.ci95
        assert low <= pair.float.value <= high, name


def test_a_drop_is_paired(sample: Sample) -> None:
    task, y = sample.task, sample.y
    same = task.drop(y, sample.outputs, sample.outputs)
    assert same.value == task.lost(y, sample.outputs, sample.outputs) == 0
    assert same.bootstrap95 == (0, 0)
    worse = task.drop(y, sample.outputs, sample.worse)
    assert worse.value == pytest.approx(task.lost(y, sample.outputs, sample.worse))
    assert 0 < worse.ci95[0] < worse.value < worse.ci95[1]
    many = np.tile(y, (1000, *[1] * (y.ndim - 1))).reshape(-1, *y.shape[1:])
    assert task.bound(0.5, y[:10]) >= 0.5 == task.bound(0.5, many)
    assert task.bound(-1.0, y[:10]) == -1.0


def test_answers_are_a_table(sample: Sample) -> None:
    outputs = sample.outputs
    found = sample.task.answers(outputs, [1.0] * outputs.shape[1])
    assert {len(line) for line in found.lines} == {len(found.header)}
    rows = [line[0] for line in found.lines]
    if sample.task.moves == "boxes":  # a line each, in the order of the rows
        assert len(rows) > len(set(rows))
        assert rows == sorted(rows, key=int)
    else:
        assert rows == [str(n) for n in range(len(outputs))]


def test_the_worst_rows_come_first(sample: Sample) -> None:
    found = sample.task.worst(sample.y, sample.outputs, sample.worse)
    assert len(found) == MOST
    assert len({mistake.row for mistake in found}) == MOST
    assert [mistake.wrong for mistake in found] == sorted([m.wrong for m in found], reverse=True)
    assert all(m.truth != m.int8 for m in found if m.wrong)
    none = sample.task.worst(sample.y, sample.perfect, sample.perfect)
    assert sample.task.numbers or not any(mistake.wrong for mistake in none)


def test_changes_count_rows_that_only_one_has_right(sample: Sample) -> None:
    task, y = sample.task, sample.y
    back, forth = (
        task.changes(y, *pair)
        for pair in ((sample.outputs, sample.worse), (sample.worse, sample.outputs))
    )
    assert (back.broken, back.fixed) == (forth.fixed, forth.broken)
    assert set(back.broken) <= set(task.labels)
    same = task.agreement(sample.outputs, sample.outputs)
    assert same is None if task.numbers else same == 1


def test_baselines_that_know_the_truth_are_right(sample: Sample) -> None:
    task, y = sample.task, sample.y
    known = [
        np.log(np.maximum(np.eye(part.classes)[part.y], 1e-9)) if part.classes else part.y
        for part in task.parts(y)
    ]
    if not known:
        constant = task.constant(y, sample.outputs.shape)
        assert constant is not None
        assert task.score(y, constant, Units()) < task.score(y, sample.outputs, Units())
        return
    outputs = task.joined(known)
    assert outputs.shape == sample.outputs.shape
    assert task.score(y, outputs, Units()) == task.score(y, sample.perfect, Units())


def test_a_teacher_speaks_in_aims(sample: Sample) -> None:
    if sample.task.moves == "boxes":
        with pytest.raises(zoo.UserError, match="Boxes of a teacher cannot be blended with the"):
            sample.task.soft(sample.outputs)
        return
    soft = sample.task.soft(sample.outputs)
    assert soft.shape == sample.outputs.shape
    if not sample.task.numbers:
        assert soft.min() >= 0
        assert soft.max() <= 1
    if sample.task.exclusive:
        np.testing.assert_allclose(soft.sum(axis=-1), 1)


def test_probabilities_of_a_model_become_logits_again(sample: Sample) -> None:
    task, width = sample.task, sample.outputs.shape[-1]
    inputs = keras.Input((4,))
    plain = keras.Model(inputs, keras.layers.Dense(width)(inputs))
    assert task.ending(plain) is None
    np.testing.assert_array_equal(task.logits(sample.outputs, None, 1e-7), sample.outputs)
    if task.numbers or task.moves == "boxes":  # whose scores are products
        return
    layer = keras.layers.Dense(width, activation=task.activation)
    assert task.ending(keras.Model(inputs, layer(inputs))) == task.activation
    back = task.logits(task.soft(sample.outputs), task.activation, 1e-7)
    np.testing.assert_allclose(task.soft(back), task.soft(sample.outputs), atol=1e-6)


def test_effects_and_examples(sample: Sample) -> None:
    task = sample.task
    effect = task.effect(sample.outputs[:5])
    assert effect.falls.shape == effect.size.shape == (4,)
    assert effect.answer
    chosen = task.examples(sample.y, sample.outputs, 3)
    assert 0 < len(chosen) <= 3
    assert set(chosen) <= set(range(len(sample.y)))


def test_details_are_of_the_rows(sample: Sample) -> None:
    found = sample.task.details(sample.y, sample.outputs)
    if "confusion" in found:
        assert found["confusion"].sum() == sum(sample.task.counts(sample.y))
    if "reliability" in found:
        assert sum(one.rows for one in found["reliability"]) == len(sample.y)
    if "scatter" in found:
        assert found["scatter"].shape == (len(sample.y), 2)
    if "labels" in found:
        assert [line["rows"] for line in found["labels"].described()] == sample.task.counts(
            sample.y
        )
    assert found


def test_drift_watches_a_value_a_row(sample: Sample) -> None:
    watched = sample.task.predictions(sample.outputs)
    assert watched
    assert {values.shape for values in watched.values()} == {(len(sample.y),)}


def test_what_is_kept_of_outputs_is_judged_alike(sample: Sample, monkeypatch: Any) -> None:
    """Outputs of many rows are made smaller a portion at a time, and tell the same."""
    monkeypatch.setattr("zoo.tasks.outputs.HELD", 1)
    task, y = sample.task, sample.y
    row = (*getattr(task, "size", y.shape[1:]), 1)
    x = np.broadcast_to(np.arange(len(y)).reshape(-1, *[1] * len(row)), (len(y), *row))
    pairs = []
    for outputs in (sample.outputs, sample.worse):
        seen: list[int] = []

        def logits(rows: np.ndarray, of: np.ndarray = outputs, seen: Any = seen) -> np.ndarray:
            seen.append(len(rows))
            return np.asarray(of[rows.reshape(len(rows), -1)[:, 0]])

        pairs.append((outputs, compacted(task, x, logits)))
        assert sum(seen) == len(y)
        assert max(seen) <= 32 or task.gives == "values"
    (first, less), (second, least) = pairs
    assert less.nbytes <= first.nbytes or task.gives == "points"  # of a dozen cells
    assert repr(evaluate(task, y, less, least)) == repr(evaluate(task, y, first, second))
    for judge in (task.drop, task.worst, task.changes):
        assert judge(y, less, least) == judge(y, first, second)
    assert task.gates(y, less, least, 0.5) == task.gates(y, first, second, 0.5)
    assert task.agreement(less, least) == task.agreement(first, second)
    assert task.estimate(y, less) == task.estimate(y, first)
    assert task.answers(less, None, True) == task.answers(first, None, True)
    assert task.examples(y, less, 3) == task.examples(y, first, 3)
    np.testing.assert_equal(task.predictions(less), task.predictions(first))
    details = [task.details(y, outputs) for outputs in (less, first)]
    assert repr(details[0].keys()) == repr(details[1].keys())
    for one, other in zip(*(each.values() for each in details), strict=True):
        told = [part.described() if isinstance(part, Described) else part for part in (one, other)]
        np.testing.assert_equal(*told)
