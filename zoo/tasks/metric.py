"""The metric of a task, and the drop of it that may pass."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A figure that models of a task can be compared by.

    Attributes:
        name: its key in every report.
        title: as it is shown.
        better: 1 where larger is better, -1 where smaller is.
        factor: what it is multiplied by to be shown.
        unit: of a drop.
        drop_unit: the same in a report, in full.
        asks: what must follow its name and a colon, such as "PRECISION"; empty for nothing.
        of_class: whether it can look at one class alone, named after a colon.
        needs: rows that it is undefined without, in words.
        stepped: whether a single answer of a class moves it by one over that class's rows.
        level: what was asked for after the colon, in (0, 1).
        label: the class that it looks at; empty for all.
    """

    name: str
    title: str
    better: int
    factor: int
    unit: str
    drop_unit: str
    asks: str = ""
    of_class: bool = False
    needs: str = ""
    stepped: bool = False
    level: float | None = None
    label: str = ""

    def shown(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{100 * value:.1f}\u00a0%" if self.factor == 100 else f"{value:.4g}"

    @property
    def worded(self) -> str:
        """Its title as a text has it, without a unit."""
        return self.title.removesuffix(" %")

    @property
    def spelled(self) -> str:
        """What `--metric` is given to choose it."""
        level = () if self.level is None else (f"{self.level:g}",)
        return ":".join((self.name, *level, *((self.label,) if self.label else ())))

    @property
    def form(self) -> str:
        """How it is asked for, in words."""
        return f"{self.name}:{self.asks}" if self.asks else self.name


def allowed(max_drop: float, least: float) -> float:
    """Return the drop that may pass: `max_drop`, but never less than one answer can make.

    On 114 rows one answer is 0.88 points of accuracy; a bound below that would measure luck. A
    negative bound asks for a gain, and is left as it is.
    """
    return max(max_drop, least) if max_drop >= 0 else max_drop
