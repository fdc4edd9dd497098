"""The ladder: what was tried before a quantized file was taken, with what each costs."""

from dataclasses import asdict, dataclass
from typing import Any

from export.litert import Export
from export.runtimes.litert import load_content, measure_latency
from export.tflite.writer import write


@dataclass(frozen=True)
class Rung:
    """A rung that was tried.

    Attributes:
        numerics: name of the format.
        method: how its twin was made, a key of `files.RUNGS`.
        drop: on the held-out rows, in the metric's unit.
        bytes: of its file, without a description.
        latency_us: in LiteRT on one thread, the median.
        taken: whether the quantized files are of it.
    """

    numerics: str
    method: str
    drop: float
    bytes: int
    latency_us: float
    taken: bool

    def described(self) -> dict[str, Any]:
        """Return its part of `report.json`."""
        return asdict(self)


def climbed(export: Export) -> tuple[Rung, ...]:
    """Return the rungs that were tried, the lowest first; none where no more than one was."""
    quantized = export.plan.quantized
    if quantized is None or len(quantized.tried) < 2:
        return ()
    twins = [one.quantized.twin for one in quantized.tried]
    contents = [write(twin, twin.numerics) for twin in twins]
    loaded = {str(i): load_content(content) for i, content in enumerate(contents)}
    times = measure_latency(loaded, rounds=100)
    return tuple(
        Rung(
            numerics=twin.numerics.name,
            method=one.quantized.rung,
            drop=one.drop,
            bytes=len(contents[i]),
            latency_us=times[str(i)].median,
            taken=twin is quantized.twin,
        )
        for i, (one, twin) in enumerate(zip(quantized.tried, twins, strict=True))
    )
