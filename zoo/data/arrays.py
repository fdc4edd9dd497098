"""Arrays by name, as readers hand them over."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zoo.tasks import Task

Arrays = dict[str, np.ndarray]

# beside the rows of a part -> kinds of types; names are those of files
COLUMNS = {"groups": "biufUS", "time": "biufM", "names": "U"}


@dataclass(frozen=True, eq=False)
class Found:
    """The result of reading a file or folder.

    Attributes:
        arrays: those of `zoo.readers.checked.KNOWN`, and `class_names`.
        schema: how raw rows became them, as JSON; see `zoo.read_rows`.
        task: if the file determines it.
        sizes: (height, width) that images may be resized to, the one they have first; empty where
            the user has chosen, or where nothing was resized.
    """

    arrays: Arrays
    schema: dict[str, Any] = field(default_factory=dict)
    task: type[Task] | None = None
    sizes: tuple[tuple[int, int], ...] = ()
