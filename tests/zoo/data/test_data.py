"""Data sets: what comes out, and what is said about what cannot be used."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

import zoo
from zoo.readers import BUILT_IN


@pytest.mark.parametrize(
    ("name", "shape", "outputs", "task"),
    [
        ("digits", (8, 8, 1), 10, "classification"),
        ("digits_rows", (8, 8), 10, "classification"),
        ("breast_cancer", (30,), 2, "classification"),
        ("wine", (13,), 3, "classification"),
        ("diabetes", (10,), 1, "regression"),
    ],
)
def test_built_in_sets(name: str, shape: tuple[int, ...], outputs: int, task: str) -> None:
    data = zoo.load_data(name)
    assert (data.input_shape, data.num_outputs, data.task.name) == (shape, outputs, task)
    parts = (data.x_train, data.x_validation, data.x_test)
    total = sum(len(x) for x in parts)
    assert [len(x) / total for x in parts] == pytest.approx([0.64, 0.16, 0.2], abs=0.01)
    assert all(x.dtype == np.float32 and not x.flags.writeable for x in parts)
    assert len(data.class_names) == (outputs if task == "classification" else 0)
    again, other = zoo.load_data(name), zoo.load_data(name, seed=1)
    assert again.hash == data.hash != other.hash


def test_every_built_in_set_is_tested() -> None:
    here = {"digits", "digits_rows", "breast_cancer", "wine", "diabetes"}
    assert set(BUILT_IN) == here | {"digits_scenes"}  # zoo/readers/dense/test_scenes.py


def test_split_is_stratified_and_disjoint(digits: zoo.Data) -> None:
    for y in (digits.y_train, digits.y_validation, digits.y_test):
        shares = np.bincount(y) / len(y)
        assert np.abs(shares - 0.1).max() < 0.015
    rows = [
        row.tobytes() for x in (digits.x_train, digits.x_validation, digits.x_test) for row in x
    ]
    assert len(rows) == len(load_digits().data)
    assert len(set(rows)) == len({row.tobytes() for row in load_digits().images.astype("f4")})


def test_merged_moves_validation_rows_into_training(digits: zoo.Data) -> None:
    merged = digits.merged()
    assert len(merged.x_train) == len(digits.x_train) + len(digits.x_validation)
    assert len(merged.x_validation) == 0
    assert merged.x_test is digits.x_test


def arrays(rows: int = 40, **changed: object) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    made = {
        "x_train": rng.normal(size=(rows, 4)),
        "y_train": np.arange(rows) % 2,
        "x_test": rng.normal(size=(6, 4)),
        "y_test": np.arange(6) % 2,
    }
    return {key: value for key, value in (made | changed).items() if value is not None}  # type: ignore[misc]


def saved(folder: Path, **changed: object) -> Path:
    path = folder / "set.npz"
    np.savez(path, **arrays(**changed))  # type: ignore[arg-type]
    return path


def test_npz_is_read(tmp_path: Path) -> None:
    data = zoo.load_data(saved(tmp_path))
    assert (data.input_shape, data.num_outputs, data.task.name) == ((4,), 2, "classification")
    assert (len(data.x_train), len(data.x_validation), len(data.x_test)) == (32, 8, 6)
    assert data.name == "set"
    assert Path(data.source).is_absolute()


def test_npz_validation_rows_are_kept(tmp_path: Path) -> None:
    given = np.ones((3, 4)), np.array([0, 1, 1])
    data = zoo.load_data(saved(tmp_path, x_val=given[0], y_val=given[1]))
    np.testing.assert_array_equal(data.x_validation, given[0])
    assert len(data.x_train) == 40


def test_npz_column_labels_and_multi_target_regression(tmp_path: Path) -> None:
    column = zoo.load_data(saved(tmp_path, y_train=(np.arange(40) % 2)[:, None]))
    assert column.y_train.shape == (32,)
    targets = zoo.load_data(saved(tmp_path, y_train=np.random.rand(40, 3), y_test=np.ones((6, 3))))
    assert (targets.task.name, targets.num_outputs) == ("regression", 3)


def test_columns_beside_the_rows_are_split_like_them(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    beside = {"groups_train": rows[:, 0], "time_test": np.arange(6) + np.datetime64("2024-01-01")}
    data = zoo.load_data(saved(tmp_path, x_train=rows, **beside))
    np.testing.assert_array_equal(data.columns["groups_train"], data.x_train[:, 0])
    np.testing.assert_array_equal(data.columns["groups_validation"], data.x_validation[:, 0])
    assert set(data.columns) == {"groups_train", "groups_validation", "time_test"}
    assert data.hash == zoo.load_data(saved(tmp_path, x_train=rows)).hash
    assert set(data.merged().columns) == {"time_test"}


def test_float_labels_warn_and_task_decides(tmp_path: Path) -> None:
    path = saved(tmp_path, y_train=np.arange(40) % 2.0, y_test=np.arange(6) % 2.0)
    with pytest.warns(UserWarning, match="only whole numbers; taken as regression"):
        assert zoo.load_data(path).task.name == "regression"
    assert zoo.load_data(path, task="classification").num_outputs == 2


def test_shared_rows_warn_with_their_count(tmp_path: Path) -> None:
    made = arrays()
    made["x_test"][:2] = made["x_train"][:2]
    np.savez(tmp_path / "shared.npz", **made)
    with pytest.warns(UserWarning, match="2 of 6 test rows are also training rows"):
        zoo.load_data(tmp_path / "shared.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_test": None}, "lacks y_test. Expected x_train"),
        ({"x_val": np.ones((3, 4))}, "must hold both x_val and y_val"),
        ({"x_train": np.array([{}] * 40)}, "object arrays, which are never unpickled"),
        ({"x_train": np.full((40, 4), np.nan)}, "160 values that are NaN, infinite or over 1e.18"),
        ({"x_train": np.full((40, 4), 1e300)}, "rescale them first"),
        ({"y_train": np.zeros(40, int), "y_test": np.zeros(6, int)}, "one class only"),
        ({"y_train": np.arange(40) % 2 - 1}, "must use every class 0..classes-1; it holds -1, 0"),
        ({"y_train": np.arange(40) % 2 * 2}, "Labels outside the range: y_train .* it holds 0, 2"),
        ({"y_test": np.arange(6)}, "y_test holds 2, 3, 4, 5, y_train only 0..1"),
        ({"y_train": 1 + np.eye(2, dtype=int)[np.arange(40) % 2]}, "or one 1 among zeros"),
        (
            {"y_train": np.array(["a", "b"] * 20)},
            "y_train has type <U1; expected numbers. Number class names with",
        ),
        ({"y_train": np.arange(39) % 2}, "same number of rows, at least 1; got 40 and 39"),
        ({"x_test": np.ones((0, 4)), "y_test": np.ones(0, int)}, "at least 1; got 0 and 0"),
        ({"x_test": np.ones((6, 5))}, r"rows of x_test have shape \(5,\), those of x_train \(4,\)"),
        ({"x_train": np.ones((40, 4))}, "all rows of x_train are equal"),
        ({"x_train": np.ones((40, 0)), "x_test": np.ones((6, 0))}, "which holds no values"),
        (
            {"x_train": np.ones(40)},
            r"x_train has shape \(40,\); expected \(rows, features\), \(rows",
        ),
        ({"y_test": np.ones((6, 2)) / 3, "y_train": np.ones(40) / 3}, "same targets in every"),
        ({"y_train": np.r_[2, np.arange(39) % 2]}, "Class 2 has a single training row"),
        ({"rows": 4}, "4 training rows are too few"),
        ({"groups_test": np.arange(5)}, "groups_test must hold one value for each of the 6 rows"),
        ({"time_test": np.full(6, np.nan)}, "time_test must hold one value .* numbers or dates"),
        (
            {"time_test": np.arange(6), "time_train": np.full(40, np.datetime64("2024-01-01"))},
            "time columns mix dates and numbers",
        ),
    ],
)
def test_unusable_arrays(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(saved(tmp_path, **changed))


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"PK\x03\x04 cut off", "is damaged or not an .npz file")],
)
def test_damaged_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "set.npz"
    path.write_bytes(content)
    with pytest.raises(zoo.UserError, match=message):
        zoo.load_data(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_and_overwritten_npz(tmp_path: Path, share: float) -> None:
    path = saved(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(zoo.UserError, match="is damaged"):
        zoo.load_data(path)
    middle = len(whole) // 3
    path.write_bytes(whole[:middle] + bytes(200) + whole[middle + 200 :])
    with pytest.raises(zoo.UserError, match="cannot be read"):
        zoo.load_data(path)


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(zoo.UserError, match="no data set 'digit' and no such file. Did you mean"):
        zoo.load_data("digit")
    with pytest.raises(zoo.UserError, match="does not exist. Give a table .*npz file"):
        zoo.load_data(tmp_path / "none.npz")
    with pytest.raises(zoo.UserError, match="is a folder without images, audio or x_train.npy"):
        zoo.load_data(tmp_path)
    with pytest.raises(zoo.UserError, match="seed must be an integer of at least 0; got -1"):
        zoo.load_data("digits", seed=-1)
    with pytest.raises(zoo.UserError, match="task='sorting' is not known"):
        zoo.load_data("digits", task="sorting")


def test_no_warning_for_a_clean_set() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        zoo.load_data("wine")
