"""Export of a run: check the wishes, climb the ladder, convert, verify."""

import math
from pathlib import Path

import keras
import numpy as np

import export
import tuning
import zoo
from export.compression import parse_compression
from export.job import check_forms
from export.targets import refuse_early
from pocketzoo.options import Exporting
from pocketzoo.tracking import require_mlflow
from zoo.checks import UserError, in_range, one_of
from zoo.groups import read_groups
from zoo.lock import locked

RUNGS = ("auto", "ptq", "qat")


def check_options(model: keras.Model, wishes: Exporting) -> None:
    """Raise UserError for wishes that cannot be met, before anything is trained or converted."""
    in_range("max_drop", wishes.max_drop, -math.inf, math.inf)
    one_of("rung", wishes.rung, RUNGS)
    check_forms(wishes.form_names)
    if wishes.mlflow is not None:
        require_mlflow()
    refuse_early(model, wishes.target_names, wishes.form_names)
    if wishes.compress is not None:
        parse_compression(wishes.compress)
        if wishes.rung == "qat":
            raise UserError("rung qat and compress both train the int8 file; choose one of them.")


def export_run(path: Path, wishes: Exporting) -> export.Report:
    """Export a run folder and verify its files on the test rows.

    With rung "auto" the twin is trained only if calibration alone loses more than `max_drop` on
    the held-out rows; a compressed model is calibrated only.
    """
    run = zoo.Run(path)
    model, data = run.load_model(), run.load_data()
    check_options(model, wishes)
    groups = chosen_groups(data, wishes)
    with locked(path):
        return _export(run, model, data, wishes, groups)


def chosen_groups(data: zoo.Data, wishes: Exporting) -> np.ndarray | None:
    """Return the group of each test row, if any were asked for. Raises UserError for none such."""
    return None if wishes.groups is None else read_groups(wishes.groups, data)


def _export(
    run: zoo.Run,
    model: keras.Model,
    data: zoo.Data,
    wishes: Exporting,
    groups: np.ndarray | None,
) -> export.Report:
    quantized = None
    if wishes.compress is None and wishes.rung == "auto":
        quantized = tuning.quantize(model, data, max_drop=wishes.max_drop)
    elif wishes.rung == "qat":
        quantized = tuning.quantize_aware(model, data)
    result = export.to_litert(
        run, data=data, quantized=quantized, forms=wishes.form_names, compress=wishes.compress
    )
    return export.verify(
        result,
        data,
        max_drop=wishes.max_drop,
        targets=wishes.target_names,
        groups=groups,
        licence=wishes.licence,
    )
