"""The record of the comparison of searches: a line for each run."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"
RECORD, PAGE = RESULTS / "auto.jsonl", RESULTS / "auto.md"
AUTO, DEVICE, STOCK, PEERS = "auto", "auto, device", "stock", ("flaml", "autokeras")
TENTHS = {f"auto, a tenth of {peer}": peer for peer in PEERS}  # of the bytes of its model


@dataclass(frozen=True)
class Run:
    """A search: its figure on the test rows, in the set's metric.

    Attributes:
        data, seed: the set and its split.
        who: `AUTO`, `DEVICE`, one of `TENTHS`, a preset, or one of `PEERS`.
        minutes: that it had.
        value: accuracy, or RMSE.
        better: 1 if larger values are, else -1.
        bytes: of the model; 0: none fits.
        seconds: that it took.
        model: the preset that was taken.
        low, high: ends of the 95 % interval, of ours.
        first: seconds to the first checked file, of ours.
        arena: bytes in LiteRT-Micro, with a device.
        device: that was named.
        backend: of ours.
        code: commit.
        trace: seconds to the end of each trial, and its best score on validation rows.
    """

    data: str
    seed: int
    who: str
    minutes: float
    value: float
    better: int
    bytes: int
    seconds: float
    model: str = ""
    low: float | None = None
    high: float | None = None
    first: float | None = None
    arena: int | None = None
    backend: str = ""
    code: str = ""
    device: str = ""
    trace: Sequence[tuple[float, float | None]] = ()

    @property
    def key(self) -> tuple[str, int, str, float]:
        return self.data, self.seed, self.who, self.minutes

    @property
    def over(self) -> float:
        """Time beyond the minutes, in parts of them."""
        return self.seconds / 60 / self.minutes - 1


def recorded() -> list[Run]:
    """Return all runs that were ever done."""
    lines = RECORD.read_text().splitlines() if RECORD.exists() else []
    return [Run(**json.loads(line)) for line in lines]


def record(run: Run) -> None:
    """Add a run."""
    with RECORD.open("a") as file:
        file.write(json.dumps(asdict(run)) + "\n")


def level(auto: Run, other: Run) -> bool:
    """Return whether another's figure is within auto's interval, or worse."""
    assert auto.low is not None
    assert auto.high is not None
    return other.value <= auto.high if auto.better > 0 else other.value >= auto.low
