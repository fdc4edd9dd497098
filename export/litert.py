"""The parent of the converter: from a Keras model on any backend to `.tflite` files."""

import io
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from export.audit import Audit, audit
from export.calibration import calibration_indices, is_coarse
from export.child import ChildError, run_child
from export.runtime import Scaling, file_scaling, load
from zoo import Data, Run, UserError
from zoo.checks import at_least
from zoo.layers import Standardize
from zoo.run import as_json

UNROLL_WARNING = 64  # steps
RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
FLOAT, INT8 = "model_float.tflite", "model_int8.tflite"


class ExportError(UserError):
    """The converter failed or died; the message ends with its last lines."""


@dataclass(frozen=True)
class Export:
    """The `.tflite` files of one model, with what is needed to verify them."""

    run: Run  # the folder the files lie in
    model: keras.Model  # the float model they were made from
    float_audit: Audit
    int8_audit: Audit | None
    scaling: Scaling | None  # of the int8 input
    calibration: np.ndarray  # indices of the training rows that set the ranges
    seconds: float

    @property
    def float_file(self) -> Path:
        return self.run.path / FLOAT

    @property
    def int8_file(self) -> Path:
        return self.run.path / INT8


def to_litert(
    source: keras.Model | Run | str | Path,
    *,
    data: Data | None = None,
    directory: str | Path | None = None,
    quantize: str | None = "int8",
    calibration_rows: int = 256,
    seed: int = 0,
    timeout: float = 900,
) -> Export:
    """Convert a model to float32 and int8 `.tflite` files, in a child process.

    The files take one row at a time through the signature "serving_default" (`input` -> `output`),
    int8 in and out for the int8 file, and hold built-in operators only. Recurrent layers are
    unrolled over their steps. Where one int8 scale cannot carry all features, the int8 file starts
    after the model's `Standardize` layer and `Export.scaling` has one scale per feature.

    Args:
        source: a run folder (or its path), or a Keras model of one input and one output.
        data: where the calibration rows come from: its training part only. A run knows its own.
        directory: where the files go; a run's files go into its folder.
        quantize: "int8", or None for the float file alone.
        calibration_rows: at most this many, spread evenly over the classes.
        seed: of their choice.
        timeout: seconds after which the converter is stopped.

    Raises:
        ExportError: the converter failed, crashed or took too long; nothing is written then.
        UserError: arguments that do not go together, or a damaged run.

    Warns:
        UserWarning: a recurrent layer over more than 64 steps: the file grows with each.
    """
    if quantize not in ("int8", None):
        raise UserError(f"quantize must be 'int8' or None; got {quantize!r}.")
    at_least("calibration_rows", calibration_rows, 1)
    run, model, data = _resolve(source, data, directory)
    _warn_of_steps(model)
    started = time.monotonic()
    indices = calibration_indices(data, calibration_rows, seed)
    rows = np.asarray(data.x_train[indices])
    cut = _cut(model, rows)
    files = _convert(model, rows, cut, quantize == "int8", timeout)
    used = io.BytesIO()
    np.savez_compressed(used, indices=indices, x=rows)
    (run.path / "report.json").unlink(missing_ok=True)  # it speaks of the files that go now
    run.write({**files, "calibration.npz": used.getvalue()})
    float_audit, int8_audit, scaling = audit(run.path / FLOAT), None, None
    if quantize:
        int8_audit = audit(run.path / INT8)
        scaling = _host_scaling(file_scaling(load(run.path / INT8)), model, cut)
    seconds = round(time.monotonic() - started, 3)
    return Export(run, model, float_audit, int8_audit, scaling, indices, seconds)


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


def _warn_of_steps(model: keras.Model) -> None:
    recurrent = [layer for layer in model.layers if isinstance(layer, RECURRENT)]
    for layer in recurrent:
        first = layer.input[0] if isinstance(layer.input, list) else layer.input
        if first.shape[1] > UNROLL_WARNING:
            warnings.warn(
                f"{layer.name} is unrolled over {first.shape[1]} steps; the file grows with "
                f"each. More than {UNROLL_WARNING} rarely fit a device: shorten the sequences.",
                stacklevel=3,
            )


def _cut(model: keras.Model, rows: np.ndarray) -> str | None:
    """Return the layer after which the int8 file starts, or None to keep the whole model."""
    first = model.layers[1] if len(model.layers) > 2 else None
    return first.name if isinstance(first, Standardize) and is_coarse(rows) else None


def _host_scaling(file: Scaling, model: keras.Model, cut: str | None) -> Scaling:
    """Fold the `Standardize` layer that was cut off into the input's scale and zero point."""
    if cut is None:
        return file
    layer = model.get_layer(cut)
    factor = np.asarray(keras.ops.convert_to_numpy(layer.scale), np.float64)
    offset = np.asarray(keras.ops.convert_to_numpy(layer.offset), np.float64)
    step, zero_point = file.scale[0], file.zero_point[0]
    return Scaling(tuple(step / factor), tuple(zero_point + offset / step))


def _convert(
    model: keras.Model, rows: np.ndarray, cut: str | None, int8: bool, timeout: float
) -> dict[str, bytes]:
    """Run `export.convert` on a job folder and return the files it made."""
    names = [FLOAT, INT8] if int8 else [FLOAT]
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as folder:
        job = Path(folder)
        (job / "settings.json").write_text(as_json({"int8": int8, "cut_after": cut}))
        bare = keras.Model(model.inputs, model.outputs, name=model.name)  # without optimizer state
        (job / "model.json").write_text(bare.to_json())
        bare.save_weights(job / "model.weights.h5")
        np.save(job / "calibration.npy", rows)
        try:
            run_child("export.convert", folder, timeout)
        except ChildError as error:
            raise ExportError(f"Nothing was written: the converter {error}") from None
        return {name: (job / name).read_bytes() for name in names}
