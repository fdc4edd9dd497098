"""Data sets: arrays in three parts, their description, and a hash of their content."""

import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from zoo.checks import UserError
from zoo.data.arrays import COLUMNS, Arrays, Found
from zoo.data.audio import FrontEnd
from zoo.data.encoding import Encoding, encode
from zoo.data.kinds import OF_NUMBERS, TEXT, Kind, kind_of
from zoo.data.memory import joined
from zoo.data.reading import Reading
from zoo.data.text import TextSettings
from zoo.data.waveforms import heard
from zoo.data.ways import Way
from zoo.showing import html_table
from zoo.tasks import Task, guess


@dataclass(frozen=True, eq=False)
class Data:
    """A data set split in three; read-only arrays.

    `x_*`: float32, (rows, *input_shape), or int32 token ids of texts, (rows, length).
    `y_*`: as the task takes them: int64 (rows,) class numbers 0..classes-1, uint8 (rows, labels) of
    0 and 1, or float32 (rows, targets). The validation part may be empty; the test part is for the
    final evaluation only. `columns`: other information on the rows, such as "groups_train" or
    "time_test", one value per row; no model sees them. "wave_test" holds outlines of the audio that
    the test rows were made from. `ways`: of reading the same files, from which a search may choose,
    the one of these rows first; empty where the user has chosen.

    Examples:
        >>> data = zoo.load_data("wine")
        >>> data
        Data(name: wine; task: classification, 3 outputs; row shape: (13,);
        rows: 113 train, 29 validation, 36 test)
        >>> data.x_train.shape, data.y_train.shape
        ((113, 13), (113,))
    """

    name: str
    source: str  # built-in name or absolute path, with which `load_data` loads it again
    seed: int
    task: Task
    hash: str  # "sha256:..." over all six arrays
    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    front_end: FrontEnd | None = field(default=None, kw_only=True)  # for audio
    encoding: Encoding = field(default=Encoding(), kw_only=True)  # for texts and ragged sequences
    reading: Reading = field(default_factory=Reading, kw_only=True)  # options given by the user
    schema: Mapping[str, Any] = field(default_factory=dict, kw_only=True)  # see `zoo.read_rows`
    ways: tuple[Way, ...] = field(default=(), kw_only=True)

    def __repr__(self) -> str:
        return f"Data({'; '.join(f'{name}: {value}' for name, value in self._shown().items())})"

    def _repr_html_(self) -> str:
        return html_table(self.name, self._shown())

    def _shown(self) -> dict[str, object]:
        """Return what data are, in a few words."""
        parts = {"train": self.x_train, "validation": self.x_validation, "test": self.x_test}
        return {
            "name": self.name,
            "task": f"{self.task.name}, {self.num_outputs} outputs",
            "row shape": self.input_shape,
            "rows": ", ".join(f"{len(x):,} {part}" for part, x in parts.items()),
        }

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return tuple(int(size) for size in self.x_train.shape[1:])

    @property
    def of_texts(self) -> bool:
        """Whether the rows are token ids."""
        return self.x_train.dtype.kind in "iu"

    @property
    def kind(self) -> Kind:
        """Kind of its rows. Raises UserError for rows that are of none."""
        kind = TEXT if self.of_texts else kind_of(self.input_shape)
        if kind is None:
            known = "; ".join(one.described for one in OF_NUMBERS)
            raise UserError(
                f"{self.name} has rows of shape {self.input_shape}, which is no known kind of "
                f"data. Expected {known}. Reshape them."
            )
        return kind

    @property
    def num_outputs(self) -> int:
        """Number of outputs of a model: of classes, or of targets."""
        return self.task.outputs(self.y_train)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes; empty where answers are numbers."""
        return self.task.labels

    @property
    def metric(self) -> str:
        """Name of the figure that models are compared by."""
        return self.task.metric.name

    def judged_by(self, metric: str | None) -> "Data":
        """Return the same data whose models are compared by another metric of the task.

        Args:
            metric: as `--metric` takes it, such as "macro_f1" or "pinball:0.9"; None for what suits
                the training labels.

        Raises:
            UserError: a metric that the task lacks, or that is undefined for held-out rows.

        Examples:
            >>> zoo.load_data("wine").judged_by("log_loss").metric
            'log_loss'
        """
        task = self.task.judged_on(self.y_train, metric)
        _check_metric(task, {"y_val": self.y_validation, "y_test": self.y_test}, self.name)
        return replace(self, task=task)

    def merged(self, keep: Sequence[int] = ()) -> "Data":
        """Return the same data with the validation rows moved into the training part.

        Args:
            keep: indices of validation rows that stay where they are.
        """
        moved = np.ones(len(self.x_validation), dtype=bool)
        moved[list(keep)] = False
        return replace(
            self,
            x_train=_frozen(joined([self.x_train, self.x_validation[moved]])),
            y_train=_frozen(np.concatenate([self.y_train, self.y_validation[moved]])),
            x_validation=_frozen(self.x_validation[~moved]),
            y_validation=_frozen(self.y_validation[~moved]),
            columns={n: c for n, c in self.columns.items() if n.endswith("_test")},
        )


def rows(data: Data) -> dict[str, int]:
    """Return the number of rows of each part."""
    return {part: len(getattr(data, f"x_{part}")) for part in ("train", "validation", "test")}


def assemble(
    found: Found,
    name: str,
    source: str,
    seed: int,
    kind: type[Task] | None,
    front_end: FrontEnd | TextSettings | None,
    metric: str | None = None,
) -> Data:
    """Check labels, hold out validation rows if none are given, and make the data set."""
    from zoo.data.splits import hold_out  # scikit-learn takes a second to import

    arrays, schema = dict(found.arrays), dict(found.schema)
    sound = front_end if isinstance(front_end, FrontEnd) else None
    if sound is not None:
        arrays = heard({key: one for key, one in arrays.items() if key != "rate"}, sound)
        schema["front_end"] = asdict(sound)
    task, arrays = (kind or guess(arrays["y_train"], name)).learn(arrays)
    task = task.judged_on(arrays["y_train"], metric)
    if "x_val" not in arrays:
        beside = {of: arrays[f"{of}_train"] for of in COLUMNS if f"{of}_train" in arrays}
        x, y = arrays["x_train"], arrays["y_train"]
        arrays = arrays | hold_out(x, y, seed, task.strata(y), beside=beside)
    arrays, encoding = encode(arrays, front_end if isinstance(front_end, TextSettings) else None)
    _warn_of_shared_rows(arrays, name)
    _check_metric(task, arrays, name)
    parts = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
    frozen: dict[str, Any] = {
        part.replace("_val", "_validation"): _frozen(arrays[part]) for part in parts
    }
    columns = {
        name.replace("_val", "_validation"): _frozen(column)
        for name, column in arrays.items()
        if name.split("_")[0] in (*COLUMNS, "wave")
    }
    return Data(
        name,
        source,
        seed,
        task,
        digest([*(arrays[part] for part in parts), *encoding.content()]),
        **frozen,
        columns=columns,
        front_end=sound,
        encoding=encoding,
        schema=schema | encoding.schema() | {"shape": list(arrays["x_train"].shape[1:])},
    )


def _check_metric(task: Task, arrays: Arrays, name: str) -> None:
    """Raise UserError for held-out rows that the metric is undefined for."""
    for part, title in (("val", "validation"), ("test", "test")):
        if len(arrays[f"y_{part}"]):
            task.check_defined(arrays[f"y_{part}"], f"{title} rows of {name}")


def _warn_of_shared_rows(arrays: Arrays, name: str) -> None:
    from zoo.data.splits import count_shared_rows

    shared = count_shared_rows((arrays["x_train"], arrays["x_val"]), arrays["x_test"])
    if shared:
        warnings.warn(
            f"{name}: {shared} of {len(arrays['x_test'])} test rows are also training rows; they "
            "make the test figures too optimistic. Remove them from one part.",
            stacklevel=4,
        )


def digest(arrays: Iterable[np.ndarray]) -> str:
    """Return a hash of arrays: types, shapes and content."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).data)
    return f"sha256:{found.hexdigest()}"


def _frozen(array: np.ndarray) -> np.ndarray:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array
