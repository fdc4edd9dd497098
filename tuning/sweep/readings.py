"""The rows of a search in each way of reading: read, and shared with workers, when first needed."""

from pathlib import Path

from tuning.sweep.shared import share
from zoo import Data
from zoo.data.ways import Way
from zoo.readers.loading import read_again
from zoo.stages import stage


class Readings:
    """The rows of a search. In memory are those that were given, and of the others the last ones.

    Args:
        data: the rows as they were loaded.
        folder: that `tuning.sweep.shared.sharing` keeps; it holds `data`.
    """

    def __init__(self, data: Data, folder: Path) -> None:
        self._data, self._folder = data, folder
        self._last: tuple[Way, Data] | None = None

    def read(self, way: Way | None) -> Data:
        """Return the rows, read in a way; None is the only one.

        Raises:
            UserError: files that are gone, or have changed since they were loaded.
        """
        if way is None or way == self._data.ways[0]:
            return self._data
        if self._last is None or self._last[0] != way:
            self._last = None  # before there are others
            stage(f"reading {self._data.name} again, {way.spelled}")
            self._last = way, read_again(self._data, way)
        return self._last[1]

    def shared(self, way: Way | None) -> Path:
        """Return the folder with the training and validation rows, read in a way."""
        if way is None or way == self._data.ways[0]:
            return self._folder
        folder = self._folder / str(self._data.ways.index(way))
        if not (folder / "data.json").exists():  # which is written last
            folder.mkdir(exist_ok=True)
            share(self.read(way), folder)
        return folder
