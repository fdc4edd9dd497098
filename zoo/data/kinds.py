"""Kinds of rows: tables, sequences, images and texts."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of rows.

    Attributes:
        name: "table", "sequence", "image" or "text".
        axes: of one row, outermost first.
        many: plural, for messages.
        rows: name of its rows, for messages that describe a shape.
    """

    name: str
    axes: tuple[str, ...]
    many: str
    rows: str

    @property
    def flat(self) -> bool:
        """Whether a row is one list of values."""
        return len(self.axes) == 1

    @property
    def described(self) -> str:
        """Name and shape of its rows, such as "sequences (steps, features)"."""
        return f"{self.rows} ({', '.join(self.axes)}{',' * self.flat})"


TABLE = Kind("table", ("features",), "tables", "table rows")
SEQUENCE = Kind("sequence", ("steps", "features"), "sequences", "sequences")
IMAGE = Kind("image", ("height", "width", "channels"), "images", "images")
TEXT = Kind("text", ("tokens",), "texts", "texts")  # token ids; its type tells it from a table
OF_NUMBERS = (TABLE, SEQUENCE, IMAGE)  # told apart by their axes


def kind_of(shape: Sequence[int]) -> Kind | None:
    """Return the kind of rows of numbers that have a shape; None if no kind has so many axes.

    Token ids are not told from a table's row by their shape: see `zoo.Data.kind`.
    """
    return next((kind for kind in OF_NUMBERS if len(kind.axes) == len(shape)), None)
