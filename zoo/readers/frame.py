"""CSV, TSV and Parquet files as columns, read by pyarrow."""

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from zoo.checks import UserError
from zoo.data.cells import DATES, SECONDS

BLOCK = 2**24  # bytes parsed together; no row may be longer
MOST_CELLS = 400_000_000  # of 8 bytes; a Parquet file of a few bytes can say that it holds more
MOST_COLUMNS = 50_000
MISSING = ("?",)  # beside pyarrow's own: empty, NA, N/A, NULL, NaN, ...


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table.

    Attributes:
        kind: "number", "boolean", "date", "text", or "other" for what no model takes, such as
            lists.
        values: float64, NaN where missing; of dates days since 1970; of texts their places in
            `words`, int64, -1 where missing.
        words: the different texts.
        whole: the file holds integers.
    """

    kind: str
    values: np.ndarray
    words: tuple[str, ...] = ()
    whole: bool = False

    @property
    def missing(self) -> np.ndarray:
        """Which values are missing."""
        return self.values < 0 if self.kind == "text" else np.isnan(self.values)

    def texts(self, longest: int | None = None) -> np.ndarray:
        """Return the values as text; numbers in their usual notation."""
        words = [word[:longest] for word in self.words]
        if self.kind == "text":
            return np.asarray(np.array([*words, ""])[self.values])
        distinct, places = np.unique(self.values, return_inverse=True)
        return np.array([f"{value:.12g}" for value in distinct] or [""])[places]


def read_frame(path: Path, plain: str | None = None) -> tuple[dict[str, Column], list[str]]:
    """Return the columns of a file by name, and the assumptions made in reading it.

    Args:
        path: the file.
        plain: a column whose cells are texts as they stand: "NA" is one, and not a gap.

    Raises:
        UserError: an empty or damaged file, rows of different lengths, columns of the same name.
    """
    notes: list[str] = []
    try:
        table = _parquet(path) if path.suffix in (".parquet", ".pq") else _csv(path, notes, plain)
        given = [name.strip() for name in table.column_names]
        names = [name or f"column {number}" for number, name in enumerate(given, 1)]
        _check_names(path, names, len(table))
        columns = {name: _column(table.column(n)) for n, name in enumerate(names)}
    except (pa.ArrowException, OSError, UnicodeError, MemoryError) as error:
        said = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
        raise UserError(f"{path} cannot be read: {said}") from error
    return columns, notes


def _check_names(path: Path, names: list[str], rows: int) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f"{path} has several columns named {', '.join(map(repr, twice[:5]))} (a column "
            "without a name has that of its place). Rename them."
        )
    if names and all(re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", name) for name in names):
        raise UserError(
            f"The first line of {path} holds numbers, not names. Put a line with the names of the "
            "columns above it."
        )
    if not rows:
        raise UserError(f"{path} holds no rows, only the names of {len(names)} columns.")


def _parquet(path: Path) -> Any:
    with parquet.ParquetFile(path) as file:
        _check_size(path, file.metadata.num_rows, file.metadata.num_columns)
        return file.read()


def _check_size(path: Path, rows: int, columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise UserError(
            f"{path} has {columns:,} columns; a table may have {MOST_COLUMNS:,}. Take fewer "
            "columns, or save the rows as arrays (.npz)."
        )
    if rows * columns > MOST_CELLS:
        raise UserError(
            f"{path} declares {rows * columns:,} cells; a table may hold {MOST_CELLS:,}. Take "
            "fewer rows or columns."
        )


def _csv(path: Path, notes: list[str], plain: str | None) -> Any:
    encoding, quotes, lines = _encoding(path)
    if encoding == "latin-1":
        notes.append("The file is not UTF-8; it was read as Latin-1.")
    with path.open(encoding=encoding, errors="replace") as file:
        sample = file.read(65_536)
        delimiter = _delimiter(path, sample)
        file.seek(0)
        _check_size(path, lines, 1 + file.readline(BLOCK).count(delimiter))
    comma = delimiter != "," and _has_decimal_commas(sample, delimiter)
    usual = csv.ConvertOptions(
        strings_can_be_null=True,
        null_values=[*csv.ConvertOptions().null_values, *MISSING],
        decimal_point="," if comma else ".",
        timestamp_parsers=[csv.ISO8601, *DATES],
    )
    table = _parsed(path, encoding, delimiter, usual)
    for number, name in enumerate(table.column_names):
        if name.strip() == plain:
            only = csv.ConvertOptions(include_columns=[name], column_types={name: pa.string()})
            table = table.set_column(number, name, _parsed(path, encoding, delimiter, only)[name])
    last = table.slice(len(table) - 1).to_pylist() if len(table) else []
    if quotes % 2 and any("\n" in str(value) for row in last for value in row.values()):
        raise UserError(
            f"{path}: a quote is opened and never closed, so several rows are in one cell."
        )
    return table


def _parsed(path: Path, encoding: str, delimiter: str, convert: Any) -> Any:
    read = csv.ReadOptions(block_size=BLOCK, encoding=encoding.removesuffix("-sig"))
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    with path.open("rb") as file:  # not a path, whose suffix could make pyarrow decompress the file
        return csv.read_csv(file, read, parse, convert)


def _encoding(path: Path) -> tuple[str, int, int]:
    """Return an encoding that can decode the whole file, its quotes, and its line ends."""
    quotes = lines = 0
    with path.open("rb") as file:
        start = file.read(4)
        if not start:
            raise UserError(f"{path} is empty. Expected a line of names and a row in each line.")
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16", quotes, 0
        decoder, found = codecs.getincrementaldecoder("utf-8")(), "utf-8-sig"
        file.seek(0)
        while block := file.read(2**20):
            quotes += block.count(b'"')
            lines += block.count(b"\n")
            if b"\0" in block:
                raise UserError(f"{path} is not a text file: it holds NUL bytes.")
            try:
                if found != "latin-1":
                    decoder.decode(block, final=len(block) < 2**20)
            except UnicodeDecodeError:
                found = "latin-1"
    return found, quotes, lines


def _delimiter(path: Path, sample: str) -> str:
    """Return the most frequent separator in the header line."""
    if path.suffix == ".tsv":
        return "\t"
    names = re.sub(r'"[^"]*"', "", sample.lstrip().split("\n")[0])
    return max(",;\t|", key=names.count)


def _has_decimal_commas(sample: str, delimiter: str) -> bool:
    cells = [cell.strip() for line in sample.split("\n")[1:] for cell in line.split(delimiter)]
    commas = sum(bool(re.fullmatch(r"-?\d+,\d+", cell)) for cell in cells)
    return commas > sum(bool(re.fullmatch(r"-?\d+\.\d+", cell)) for cell in cells)


def _column(array: Any) -> Column:
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
        kind = array.type
    if pa.types.is_boolean(kind):
        return Column("boolean", _floats(array.cast(pa.int8())))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Column("number", _floats(array), whole=pa.types.is_integer(kind))
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        seconds = array.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
        return Column("date", _floats(seconds) / SECONDS)
    if pa.types.is_null(kind):
        return Column("number", np.full(len(array), np.nan))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts(array)
    if pa.types.is_time(kind):
        return _texts(array.cast(pa.string()))
    return Column("other", np.zeros(len(array)))


def _floats(array: Any) -> np.ndarray:
    """Return float64, NaN for missing values."""
    values = array.cast(pa.float64(), safe=False)
    return np.asarray(pc.fill_null(values, np.nan).to_numpy(), np.float64)


def _texts(array: Any) -> Column:
    coded = array.cast(pa.large_string()).combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    words = [word.strip() for word in coded.dictionary.to_pylist()]
    known = {word: place for place, word in enumerate(dict.fromkeys(filter(None, words)))}
    places = np.array([known[word] if word else -1 for word in words] + [-1], np.int64)
    codes = np.asarray(pc.fill_null(coded.indices, len(words)).to_numpy(zero_copy_only=False))
    return Column("text", places[codes], tuple(known))
