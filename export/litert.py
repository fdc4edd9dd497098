"""The parent of the converter: from a Keras model on any backend to `.tflite` files."""

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from export.audit import Audit, audit
from export.job import FLOAT, FORMS, INT8, METHODS, TWIN, Plan, run_job, warn_of_steps
from export.runtime import Scaling, file_scaling, load
from zoo import Data, Run, UserError
from zoo.checks import one_of
from zoo.quantization import Quantized, Twin
from zoo.quantization import quantize as quantize_twin
from zoo.quantization.rows import CalibrationRows, calibration_rows

STALE = ("report.json", TWIN, *FORMS.values())  # they speak of the files that go now


@dataclass(frozen=True)
class Export:
    """The `.tflite` files of one model, with what is needed to verify them."""

    run: Run  # the folder the files lie in
    model: keras.Model  # the float model they were made from
    plan: Plan
    audits: dict[str, Audit]  # file name -> what it holds; the float file's first
    scaling: Scaling | None  # of the int8 input
    seconds: float

    @property
    def float_file(self) -> Path:
        return self.run.path / FLOAT

    @property
    def int8_file(self) -> Path:
        return self.run.path / INT8

    @property
    def float_audit(self) -> Audit:
        return self.audits[FLOAT]

    @property
    def int8_audit(self) -> Audit | None:
        return self.audits.get(INT8)


def to_litert(
    source: keras.Model | Run | str | Path,
    *,
    data: Data | None = None,
    directory: str | Path | None = None,
    quantize: str | None = "int8",
    method: str = "twin",
    quantized: Quantized | None = None,
    forms: Sequence[str] | None = None,
    rows: int = 256,
    seed: int = 0,
    timeout: float = 900,
) -> Export:
    """Convert a model to float32 and int8 `.tflite` files, in a child process.

    The files take one row at a time through the signature "serving_default" (`input` -> `output`),
    int8 in and out for the int8 files, and hold built-in operators only. Where one int8 scale
    cannot carry all features, the int8 files start after the model's `Standardize` layer and
    `Export.scaling` has one scale per feature.

    Args:
        source: a run folder (or its path), or a Keras model of one input and one output.
        data: where the calibration rows come from: its training part only. A run knows its own.
        directory: where the files go; a run's files go into its folder.
        quantize: "int8", or None for the float file alone.
        method: "twin" quantizes by the model's quantization twin; "converter" leaves it to
            TensorFlow's converter, for models with layers that a twin cannot express.
        quantized: a twin that is ready, such as `tuning.quantize_aware` returns; None makes one.
        forms: of a model that starts with GRU layers: "rolled" (a loop), "step" (one step, for
            streams: `input, state_0, ...` -> `output, state_0, ...`) and "unrolled" (for targets
            that refuse loops). None: rolled, and step where it exists.
        rows: of calibration, at most this many, at least 16, spread evenly over the classes.
        seed: of their choice.
        timeout: seconds after which the converter is stopped.

    Raises:
        ExportError: the converter failed, crashed or took too long; nothing is written then.
        UnknownLayer: the twin cannot express a layer, which is named.
        UserError: arguments that do not go together, or a damaged run.

    Warns:
        UserWarning: an unrolled recurrent layer over more than 64 steps: the file grows with each.
    """
    if quantize not in ("int8", None):
        raise UserError(f"quantize must be 'int8' or None; got {quantize!r}.")
    one_of("method", method, METHODS)
    run, model, data = _resolve(source, data, directory)
    started = time.monotonic()
    plan = _plan(model, data, quantize, method, quantized, forms, rows, seed)
    warn_of_steps(model, plan)
    files = run_job(model, plan, timeout)
    if plan.rows is not None:
        used = io.BytesIO()
        np.savez_compressed(used, indices=plan.rows.indices, x=plan.rows.x)
        files["calibration.npz"] = used.getvalue()
    run.write(files, remove=STALE)
    audits = {name: audit(run.path / name) for name in (FLOAT, *plan.forms.values())}
    scaling = None
    if plan.rows is not None:
        scaling = _host_scaling(file_scaling(load(run.path / INT8)), plan.rows)
    seconds = round(time.monotonic() - started, 3)
    return Export(run, model, plan, audits, scaling, seconds)


def _plan(
    model: keras.Model,
    data: Data,
    quantize: str | None,
    method: str,
    quantized: Quantized | None,
    forms: Sequence[str] | None,
    rows: int,
    seed: int,
) -> Plan:
    if quantize is None:
        return Plan("float", {}, None, None)
    if method == "converter":
        if forms or quantized:
            raise UserError("method='converter' makes one int8 file: leave forms, quantized out.")
        return Plan("converter", {"unrolled": INT8}, calibration_rows(model, data, rows, seed), None)
    ready = quantized or quantize_twin(model, data, rows=rows, seed=seed)
    if forms is None:
        forms = ("rolled", "step") if _streams(ready.twin) else ("rolled",)
    for form in forms:
        one_of("forms", form, FORMS)
        if form == "step":
            ready.twin.cells()  # raises where there is none
    return Plan(ready.rung, {form: FORMS[form] for form in forms}, ready.rows, ready)


def _streams(twin: Twin) -> bool:
    try:
        return bool(twin.cells())
    except UserError:
        return False


def _resolve(
    source: keras.Model | Run | str | Path, data: Data | None, directory: str | Path | None
) -> tuple[Run, keras.Model, Data]:
    if isinstance(source, keras.Model):
        if data is None or directory is None:
            raise UserError("A Keras model needs data=... for calibration and directory=... .")
        if (Path(directory) / "model.json").exists():
            raise UserError(
                f"{directory} holds a run; its files would be mixed. Give another folder."
            )
        return Run(Path(directory)), _checked(source, data), data
    if directory is not None:
        raise UserError("The files of a run go into its folder; leave directory out.")
    run = source if isinstance(source, Run) else Run(Path(source))
    return run, run.load_model(), data or run.load_data()


def _checked(model: keras.Model, data: Data) -> keras.Model:
    """Return a user's model after checking that it can be described by its configuration."""
    shape = getattr(model, "input_shape", None)
    if not getattr(model, "inputs", None) or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise UserError(
            f"{model.name} must be a functional or sequential Keras model with one input and one "
            "output. Build it with keras.Input and keras.Model(inputs, outputs)."
        )
    expected = (None, *data.input_shape), (None, data.num_outputs)
    if (shape, model.output_shape) != expected:
        raise UserError(
            f"{model.name} maps {shape} to {model.output_shape}, but {data.name} needs "
            f"{expected[0]} to {expected[1]}, with no fixed batch size and every other size fixed."
        )
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise UserError(f"{model.name} has weights that are NaN or infinite; train it again.")
    return model


def _host_scaling(file: Scaling, rows: CalibrationRows) -> Scaling:
    """Fold the `Standardize` layer that the host does into the input's scale and zero point."""
    layer = rows.standardize
    if layer is None:
        return file
    factor = np.asarray(keras.ops.convert_to_numpy(layer.scale), np.float64)
    offset = np.asarray(keras.ops.convert_to_numpy(layer.offset), np.float64)
    step, zero_point = file.scale[0], file.zero_point[0]
    return Scaling(tuple(step / factor), tuple(zero_point + offset / step))
