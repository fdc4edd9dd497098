"""Shapes of what a search, a training and an export write down: the keys that are read again."""

from typing import Annotated, Literal, NotRequired, TypedDict

from zoo.folder.rows import Count
from zoo.typed import Between


class Point(TypedDict):
    """A trial of a search, by what it needs and scored."""

    number: Count
    score: float | None
    preset: NotRequired[str]
    reading: NotRequired[str]
    bytes: NotRequired[Count]
    macs: NotRequired[Count]
    arena: NotRequired[Count]
    ms: NotRequired[float]


class Finished(TypedDict):
    """A trial of a search that was completed."""

    number: Count
    score: float
    bytes: Count
    macs: Count
    arena: NotRequired[Count]
    ms: NotRequired[float]


class Cost(TypedDict):
    bytes: Count
    arena: NotRequired[Count]
    ms: NotRequired[float]
    macs: NotRequired[Count]


class Best(TypedDict):
    number: Count
    score: float
    cost: Cost


class Again(TypedDict):
    """Scores with other seeds."""

    scores: list[float]
    mean: float
    std: float
    cut: NotRequired[Count]


class Once(TypedDict):
    """The score with another seed, or none: no spread."""

    scores: Annotated[list[float], Between(0, 1)]
    cut: NotRequired[Count]


class Row(TypedDict):
    """The best trial of a family."""

    family: str
    preset: str
    reading: NotRequired[str]
    score: float
    epochs: Count
    complete: bool
    bytes: NotRequired[Count]
    arena: NotRequired[Count]
    ms: NotRequired[float]


class Read(TypedDict):
    """A way of reading, and the best trial with it, if it was tried."""

    option: str
    value: str
    source: str
    preset: NotRequired[str]
    score: NotRequired[float]


class Rival(TypedDict):
    """A model without a network."""

    name: str
    trees: bool
    score: float
    bytes: Count


class Fallen(TypedDict):
    """A preset that was not tried."""

    preset: str
    why: str
    limits: list[str]


class Answer(TypedDict):
    """The answer of a search among families: see `tuning.outcome.answer`."""

    families: list[Row]
    readings: NotRequired[list[Read]]
    rivals: list[Rival]
    fallen: list[Fallen]
    sentences: list[str]


class StudyFile(TypedDict):
    """`study.json`: see `tuning.outcome.winner`."""

    algorithm: str
    objective: str
    trials: dict[str, Count]
    best: Best
    again: Again | Once
    history: list[Point]
    front: list[Finished]
    axes: NotRequired[list[Literal["bytes", "arena", "ms", "macs"]]]
    shortlist: Annotated[list[Finished], Between(1)]
    importance: dict[str, float]
    advice: list[str]
    direction: NotRequired[str]
    refit: NotRequired[bool]
    answer: NotRequired[Answer]
    seconds: float


class Temperature(TypedDict):
    value: Annotated[float, Between(0.01, 100)]
    threshold: NotRequired[Annotated[float, Between(0, 1)]]


class Thresholds(TypedDict):
    values: list[Annotated[float, Between(0, 1)]]


class HeldOut(TypedDict):
    validation_rows: list[Count]


class Format(TypedDict):
    file: str
    bytes: Count
    rows: Count
    difference: float
