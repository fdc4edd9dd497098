"""A table that is loaded, and its columns."""

from pathlib import Path
from typing import Any

import numpy as np

import zoo


def load(path: Path, target: str = "price", **said: Any) -> zoo.Data:
    return zoo.load_data(path, reading=zoo.Reading(target=target, **said))


def plan_of(data: zoo.Data, name: str) -> dict[str, Any]:
    return next(plan for plan in data.schema["columns"] if plan["name"] == name)


def column_of(data: zoo.Data, feature: str, part: str = "train") -> np.ndarray:
    x: np.ndarray = getattr(data, f"x_{part}")
    return x[:, data.schema["features"].index(feature)]
