"""Checks of arrays by name, as an `.npz` file holds them."""

from collections.abc import Iterable

import numpy as np

from zoo.checks import LARGEST, UserError
from zoo.data.arrays import COLUMNS, Arrays
from zoo.data.encoding import is_text
from zoo.data.kinds import SEQUENCE, kind_of
from zoo.data.lengths import with_ends
from zoo.data.memory import as_float32, blocks

REQUIRED = ("x_train", "y_train", "x_test", "y_test")
OPTIONAL = ("x_val", "y_val", "rate", "class_names")
BESIDE = tuple(f"{kind}_{part}" for kind in COLUMNS for part in ("train", "val", "test"))
LENGTHS = ("lengths_train", "lengths_val", "lengths_test")
KNOWN = (*REQUIRED, *OPTIONAL, *LENGTHS, *BESIDE)


def check_names(what: object, names: Iterable[str]) -> None:
    """Raise UserError unless the arrays that are needed are there."""
    held = list(names)
    missing = [name for name in REQUIRED if name not in held]
    if missing:
        raise UserError(
            f"{what} lacks {', '.join(missing)}. Expected {', '.join(REQUIRED)} and optionally "
            f"{', '.join(OPTIONAL)}; it holds {', '.join(held) or 'nothing'}. "
            "zoo.data_from(x, y) takes arrays that are not split; rename others."
        )
    if ("x_val" in held) != ("y_val" in held):
        raise UserError(f"{what} must hold both x_val and y_val, or neither.")


def checked(what: object, arrays: Arrays) -> Arrays:
    """Return the arrays with float32 rows (waveforms and texts as they are) and raw labels.

    Raises:
        UserError: arrays whose rows or shapes do not fit together, are no numbers, or hold NaN.
    """
    arrays, texts = with_ends(arrays, what), is_text(arrays["x_train"])
    for part in ("train", "test", "val"):
        if f"x_{part}" in arrays:
            x = arrays[f"x_{part}"] if texts else _numeric(what, f"x_{part}", arrays[f"x_{part}"])
            y = _numeric(what, f"y_{part}", arrays[f"y_{part}"])
            _check_rows(what, part, x, y, arrays["x_train"])
            as_is = texts or "rate" in arrays  # sound: floats and 16-bit integers differ
            arrays = arrays | {f"x_{part}": x if as_is else as_float32(x), f"y_{part}": y}
    for name in BESIDE:
        if name in arrays:
            _check_column(what, name, arrays)
    names = arrays.get("class_names")
    if names is not None and (names.ndim != 1 or names.dtype.kind not in "Uiu"):
        raise UserError(
            f"{what}: class_names must hold the names of the classes as text, one after the other; "
            f"got {names.dtype} of shape {names.shape}."
        )
    x = arrays["x_train"]
    if all((x[part] == x[:1]).all() for part in blocks(x)):
        raise UserError(f"{what}: all rows of x_train are equal; there is nothing to learn from.")
    return arrays


def _numeric(what: object, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise UserError(
            f"{what}: {name} has type {array.dtype}; expected numbers. Number class names with "
            "numpy.unique(y, return_inverse=True)."
        )
    bad = 0
    if array.dtype.kind == "f" or array.dtype.itemsize == 8:  # no other integer is so large
        rows = array if array.ndim else array.reshape(1)
        for part in blocks(rows):
            usable = np.abs(rows[part].astype(np.float64)) < LARGEST  # false for NaN, too
            if kind_of(array.shape[1:]) is SEQUENCE:
                usable |= np.isnan(rows[part])  # after the ends of sequences: see `with_ends`
            bad += int(usable.size - usable.sum())
    if bad:
        raise UserError(
            f"{what}: {name} holds {bad} values that are NaN, infinite or over {LARGEST:g}. "
            "Fill, drop or rescale them first."
        )
    return array


def _check_rows(what: object, part: str, x: np.ndarray, y: np.ndarray, x_train: np.ndarray) -> None:
    row_shape = x_train.shape[1:]
    if is_text(x_train) != is_text(x):
        raise UserError(f"{what}: x_{part} has type {x.dtype}, x_train {x_train.dtype}.")
    if not is_text(x) and kind_of(x.shape[1:]) is None:
        raise UserError(
            f"{what}: x_{part} has shape {x.shape}; expected (rows, features), (rows, steps, "
            "features) or (rows, height, width, channels)."
        )
    if y.ndim < 1 or len(x) != len(y) or len(x) == 0:
        raise UserError(
            f"{what}: x_{part} and y_{part} must have the same number of rows, at least 1; got "
            f"{len(x)} and {len(y) if y.ndim else 0}."
        )
    if 0 in row_shape:
        raise UserError(f"{what}: rows of x_train have shape {row_shape}, which holds no values.")
    if x.shape[1:] != row_shape:
        raise UserError(
            f"{what}: rows of x_{part} have shape {x.shape[1:]}, those of x_train {row_shape}."
        )


def _check_column(what: object, name: str, arrays: Arrays) -> None:
    kind, part = name.split("_")
    column, rows = arrays[name], len(arrays.get(f"x_{part}", ()))
    usable = column.dtype.kind in COLUMNS[kind] and column.shape == (rows,)
    if not usable or (kind == "time" and (column != column).any()):  # NaN and NaT
        raise UserError(
            f"{what}: {name} must hold one value for each of the {rows} rows of x_{part}, "
            f"{'numbers or dates' if kind == 'time' else 'numbers or text'}; got {column.dtype} of "
            f"shape {column.shape}."
        )
    dates = {arrays[one].dtype.kind == "M" for one in BESIDE if kind in one and one in arrays}
    if len(dates) > 1:
        raise UserError(f"{what}: {kind} columns mix dates and numbers; give all parts the same.")
