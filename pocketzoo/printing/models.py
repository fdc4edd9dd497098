"""Printed list of presets."""

from rich.table import Column, Table

from pocketzoo.printing.console import CONSOLE, print_table
from zoo.checks import UserError, near
from zoo.presets.catalogue import PRESETS, find_preset, list_models, reference


def print_models(pattern: str) -> None:
    """List presets with the parameters they have at their reference shape."""
    names = list_models(pattern)
    if not names:
        raise UserError(f"No preset matches {pattern!r}. {near(pattern, PRESETS)}")
    table = Table(Column("preset", no_wrap=True), "parameters, arguments, source")
    for name in names:
        preset = find_preset(name)
        shape, outputs = reference(name)
        at = "x".join(str(size) for size in shape) + f" -> {outputs}"
        arguments = [f"{key}={value}" for key, value in preset.arguments.items()]
        counted = f"{preset.parameters:,} at {at}"
        table.add_row(name, "; ".join([counted, ", ".join(arguments), preset.source]))
    print_table(CONSOLE, table)
