"""Files that an export left in a folder, with what is needed to understand and verify them."""

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from export.conversion.choices import (
    FORMS,
)
from export.conversion.compression import Compressed
from export.conversion.job import (
    FLOAT,
    TWIN,
    Plan,
)
from export.device.c_array import c_source
from export.device.ends import ends_of
from export.device.front_end import header
from export.device.ship import NAMES, card_of, shipped, streamed
from export.runtimes.litert import (
    file_scaling,
    load_content,
    output_of,
    state_sizes,
    state_type,
)
from export.tflite.audit import Audit, audit
from export.tflite.joined import Output
from export.tflite.metadata import Card, described
from export.tflite.scaling import Scaling
from zoo import Data, Run
from zoo.files import as_json
from zoo.quantization.joints import graph_ends
from zoo.quantization.layers.numerics import FLOAT as FLOATS
from zoo.quantization.layers.numerics import NUMERICS
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
    output: Output | None  # of its output, or of several that the host puts together
    float_output: Output  # of the float file
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


def finished(
    run: Run,
    model: keras.Model,
    data: Data,
    plan: Plan,
    compressed: Compressed | None,
    files: dict[str, bytes],
    started: float,
    max_bytes: int | None = None,
) -> Export:
    """Write the files into the run folder, with what they need to be understood and used.

    Args:
        files: name -> content.
        max_bytes: see `_described`.
    """
    texts: dict[str, str] = {}
    for name in plan.forms.values():  # a chip is not flashed with descriptions
        texts |= c_source(files[name], Path(name).stem)
    scaling: Scaling | None = None
    output: Output | None = None
    made = plan.quantized
    joint = graph_ends(model)[1] if made is None else made.twin.joint
    of_float = output_of(load_content(files[FLOAT]), joint)
    if plan.rows is not None:
        interpreter = load_content(files[plan.main])
        scaling = file_scaling(interpreter).before(plan.rows.host)
        scaling = replace(scaling, words=words_of(model))
        given = {} if made is None else made.twin.given
        output = output_of(interpreter, joint, given)
        texts |= header(data)
        ends = ends_of(plan.main, data, scaling, output, model, converted=0 in given)
        texts |= shipped(ends)
        if "step" in plan.forms:
            name = plan.forms["step"]
            step = load_content(files[name])
            texts |= streamed(replace(ends, file=name, state=state_type(step)), state_sizes(step))
    if "model.json" not in run.files():  # a model that was not trained here
        texts |= {"data.json": as_json(identity(data)), **front_end_files(data)}
    files |= _described(files, plan, card_of(model, data), (scaling, output), max_bytes)
    if plan.rows is not None:
        used = io.BytesIO()
        np.savez_compressed(used, indices=plan.rows.indices, x=plan.rows.x)
        files["calibration.npz"] = used.getvalue()
    run.write({**files, **texts}, remove=STALE)
    audits = {FLOAT: audit(run.path / FLOAT, FLOATS)}
    audits |= {name: audit(run.path / name, plan.numerics) for name in plan.forms.values()}
    seconds = round(time.monotonic() - started, 3)
    return Export(run, model, plan, compressed, audits, scaling, output, of_float, seconds)


def _described(
    files: Mapping[str, bytes],
    plan: Plan,
    card: Card,
    ends: tuple[Scaling | None, Output | None],
    max_bytes: int | None,
) -> dict[str, bytes]:
    """Return the `.tflite` files with their metadata, which no runtime needs.

    Args:
        ends: of the quantized files.
        max_bytes: a quantized file that its metadata would take over it goes without.
    """
    found = {FLOAT: described(files[FLOAT], card, None, None)}
    for name in plan.forms.values():
        whole = described(files[name], card, *ends)
        found[name] = files[name] if max_bytes is not None and len(whole) > max_bytes else whole
    return found
