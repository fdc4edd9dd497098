"""The metric of a task."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """The figure that models of a task are compared by.

    Attributes:
        name: its key in every report.
        title: as it is shown.
        better: 1 where larger is better, -1 where smaller is.
        factor: what it is multiplied by to be shown.
        unit: of a drop.
        drop_unit: the same in a report, in full.
    """

    name: str
    title: str
    better: int
    factor: int
    unit: str
    drop_unit: str

    def shown(self, value: float) -> str:
        """Return a value with its unit."""
        return f"{100 * value:.1f}\u00a0%" if self.factor == 100 else f"{value:.4g}"
