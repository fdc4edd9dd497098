"""Options for reading a file or folder; all are optional."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from zoo.checks import UserError, at_least, flag, in_range, one_of
from zoo.data.kinds import OF_NUMBERS

OTHER = "=other"  # ends the name of the feature for values that training rows lack

SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s)?")
COLORS = ("rgb", "gray")
LARGEST_SIDE = 1024  # of images, in pixels
# kinds in run folders -> in messages
SPOKEN = {"pictures": "images", "sounds": "audio", "recordings": "recordings"}
SPOKEN |= {"annotated": "images with masks or boxes"}
FOLDERS = ("pictures", "sounds", "recordings")
SEEN = ("pictures", "annotated")
CONCERNS = {  # option -> the kinds of data it applies to
    "target": ("table", *FOLDERS),
    "separator": ("table",),
    "group": ("table", *FOLDERS, "annotated"),
    "time": ("table", *FOLDERS, "annotated"),
    "text": ("table",),
    "drop": ("table", "recordings"),
    "columns": ("table", "recordings"),
    "image_size": SEEN,
    "color": SEEN,
    "ignore": ("annotated",),
    "seconds": ("sounds",),
    "kind": ("arrays",),
    "skip_bad": (*FOLDERS, "annotated"),
    "window": ("recordings",),
    "stride": ("recordings",),
    "rate": ("recordings",),
}


@dataclass(frozen=True)
class Reading:
    """Options for reading a file or folder, where the defaults are not right.

    Attributes:
        target: column of a table to predict; several with commas between them. Of a folder, column
            of its `labels.csv`.
        separator: between the labels in a cell of the target, such as ";" in "red;large".
        group: column that identifies which rows belong together (a patient, a machine): all rows of
            a group are in the same part. It is not a feature. Of a folder: a level of folders, such
            as "1" for those within the folder; a regular expression with one group, which is
            searched for in each path; or a column of `labels.csv`.
        time: column with a date or a number: the latest 20 % of the rows are test rows, the latest
            of the others validation rows. It is not a feature. Of a folder: as `group`.
        text: the column to read as text; other columns are ignored.
        drop: columns that are left out.
        columns: the only columns that are features; empty for all.
        image_size: (height, width) of images, or one side. None: their own size if all have the
            same, of at most 224 pixels a side; else 64.
        color: "rgb" or "gray"; None: gray if all images are.
        ignore: value of pixels in masks, 0 to 255, that belong to no class. None: 255, where masks
            hold class numbers.
        seconds: length of audio; longer files are truncated, shorter ones padded with silence.
            None: long enough for 19 of 20 files.
        skip_bad: leave out unreadable images and audio, instead of refusing the folder.
        window: length of the rows that recordings are cut into: "2s", "500ms", or lines, "128".
            None: each recording is one row.
        stride: from one window to the next; None: a window.
        rate: lines per second of recordings without a column called time.
        kind: of the rows of arrays: "tables", "sequences" or "images"; a last axis of one channel
            or feature may be missing. None: by shape, where bytes (rows, height, width) are gray
            images.

    Raises:
        UserError: a value out of range.

    Examples:
        >>> reading = zoo.Reading(target="price", group="house", drop=["id", "name"])
        >>> data = zoo.load_data("flats.csv", reading=reading)
        >>> sorted(data.columns)
        ['groups_test', 'groups_train', 'groups_validation']
    """

    target: str | None = None
    separator: str | None = None
    group: str | None = None
    time: str | None = None
    text: str | None = None
    drop: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    image_size: tuple[int, int] | int | None = None
    color: str | None = None
    ignore: int | None = None
    seconds: float | None = None
    skip_bad: bool = False
    kind: str | None = None
    window: str | None = None
    stride: str | None = None
    rate: float | None = None

    def __post_init__(self) -> None:
        if self.separator == "":
            raise UserError("separator must be a character or more; got an empty text.")
        for name in ("drop", "columns"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if self.image_size is not None:
            object.__setattr__(self, "image_size", _sides(self.image_size))
        if self.color is not None:
            one_of("color", self.color, COLORS)
        if self.ignore is not None:
            at_least("ignore", self.ignore, 0)
            in_range("ignore", self.ignore, 0, 256)
        if self.seconds is not None:
            in_range("seconds", self.seconds, 0.01, 600)
        flag("skip_bad", self.skip_bad)
        for name in ("window", "stride"):
            _check_span(name, getattr(self, name))
        if self.rate is not None:
            in_range("rate", self.rate, 1e-6, 1e9)
        if self.stride is not None and self.window is None:
            raise UserError("stride is for windows; give window, too, such as --window 2s.")
        if self.kind is not None:
            one_of("kind", self.kind, (one.many for one in OF_NUMBERS))

    @property
    def sides(self) -> tuple[int, int] | None:
        """Height and width of images, if given."""
        return self.image_size  # type: ignore[return-value]  # a pair since __post_init__

    @classmethod
    def of(cls, values: Mapping[str, Any] | None) -> "Reading":
        """Return the options that `to_json` wrote."""
        return cls() if values is None else cls(**american(values))

    def check(self, kind: str, what: str) -> None:
        """Raise UserError for options that do not apply to this kind of data, called `what`."""
        given = [field.name for field in fields(self) if getattr(self, field.name) != field.default]
        for name in given:
            if kind not in CONCERNS[name]:
                option = "column" if name == "columns" else name.replace("_", "-")
                *most, last = (SPOKEN.get(one, one) for one in CONCERNS[name])
                kinds = f"{', '.join(most)} and {last}" if most else last
                raise UserError(
                    f"--{option} is for {kinds}; {what} is read as {SPOKEN.get(kind, kind)}."
                )

    def to_json(self) -> dict[str, Any]:
        """Return the options that are set, for `data.json`."""
        held = asdict(self).items()
        return {name: value for name, value in held if value or (name == "ignore" and value == 0)}


def _check_span(name: str, span: str | None) -> None:
    if span is not None and not (SPAN.fullmatch(str(span)) and float(str(span).rstrip("ms"))):
        raise UserError(f"{name} must be a time, such as 2s or 500ms, or lines, 128; got {span!r}.")


def american(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a run folder from before 0.6 says of color under the names of today."""
    if "colour" not in held:
        return dict(held)
    rest = {name: value for name, value in held.items() if name != "colour"}
    return rest | {"color": "gray" if held["colour"] == "grey" else held["colour"]}


def _sides(size: tuple[int, int] | int) -> tuple[int, int]:
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2:
        raise UserError(f"image_size must be one side, or height and width; got {size!r}.")
    for side in sides:
        at_least("image_size", side, 1)
        if side > LARGEST_SIDE:
            raise UserError(f"image_size must be at most {LARGEST_SIDE}; got {side}.")
    return sides[0], sides[1]
