"""The parent of the converter: from a Keras model on any backend to `.tflite` files."""

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from export.conversion.choices import (
    FORMS,
    check_twin_only,
    chosen_numerics,
    parse_compression,
)
from export.conversion.compression import Compressed
from export.conversion.compression import compress as compress_model
from export.conversion.job import (
    FLOAT,
    METHODS,
    TWIN,
    Plan,
    checked,
    warn_of_steps,
)
from export.conversion.planning import quantized_plan, tfmot_plan
from export.conversion.written import files_of
from export.device.c_array import c_source
from export.device.ends import ends_of
from export.device.front_end import header
from export.device.ship import NAMES, card_of, shipped, streamed
from export.runtimes.litert import (
    file_scaling,
    load_content,
    output_scaling,
    state_sizes,
    state_type,
)
from export.tflite.audit import Audit, audit
from export.tflite.metadata import described
from export.tflite.scaling import Scaling
from zoo import Data, Run, UserError
from zoo.checks import at_least, one_of
from zoo.files import as_json
from zoo.pretrained.inlining import flattened
from zoo.quantization import Quantized
from zoo.quantization.layers.numerics import FLOAT as FLOATS
from zoo.quantization.layers.numerics import INT8, NUMERICS
from zoo.quantization.rows import MIN_ROWS
from zoo.quantization.rules.ids import words_of
from zoo.run import front_end_files, identity

NAMED = [one.file(form) for one in NUMERICS.values() if one is not FLOATS for form in FORMS]
SOURCES = [f"{Path(name).stem}.{ending}" for name in NAMED for ending in ("cc", "h")]
OLD = ("report.json", "report.html", "formats.json", "model.onnx")
STALE = (*OLD, TWIN, *NAMED, *SOURCES, *NAMES)  # they speak of files that go now


@dataclass(frozen=True)
class Export:
    """The `.tflite` files of one model, with what is needed to verify them.

    Examples:
        >>> result = export.to_litert("runs/wine")
        >>> result
        Export(runs/wine: model_float.tflite ... bytes, model_int8.tflite ... bytes)
        >>> result.int8_audit.operators
        {'FULLY_CONNECTED': 2}
    """

    run: Run  # the folder the files lie in
    model: keras.Model  # the float model they were made from
    plan: Plan
    compressed: Compressed | None  # what came before the int8 file, if anything
    audits: dict[str, Audit]  # file name -> what it holds; the float file's first
    scaling: Scaling | None  # of the quantized file's input
    output: Scaling | None  # of its output
    seconds: float

    def __repr__(self) -> str:
        files = ", ".join(f"{name} {audit.bytes:,} bytes" for name, audit in self.audits.items())
        return f"Export({self.run.path}: {files})"

    @property
    def float_file(self) -> Path:
        return self.run.path / FLOAT

    @property
    def int8_file(self) -> Path:
        """The quantized file, int8 or of other `numerics`."""
        return self.run.path / self.plan.main

    @property
    def float_audit(self) -> Audit:
        return self.audits[FLOAT]

    @property
    def int8_audit(self) -> Audit | None:
        return self.audits.get(self.plan.main)


def to_litert(
    source: keras.Model | Run | str | Path,
    *,
    data: Data | None = None,
    directory: str | Path | None = None,
    numerics: str | None = None,
    method: str = "auto",
    quantized: Quantized | None = None,
    forms: Sequence[str] | None = None,
    compress: str | None = None,
    calibration_rows: int = 256,
    seed: int = 0,
    timeout: float = 1800,
) -> Export:
    """Convert a model to float32 and int8 `.tflite` files, or to others than int8.

    The files take one row at a time through the signature "serving_default" (`input` -> `output`),
    int8 in and out for the int8 files, hold built-in operators only, and say what they are (LiteRT
    metadata). Beside them lie C arrays, `labels.txt`, `infer.py` and snippets (`device.ship`).
    Where one int8 scale cannot carry all features, the int8 files take standardized values, and
    `Export.scaling` has one scale per feature; where it cannot carry the numbers of a regression,
    `Export.output` has one per target.

    Args:
        source: a run folder (or its path), or a functional or sequential Keras model of one input
            and one output; models inside it are taken apart. It gives logits, probabilities (it
            ends in softmax or sigmoid; one sigmoid is enough for two classes) or targets.
        data: where the calibration rows come from: its training part only. A run knows its own.
        directory: where the files go; a run's files go into its folder.
        numerics: "int8"; "mixed", with 16-bit activations where they take enough noise away;
            "int16x8", with 16-bit activations and ends; "dynamic" and "float16", with 8-bit and
            float16 weights and float ends, for LiteRT alone; or "float" for the float file alone.
            None: that of `quantized`, or int8.
        method: "twin" quantizes by the model's quantization twin; "converter" leaves it to
            TensorFlow's converter; "auto" does so only where a twin cannot express a layer, which
            `Export.plan.without_twin` names then.
        quantized: a twin that is ready, such as `tuning.quantize_aware` returns; None makes one.
        forms: of a model that starts with GRU layers: "rolled" (a loop), "step" (one step, for
            streams: `input, state_0, ...` -> `output, state_0, ...`) and "unrolled" (for targets
            that refuse loops). None: rolled, and step where it exists. Rolled is always made.
        compress: "prune:0.5" (half the weights zero), "cluster:16" (16 values a kernel) or
            "qat-tfmot", for MLP and CNN: by tensorflow-model-optimization, fine-tuned on the
            training rows of `data`. The float file stays the uncompressed model's.
        calibration_rows: at most this many, at least 16, spread evenly over the classes.
        seed: of their choice.
        timeout: seconds after which the converter is stopped.

    Raises:
        ExportError: the converter failed, crashed or took too long; nothing is written then.
        UnknownLayer: the twin cannot express a layer, which is named, and is asked for (by
            `method`, `forms` or `compress`).
        UserError: arguments that do not go together, or a damaged run.

    Warns:
        UserWarning: an unrolled recurrent layer over more than 64 steps: the file grows with each.

    Examples:
        >>> inputs = keras.Input((13,))
        >>> model = keras.Model(inputs, keras.layers.Dense(3)(inputs))
        >>> result = export.to_litert(model, data=data, directory="runs/mine")
        >>> result.int8_file.name
        'model_int8.tflite'
    """
    format = chosen_numerics(numerics, None if quantized is None else quantized.twin.numerics)
    one_of("method", method, METHODS)
    given = {"forms": forms, "quantized": quantized, "compress": compress}
    check_twin_only(format, method, [name for name in given if given[name] is not None])
    if compress == "qat-tfmot" and format is not INT8:
        raise UserError(f"qat-tfmot makes {INT8.name} files alone; leave numerics out.")
    if compress is not None and quantized is not None:
        raise UserError("compress makes a twin of its own; leave quantized out.")
    at_least("calibration_rows", calibration_rows, MIN_ROWS)
    run, model, data = resolve(source, data, directory)
    started = time.monotonic()
    compressed = None
    if compress is not None:
        compressed = compress_model(model, data, parse_compression(compress), seed=seed)
    if format is FLOATS:
        plan = Plan("float", {}, None, None)
    elif compressed is not None and compressed.int8 is not None:
        plan = tfmot_plan(model, data, compressed, calibration_rows, seed)
    else:
        if quantized is not None:
            quantized.check(model)
        asked = method == "twin" or forms is not None or compress is not None
        smaller = model if compressed is None else compressed.model
        plan = quantized_plan(
            smaller, data, method, asked, quantized, forms, calibration_rows, seed, format
        )
    warn_of_steps(model, plan)
    files = files_of(model, plan, data.x_train, timeout)
    if compressed is not None and compressed.int8 is not None:
        files[INT8.file()] = compressed.int8
    return _finished(run, model, data, plan, compressed, files, started)


def _finished(
    run: Run,
    model: keras.Model,
    data: Data,
    plan: Plan,
    compressed: Compressed | None,
    files: dict[str, bytes],
    started: float,
) -> Export:
    """Write the files into the run folder, with what they need to be understood and used."""
    texts: dict[str, str] = {}
    for name in plan.forms.values():  # a chip is not flashed with descriptions
        texts |= c_source(files[name], Path(name).stem)
    scaling = output = None
    if plan.rows is not None:
        interpreter = load_content(files[plan.main])
        scaling = file_scaling(interpreter).before(plan.rows.host)
        scaling = replace(scaling, words=words_of(model))
        given = {} if plan.quantized is None else plan.quantized.twin.given
        output = output_scaling(interpreter).after(given.get(0))
        ends = ends_of(plan.main, data, scaling, output, model, converted=0 in given)
        texts |= shipped(ends) | header(data)
        if "step" in plan.forms:
            name = plan.forms["step"]
            step = load_content(files[name])
            texts |= streamed(replace(ends, file=name, state=state_type(step)), state_sizes(step))
    card = card_of(model, data)
    if "model.json" not in run.files():  # a model that was not trained here
        texts |= {"data.json": as_json(identity(data)), **front_end_files(data)}
    for name in (FLOAT, *plan.forms.values()):
        ends_known = (None, None) if name == FLOAT else (scaling, output)
        files[name] = described(files[name], card, *ends_known)
    if plan.rows is not None:
        used = io.BytesIO()
        np.savez_compressed(used, indices=plan.rows.indices, x=plan.rows.x)
        files["calibration.npz"] = used.getvalue()
    run.write({**files, **texts}, remove=STALE)
    audits = {FLOAT: audit(run.path / FLOAT, FLOATS)}
    audits |= {name: audit(run.path / name, plan.numerics) for name in plan.forms.values()}
    seconds = round(time.monotonic() - started, 3)
    return Export(run, model, plan, compressed, audits, scaling, output, seconds)


def resolve(
    source: keras.Model | Run | str | Path, data: Data | None, directory: str | Path | None
) -> tuple[Run, keras.Model, Data]:
    """Return the folder that files go into, the model and its data. Raises UserError."""
    if isinstance(source, keras.Model):
        if data is None or directory is None:
            raise UserError("A Keras model needs data=... for calibration and directory=... .")
        if Path(directory).is_file():
            raise UserError(f"{directory} is a file; the export needs a folder.")
        if (Path(directory) / "model.json").exists():
            raise UserError(
                f"{directory} holds a run; its files would be mixed. Give another folder."
            )
        return Run(Path(directory)), checked(flattened(source), data), data
    if directory is not None:
        raise UserError("The files of a run go into its folder; leave directory out.")
    run = source if isinstance(source, Run) else Run(Path(source))
    return run, run.load_model(), data or run.load_data()
