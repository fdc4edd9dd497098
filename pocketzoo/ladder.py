"""Export of a run: check the wishes, climb the ladder, convert, verify."""

import math
from collections.abc import Sequence
from pathlib import Path

import keras

import export
import tuning
import zoo
from export.compression import parse_compression
from export.job import check_forms
from export.targets import refuse_early
from zoo.checks import UserError, in_range, one_of

RUNGS = ("auto", "ptq", "qat")


def check_options(
    model: keras.Model,
    max_drop: float,
    targets: Sequence[str],
    forms: Sequence[str] | None,
    compress: str | None,
    rung: str,
) -> None:
    """Raise UserError for wishes that cannot be met, before anything is trained or converted."""
    in_range("max_drop", max_drop, -math.inf, math.inf)
    one_of("rung", rung, RUNGS)
    check_forms(forms)
    refuse_early(model, targets, forms)
    if compress is not None:
        parse_compression(compress)
        if rung == "qat":
            raise UserError("rung qat and compress both train the int8 file; choose one of them.")


def export_run(
    path: Path,
    max_drop: float,
    targets: Sequence[str],
    forms: Sequence[str] | None,
    compress: str | None,
    rung: str,
) -> export.Report:
    """Export a run folder and verify its files on the test rows.

    With rung "auto" the twin is trained only if calibration alone loses more than `max_drop` on
    the held-out rows; a compressed model is calibrated only.
    """
    run = zoo.Run(path)
    model, data = run.load_model(), run.load_data()
    check_options(model, max_drop, targets, forms, compress, rung)
    quantized = None
    if compress is None and rung == "auto":
        quantized = tuning.quantize(model, data, max_drop=max_drop)
    elif rung == "qat":
        quantized = tuning.quantize_aware(model, data)
    result = export.to_litert(run, data=data, quantized=quantized, forms=forms, compress=compress)
    return export.verify(result, data, max_drop=max_drop, targets=targets)
