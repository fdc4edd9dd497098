"""Parsing of the values of options."""

import json
from typing import Any

from zoo.checks import UserError


def pairs(option: str, texts: list[str]) -> dict[str, Any]:
    """Read NAME=VALUE texts; values are JSON where they can be, else plain text."""
    found = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise UserError(f"{option} {text}: expected NAME=VALUE.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def sides(text: str) -> tuple[int, int]:
    """Read 64 or 64x48."""
    numbers = text.lower().split("x")
    if len(numbers) > 2 or not all(number.strip().isdecimal() for number in numbers):
        raise UserError(f"--image-size {text}: expected 64, or HEIGHTxWIDTH such as 64x48.")
    return int(numbers[0]), int(numbers[-1])


def names(text: str) -> list[str]:
    """Read a comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]
