"""Shapes of a report as its run folder holds it: the keys that later commands read."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from zoo.folder.rows import Count
from zoo.typed import Between

REPORT = "report.json"


class Model(TypedDict):
    """The model of a report."""

    preset: str | None
    overrides: dict[str, Any]
    name: str
    parameters: Count
    macs: Count


class Dataset(TypedDict):
    name: str
    hash: str
    rows: dict[str, Count]
    task: str


class Value(TypedDict):
    value: float


class File(TypedDict):
    bytes: Count
    sha256: str


class Latency(TypedDict):
    float: float
    int8: float


class LiteRT(TypedDict):
    latency_us: Latency


class Runtimes(TypedDict):
    litert: LiteRT


class Widths(TypedDict):
    half_width: list[Annotated[float, Between(0)]]


class Input(TypedDict):
    """The scaling of the int8 input."""

    scale: Annotated[list[Annotated[float, Between(1e-300)]], Between(1)]
    zero_point: Annotated[list[float], Between(1)]
    taken: NotRequired[Literal["int8", "int16", "float32"]]
    words: NotRequired[Annotated[int, Between(1, 2**24)] | None]


class Output(TypedDict):
    """The scaling of the int8 output."""

    scale: Annotated[list[float], Between(1)]
    zero_point: Annotated[list[float], Between(1)]


Sizes = Annotated[list[Annotated[int, Between(0, 2**24)]], Between(1)]


class Part(Input):
    """An output of several, and where it goes in the one array of the model."""

    name: str
    at: Sizes
    shape: Sizes
    own: Sizes


class Outputs(TypedDict):
    """Outputs that the host puts together."""

    shape: Sizes
    parts: Annotated[list[Part], Between(1)]


class Fit(TypedDict):
    """Whether the model is fit for use."""

    sentence: str


class Reported(TypedDict):
    """The keys of a report that are read again."""

    passed: bool
    verdict: NotRequired[Literal["passed", "failed", "not shown"]]
    model: Model
    data: Dataset
    backend: str
    metric: str
    float: Value
    int8: Value
    drop: Value
    ending: Literal["softmax", "sigmoid"] | None
    input: Input
    forms: NotRequired[dict[str, str]]
    output: NotRequired[Output | None]
    outputs: NotRequired[Outputs | None]
    files: dict[str, File]
    runtimes: Runtimes
    prediction_interval: Widths | None
    fit_for_use: NotRequired[Fit]
