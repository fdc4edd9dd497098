"""The proof: float Keras, float `.tflite` and int8 `.tflite` on the same test rows."""

import hashlib
import math
import time
from collections.abc import Sequence
from dataclasses import asdict

import keras
import numpy as np

from export.conversion.compression import zip_bytes
from export.conversion.job import checked
from export.formats import recorded
from export.litert import Export
from export.page import write_page
from export.proof.answers import HALF_STEP, SMALLEST
from export.proof.baselines import compare
from export.proof.conformal import PredictionInterval, held_out, prediction_interval
from export.proof.float_layers import float_layers
from export.proof.quality import assess, groups_of
from export.proof.report import Report, Streaming
from export.proof.targets import Placement, check_targets, place
from export.runtimes.litert import Scaling, load, measure_latency, predict, stream
from zoo import Data, UserError
from zoo.checks import in_range
from zoo.cost.estimate import estimate
from zoo.layers.inputs import count_parameters
from zoo.metrics.numbers import largest_difference
from zoo.quantization.calibration import layer_noise
from zoo.quantization.rows import CalibrationRows
from zoo.run import rows, versions

STREAMED = 32  # test rows that are fed step by step
NOISE_ROWS = 64  # calibration rows for the error of each layer


def verify(
    export: Export,
    data: Data,
    *,
    max_drop: float = 0.5,
    targets: Sequence[str] = ("litert",),
    groups: np.ndarray | None = None,
    licence: str | None = None,
) -> Report:
    """Measure an export on the test rows; write `report.json` and `report.html` beside its files.

    Tables are compared with baselines, too, which are fitted on all rows but the test rows.

    Args:
        export: from `to_litert`, with an int8 file.
        data: the data the model was trained on. The figures come from its test part, the widths of
            a regression's prediction intervals from rows that were held out, baselines from both
            other parts.
        max_drop: largest acceptable drop: points of accuracy, or percent of RMSE. One test row is
            always acceptable.
        targets: of "litert", "micro" (LiteRT-Micro) and "ethos-u55"; the last two need
            `pip install 'pocketzoo[targets]'`.
        groups: a number or text for each test row; the metric of each group is reported. None
            takes `data.columns["groups_test"]`, if it names no more than 50.
        licence: of model and data, for the model card of the page.

    Returns:
        The report; `report.passed` says whether the int8 files may be shipped, `report.failures()`
        why not.

    Raises:
        UserError: the export has no int8 file, an operator that is not allowed to run, an unknown
            or missing target, or groups that do not fit the test rows.
    """
    in_range("max_drop", max_drop, -math.inf, math.inf)
    check_targets(targets)
    named = groups_of(data, groups)
    chosen, scaling = export.plan.rows, export.scaling
    if chosen is None or scaling is None:
        raise UserError("There is no int8 file to verify; export with quantize='int8'.")
    for audit in export.audits.values():
        if audit.forbidden:
            raise UserError(
                f"{export.run.path} holds operators that are not allowed to run: "
                f"{', '.join(audit.forbidden)}. Replace the layers that need them."
            )
    checked(export.model, data)
    report = _report(export, data, chosen, scaling, max_drop, targets, named, licence)
    export.run.write({"report.json": report.to_json()})
    write_page(export.run, data)
    return report


def _report(
    export: Export,
    data: Data,
    chosen: CalibrationRows,
    scaling: Scaling,
    max_drop: float,
    targets: Sequence[str],
    groups: np.ndarray | None,
    licence: str | None,
) -> Report:
    started = time.monotonic()
    of_float, of_int8 = load(export.float_file), load(export.int8_file)
    of_keras = np.asarray(export.model.predict(data.x_test, verbose=0))
    difference = largest_difference(predict(of_float, data.x_test), of_keras)
    plain = predict(of_int8, data.x_test, scaling)
    task, y, end = data.task, data.y_test, data.task.ending(export.model)
    of_keras = task.logits(of_keras, end, SMALLEST)
    int8 = task.logits(plain, end, HALF_STEP)
    placements = place(export, data, targets, max_drop, of_keras)
    return Report(
        model=_model(export),
        data=_identity(data),
        task=task,
        ending=end,
        float_estimate=task.estimate(y, of_keras),
        int8_estimate=task.estimate(y, int8),
        drop=task.drop(y, of_keras, int8),
        max_drop=max_drop,
        bound=task.bound(max_drop, len(y)),
        agreement=task.agreement(of_keras, int8),
        quality=assess(export.run, data, of_keras, int8, groups),
        worst=tuple(task.worst(y, of_keras, int8)),
        float_difference=difference,
        rung=export.plan.rung,
        without_twin=export.plan.without_twin,
        float_layers=float_layers(export.model, export.audits[export.int8_file.name]),
        forms=export.plan.forms,
        audits=export.audits,
        zip_bytes={n: zip_bytes((export.run.path / n).read_bytes()) for n in export.audits},
        scaling=scaling,
        latency=measure_latency({"float": of_float, "int8": of_int8}),
        targets=tuple(targets),
        placements=tuple(placements),
        estimates=_cost(export, placements),
        baselines=compare(data, int8),
        prediction_interval=_prediction_interval(export, data, int8),
        streaming=_streaming(export, data, plain),
        layers=_layers(export, chosen),
        compression=_compression(export),
        licence=licence,
        formats=recorded(export.run),
        calibration=_calibration(export, chosen),
        backend=keras.backend.backend(),
        versions=versions(),
        seconds={
            "search": _search_seconds(export),
            "export": export.seconds,
            "verify": round(time.monotonic() - started, 3),
        },
    )


def _prediction_interval(export: Export, data: Data, int8: np.ndarray) -> PredictionInterval | None:
    if not data.task.numbers:
        return None
    rows = held_out(export.run)
    if not len(rows):
        return None
    of_held_out = predict(load(export.int8_file), data.x_validation[rows], export.scaling)
    return prediction_interval(of_held_out - data.y_validation[rows], int8 - data.y_test)


def _cost(export: Export, placements: Sequence[Placement]) -> dict[str, dict[str, int]]:
    """Return what a search would have taken the file to need, beside what it needs."""
    main = next(iter(export.plan.forms))
    audit = export.audits["model_int8.tflite"]
    measured = {"bytes": audit.model_bytes, "macs": audit.macs}
    for one in placements:
        if one.target == "micro" and one.form == main and one.ok:
            measured["arena"] = one.figures["arena_bytes"]
    try:
        cost = asdict(estimate(export.model))
    except UserError:  # a model that no twin can express
        return {}
    return {name: {"estimated": cost[name], "measured": value} for name, value in measured.items()}


def _streaming(export: Export, data: Data, whole: np.ndarray) -> Streaming | None:
    if "step" not in export.plan.forms or export.scaling is None:
        return None
    interpreter = load(export.run.path / export.plan.forms["step"])
    streamed = stream(interpreter, export.scaling.quantize(data.x_test[:STREAMED]))
    step = load(export.int8_file).get_output_details()[0]["quantization"][0]
    steps = np.abs(streamed - whole[: len(streamed)]) / step
    return Streaming(len(streamed), float(np.mean(steps < 0.5)), float(np.mean(steps < 1.5)))


def _layers(export: Export, chosen: CalibrationRows) -> dict[str, float]:
    if export.plan.quantized is None:
        return {}
    return layer_noise(export.model, export.plan.quantized, chosen.fed()[:NOISE_ROWS])


def _calibration(export: Export, chosen: CalibrationRows) -> dict[str, object]:
    quantized = export.plan.quantized
    return {
        "rows": len(chosen.indices),
        "sha256": hashlib.sha256(chosen.indices.astype("<i8").tobytes()).hexdigest(),
        "clip": None if quantized is None else quantized.clip,
    }


def _compression(export: Export) -> dict[str, object] | None:
    done = export.compressed
    if done is None:
        return None
    return {
        **asdict(done.compression),
        "sparsity": done.sparsity,
        "clusters": done.clusters,
        "seconds": done.seconds,
    }


def _model(export: Export) -> dict[str, object]:
    described: dict[str, object] = {"preset": None, "overrides": {}, "name": export.model.name}
    if (export.run.path / "model.json").is_file():
        spec = export.run.spec()
        described |= {"preset": spec.preset, "overrides": dict(spec.overrides)}
    return described | {"parameters": count_parameters(export.model)}


def _identity(data: Data) -> dict[str, object]:
    return {"name": data.name, "hash": data.hash, "rows": rows(data), "task": data.task.name}


def _search_seconds(export: Export) -> float:
    if not (export.run.path / "study.json").is_file():
        return 0.0
    return float(export.run.read_json("study.json")["seconds"])
