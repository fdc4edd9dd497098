"""Data: arrays in three parts, what they are, and a hash of their content."""

import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.audio import FrontEnd
from zoo.checks import UserError, at_least, near, one_of
from zoo.sources import BUILT_IN, COLUMNS, Arrays, read_built_in, read_npz
from zoo.waveforms import choose_front_end, heard

TASKS = ("classification", "regression")


@dataclass(frozen=True, eq=False)
class Data:
    """A data set split in three; read-only arrays.

    `x_*`: float32, (rows, *input_shape). `y_*`: int64 (rows,) class numbers 0..classes-1, or
    float32 (rows, targets) for regression. The validation part may be empty; the test part is for
    the last evaluation only. `columns`: what is known of the rows beside, such as "groups_train" or
    "time_test", one value per row; no model sees them.
    """

    name: str
    source: str  # built-in name or absolute path: what `load_data` takes to load it again
    seed: int
    task: str
    class_names: tuple[str, ...]  # empty for regression
    hash: str  # "sha256:..." over all six arrays
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    front_end: FrontEnd | None = field(default=None, kw_only=True)  # what made rows of waveforms

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return tuple(int(size) for size in self.x_train.shape[1:])

    @property
    def num_outputs(self) -> int:
        """Number of classes, or of regression targets."""
        return len(self.class_names) or int(self.y_train.shape[1])

    @property
    def metric(self) -> str:
        """What models are compared by: "accuracy", or "rmse" for regression."""
        return "accuracy" if self.task == "classification" else "rmse"

    def merged(self, keep: Sequence[int] = ()) -> "Data":
        """Return the same data with the validation rows moved into the training part.

        Args:
            keep: indices of validation rows that stay where they are.
        """
        moved = np.ones(len(self.x_validation), dtype=bool)
        moved[list(keep)] = False
        return replace(
            self,
            x_train=_frozen(np.concatenate([self.x_train, self.x_validation[moved]])),
            y_train=_frozen(np.concatenate([self.y_train, self.y_validation[moved]])),
            x_validation=_frozen(self.x_validation[~moved]),
            y_validation=_frozen(self.y_validation[~moved]),
            columns={n: c for n, c in self.columns.items() if n.endswith("_test")},
        )


def load_data(
    name_or_path: str | Path,
    seed: int = 0,
    task: str | None = None,
    front_end: str | FrontEnd | None = None,
) -> Data:
    """Load a built-in data set or an `.npz` file.

    Args:
        name_or_path: "digits", "digits_rows", "breast_cancer", "wine" or "diabetes" (from
            scikit-learn, nothing is downloaded), or the path of an `.npz` file that holds
            `x_train`, `y_train`, `x_test`, `y_test` and optionally `x_val`, `y_val`. Labels are
            integers 0..classes-1; float targets mean regression. Optional, one value per row and
            for any of the parts: `groups_train` ... `groups_test`, which rows belong together (a
            patient, a machine), and `time_train` ... `time_test`, numbers or dates.
        seed: seed of the split, >= 0. Built-in sets: 20 % test; without validation rows, 20 % of
            the training rows become validation rows. Class shares are kept.
        task: "classification" or "regression"; None: integers are classes, floats are targets.
        front_end: for sound, an `.npz` file with waveforms (rows, samples) and `rate` in Hz:
            "log_mel" (the default) or "mfcc", with settings of `zoo.FrontEnd` after a colon, such
            as "mfcc:coefficients=13". The rows are then sequences (frames, features).

    Raises:
        UserError: unknown name, missing, empty or damaged file, or arrays that cannot be used; the
            message says which and what to do.

    Warns:
        UserWarning: test rows that also are training rows (with their count), or float targets that
            look like classes.
    """
    at_least("seed", seed, 0)
    if task is not None:
        one_of("task", task, TASKS)
    text = str(name_or_path)
    if text in BUILT_IN:
        arrays, name, source = read_built_in(text, seed), text, text
    elif Path(text).suffix == ".npz" or Path(text).exists():
        arrays, name, source = read_npz(Path(text)), Path(text).stem, str(Path(text).resolve())
    else:
        raise UserError(
            f"There is no data set {text!r} and no such file. {near(text, BUILT_IN)} "
            "Or give the path of an .npz file."
        )
    chosen = choose_front_end(front_end, arrays.get("rate"))
    if chosen is not None:
        arrays = heard({key: array for key, array in arrays.items() if key != "rate"}, chosen)
    return replace(_checked(arrays, name, source, seed, task), front_end=chosen)


def _checked(arrays: Arrays, name: str, source: str, seed: int, task: str | None) -> Data:
    from zoo.splits import count_shared_rows, hold_out  # scikit-learn takes a second to import

    task = task or _task_of(arrays["y_train"], name)
    arrays = _as_classes(arrays) if task == "classification" else _as_targets(arrays)
    if "x_val" not in arrays:
        beside = {kind: arrays[f"{kind}_train"] for kind in COLUMNS if f"{kind}_train" in arrays}
        arrays = arrays | hold_out(arrays["x_train"], arrays["y_train"], seed, task, beside=beside)
    seen = np.concatenate([arrays["x_train"], arrays["x_val"]])
    shared = count_shared_rows(seen, arrays["x_test"])
    if shared:
        warnings.warn(
            f"{name}: {shared} of {len(arrays['x_test'])} test rows are also training rows; "
            "the test figures are too good by as much. Remove them from one part.",
            stacklevel=3,
        )
    classes = int(arrays["y_train"].max()) + 1 if task == "classification" else 0
    class_names = arrays.get("class_names", np.arange(classes)) if classes else ()
    parts = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
    frozen: dict[str, Any] = {
        part.replace("_val", "_validation"): _frozen(arrays[part]) for part in parts
    }
    columns = {
        name.replace("_val", "_validation"): _frozen(column)
        for name, column in arrays.items()
        if name.split("_")[0] in COLUMNS
    }
    return Data(
        name,
        source,
        seed,
        task,
        tuple(str(label) for label in class_names),
        _digest(arrays[part] for part in parts),
        **frozen,
        columns=columns,
    )


def _task_of(y: np.ndarray, name: str) -> str:
    if np.issubdtype(y.dtype, np.integer) or y.dtype == bool:
        return "classification"
    if np.array_equal(y, np.rint(y)) and len(np.unique(y)) <= 20:
        warnings.warn(
            f"{name}: y_train is {y.dtype} with only whole numbers; taken as regression targets. "
            "For classes pass integers, or task='classification'.",
            stacklevel=4,
        )
    return "regression"


def _as_classes(arrays: Arrays) -> Arrays:
    """Return class numbers as int64, after checking that every class can be learned."""
    y_train = arrays["y_train"]
    for part in [key for key in arrays if key.startswith("y_")]:
        y = arrays[part]
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim != 1 or not np.array_equal(y, np.rint(y)):
            raise UserError(
                f"{part} must hold one class number per row; got shape {arrays[part].shape}, "
                f"type {y.dtype}. Undo one-hot labels with y.argmax(axis=1)."
            )
        arrays = arrays | {part: y.astype(np.int64)}
    y_train = arrays["y_train"]
    present = np.unique(y_train)
    if present[0] < 0 or len(present) != present[-1] + 1:
        raise UserError(
            f"Labels outside the range: y_train must use every class 0..classes-1; it holds "
            f"{_some(present)}. Renumber with numpy.unique(y, return_inverse=True)."
        )
    if len(present) == 1:
        raise UserError("y_train holds one class only; a classifier needs at least two.")
    for part in [key for key in arrays if key.startswith("y_")]:
        unknown = np.setdiff1d(arrays[part], present)
        if len(unknown):
            raise UserError(
                f"Labels outside the range: {part} holds {_some(unknown)}, "
                f"y_train only 0..{present[-1]}."
            )
    return arrays


def _as_targets(arrays: Arrays) -> Arrays:
    """Return regression targets as float32 of shape (rows, targets)."""
    for part in [key for key in arrays if key.startswith("y_")]:
        y = arrays[part].astype(np.float32)
        y = y[:, None] if y.ndim == 1 else y
        if (
            y.ndim != 2
            or y.shape[1] != arrays["y_train"].reshape(len(arrays["y_train"]), -1).shape[1]
        ):
            raise UserError(
                f"{part} must have shape (rows,) or (rows, targets), the same targets in every "
                f"part; got {arrays[part].shape}."
            )
        arrays = arrays | {part: y}
    return arrays


def _some(values: np.ndarray) -> str:
    listed = ", ".join(str(value) for value in values[:10])
    return listed + (", ..." if len(values) > 10 else "")


def _digest(arrays: Iterable[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return f"sha256:{digest.hexdigest()}"


def _frozen(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
