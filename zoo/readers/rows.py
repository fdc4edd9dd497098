"""New rows for an existing model, read the way its training rows were."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from zoo.checks import UserError
from zoo.data.audio import spectra
from zoo.data.encoding import Encoding
from zoo.data.memory import as_float32
from zoo.data.waveforms import recorded_front_end
from zoo.readers.folders import loose, names_of

PARTS = ("x_train", "x_val", "x_test")  # in an .npz file without x


class Described(Protocol):
    """A run folder, such as `zoo.Run`."""

    def read_json(self, name: str) -> dict[str, Any]: ...


def read_rows(path: str | Path, how: Mapping[str, Any] | Described) -> np.ndarray:
    """Return the rows of a file or folder as inputs of a model, in the order of the file.

    Args:
        path: data like those the model was trained on: a table (its target may be missing), an
            image or audio file or a folder of them, an `.npy` file, or an `.npz` file with `x` or
            with `x_train`, `x_val`, `x_test`, which are concatenated. Sequences of different
            lengths have NaN after their ends.
        how: `Data.schema`, or a run, whose `data.json` holds it.

    Returns:
        float32 (rows, *input_shape), or int32 token ids of texts.

    Raises:
        UserError: a missing or damaged file, or rows unlike the training rows.

    Examples:
        >>> reading = zoo.Reading(target="price", columns=["size", "rooms", "member"])
        >>> data = zoo.load_data("flats.csv", reading=reading)
        >>> zoo.read_rows("new_flats.csv", data.schema).shape
        (5, 3)
    """
    return read_named(path, how)[1]


def read_named(
    path: str | Path, how: Mapping[str, Any] | Described, column: str | None = None
) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the names of rows, (rows,) texts, beside the rows, as `read_rows` returns them.

    Args:
        path, how: as of `read_rows`.
        column: of a table, whose values are the names.

    Returns:
        The names: of files; None where rows have no names.

    Raises:
        UserError: as `read_rows`; no such column.
    """
    path, schema = Path(path), how if isinstance(how, Mapping) else _schema(how)
    if not path.exists():
        raise UserError(f"{path} does not exist.")
    if column is not None and schema.get("kind") != "table":
        raise UserError(f"--id {column} is for tables; files are named by themselves.")
    names, x = _raw(path, schema)
    if column is not None:
        from zoo.readers.table import column_texts

        names = column_texts(path, column)
    return names, fitting(path, x, schema)


def _raw(path: Path, schema: Mapping[str, Any]) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the raw rows of a file; readers are imported here because some take a while."""
    kind = schema.get("kind")
    if kind == "table":
        from zoo.readers.table import table_rows

        return None, table_rows(path, schema)
    if kind == "recordings":
        from zoo.readers.recordings import recording_rows

        x, names, _ = recording_rows(path, schema)
        return names, x
    if kind == "pictures":
        from zoo.readers.images import image_rows

        files = loose(path, kind)
        return names_of(files), image_rows(path, schema, files)
    if kind == "masks":
        from zoo.readers.dense.pictures import pictures_below
        from zoo.readers.images import image_rows

        files = pictures_below(path)
        return names_of(files), image_rows(path, schema, files)
    if kind == "boxes":
        from zoo.readers.dense.pictures import letterboxed_rows, pictures_below

        files = pictures_below(path)
        return names_of(files), letterboxed_rows(path, schema, files)[0]
    if kind == "sounds":
        from zoo.readers.audio import audio_rows

        files = loose(path, kind)
        return names_of(files), audio_rows(path, schema, files)
    if kind == "arrays":
        return None, _array_rows(path)
    raise unsaid()


def unsaid() -> UserError:
    """Return the error for a schema that names no kind of data."""
    return UserError("This run does not record how rows are read (no schema in data.json).")


def _schema(run: Described) -> Mapping[str, Any]:
    recorded = run.read_json("data.json")
    found: Mapping[str, Any] = recorded.get("schema") or {}
    return found


def _array_rows(path: Path) -> np.ndarray:
    from zoo.readers.npz import load_npy, read_members

    if path.suffix == ".npy":
        return load_npy(path)
    parts = [*read_members(path, _names_of_rows).values()]
    if not parts or len({part.shape[1:] for part in parts}) > 1:
        raise UserError(f"{path} must hold rows as x, or x_train, x_val and x_test of one shape.")
    return np.concatenate(parts)


def _names_of_rows(names: list[str]) -> list[str]:
    return ["x"] if "x" in names else [part for part in PARTS if part in names]


def fitting(path: Path, x: np.ndarray, schema: Mapping[str, Any]) -> np.ndarray:
    """Return the rows of a reader as inputs of the model.

    Raises:
        UserError: rows of another shape or type, or with NaN.
    """
    if schema.get("front_end"):
        x = spectra(x, recorded_front_end(schema["front_end"]))
    x = Encoding.of(schema).rows(x)
    if x.dtype.kind == "U" and "shape" not in schema:  # read for a new model
        return x
    wanted = tuple(schema.get("shape", x.shape[1:]))
    if (*x.shape[1:], 1) == wanted:  # gray images, or sequences of one feature
        x = x[..., None]
    if x.dtype.kind not in "biuf" or x.shape[1:] != wanted:
        raise UserError(
            f"{path} holds rows of shape {x.shape[1:]}, {x.dtype}; the model takes numbers of "
            f"shape {wanted}."
        )
    x = x if schema.get("vocabulary") else as_float32(x)
    if not np.isfinite(x).all():
        raise UserError(f"{path} holds rows with NaN or infinite values. Fill or drop them.")
    return x
