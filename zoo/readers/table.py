"""Tables: the role of each column, the split, and features fitted on training rows only."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError, near, one_of
from zoo.data.arrays import Arrays, Found
from zoo.data.cells import SECONDS
from zoo.data.memory import room
from zoo.data.reading import Reading
from zoo.readers.columns import Plan, encode, feature_names, fit
from zoo.readers.frame import Column, read_frame
from zoo.tasks import TASKS, Task, guess_columns

LONGEST_TEXT = 2000  # characters of a row
TEXT_BYTES = 2**30  # of all texts, which are truncated to fit


def read_table(path: Path, reading: Reading, seed: int, task: type[Task] | None) -> Found:
    """Read a CSV, TSV or Parquet file.

    The rows are split first; all statistics are computed from training rows.

    Args:
        path: the file.
        reading: options; `target` must be given.
        seed: seed of the split.
        task: None: texts, true and false, and up to 20 different integers are classes.

    Raises:
        UserError: no such column, or a target that cannot be learned.
    """
    columns, notes = read_frame(path, reading.separator and reading.target)
    target = _target(path, columns, reading)
    names = _targets(target, columns)
    task = _task(_of(names, columns), reading.separator, task)
    columns = _labeled(columns, names, task, notes)
    y, classes = task.take_columns(_of(names, columns), reading.separator)
    groups, time = _groups(columns, reading), _time(columns, reading)
    moment = None if time is None else time.astype(np.float64)
    from zoo.data.splits import split_rows  # scikit-learn takes a second to import

    rows = split_rows(len(y), seed, task.strata(y), groups, moment)
    arrays: Arrays = {f"y_{part}": y[places] for part, places in rows.items()}
    for kind, values in (("groups", groups), ("time", time)):
        if values is not None:
            arrays |= {f"{kind}_{part}": values[places] for part, places in rows.items()}
    if classes:
        task.check_parts(target, arrays, classes)
        arrays["class_names"] = np.array(classes)
    schema: dict[str, Any] = {"kind": "table", "target": target}
    schema |= {"task": task.name, "classes": classes}
    if reading.separator is not None:
        schema["separator"] = reading.separator
    if reading.text is not None:
        schema |= {"text": reading.text, "notes": notes}
        texts = text_column(columns, reading.text, notes)
        arrays |= {f"x_{part}": texts[places] for part, places in rows.items()}
        return Found(arrays, schema, task)
    plans = [fit(name, columns[name], rows["train"]) for name in _features(columns, names, reading)]
    features = [name for plan in plans for name in feature_names(plan)]
    if not features:
        raise UserError(f"{path}: no column is left to learn {target!r} from. {_why(plans)}")
    schema |= {"columns": plans, "features": features, "notes": notes}
    arrays |= {f"x_{part}": encoded(columns, plans, places) for part, places in rows.items()}
    return Found(arrays, schema, task)


def encoded(columns: Mapping[str, Column], plans: list[Plan], rows: np.ndarray) -> np.ndarray:
    """Return the features of some rows, float32 (rows, features)."""
    x = room((len(rows), sum(len(feature_names(plan)) for plan in plans)))
    start = 0
    for plan in plans:
        if plan["kind"] != "left_out":
            for values in encode(plan, columns[plan["name"]], rows):
                x[:, start] = values
                start += 1
    return x


def table_rows(path: Path, schema: Mapping[str, Any]) -> np.ndarray:
    """Return the features, or the texts, of all rows of a file like the one trained on.

    Raises:
        UserError: missing columns, or columns of another kind.
    """
    return _rows(*read_frame(path), schema)


def column_texts(path: Path, name: str) -> np.ndarray:
    """Return the values of a column as text, (rows,). Raises UserError for no such column."""
    columns, _ = read_frame(path, name)
    return columns[_known(name, columns, "--id")].texts()


def table_answers(path: Path, schema: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows, as `table_rows` does, that have labels, and these: numbers or names."""
    columns, notes = read_frame(path, schema.get("separator") and schema["target"])
    one_of("task", schema["task"], TASKS)
    task, target = TASKS[schema["task"]], schema["target"]
    names = _targets(target, columns, "target")
    kept = _labeled(columns, names, task, notes)
    if kept is not columns:
        warnings.warn(f"{path}: {notes[-1]}", stacklevel=4)
    answers = task.raw_answers(path, _of(names, kept), schema.get("separator"))
    return _rows(kept, notes, schema), answers


def _rows(columns: Mapping[str, Column], notes: list[str], schema: Mapping[str, Any]) -> np.ndarray:
    if "text" in schema:
        return text_column(columns, schema["text"], notes)
    used = [plan for plan in schema["columns"] if plan["kind"] != "left_out"]
    for plan in used:
        _known(plan["name"], columns, "needed")
    count = len(next(iter(columns.values())).values)
    return encoded(columns, used, np.arange(count))


def text_column(columns: Mapping[str, Column], name: str, notes: list[str]) -> np.ndarray:
    """Return a column as an array of text, (rows,); very long texts are truncated."""
    column = columns[_known(name, columns, "text")]
    most = min(LONGEST_TEXT, max(16, TEXT_BYTES // (4 * max(1, len(column.values)))))
    cut = sum(len(word) > most for word in column.words)
    if cut:
        notes.append(f"{cut} texts of {name!r} are longer than {most} characters and were cut.")
    return column.texts(most)


def _known(name: str, columns: Mapping[str, Column], option: str) -> str:
    if name not in columns:
        raise UserError(f"There is no column {name!r} ({option}). {near(name, columns)}")
    return name


def _target(path: Path, columns: Mapping[str, Column], reading: Reading) -> str:
    if reading.target is None:
        raise UserError(
            f"Which column of {path.name} is to be predicted? Give --target NAME. "
            f"It has: {', '.join(columns)[:500]}."
        )
    targets = _targets(reading.target, columns)
    for option in ("group", "time", "text"):
        name = getattr(reading, option)
        if name is not None:
            _known(name, columns, f"--{option}")
            if name in targets:
                raise UserError(f"--{option} and --target name the same column {name!r}.")
    for name in (*reading.drop, *reading.columns):
        _known(name, columns, "--drop" if name in reading.drop else "--column")
    if len(columns) <= len(targets) == 1:
        raise UserError(f"{path} has one column only, {reading.target!r}: nothing to learn from.")
    return reading.target


def _targets(target: str, columns: Mapping[str, Column], option: str = "--target") -> list[str]:
    """Return the columns that a target names: one, or several with commas between them."""
    if target in columns:
        return [target]
    names = [name.strip() for name in target.split(",") if name.strip()]
    if not names:
        raise UserError(f"{option} {target!r} names no column. {near(target, columns)}")
    for name in names:
        _known(name, columns, option)
    if len({*names}) < len(names):
        raise UserError(f"{option} {target!r} names a column twice. Name each column once.")
    return names


def _of(names: list[str], columns: Mapping[str, Column]) -> dict[str, Column]:
    return {name: columns[name] for name in names}


def _kept(columns: Mapping[str, Column], rows: np.ndarray) -> dict[str, Column]:
    return {
        name: Column(column.kind, column.values[rows], column.words, column.whole)
        for name, column in columns.items()
    }


def _labeled(
    columns: dict[str, Column], names: list[str], task: type[Task], notes: list[str]
) -> dict[str, Column]:
    """Return the rows whose labels are known; a note says how many are not."""
    known = task.labeled(_of(names, columns))
    if known.all():
        return columns
    said = " or ".join(map(repr, names))
    notes.append(f"{int((~known).sum())} rows without a value of {said} were left out.")
    return _kept(columns, known)


def _task(
    targets: Mapping[str, Column], separator: str | None, task: type[Task] | None
) -> type[Task]:
    """Return the task of targets, each of which must have two values at least."""
    known = Task.labeled(targets)
    if not known.any():
        said = ", ".join(map(repr, targets))
        raise UserError(f"The target {said} is empty in all rows.")
    for name, column in targets.items():
        if column.kind not in ("text", "boolean", "number"):
            raise UserError(
                f"The target {name!r} must hold numbers or texts; it holds {column.kind}s."
            )
        if len(np.unique(column.values[known])) < 2:
            raise UserError(
                f"The target {name!r} is the same in all rows; there is nothing to learn."
            )
    return task or guess_columns(_kept(targets, known), separator)


def _groups(columns: Mapping[str, Column], reading: Reading) -> np.ndarray | None:
    if reading.group is None:
        return None
    column = columns[reading.group]
    if column.missing.any():
        raise UserError(
            f"{int(column.missing.sum())} rows have no value of {reading.group!r}, so their group "
            "is unknown. Fill it in, or drop these rows."
        )
    size = max(map(len, column.words), default=0) * len(column.values)
    return column.texts() if size < TEXT_BYTES // 16 else column.values


def _time(columns: Mapping[str, Column], reading: Reading) -> np.ndarray | None:
    if reading.time is None:
        return None
    column = columns[reading.time]
    if column.kind not in ("date", "number") or column.missing.any():
        raise UserError(
            f"--time needs a date or number in every row; {reading.time!r} is read as "
            f"{column.kind} and is missing in {int(column.missing.sum())} rows. Write dates as "
            "2024-12-31 or 2024-12-31 23:59:59."
        )
    if column.kind == "number":
        return column.values
    return np.asarray(np.rint(column.values * SECONDS).astype("datetime64[s]"))


def _features(columns: Mapping[str, Column], targets: list[str], reading: Reading) -> list[str]:
    apart = {*targets, reading.group, reading.time, *reading.drop}
    return [name for name in reading.columns or columns if name not in apart]


def _why(plans: list[Plan]) -> str:
    return " ".join(f"{plan['name']}: {plan['why']}." for plan in plans[:5])
