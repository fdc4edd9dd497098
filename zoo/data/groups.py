"""Groups of test rows, for metrics beyond the overall mean."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from zoo.checks import UserError
from zoo.data.dataset import Data

MOST = 50  # groups of a table
FEW = 10  # distinct numbers that are groups of their own; more are cut at their quartiles


def read_groups(source: str, data: Data) -> np.ndarray:
    """Return the group of each test row, as text.

    Args:
        source: path of an `.npy` file with one value per test row; or, for a table, the name of a
            column or feature, or the number of a feature, from 0.
        data: the data set whose test rows are grouped.

    Raises:
        UserError: no such file or column, or what `name_groups` refuses.
    """
    named = _named(source, data)
    if named is not None:
        return name_groups(named, data)
    if source.isdecimal() and not Path(source).exists():
        shape = data.input_shape
        flat = data.kind.flat
        if not flat or int(source) >= shape[0]:
            has = f"columns 0 to {shape[0] - 1}" if flat else f"rows of shape {shape}"
            raise UserError(f"There is no column {source} to group by: {data.name} has {has}.")
        return name_groups(data.x_test[:, int(source)], data)
    return name_groups(read_values(source), data)


def read_values(source: str) -> np.ndarray:
    """Return the values of an `.npy` file. Raises UserError for one that cannot be read."""
    try:
        found: np.ndarray = np.load(source, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(
            f"groups cannot be read from {source!r}: {error}. Give an .npy file with one value "
            "per test row, or the number of a column."
        ) from error
    return found


def _named(source: str, data: Data) -> np.ndarray | None:
    """Return a column of the test rows by its name; None for no such column."""
    names = list(data.schema.get("features", ()))
    if source in names:
        return data.x_test[:, names.index(source)]
    places = [place for place, name in enumerate(names) if name.startswith(f"{source}=")]
    if not places:
        return None
    values = np.array([names[place][len(source) + 1 :] for place in places])
    found: np.ndarray = values[data.x_test[:, places].argmax(axis=1)]
    return found


def name_groups(values: np.ndarray, data: Data) -> np.ndarray:
    """Return groups as text, one per test row; more than 10 different fractions as quarters.

    Raises:
        UserError: not one number or text per test row, or more than 50 groups.
    """
    values, rows = np.asarray(values), len(data.x_test)
    if values.shape != (rows,) or values.dtype.kind not in "biufUS":
        raise UserError(
            f"groups must hold one number or text for each of the {rows} test rows of "
            f"{data.name}; got {values.dtype} of shape {values.shape}."
        )
    if values.dtype.kind == "S":
        values = np.char.decode(values, errors="replace")
    distinct = len(np.unique(values))
    if values.dtype.kind == "f" and distinct > FEW:
        return _quarters(values)
    if distinct > MOST:
        raise UserError(
            f"groups holds {distinct} different values; a table of more than {MOST} says little. "
            "Cut them into ranges first, for example with numpy.digitize."
        )
    if values.dtype.kind == "f":
        return np.array([f"{value:g}" for value in values])
    return values.astype(str)


def _quarters(values: np.ndarray) -> np.ndarray:
    """Name the quarter of the distribution that each number lies in; NaN separately."""
    cuts = np.unique(np.nanquantile(values, [0.25, 0.5, 0.75]))
    ends = [f"{cut:.4g}" for cut in cuts]
    names = [f"up to {ends[0]}"]
    names += [f"{low} to {high}" for low, high in pairwise(ends)]
    names.append(f"over {ends[-1]}")
    numbered = np.array([f"{n}: {name}" for n, name in enumerate(names, 1)])
    named = numbered[np.searchsorted(cuts, values)]
    return np.where(np.isnan(values), "nan", named)
