"""Where arrays come from: scikit-learn's own sets, and `.npz` files."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from zoo.checks import UserError

Arrays = dict[str, np.ndarray]

# name -> what it is; the five sets that scikit-learn ships
BUILT_IN = {
    "digits": "8x8 grey images of handwritten digits, 10 classes",
    "digits_rows": "the same as sequences: 8 rows as steps, 8 pixels as features",
    "breast_cancer": "30 measurements of cell nuclei, 2 classes",
    "wine": "13 chemical measurements, 3 classes",
    "diabetes": "10 measurements, regression of disease progression",
}
REQUIRED = ("x_train", "y_train", "x_test", "y_test")
OPTIONAL = ("x_val", "y_val", "rate")
COLUMNS = {"groups": "biufUS", "time": "biufM"}  # beside the rows of a part -> kinds of types
BESIDE = tuple(f"{kind}_{part}" for kind in COLUMNS for part in ("train", "val", "test"))
KNOWN = (*REQUIRED, *OPTIONAL, *BESIDE)
LARGEST = 1e18  # whose square is still a float32


def read_built_in(name: str, seed: int) -> Arrays:
    """Return a built-in set with 20 % of its rows as test rows, stratified by class."""
    from sklearn import datasets

    from zoo.splits import hold_out

    loaded = getattr(datasets, f"load_{name.removesuffix('_rows')}")()
    x = loaded.images if name.startswith("digits") else loaded.data
    x = x[..., None] if name == "digits" else x
    y = loaded.target
    task = "regression" if name == "diabetes" else "classification"
    arrays = hold_out(x.astype(np.float32), y, seed, task, part="test")
    if task == "classification":
        arrays["class_names"] = np.asarray(loaded.target_names)
    return arrays


def read_npz(path: Path) -> Arrays:
    """Return the arrays of an `.npz` file as float32 rows (waveforms as they are) and raw labels.

    Raises:
        UserError: a missing, empty or damaged file, wrong keys, object arrays (never unpickled), or
            arrays whose rows or shapes do not fit together or hold NaN.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"{path} {what}. Give the path of an .npz file.")
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty. Expected an .npz file with {', '.join(REQUIRED)}.")
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path} is damaged or not an .npz file. Make one with numpy.savez.")
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = archive.files
            _check_keys(path, names)
            arrays = {name: archive[name] for name in KNOWN if name in names}
    except UserError:
        raise
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise UserError(
                f"{path} holds object arrays, which are never unpickled. Save numeric arrays."
            ) from error
        raise UserError(f"{path} cannot be read: {error}") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    for part in ("train", "test", "val"):
        if f"x_{part}" in arrays:
            x = _numeric(path, f"x_{part}", arrays[f"x_{part}"])
            y = _numeric(path, f"y_{part}", arrays[f"y_{part}"])
            _check_rows(path, part, x, y, arrays["x_train"].shape[1:])
            sound = "rate" in arrays  # its front end tells floats and 16-bit integers apart
            arrays |= {f"x_{part}": x if sound else x.astype(np.float32), f"y_{part}": y}
    for name in BESIDE:
        if name in arrays:
            _check_column(path, name, arrays)
    if (arrays["x_train"] == arrays["x_train"][:1]).all():
        raise UserError(f"{path}: all rows of x_train are equal; there is nothing to learn from.")
    return arrays


def _check_keys(path: Path, names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise UserError(
            f"{path} lacks {', '.join(missing)}. Expected {', '.join(REQUIRED)} and optionally "
            f"{', '.join(OPTIONAL)}; it holds {', '.join(names) or 'nothing'}."
        )
    if ("x_val" in names) != ("y_val" in names):
        raise UserError(f"{path} must hold both x_val and y_val, or neither.")


def _numeric(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise UserError(
            f"{path}: {name} has type {array.dtype}; expected numbers. Number class names with "
            "numpy.unique(y, return_inverse=True)."
        )
    usable = np.abs(array.astype(np.float64)) < LARGEST  # false for NaN, too
    if not usable.all():
        bad = int(usable.size - usable.sum())
        raise UserError(
            f"{path}: {name} holds {bad} values that are NaN, infinite or over {LARGEST:g}. "
            "Fill, drop or rescale them first."
        )
    return array


def _check_rows(
    path: Path, part: str, x: np.ndarray, y: np.ndarray, row_shape: tuple[int, ...]
) -> None:
    if x.ndim < 2 or x.ndim > 4:
        raise UserError(
            f"{path}: x_{part} has shape {x.shape}; expected (rows, features), (rows, steps, "
            "features) or (rows, height, width, channels)."
        )
    if y.ndim < 1 or len(x) != len(y) or len(x) == 0:
        raise UserError(
            f"{path}: x_{part} and y_{part} must have the same number of rows, at least 1; got "
            f"{len(x)} and {len(y) if y.ndim else 0}."
        )
    if 0 in row_shape:
        raise UserError(f"{path}: rows of x_train have shape {row_shape}, which holds no values.")
    if x.shape[1:] != row_shape:
        raise UserError(
            f"{path}: rows of x_{part} have shape {x.shape[1:]}, those of x_train {row_shape}."
        )


def _check_column(path: Path, name: str, arrays: Arrays) -> None:
    kind, part = name.split("_")
    column, rows = arrays[name], len(arrays.get(f"x_{part}", ()))
    usable = column.dtype.kind in COLUMNS[kind] and column.shape == (rows,)
    if not usable or (kind == "time" and (column != column).any()):  # NaN and NaT
        raise UserError(
            f"{path}: {name} must hold one value for each of the {rows} rows of x_{part}, "
            f"{'numbers or dates' if kind == 'time' else 'numbers or text'}; got {column.dtype} of "
            f"shape {column.shape}."
        )
    dates = {arrays[one].dtype.kind == "M" for one in BESIDE if kind in one and one in arrays}
    if len(dates) > 1:
        raise UserError(f"{path}: {kind} columns mix dates and numbers; give all parts the same.")
