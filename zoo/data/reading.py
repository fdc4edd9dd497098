"""Options for reading a file or folder; all are optional."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from zoo.checks import UserError, at_least, flag, in_range, one_of

OTHER = "=other"  # ends the name of the feature for values that training rows lack

COLOURS = ("rgb", "grey")
LARGEST_SIDE = 1024  # of pictures, in pixels
CONCERNS = {  # option -> the kinds of data it says something about
    "target": ("table",),
    "group": ("table",),
    "time": ("table",),
    "text": ("table",),
    "drop": ("table",),
    "columns": ("table",),
    "image_size": ("pictures",),
    "colour": ("pictures",),
    "seconds": ("sounds",),
    "skip_bad": ("pictures", "sounds"),
}


@dataclass(frozen=True)
class Reading:
    """How a file or folder is read, where that is not what it says by itself.

    Attributes:
        target: column of a table that is to be predicted.
        group: column that says which rows belong together (a patient, a machine): all rows of a
            group are in one part. It is no feature.
        time: column with a date or a number: the latest 20 % of the rows are test rows, the latest
            of the others validation rows. It is no feature.
        text: the one column that is read, as text.
        drop: columns that are left out.
        columns: the only columns that are features; empty for all.
        image_size: (height, width) of pictures, or one side. None: theirs if all have the same, of
            at most 224 pixels a side; else 64.
        colour: "rgb" or "grey"; None: grey if all pictures are.
        seconds: length of sounds; longer ones are cut, shorter ones end in silence. None: so that
            19 of 20 are whole.
        skip_bad: leave broken pictures and sounds out, instead of refusing the folder.

    Raises:
        UserError: a value out of range.
    """

    target: str | None = None
    group: str | None = None
    time: str | None = None
    text: str | None = None
    drop: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    image_size: tuple[int, int] | int | None = None
    colour: str | None = None
    seconds: float | None = None
    skip_bad: bool = False

    def __post_init__(self) -> None:
        for name in ("drop", "columns"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.image_size is not None:
            object.__setattr__(self, "image_size", _sides(self.image_size))
        if self.colour is not None:
            one_of("colour", self.colour, COLOURS)
        if self.seconds is not None:
            in_range("seconds", self.seconds, 0.01, 600)
        flag("skip_bad", self.skip_bad)

    @property
    def sides(self) -> tuple[int, int] | None:
        """Height and width of pictures, if given."""
        return self.image_size  # type: ignore[return-value]  # a pair since __post_init__

    @classmethod
    def of(cls, values: Mapping[str, Any] | None) -> "Reading":
        """Return what `asdict` and JSON have made of a reading."""
        return cls() if values is None else cls(**values)

    def check(self, kind: str, what: str) -> None:
        """Raise UserError for what says nothing about data of this kind; `what` names them."""
        said = [one.name for one in fields(self) if getattr(self, one.name) != one.default]
        for name in said:
            if kind not in CONCERNS[name]:
                option = "column" if name == "columns" else name.replace("_", "-")
                raise UserError(
                    f"--{option} is for {' and '.join(CONCERNS[name])}; {what} is read as {kind}."
                )

    def to_json(self) -> dict[str, Any]:
        """Return what is said, for `data.json`."""
        return {name: value for name, value in asdict(self).items() if value}


def _sides(size: tuple[int, int] | int) -> tuple[int, int]:
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2:
        raise UserError(f"image_size must be one side, or height and width; got {size!r}.")
    for side in sides:
        at_least("image_size", side, 1)
        if side > LARGEST_SIDE:
            raise UserError(f"image_size must be at most {LARGEST_SIDE}; got {side}.")
    return sides[0], sides[1]
