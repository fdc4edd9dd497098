"""Choosing the quantizer: the twin, TensorFlow's converter or tfmot."""

from collections.abc import Sequence
from dataclasses import replace

import keras

from export.conversion.choices import FORMS, check_forms
from export.conversion.compression import Compressed
from export.conversion.job import Plan
from zoo import Data
from zoo.quantization import Quantized, Twin, UnknownLayer
from zoo.quantization import quantize as quantize_twin
from zoo.quantization.hosts import affine_of
from zoo.quantization.layers.numerics import INT8, Numerics
from zoo.quantization.rows import choose_rows
from zoo.stages import stage


def quantized_plan(
    model: keras.Model,
    data: Data,
    method: str,
    twin_asked: bool,
    quantized: Quantized | None,
    forms: Sequence[str] | None,
    rows: int,
    seed: int,
    numerics: Numerics,
) -> Plan:
    """Return the plan of a model: by its twin, or by TensorFlow's converter and why."""
    stage(f"calibrating the {numerics.name} model")
    why = None
    if method != "converter":
        try:
            ready = quantized or quantize_twin(model, data, rows=rows, seed=seed, numerics=numerics)
            made = _forms(ready.twin, forms)
            return Plan(ready.rung, made, ready.rows, ready, None, numerics)
        except UnknownLayer as error:
            if twin_asked or numerics is not INT8:
                raise
            why = error.reason
    chosen = choose_rows(model, data, rows, seed)
    if chosen.host is not None and chosen.host.layer is None:  # where there is nothing to cut off
        chosen = replace(chosen, host=None)
    return Plan("converter", {"rolled": INT8.file()}, chosen, None, why)


def tfmot_plan(
    model: keras.Model, data: Data, compressed: Compressed, rows: int, seed: int
) -> Plan:
    """Return the plan of a file that tfmot has made already; it may start after `Standardize`."""
    cut = compressed.cut_after
    host = None if cut is None else affine_of(model.get_layer(cut))
    chosen = replace(choose_rows(model, data, rows, seed), host=host)
    return Plan("qat-tfmot", {"rolled": INT8.file()}, chosen, None)


def _forms(twin: Twin, wanted: Sequence[str] | None) -> dict[str, str]:
    """Return form -> file name; the rolled form is always there.

    Raises:
        UserError: an unknown form, or the step form of a model that has none.
    """
    check_forms(wanted)
    if wanted is None:
        wanted = ("step",) if twin.streams() else ()
    elif "step" in wanted:
        twin.cells()  # raises where there is no step form
    asked = (form for form in FORMS if form == "rolled" or form in wanted)
    return {form: twin.numerics.file(form) for form in asked}
