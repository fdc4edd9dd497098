"""The converter's job: a folder with its inputs, on which a child process works."""

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from export.child import ChildError, run_child
from export.conversion.custom import name_classes
from zoo import Data, UserError
from zoo.files import as_json
from zoo.pretrained.inlining import check_form
from zoo.quantization import Quantized
from zoo.quantization.layers.numerics import INT8, Numerics
from zoo.quantization.rows import CalibrationRows
from zoo.stages import stage

UNROLL_WARNING = 64  # steps
RECURRENT = (keras.layers.RNN, keras.layers.Bidirectional)
FLOAT, TWIN = "model_float.tflite", "twin.weights.h5"
METHODS = ("auto", "twin", "converter")


class ExportError(UserError):
    """The converter failed or died; the message ends with its last lines.

    Examples:
        >>> try:
        ...     result = export.to_litert("runs/wine")
        ... except export.ExportError as error:
        ...     print(f"Nothing was written: {error}")
    """


@dataclass(frozen=True)
class Plan:
    """Which files are to be made, and by what."""

    rung: str  # "ptq" or "qat" by the twin, "converter" by TensorFlow's own, or "float"
    forms: dict[str, str]  # form -> name of its quantized file
    rows: CalibrationRows | None
    quantized: Quantized | None  # the twin, where there is one
    without_twin: str | None = None  # the layer that no twin can express, and why
    numerics: Numerics = INT8  # of the quantized files

    @property
    def main(self) -> str:
        """Name of the quantized file that takes whole rows."""
        return self.numerics.file()

    @property
    def converted(self) -> dict[str, str]:
        """The forms that the converter makes; tfmot's file is made elsewhere."""
        return {} if self.rung == "qat-tfmot" else self.forms


def run_job(model: keras.Model, plan: Plan, timeout: float) -> dict[str, bytes]:
    """Run TensorFlow's converter on a job folder and return the files it made.

    Raises:
        ExportError: the child failed, died or took too long. The folder is gone either way.
    """
    stage("converting to .tflite")
    names = list(plan.converted.values())
    settings = {
        "files": names,
        "cut_after": plan.rows.host.layer if plan.rows and plan.rows.host else None,
    }
    with tempfile.TemporaryDirectory(prefix="pocketzoo-") as folder:
        job = Path(folder)
        (job / "settings.json").write_text(as_json(settings))
        describe(model, job)
        if plan.rows is not None:
            np.save(job / "calibration.npy", plan.rows.x)
        try:
            run_child("export.conversion.convert", folder, timeout)
        except ChildError as error:
            raise ExportError(
                f"Nothing was written: the converter {error}\nFeatures on very different scales "
                "need a Standardize layer after the input; for a model of your own try another "
                "method, 'twin' or 'converter'."
            ) from None
        return {name: (job / name).read_bytes() for name in (FLOAT, *names)}


def describe(model: keras.Model, job: Path) -> None:
    """Write a model's configuration and weights for a child process."""
    bare = keras.Model(model.inputs, model.outputs, name=model.name)  # without optimizer state
    name_classes(bare, job)
    (job / "model.json").write_text(bare.to_json())
    bare.save_weights(job / "model.weights.h5")


def checked(model: keras.Model, data: Data) -> keras.Model:
    """Return a user's model after checking that it can be described by its configuration."""
    check_form(model)
    shape = model.input_shape
    task, count = data.task, data.num_outputs
    sides = task.shape_of(model, data.input_shape, count)[:-1]
    expected = (None, *data.input_shape), (None, *sides, task.columns(model, count))
    if (shape, model.output_shape) != expected:
        raise UserError(
            f"{model.name} maps {shape} to {model.output_shape}, but {data.name} needs "
            f"{expected[0]} to {expected[1]}, with no fixed batch size and every other size fixed."
        )
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise UserError(f"{model.name} has weights that are NaN or infinite; train it again.")
    return model


def warn_of_steps(model: keras.Model, plan: Plan) -> None:
    """Warn of recurrent layers that are unrolled over many steps."""
    if "unrolled" not in plan.forms:
        return
    for layer in [layer for layer in model.layers if isinstance(layer, RECURRENT)]:
        first = layer.input[0] if isinstance(layer.input, list) else layer.input
        if first.shape[1] > UNROLL_WARNING:
            warnings.warn(
                f"{layer.name} is unrolled over {first.shape[1]} steps; the file grows with every "
                f"step. More than {UNROLL_WARNING} rarely fit a device: use the rolled form or "
                "shorten the sequences.",
                stacklevel=3,
            )
