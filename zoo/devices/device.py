"""A device: its memory, its processor, and what is verified for it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from zoo.checks import UserError, at_least, in_range, one_of
from zoo.devices.cores import CORES, Core
from zoo.quantization.layers.numerics import INT8, NUMERICS

# of flash and of RAM: the rest is for firmware, runtime, stack and buffers. An Arduino Nano 33 BLE
# with Mbed OS keeps a sixth of its RAM; LiteRT-Micro with CMSIS-NN is 50 to 150 KB of code.
FOR_A_MODEL = 0.75
FASTEST = 1e5  # MHz; more is a slip of the keyboard


@dataclass(frozen=True)
class Device:
    """A board, or a class of phones.

    Attributes:
        name: what it is asked for by.
        title: what it is.
        core: a key of `zoo.devices.cores.CORES`.
        mhz: its clock.
        flash, ram: bytes; of RAM the largest block that an array can have. None where no model
            comes near it.
        sheet: the data sheet that these are from.
        targets: runtimes that a file is verified on.
        model_flash, model_ram: bytes of them that a model may have; None is three quarters.
        note: what a user should know.

    Raises:
        UserError: a value that is out of range, or that does not go with another.

    Examples:
        >>> Device("mine", "My board", "cortex-m4", 100, 512_000, 128_000, "DS1").limits
        {'bytes': 384000, 'arena': 96000}
    """

    name: str
    title: str
    core: str
    mhz: float
    flash: int | None
    ram: int | None
    sheet: str = ""
    targets: tuple[str, ...] = ("litert", "micro")
    model_flash: int | None = None
    model_ram: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.type is str and not isinstance(getattr(self, one.name), str):
                raise UserError(f"{one.name} must be text; got {getattr(self, one.name)!r}.")
        one_of("core", self.core, CORES)
        in_range("mhz", self.mhz, 1, FASTEST)
        if not isinstance(self.targets, tuple) or not self.targets:
            raise UserError(f"targets must be a list, like ['litert']; got {self.targets!r}.")
        for target in self.targets:
            one_of("targets", target, INT8.targets)
        for name in ("flash", "ram"):
            self._check(name)

    def _check(self, name: str) -> None:
        whole, share = getattr(self, name), getattr(self, f"model_{name}")
        for key, value in ((name, whole), (f"model_{name}", share)):
            if value is not None:
                at_least(key, value, 1)
        if whole is not None and share is not None and share > whole:
            raise UserError(f"model_{name} {share:,} is more than the whole {name}, {whole:,}.")

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Device":
        """Return a device from JSON or TOML, which have lists. Raises as the constructor."""
        given = dict(values)
        if isinstance(given.get("targets"), list):
            given["targets"] = tuple(given["targets"])
        return cls(**given)

    def described(self) -> dict[str, Any]:
        """Return its fields as JSON has them, which `of` reads."""
        return asdict(self) | {"targets": list(self.targets)}

    @property
    def processor(self) -> Core:
        return CORES[self.core]

    @property
    def npu(self) -> bool:
        """Whether its operators run on an Ethos-U, where Vela puts them."""
        return self.processor.system is not None

    @property
    def limits(self) -> Mapping[str, int]:
        """Most that a file may cost, by the names of `zoo.cost.estimate.Cost`."""
        found = {
            "bytes": self._for_a_model(self.flash, self.model_flash),
            "arena": self._for_a_model(self.ram, self.model_ram),
        }
        return {name: most for name, most in found.items() if most is not None}

    def _for_a_model(self, whole: int | None, share: int | None) -> int | None:
        return share if share or whole is None else int(FOR_A_MODEL * whole)

    @property
    def numerics(self) -> tuple[str, ...]:
        """Names of the formats that all its targets take."""
        return tuple(name for name, one in NUMERICS.items() if not {*self.targets} - {*one.targets})

    def check(self, limits: Mapping[str, float]) -> None:
        """Raise UserError for a limit that is more than there is at all."""
        for name, whole in (("bytes", self.flash), ("arena", self.ram)):
            if whole is not None and limits.get(name, 0) > whole:
                raise UserError(
                    f"max_{name} {limits[name]:,} contradicts {self.name}, which has {whole:,}. "
                    "Lower it, or choose another device."
                )
