"""The proof: float Keras, float `.tflite` and int8 `.tflite` on the same test rows."""

import hashlib
import math
import time

import keras
import numpy as np

from export import intervals
from export.litert import Export
from export.report import Report
from export.runtime import load, measure_latency, predict
from zoo import Data, UserError
from zoo.checks import in_range
from zoo.run import rows, versions


def verify(export: Export, data: Data, *, max_drop: float = 1.0) -> Report:
    """Measure an export on the test rows and write `report.json` beside its files.

    Args:
        export: from `to_litert`, with an int8 file.
        data: the data the model was trained on; only its test part is used here.
        max_drop: largest acceptable drop: points of accuracy, or percent of RMSE.

    Returns:
        The report; `report.passed` says whether the int8 file may be shipped, `report.failures()`
        why not.

    Raises:
        UserError: the export has no int8 file, or an operator that is not allowed to run.
    """
    in_range("max_drop", max_drop, -math.inf, math.inf)
    if export.int8_audit is None or export.scaling is None:
        raise UserError("There is no int8 file to verify; export with quantize='int8'.")
    for audit in (export.float_audit, export.int8_audit):
        if audit.forbidden:
            raise UserError(
                f"{export.run.path} holds operators that are not allowed to run: "
                f"{', '.join(audit.forbidden)}. Replace the layers that need them."
            )
    started = time.monotonic()
    of_float, of_int8 = load(export.float_file), load(export.int8_file)
    of_keras = np.asarray(export.model.predict(data.x_test, verbose=0))
    lite = predict(of_float, data.x_test)
    int8 = predict(of_int8, data.x_test, export.scaling)
    estimates, agreement = _estimates(data, of_keras, int8)
    report = Report(
        model=_model(export),
        data=_identity(data),
        metric="accuracy" if data.task == "classification" else "rmse",
        float_estimate=estimates[0],
        int8_estimate=estimates[1],
        drop=estimates[2],
        max_drop=max_drop,
        agreement=agreement,
        float_difference=float(np.max(np.abs(lite - of_keras) / np.maximum(1.0, np.abs(of_keras)))),
        float_audit=export.float_audit,
        int8_audit=export.int8_audit,
        scaling=export.scaling,
        latency=measure_latency({"float": of_float, "int8": of_int8}),
        calibration={
            "rows": len(export.plan.rows.indices),
            "sha256": hashlib.sha256(export.plan.rows.indices.astype("<i8").tobytes()).hexdigest(),
        },
        backend=keras.backend.backend(),
        versions=versions(),
        seconds={
            "search": _search_seconds(export),
            "export": export.seconds,
            "verify": round(time.monotonic() - started, 3),
        },
    )
    export.run.write({"report.json": report.to_json()})
    return report


def _estimates(
    data: Data, of_keras: np.ndarray, int8: np.ndarray
) -> tuple[list[intervals.Estimate], float | None]:
    """Return float metric, int8 metric and drop; and for classes how often the two agree."""
    y = data.y_test
    if data.task == "regression":
        both = [intervals.rmse(y, of_keras), intervals.rmse(y, int8)]
        return [*both, intervals.rmse_drop(y, of_keras, int8)], None
    classes, classes_int8 = of_keras.argmax(axis=1), int8.argmax(axis=1)
    right, right_int8 = classes == y, classes_int8 == y
    both = [intervals.accuracy(right), intervals.accuracy(right_int8)]
    drop = intervals.accuracy_drop(right, right_int8)
    return [*both, drop], float(np.mean(classes == classes_int8))


def _model(export: Export) -> dict[str, object]:
    described: dict[str, object] = {"preset": None, "overrides": {}, "name": export.model.name}
    if (export.run.path / "model.json").is_file():
        spec = export.run.spec()
        described |= {"preset": spec.preset, "overrides": dict(spec.overrides)}
    return described | {"parameters": export.model.count_params()}


def _identity(data: Data) -> dict[str, object]:
    return {"name": data.name, "hash": data.hash, "rows": rows(data), "task": data.task}


def _search_seconds(export: Export) -> float:
    if not (export.run.path / "study.json").is_file():
        return 0.0
    return float(export.run.read_json("study.json")["seconds"])
