"""Arrays by name, as readers hand them over."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.tasks import Task

Arrays = dict[str, np.ndarray]

COLUMNS = {"groups": "biufUS", "time": "biufM"}  # beside the rows of a part -> kinds of types


@dataclass(frozen=True, eq=False)
class Found:
    """The result of reading a file or folder.

    Attributes:
        arrays: those of `zoo.readers.checked.KNOWN`, and `class_names`.
        schema: how raw rows became them, as JSON; see `zoo.read_rows`.
        task: where the file itself says so.
    """

    arrays: Arrays
    schema: dict[str, Any] = field(default_factory=dict)
    task: type[Task] | None = None
