"""A device by its name, or from a TOML file of one's own."""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from zoo.checks import UserError, near
from zoo.devices.device import Device
from zoo.devices.table import DEVICES

KEYS = [one.name for one in fields(Device) if one.name != "name"]
NEEDED = [one.name for one in fields(Device) if one.default is MISSING and one.name in KEYS]


def find_device(asked: str) -> Device:
    """Return the device of a name, or of a `.toml` file.

    Raises:
        UserError: no such name, a file that cannot be read, or one with a misspelt key, a missing
            one or a value out of range.

    Examples:
        >>> find_device("stm32f746").limits["bytes"]
        786432
    """
    if asked in DEVICES:
        return DEVICES[asked]
    if asked.endswith(".toml"):
        return _read(Path(asked))
    raise UserError(
        f"There is no device {asked!r}. {near(asked, DEVICES)} `pocketzoo devices` lists them; a "
        "TOML file of one's own works the same."
    )


def _read(path: Path) -> Device:
    try:
        found = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as TOML: {error}.") from error
    try:
        _check(found)
        return Device.of({"name": path.stem, **found})
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _check(found: Mapping[str, Any]) -> None:
    """Raise UserError for keys that are unknown or missing."""
    for key in found:
        if key not in KEYS:
            raise UserError(f"there is no key {key!r}. {near(key, KEYS)}")
    missing = [key for key in NEEDED if key not in found]
    if missing:
        raise UserError(f"the file needs {', '.join(missing)}, too. All keys: {', '.join(KEYS)}.")
