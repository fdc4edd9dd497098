"""Templates of files for a device, and values filled in."""

from importlib.resources import files
from string import Template
from typing import Any


def text(name: str) -> str:
    """Return a template as it is."""
    return (files("export.device") / "templates" / name).read_text("utf-8")


def filled(name: str, values: dict[str, Any]) -> str:
    """Return a template with all its `$names` replaced."""
    return Template(text(name)).substitute(values)
