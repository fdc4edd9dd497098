"""The parent of the converter: from a Keras model on any backend to `.tflite` files."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

import keras

from export.conversion.choices import (
    check_twin_only,
    chosen_numerics,
    parse_compression,
)
from export.conversion.compression import compress as compress_model
from export.conversion.inspection import inspect
from export.conversion.job import (
    METHODS,
    Plan,
    checked,
    warn_of_steps,
)
from export.conversion.planning import quantized_plan, tfmot_plan
from export.conversion.written import files_of
from export.exported import Export, finished
from export.graphs import Arrays, GraphExport, graph_to_litert
from zoo import Data, Run, UserError
from zoo.checks import at_least, one_of
from zoo.pretrained.inlining import flattened
from zoo.quantization import Quantized
from zoo.quantization.layers.numerics import FLOAT as FLOATS
from zoo.quantization.layers.numerics import INT8, Numerics
from zoo.quantization.rows import MIN_ROWS


@overload
def to_litert(
    source: keras.Model,
    *,
    data: Arrays,
    directory: str | Path,
    numerics: str | None = None,
    calibration_rows: int = 256,
    seed: int = 0,
    timeout: float = 1800,
) -> GraphExport: ...


@overload
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
    max_bytes: int | None = None,
    calibration_rows: int = 256,
    seed: int = 0,
    timeout: float = 1800,
) -> Export: ...


def to_litert(
    source: keras.Model | Run | str | Path,
    *,
    data: Data | Arrays | None = None,
    directory: str | Path | None = None,
    numerics: str | None = None,
    method: str = "auto",
    quantized: Quantized | None = None,
    forms: Sequence[str] | None = None,
    compress: str | None = None,
    max_bytes: int | None = None,
    calibration_rows: int = 256,
    seed: int = 0,
    timeout: float = 1800,
) -> Export | GraphExport:
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
            Or arrays for a model of any inputs and outputs, one for each input, by name or in its
            order: then a `GraphExport` comes back.
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
        max_bytes: a quantized file that its LiteRT metadata would take over it goes without.
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
    given: dict[str, object] = {"forms": forms, "quantized": quantized, "compress": compress}
    if max_bytes is not None:
        at_least("max_bytes", max_bytes, 1)
    check_twin_only(format, method, [name for name in given if given[name] is not None])
    _check_compression(compress, quantized, format)
    at_least("calibration_rows", calibration_rows, MIN_ROWS)
    if isinstance(source, keras.Model) and not isinstance(data, Data | None):
        given |= {"max_bytes": max_bytes}
        if directory is None or [name for name in given if given[name] is not None]:
            raise UserError(
                "A graph from arrays needs directory=... and takes no forms, quantized, compress "
                "or max_bytes."
            )
        return graph_to_litert(
            source,
            data,
            directory,
            calibration_rows=calibration_rows,
            seed=seed,
            timeout=timeout,
            numerics=format,
        )
    if not isinstance(data, Data | None):
        raise UserError("Arrays go with a Keras model; a run knows its own data.")
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
    return finished(run, model, data, plan, compressed, files, started, max_bytes)


def _check_compression(compress: str | None, quantized: Quantized | None, format: Numerics) -> None:
    """Raise UserError for what does not go with a compression."""
    if compress == "qat-tfmot" and format is not INT8:
        raise UserError(f"qat-tfmot makes {INT8.name} files alone; leave numerics out.")
    if compress is not None and quantized is not None:
        raise UserError("compress makes a twin of its own; leave quantized out.")


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
        inspect(source)
        return Run(Path(directory)), checked(flattened(source), data), data
    if directory is not None:
        raise UserError("The files of a run go into its folder; leave directory out.")
    run = source if isinstance(source, Run) else Run(Path(source))
    if data is None:
        return run, run.load_model(), run.load_data()
    return run, run.load_model(), replace(data, task=run.adjusted(data.task))
