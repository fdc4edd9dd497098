"""Shapes of `data.json` and `model.json`: rows, how they are read, and the model of them."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from zoo.data.audio import FrontEnd
from zoo.data.reading import Reading
from zoo.data.text import TextSettings
from zoo.typed import Between

Count = Annotated[int, Between(0)]
Seed = Annotated[int, Between(0, 2**32 - 1)]
Size = Annotated[int, Between(1, 2**24)]  # of one axis of a row
Shape = Annotated[list[Size], Between(1, 3)]


class Counts(TypedDict):
    train: Count
    validation: Count
    test: Count


class LeftOut(TypedDict):
    """A column that is no feature."""

    name: str
    kind: Literal["left_out"]
    why: str


class Category(TypedDict):
    """A column with a feature for each of its values."""

    name: str
    kind: Literal["category"]
    values: list[str]
    missing: bool


class Measured(TypedDict):
    """A column of numbers, dates, or true and false."""

    name: str
    kind: Literal["number", "date", "boolean"]
    missing: bool
    fill: float
    origin: NotRequired[float]


class Vocabulary(TypedDict):
    """See `zoo.data.text.Vocabulary`."""

    tokens: list[str]
    length: Annotated[int, Between(1, 2**13)]
    settings: TextSettings


class Padding(TypedDict):
    """See `zoo.data.lengths.Padding`."""

    steps: Size
    fill: list[float]


class Rows(TypedDict, total=False):
    """How rows are read, of any kind: `Data.schema`."""

    shape: Shape
    notes: list[str]
    front_end: FrontEnd | None
    vocabulary: Vocabulary
    padding: Padding


class Table(Rows):
    """Columns of a table as features."""

    kind: Literal["table"]
    target: str
    task: str
    columns: list[LeftOut | Category | Measured]
    features: list[str]
    classes: NotRequired[list[str]]
    separator: NotRequired[str]


class Texts(Rows):
    """A column of a table as texts."""

    kind: Literal["table"]
    text: str
    target: str
    task: str
    classes: NotRequired[list[str]]
    separator: NotRequired[str]


class Pictures(Rows):
    """Images."""

    kind: Literal["pictures"]
    image_size: tuple[Size, Size]
    color: NotRequired[str]  # "colour" before 0.6


Byte = Annotated[int, Between(0, 2**8 - 1)]


class Masked(Rows):
    """Images with masks: values of pixels of the classes, in order, and of those not judged."""

    kind: Literal["masks"]
    image_size: tuple[Size, Size]
    color: str
    values: list[Byte]
    ignored: list[Byte]


class Boxed(Rows):
    """Images with boxes, letterboxed."""

    kind: Literal["boxes"]
    image_size: tuple[Size, Size]
    color: str


class Sounds(Rows):
    """Audio."""

    kind: Literal["sounds"]
    rate: Annotated[int, Between(1000, 192_000)]
    samples: Annotated[int, Between(1, 2**27)]


class Recordings(Rows):
    """Recordings, whole or cut into windows; lengths in lines."""

    kind: Literal["recordings"]
    channels: Annotated[list[str], Between(1)]
    window: Annotated[int, Between(1)] | None
    stride: Annotated[int, Between(1)] | None


class Arrays(Rows):
    """Arrays; a run of an earlier version may not say so."""

    kind: NotRequired[Literal["arrays"]]


Schema = Table | Texts | Pictures | Masked | Boxed | Sounds | Recordings | Arrays


@dataclass(frozen=True)
class Former(Reading):
    """Options of reading, with the name that one had before 0.6."""

    colour: str | None = None


class DataFile(TypedDict):
    """`data.json`: see `zoo.run.identity`."""

    name: str
    source: str
    seed: Seed
    task: str
    metric: NotRequired[str]
    hash: str
    class_names: list[str]
    rows: NotRequired[Counts]
    front_end: NotRequired[FrontEnd | None]
    reading: NotRequired[Former | None]
    schema: NotRequired[Schema | None]


class Architecture(TypedDict):
    """See `zoo.pretrained.hub.architecture`."""

    backbone: dict[str, Any]
    scale: float | list[float]
    offset: float | list[float]


class Overrides(TypedDict):
    """Arguments of a factory, which checks the others itself."""

    backbone: NotRequired[str]
    architecture: NotRequired[Architecture | None]


class ModelFile(TypedDict):
    """`model.json`: see `zoo.presets.spec.ModelSpec`."""

    preset: str
    input_shape: Shape
    num_outputs: Annotated[int, Between(1, 2**24)]
    overrides: Overrides
    backend: NotRequired[str]
