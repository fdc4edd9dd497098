"""A run whose page has everything on it, with names that try to break out of their place."""

from pathlib import Path

import keras
import numpy as np

import export
import zoo
from tests.helpers.instances import fill
from zoo.files import as_json
from zoo.tasks import Classification

SCRIPT, BROKEN = "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>'
NAMES = (SCRIPT, BROKEN, "&amp; it's", *(f"class {n}" for n in range(7)))
SENTENCE = f"Look at {BROKEN}."


def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures (count, 8, 8, 1), so strong that the model tells them apart, and classes."""
    rng = np.random.default_rng(0)
    x = (rng.integers(0, 256, (count, 8, 8, 1)) - 128) / 20
    return x.astype(np.float32), np.arange(count) % 10


def data(model: keras.Model) -> zoo.Data:
    """Return data that a model is mostly right on."""
    x, y = rows(120)
    truth = np.where(
        np.arange(60) % 5 == 0, y[:60], model.predict(x[:60], verbose=0).argmax(axis=1)
    )
    parts = (x, y, x[:0], y[:0], x[:60], truth)
    return zoo.Data(f"set {SCRIPT}", "rows", 0, Classification(NAMES), "sha256:0", *parts)


def study() -> dict[str, object]:
    """Return what a search leaves behind."""
    costs = [
        {"bytes": 3000 * (n + 1) ** 2, "macs": 900 * n, "arena": 700 - n, "ms": 0.5 * (n + 1)}
        for n in range(8)
    ]
    history = [
        {"number": n, "score": None if n == 5 else 0.5 + 0.04 * n, "state": "completed", **cost}
        for n, cost in enumerate(costs)
    ]
    best = {"number": 7, "score": 0.78, "cost": costs[7]}
    return {
        "algorithm": "tpe",
        "objective": "float",
        "trials": {"completed": 7, "failed": 1},
        "best": best,
        "again": {"scores": [0.7, 0.8], "mean": 0.75, "std": 0.07},
        "history": history,
        "axes": ["bytes", "arena", "ms"],
        "device": f"board {SCRIPT}",
        "front": [history[0], history[7]],
        "shortlist": [history[7], history[0]],
        "importance": {"width": 0.7, SCRIPT: 0.3},
        "advice": [SENTENCE],
        "direction": "max",
        "refit": True,
        "seconds": 1.0,
    }


def made(folder: Path) -> tuple[zoo.Run, zoo.Data, export.Report]:
    """Export and verify an untrained CNN in a folder where a search seems to have been."""
    model = fill("cnn_tiny")
    given = data(model)
    result = export.to_litert(model, data=given, directory=folder)
    curves = [
        f"{n},{1 - 1 / n:.3f},{2 / n:.3f},{0.9 - 1 / n:.3f},{2.2 / n:.3f}" for n in range(1, 9)
    ]
    result.run.write(
        {
            "study.json": as_json(study()),
            "history.csv": "\n".join(["epoch,accuracy,loss,val_accuracy,val_loss", *curves, ""]),
            "temperature.json": as_json({"value": 1.7, "rows": 20}),
            "recipe.json": as_json({"epochs": 8, "note": BROKEN}),
            "commands.json": as_json({"trained": f"pocketzoo run d '{SCRIPT}'"}),
        }
    )
    groups = np.where(np.arange(60) % 3 == 0, BROKEN, "usual")
    report = export.verify(result, given, max_drop=1e3, groups=groups, license="CC-BY-4.0 <b>")
    assert report.passed
    return result.run, given, report
