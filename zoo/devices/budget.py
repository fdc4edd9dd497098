"""A budget: a device, and most that a file may cost; explicit limits win over the device's."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from zoo.checks import UserError, at_least, in_range
from zoo.devices.choosing import find_device
from zoo.devices.device import Device

LIMITS = ("bytes", "macs", "arena", "ms")
LONGEST = 1e7  # milliseconds


def figure(name: str, value: float) -> str:
    """Return a figure of a file as text, such as "bytes 12,000" or "estimated ms 3.2"."""
    return f"estimated ms {value:.3g}" if name == "ms" else f"{name} {value:,}"


def compared(limits: Mapping[str, float], cost: Mapping[str, float]) -> str:
    """Return what a model costs, and by how much that is too much, in words."""
    return ", ".join(
        f"{figure(name, cost[name])}{_too_much(name, cost[name], most)}"
        for name, most in limits.items()
    )


def _too_much(name: str, value: float, most: float) -> str:
    if value <= most:
        return ""
    return f" ({value - most:.3g} too much)" if name == "ms" else f" ({value - most:,} too many)"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Most that a file may cost.

    Attributes:
        device: name of a device, or a TOML file; it sets limits of bytes and arena.
        max_bytes, max_macs, max_arena: at least 1. None is the device's limit, or none.
        max_ms: of the estimated latency on the device, more than 0.

    Raises:
        UserError: a limit out of range, an unknown device, limits that contradict it.

    Examples:
        >>> zoo.Budget(device="stm32f746", max_bytes=60_000).limits
        {'bytes': 60000, 'arena': 245760}
    """

    device: str | None = field(
        default=None,
        metadata={"help": "A name that `pocketzoo devices` lists, or a TOML file of one's own."},
    )
    max_bytes: int | None = field(default=None, metadata={"help": "Largest int8 file."})
    max_macs: int | None = field(
        default=None, metadata={"help": "Most multiply-accumulates per row."}
    )
    max_arena: int | None = field(default=None, metadata={"help": "Most memory in LiteRT-Micro."})
    max_ms: float | None = field(
        default=None, metadata={"help": "Longest estimated latency on the device, milliseconds."}
    )

    def __post_init__(self) -> None:
        for name, most in self._explicit().items():
            if name != "ms":
                at_least(f"max_{name}", most, 1)
        if self.max_ms is not None:
            in_range("max_ms", self.max_ms, 1e-6, LONGEST)
            if self.device is None:
                raise UserError(
                    "--max-ms needs a device, on which latency is estimated: add --device NAME; "
                    "`pocketzoo devices` lists them."
                )
        if self.device is not None:
            find_device(self.device).check(self._explicit())

    @property
    def chosen(self) -> Device | None:
        """The device itself."""
        return None if self.device is None else find_device(self.device)

    @property
    def limits(self) -> Mapping[str, float]:
        """Limits that are set, by the names of `zoo.cost.estimate.Cost`."""
        device = self.chosen
        found: dict[str, float] = {} if device is None else dict(device.limits)
        found |= self._explicit()
        return {name: found[name] for name in LIMITS if name in found}

    def _explicit(self) -> dict[str, float]:
        values = {name: getattr(self, f"max_{name}") for name in LIMITS}
        return {name: most for name, most in values.items() if most is not None}
