"""Export of a run or a model file: check the options, climb the ladder, convert, verify."""

from pathlib import Path

import keras
import numpy as np

import export
import tuning
import zoo
from export.conversion.choices import chosen_numerics
from export.conversion.job import checked
from export.proof.targets import LACKS, refuse_early
from pocketzoo.early import check_exporting
from pocketzoo.options import Exporting
from pocketzoo.printing.live import Left, stages
from zoo.backends import do_without_tensorflow
from zoo.data.groups import read_groups
from zoo.lock import locked
from zoo.pretrained.inlining import flattened
from zoo.quantization import Quantized, UnknownLayer, quantize
from zoo.stages import epochs

TWIN = "training the int8 twin"
LEAST = 1.0  # seconds for that
OTHERS = {"onnx": export.to_onnx, "saved_model": export.to_saved_model}


def check_options(model: keras.Model, wishes: Exporting) -> None:
    """Raise UserError for wishes that cannot be met, before anything is trained or converted."""
    check_exporting(wishes)
    refuse_early(model, wishes.target_names, wishes.form_names)


def lacking(wishes: Exporting) -> dict[str, set[str]]:
    """Return the operators that the targets lack; a loop only where another form is not asked."""
    unrolled = {"WHILE"} if {"step", "unrolled"} & {*(wishes.form_names or ())} else set()
    return {name: LACKS[name] - unrolled for name in wishes.target_names if LACKS[name]}


def export_run(path: Path, wishes: Exporting, left: Left | None = None) -> export.Report | None:
    """Export a run folder and verify its files on the test rows.

    Args:
        left: of the time for all; stages are shown with it, and the twin is trained for half of it
            at most.

    Returns:
        The report; None where no `.tflite` file is asked for.
    """
    with locked(path), stages(left):
        seconds = None if left is None else left.now / 2
        return export_held(zoo.Run(path), wishes, seconds)


def export_held(
    run: zoo.Run, wishes: Exporting, seconds: float | None = None
) -> export.Report | None:
    """Export a run folder that this process has locked; the twin is trained for so many seconds."""
    do_without_tensorflow()
    model, data = run.load_model(), run.load_data()
    check_options(model, wishes)
    groups = chosen_groups(data, wishes)
    return _export(run, data, wishes, groups, _quantized(model, data, wishes, seconds))


def export_model(
    model: keras.Model, data: zoo.Data, out: Path, wishes: Exporting
) -> export.Report | None:
    """Export a model of one's own, as `export_run` does."""
    do_without_tensorflow()
    check_exporting(wishes)
    checked(flattened(model), data)
    groups = chosen_groups(data, wishes)
    with stages():
        quantized = _quantized(model, data, wishes)
        return _export(model, data, wishes, groups, quantized, directory=out)


def _quantized(
    model: keras.Model, data: zoo.Data, wishes: Exporting, seconds: float | None = None
) -> Quantized | None:
    """Return the twin; None where `to_litert` is to calibrate one, or there can be none.

    With rung "auto" the ladder is climbed only if calibration alone loses more than `max_drop` on
    the held-out rows; a compressed model is calibrated only.
    """
    numerics = chosen_numerics(wishes.numerics)
    if "litert" not in wishes.format_names or wishes.compress is not None or not numerics.integer:
        return None
    most = None if seconds is None else max(LEAST, seconds)
    how, tell = tuning.FineTuning(seconds=most), epochs(TWIN, most)
    if wishes.rung == "qat":
        start = quantize(model, data, numerics=numerics)
        return tuning.quantize_aware(model, data, start=start, fine_tuning=how, on_epoch=tell)
    if wishes.rung != "auto":
        return None
    given, limit = wishes.numerics, wishes.max_drop
    try:
        return tuning.quantize(
            model, data, max_drop=limit, numerics=given, fine_tuning=how, on_epoch=tell
        )
    except UnknownLayer:
        return None


def chosen_groups(data: zoo.Data, wishes: Exporting) -> np.ndarray | None:
    """Return the group of each test row, if any were asked for. Raises UserError for none such."""
    return None if wishes.groups is None else read_groups(wishes.groups, data)


def _export(
    source: keras.Model | zoo.Run,
    data: zoo.Data,
    wishes: Exporting,
    groups: np.ndarray | None,
    quantized: Quantized | None,
    directory: Path | None = None,
) -> export.Report | None:
    result, most = None, wishes.limits.get("bytes")
    if "litert" in wishes.format_names:
        result = export.to_litert(
            source,
            data=data,
            directory=directory,
            quantized=quantized,
            forms=wishes.form_names,
            numerics=wishes.numerics,
            compress=wishes.compress,
            max_bytes=None if most is None else int(most),
        )
    for name in [name for name in OTHERS if name in wishes.format_names]:
        OTHERS[name](source, data=data, directory=directory)
    if result is None:
        return None
    return export.verify(
        result,
        data,
        max_drop=wishes.max_drop,
        targets=wishes.target_names,
        groups=groups,
        license=wishes.license,
        budget=wishes,
    )
