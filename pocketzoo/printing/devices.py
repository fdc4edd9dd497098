"""Printed list of devices."""

from fnmatch import fnmatch

from rich.table import Column, Table

from pocketzoo.printing.console import CONSOLE, print_table
from zoo.checks import UserError, near
from zoo.devices.device import FOR_A_MODEL, Device
from zoo.devices.table import DEVICES


def print_devices(pattern: str) -> None:
    """List devices with their limits, what is verified for them, and their data sheets."""
    found = [one for name, one in DEVICES.items() if fnmatch(name, pattern)]
    if not found:
        raise UserError(f"No device matches {pattern!r}. {near(pattern, DEVICES)}")
    table = Table(Column("device", no_wrap=True), "what it is, its limits, its data sheet")
    for one in found:
        table.add_row(one.name, "; ".join(described(one)))
    print_table(CONSOLE, table)
    CONSOLE.print(
        f"A model may have {FOR_A_MODEL:.0%} of flash and RAM; firmware, runtime and stack need "
        "the rest. Explicit limits win, such as --max-bytes 60000. A TOML file of one's own works "
        "the same: docs/guide/devices.md.",
        soft_wrap=True,
    )


def described(device: Device) -> list[str]:
    """Return what is to be known of a device, in a few words each."""
    limits = [f"{name} up to {most:,}" for name, most in device.limits.items()]
    return [
        device.title,
        f"{device.core} at {device.mhz:g} MHz",
        *(limits or ["no limit of bytes and arena"]),
        f"verified on {', '.join(device.targets)}",
        *([device.note.rstrip(".")] if device.note else []),
        device.sheet,
    ]
