"""Multi-label classification: where its labels come from, thresholds, and a training."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from tests.helpers.described import Recorded
from tests.helpers.labels import LABELS, digits, write_npz, write_table
from tuning import Recipe, overfit, train
from tuning.training.adjusting import fold, measure
from zoo.advice import advise
from zoo.metrics.labels import columns, mean_f1
from zoo.tasks import Multilabel
from zoo.tasks.thresholds import Thresholds, best, expected, of_logits

TAGS = zoo.Reading(target="tags", separator=";")
COLUMNS = zoo.Reading(target=",".join(LABELS))


def arrays(**changed: np.ndarray) -> dict[str, np.ndarray]:
    x, y = digits(120)
    return {"x_train": x[:80], "y_train": y[:80], "x_test": x[80:], "y_test": y[80:]} | changed


def test_a_matrix_of_zeros_and_ones_is_multilabel(tmp_path: Path) -> None:
    data = zoo.load_data(write_npz(tmp_path / "digits.npz"))
    assert data.task == Multilabel(("0", "1", "2", "3", "4"))
    assert (data.metric, data.num_outputs, data.y_train.dtype) == ("macro_f1", 5, np.uint8)
    x, y = digits()
    for given in (y, y.astype(np.float32), y.astype(bool)):
        assert zoo.data_from(x, given, class_names=LABELS).task == Multilabel(LABELS)
    one_hot = np.eye(5)[np.arange(900) % 5]
    for given in (one_hot, one_hot.astype(int)):  # one 1 a row: a class
        assert zoo.data_from(x, given).task == zoo.Classification(("0", "1", "2", "3", "4"))
    asked = zoo.data_from(x, one_hot, task="multilabel")
    assert asked.task == Multilabel(("0", "1", "2", "3", "4"))


def test_labels_of_a_file_have_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", **arrays(class_names=np.array(LABELS)))
    assert zoo.load_data(tmp_path / "d.npz").class_names == LABELS
    np.savez(tmp_path / "d.npz", **arrays(class_names=np.array([LABELS])))
    with pytest.raises(zoo.UserError, match="class_names must hold the names of the classes as te"):
        zoo.load_data(tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_train": np.arange(80) % 3}, r"y_train must be a matrix of zeros and ones, \(rows"),
        ({"y_test": np.eye(3)[np.arange(40) % 3]}, "y_test has 3 labels, y_train 5; expected the"),
        ({"y_train": np.ones((80, 5))}, "All training rows have the label '0', '1', '2', '3', '4'"),
        ({"y_train": np.zeros((80, 5))}, "'4': there is nothing to learn of it. Leave that"),
    ],
)
def test_matrices_that_cannot_be_learned(
    tmp_path: Path, changed: dict[str, np.ndarray], message: str
) -> None:
    np.savez(tmp_path / "d.npz", **arrays(**changed))
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(tmp_path / "d.npz", task="multilabel")


def test_names_must_be_as_many_as_labels() -> None:
    x, y = digits(200)
    with pytest.raises(zoo.UserError, match="Two labels have the same name: a, b, c, d, a. Re"):
        zoo.data_from(x, y, class_names=tuple("abcda"))
    with pytest.raises(zoo.UserError, match="class_names holds 2 names for 5 labels"):
        zoo.data_from(x, y, class_names=("a", "b"))


def test_columns_and_tags_say_the_same(tmp_path: Path) -> None:
    columns = zoo.load_data(write_table(tmp_path / "c.csv", tags=False), reading=COLUMNS)
    tags = zoo.load_data(write_table(tmp_path / "t.csv", tags=True), reading=TAGS)
    assert columns.class_names == tags.class_names == LABELS
    assert columns.input_shape == tags.input_shape == (16,)
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(columns, f"y_{part}"), getattr(tags, f"y_{part}"))
        np.testing.assert_array_equal(getattr(columns, f"x_{part}"), getattr(tags, f"x_{part}"))
    assert (tags.y_train.sum(axis=1) == 0).any()  # ones: none of the tags
    shares = [y.mean(axis=0) for y in (tags.y_train, tags.y_validation, tags.y_test)]
    np.testing.assert_allclose(shares[1], shares[0], atol=0.12)
    np.testing.assert_allclose(shares[2], shares[0], atol=0.12)


def test_new_rows_with_their_labels(tmp_path: Path) -> None:
    x, y = digits(900)
    for tags, reading in ((True, TAGS), (False, COLUMNS)):
        path = write_table(tmp_path / "d.csv", tags=tags)
        data = zoo.load_data(path, reading=reading)
        rows, known = zoo.read_labelled(path, Recorded(data))
        assert rows.shape == (900, 16)
        np.testing.assert_array_equal(known, y)
        few = write_table(tmp_path / "few.csv", tags=tags, count=3)  # one tag, or none
        np.testing.assert_array_equal(zoo.read_labelled(few, Recorded(data))[1], y[:3])
    text = (tmp_path / "few.csv").read_text()
    (tmp_path / "few.csv").write_text(text.replace(",1", ",2"))
    with pytest.raises(zoo.UserError, match="must hold 0 and 1, or true and false, as one of sev"):
        zoo.read_labelled(tmp_path / "few.csv", Recorded(data))
    tagged = zoo.load_data(write_table(tmp_path / "t.csv", tags=True), reading=TAGS)
    new = write_table(tmp_path / "new.csv", tags=True, count=5)
    new.write_text(new.read_text().replace("loop", "hole"))
    with pytest.raises(zoo.UserError, match="has the label 'hole', which the run does not know"):
        zoo.read_labelled(new, Recorded(tagged))
    held = zoo.data_from(x, y)
    np.savez(tmp_path / "n.npz", x=x, y=y[:, :3])
    with pytest.raises(zoo.UserError, match="must hold a 0 or 1 for each of the 5 labels of each"):
        zoo.read_labelled(tmp_path / "n.npz", Recorded(held))


@pytest.mark.parametrize(
    ("cells", "reading", "message"),
    [
        (["1", "2", "3", "4"], {}, "holds numbers, one to a row. Several labels are several col"),
        (["a;b", "a", "", "b"], {}, "holds texts such as 'a;b'. Give several 0/1 columns .* ';'"),
        (["a|b", "a", "", "b"], {}, "such as --separator '|'"),
        (["a", "a;a", "", "a"], {"separator": ";"}, "holds 1 different tags; expected two or"),
        (["a;b", "a", "", "b"], {"separator": "|"}, "No cell of 'tags' holds two tags with '|' b"),
    ],
)
def test_tags_that_cannot_be_learned(
    tmp_path: Path, cells: list[str], reading: dict[str, str], message: str
) -> None:
    lines = [f"{n},{n * n % 17},{cells[n % 4]}" for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,tags", *lines]))
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(
            tmp_path / "t.csv", task="multilabel", reading=zoo.Reading(target="tags", **reading)
        )


def test_a_rare_tag_is_named(tmp_path: Path) -> None:
    cells = ["a;b", "a", "b", ""]
    lines = [f"{n},{n * n % 17},{cells[n % 4]}{';odd' * (n == 59)}" for n in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["time,b,tags", *lines]))
    with pytest.raises(zoo.UserError, match="No training row has the label 'odd' of 'tags': it is"):
        zoo.load_data(
            tmp_path / "t.csv", reading=zoo.Reading(target="tags", separator=";", time="time")
        )


def test_a_tag_may_be_called_as_a_gap_is(tmp_path: Path) -> None:
    cells = ["NA", "null;NA", "", "none", "NA;none", "?"]
    lines = [f"{n / 7},{n * n % 17},{cells[n % 6]}" for n in range(120)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b, tags", *lines]))
    data = zoo.load_data(tmp_path / "t.csv", reading=TAGS)
    assert data.class_names == ("?", "NA", "none", "null")
    rows, known = zoo.read_labelled(tmp_path / "t.csv", Recorded(data))
    assert len(rows) == 120
    np.testing.assert_array_equal(known.sum(axis=0), [20, 60, 40, 20])


def test_small_strata_are_joined() -> None:
    y = np.zeros((100, 3), np.uint8)
    y[:60, 0], y[50:80, 1], y[77:80, 2] = 1, 1, 1
    strata = Multilabel.strata(y)
    assert strata is not None
    assert np.unique(strata, return_counts=True)[1].min() >= 10
    assert (strata[77:80] == strata[99]).all()  # the rarest label's are too few
    few = Multilabel.strata(y[70:82])
    assert few is not None
    assert len(np.unique(few)) == 1


def test_batches_of_which_one_looks_one_hot() -> None:
    x, y = digits(90)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        one_hot = y.sum(axis=1) == 1
        order = np.argsort(~one_hot, kind="stable")
        for start in range(0, 90, 10):
            chosen = order[start : start + 10]
            yield x[chosen], y[chosen]

    data = zoo.data_from(batches())
    assert data.task == Multilabel(("0", "1", "2", "3", "4"))


def test_thresholds_raise_f1_of_rare_labels_and_leave_with_the_model() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random((600, 2)) < [0.5, 0.08]).astype(np.uint8)
    logits = 2.0 * y - 1 + rng.normal(0, 1, y.shape) - [0, 2]  # the rare one is seldom answered
    found = of_logits(y, logits)
    assert found.macro_f1[1] > found.macro_f1[0] + 0.1
    assert found.values[1] < 0.3
    head = keras.layers.Dense(2)
    model = keras.Sequential([keras.Input((2,)), head])
    head.set_weights([np.eye(2, dtype=np.float32), np.zeros(2, np.float32)])
    fold(model, found)
    folded = model.predict(logits.astype(np.float32), verbose=0)
    np.testing.assert_allclose(
        Thresholds.undone(json.loads(json.dumps(asdict(found))), folded), logits, atol=1e-4
    )
    np.testing.assert_array_equal(folded > 0, logits > best(y, logits))
    sure = 4.0 * (2.0 * y - 1) + rng.normal(size=y.shape)
    assert of_logits(y, sure).values == (0.5, 0.5)  # where others do not help


def test_baselines_decide_where_they_expect_the_best_f1() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([0.2, 0.6])
    constant = np.tile(np.log(shares / (1 - shares)), (50, 1))
    assert (expected(constant, constant) > 0).all()  # always answering a label beats never
    p = rng.random((5000, 2)) ** 3
    y, logits = rng.random(p.shape) < p, np.log(p / (1 - p))
    scores = [
        float(mean_f1(columns(y, one > 0).sum(axis=0)))
        for one in (logits, expected(logits, logits))
    ]
    assert scores[1] > scores[0] + 0.01
    np.testing.assert_array_equal(
        np.argsort(expected(logits, logits), axis=0), np.argsort(logits, axis=0)
    )


def test_a_label_of_one_row_does_not_loosen_the_bound() -> None:
    y = np.zeros((36, 3), np.uint8)
    y[:18, 0], y[9:30, 1], y[0, 2] = 1, 1, 1
    task = Multilabel(("a", "b", "c"))
    assert task.bound(0.5, y) == pytest.approx(100 / 40)


def test_what_has_no_thresholds() -> None:
    x, y = digits(60)
    data = zoo.data_from(x, y)
    flat = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    ended = keras.Sequential([*flat.layers, keras.layers.Dense(5, activation="sigmoid")])
    bare = keras.Sequential([*flat.layers, keras.layers.Dense(5, use_bias=False)])
    full = keras.Sequential([*flat.layers, keras.layers.Dense(5)])
    assert measure(ended, data) is measure(bare, data) is None
    assert measure(full, data.merged()) is None
    assert measure(full, data) is not None


def test_it_learns_and_is_told_what_it_is_not_for(tmp_path: Path) -> None:
    data = zoo.load_data(write_table(tmp_path / "t.csv", tags=True), reading=TAGS)
    run, fit = train("mlp_tiny", data, directory=tmp_path / "run", recipe=Recipe(epochs=12))
    curve = fit.history["val_macro_f1"]
    assert curve[-1] > max(0.7, curve[0])
    assert run.task() == data.task
    kept = run.read_json("thresholds.json")
    assert kept["rows"] == len(data.x_validation)
    logits = run.load_model().predict(data.x_validation, verbose=0)
    plain = Thresholds.undone(kept, logits)
    assert data.task.score(data.y_validation, plain, data.task.units(data.y_train)) == (
        pytest.approx(kept["macro_f1"][0], abs=1e-6)
    )
    heavy = Recipe(balance="weights", epochs=1)
    with pytest.raises(zoo.UserError, match="balance is for classes; t is a multi-label classif"):
        train("mlp_tiny", data, directory=tmp_path / "b", recipe=heavy)
    for recipe in (Recipe(focal=2.0, label_smoothing=0.1), Recipe(mixup=0.2)):
        short = Recipe(**{**asdict(recipe), "epochs": 2})
        _, other = train("mlp_tiny", data, directory=tmp_path / f"r{recipe.focal}", recipe=short)
        assert np.isfinite(other.history["loss"]).all()
    teacher = train(
        "mlp_tiny", data, directory=tmp_path / "s", teacher="trees", recipe=Recipe(epochs=2)
    )
    assert np.isfinite(teacher[1].history["loss"]).all()
    found = overfit("mlp_tiny", data, rows=20)
    assert (found.score, found.learned) == (1.0, True)


def test_advice_on_labels(tmp_path: Path) -> None:
    data = zoo.load_data(write_table(tmp_path / "t.csv", tags=True), reading=TAGS)
    found = advise(data)
    assert found.classes == dict(zip(LABELS, data.y_train.sum(axis=0).tolist(), strict=True))
    linear = found.baselines[1].figures
    assert linear["macro_f1"].value > 0.7 > found.baselines[0].figures["macro_f1"].value
    assert 0 < found.telling[0].information < 1
    few = data.y_train[:, :3]
    leak = zoo.data_from(
        np.concatenate([data.x_train, few @ [[1.0], [2], [4]]], axis=1),
        few,
    )
    assert any("alone predicts the labels" in one for one in advise(leak).warnings())
