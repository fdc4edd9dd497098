"""The proof: float Keras, float `.tflite` and int8 `.tflite` on the same test rows."""

import contextlib
import math
import time
from collections.abc import Sequence

import numpy as np

from export.conversion.job import checked
from export.exported import Export
from export.page import write_page
from export.proof.answers import outputs_of
from export.proof.context import context
from export.proof.device import on_device
from export.proof.fidelity import fidelity
from export.proof.files import files_of
from export.proof.fitness import fitness
from export.proof.identity import origin, subject
from export.proof.measured import measure
from export.proof.quality import assess, groups_of
from export.proof.report import Report
from export.proof.reported import REPORT
from export.proof.runtimes import run_everywhere
from export.proof.targets import check_targets
from zoo import Data, UserError
from zoo.checks import in_range
from zoo.devices.budget import Budget
from zoo.files import sha256
from zoo.quantization.layers.numerics import INT8
from zoo.stages import stage


def verify(
    export: Export,
    data: Data,
    *,
    max_drop: float = 0.5,
    targets: Sequence[str] = ("litert",),
    groups: np.ndarray | None = None,
    license: str | None = None,
    budget: Budget | None = None,
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
        targets: of "litert", "micro" (LiteRT-Micro) and "ethos-u55", which need
            `pip install 'pocketzoo[targets]'`, and "arm64" (LiteRT's aarch64 build), which needs
            an Arm or `make arm64`.
        groups: a number or text for each test row; the metric of each group is reported. None
            takes `data.columns["groups_test"]`, if it names no more than 50.
        license: of model and data, for the model card of the page.
        budget: a device and most that the files may cost there; more is a failure.

    Returns:
        The report; `report.passed` says whether the int8 files may be shipped, `report.failures()`
        why not.

    Raises:
        UserError: the export has no int8 file, an operator that is not allowed to run, an unknown
            or missing target, or groups that do not fit the test rows.

    Examples:
        >>> result = export.to_litert("runs/wine")
        >>> report = export.verify(result, data)
        >>> report.passed, report.failures()
        (True, [])
    """
    in_range("max_drop", max_drop, -math.inf, math.inf)
    check_targets(targets, export.plan.numerics)
    named = groups_of(data, groups)
    rows, scaling, output = export.plan.rows, export.scaling, export.output
    if rows is None or scaling is None or output is None:
        raise UserError(f"There is no int8 file to verify; export with numerics={INT8.name!r}.")
    for audit in export.audits.values():
        if audit.forbidden:
            raise UserError(
                f"{export.run.path} holds operators that are not allowed to run: "
                f"{', '.join(audit.forbidden)}. Replace the layers that need them."
            )
    checked(export.model, data)
    _check_unchanged(export)
    started = time.monotonic()
    stage(f"running {len(data.x_test)} test rows by Keras and the .tflite files")
    outputs = outputs_of(export, data)
    of_float, of_int8 = outputs.of_float, outputs.of_int8
    measured = measure(data, outputs, max_drop)
    quality = assess(export.run, data, of_float, of_int8, named)
    beside = context(export, data, of_int8, measured.int8_estimate)
    estimates = measured.float_estimate, measured.int8_estimate
    device = None if budget is None else budget.chosen
    runtimes = run_everywhere(export, data, targets, max_drop, of_float, device)
    report = Report(
        subject=subject(export, data),
        measured=measured,
        quality=quality,
        files=files_of(export, rows, scaling, output, outputs.float_difference),
        runtimes=runtimes,
        context=beside,
        fitness=fitness(export.model, data, outputs, estimates, quality, beside.baselines),
        fidelity=fidelity(export, rows, data, outputs),
        origin=origin(export, license, started),
        device=on_device(export, budget, runtimes.placements),
    )
    _check_unchanged(export)
    stage("writing the report and its page")
    export.run.write({REPORT: report.to_json()})
    try:
        write_page(export.run, data, report)
    except BaseException:  # a full disk: figures that say "passed" do not stay without their page
        with contextlib.suppress(OSError):
            export.run.write({}, remove=[REPORT])
        raise
    return report


def _check_unchanged(export: Export) -> None:
    """Raise UserError where a file is not the one that was exported."""
    for name, audit in export.audits.items():
        path = export.run.path / name
        if not path.is_file() or sha256(path) != audit.sha256:
            raise UserError(f"{path} has changed since it was exported. Export the run again.")
