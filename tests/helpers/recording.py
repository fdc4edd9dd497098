"""Reports of one small model per family and task, as they were recorded.

`python -m tests.helpers.recording` writes them anew, to `recorded/`, after a change that is meant.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

import export
import zoo
from tests.helpers.instances import FIRST, data_for, fill, fill_weights, gives, rows, small
from zoo.tasks import Classification, Multilabel, Regression

RECORDED = Path(__file__).parent / "recorded"
NUMBERS = "numbers"  # a regression of two targets
LABELS = "labels"  # three labels a row
NAMES = (*FIRST, NUMBERS, LABELS)
VOLATILE = ("seconds", "versions", "backend")  # of a report
ROWS, TEST = 80, 48


def report_of(name: str, folder: Path) -> dict[str, Any]:
    """Export and verify a model with fixed weights; return its report, without times."""
    keras.utils.clear_session()  # or names of layers would count those of other models
    preset = name if name in FIRST else "mlp_tiny"
    x = rows(preset, ROWS + TEST)
    outputs = {NUMBERS: 2, LABELS: 3}.get(name) or small(preset)[1]
    own = (preset, small(preset)[0], outputs)
    model = fill(preset) if name in FIRST else fill_weights(zoo.create_model(*own))
    if gives(preset) == "values":
        logits = np.asarray(model.predict(x, verbose=0))
        noise = np.random.default_rng(1).normal(size=logits.shape)
        names = tuple(f"class {n}" for n in range(outputs))
        task, y = _labels(name, logits + 0.3 * logits.std() * noise, names)
    else:
        whole = data_for(preset, ROWS + TEST)
        task, x, y = whole.task, whole.x_train, whole.y_train
    held = 16
    cuts = (slice(held, ROWS), slice(0, held), slice(ROWS, None))
    parts = [array[cut] for cut in cuts for array in (x, y)]
    data = zoo.Data(name, "rows", 0, task, "sha256:0", *parts)
    groups = np.array(["odd", "even"])[np.arange(TEST) % 2]
    report = export.verify(
        export.to_litert(model, data=data, directory=folder), data, max_drop=50.0, groups=groups
    )
    return _fixed(json.loads(report.to_json()))


def _labels(name: str, y: np.ndarray, names: tuple[str, ...]) -> tuple[zoo.Task, np.ndarray]:
    if name == NUMBERS:
        return Regression(), y.astype(np.float32)
    if name == LABELS:
        return Multilabel(names), (y > np.median(y, axis=0)).astype(np.uint8)
    return Classification(names), y.argmax(axis=1)


def _fixed(report: dict[str, Any]) -> dict[str, Any]:
    """Leave out what another machine or another day changes."""
    kept = {key: value for key, value in report.items() if key not in VOLATILE}
    for times in ("latency_us", "latency_us_minimum"):
        kept["runtimes"]["litert"].pop(times)
    for baseline in kept["baselines"]:
        baseline.pop("seconds")
    return kept


if __name__ == "__main__":
    RECORDED.mkdir(exist_ok=True)
    for name in sys.argv[1:] or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            text = json.dumps(report_of(name, Path(folder) / "run"), indent=1, ensure_ascii=False)
        (RECORDED / f"{name}.json").write_text(f"{text}\n", "utf-8")
