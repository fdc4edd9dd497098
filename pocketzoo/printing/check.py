"""Printed content of a `.tflite` file."""

from pathlib import Path

from rich.table import Table

from export.checking import Check
from pocketzoo.printing.console import CONSOLE, print_failures, print_table


def print_check(file: Path, check: Check) -> None:
    """Show what a `.tflite` file holds."""
    audit = check.audit
    table = Table(file.name, "")
    table.add_row("bytes", f"{audit.bytes:,}")
    table.add_row("sha256", audit.sha256)
    table.add_row("input, output", f"{', '.join(audit.inputs)}, {', '.join(audit.outputs)}")
    table.add_row("operators", ", ".join(f"{n} {c}" for n, c in audit.operators.items()))
    table.add_row("tensors", ", ".join(f"{n} {c}" for n, c in audit.dtypes.items()))
    table.add_row("multiply-accumulates", f"{audit.macs:,}")
    if check.latency is not None:
        table.add_row("us, 1 thread", f"{check.latency.median:.1f}")
    print_table(CONSOLE, table)
    print_failures(check.failures)
    if check.passed:
        CONSOLE.print("PASSED: integer-only, and LiteRT runs it", style="bold green")
