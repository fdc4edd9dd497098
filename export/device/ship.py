"""Deployment files: labels, and inference code in Python, C++ and Kotlin.

`infer.py` needs ai-edge-litert and NumPy alone; `Infer.kt` and `infer.cc` use LiteRT's
CompiledModel; `model_io.h` is the arithmetic around the file, for any C++. `stream.py`, `stream.cc`
and `Stream.kt` are those of a step form. What differs from model to model is filled into the texts
of `export/device/templates`.
"""

from collections.abc import Mapping
from string import Template
from typing import Any

import keras

from export.device import units
from export.device.dense import pictured
from export.device.ends import Ends
from export.device.filling import filled, text
from export.device.front_end import HEADER
from export.device.texts import STEPS, common_of, cpp_labels, kotlin_labels
from export.tflite.metadata import Card, label_lines, one_line
from zoo import Data

STREAMS = ("stream.py", "stream.cc", "Stream.kt")  # of the step form
NAMES = ("labels.txt", "infer.py", "model_io.h", "infer.cc", "Infer.kt", HEADER, *STREAMS)
TABLE = 'front_end.rows(source) if source.endswith((".csv", ".tsv")) else '
# Python's lines that make of rows, or of a step's values, what the file takes
QUANTIZE = f"""\
    if into["dtype"] == np.$given:
        rows = {STEPS.format("rows")}
"""
FORMULA = "an $given file takes q = clip(round(x / SCALE + ZERO_POINT), $lowest, $highest)"
KOTLIN_QUANTIZE = """\
        val input = ${kotlin_number}Array($inputs) { i ->
            val step = row[i] / SCALE[i % SCALE.size] + ZERO_POINT[i % SCALE.size]
            round(step).coerceIn($lowest.0, $highest.0).toInt().to$kotlin_number()
        }
"""
KOTLIN_COPY = """\
        val input = row
"""
KOTLIN_SCALES = """\
        private val SCALE = doubleArrayOf($scale)
        private val ZERO_POINT = doubleArrayOf($zero_point)
"""
KOTLIN_CLAMP = """\
        val input = IntArray($inputs) { i -> row[i].coerceIn(0, $words - 1) } // the table's size
"""


def card_of(model: keras.Model, data: Data) -> Card:
    """Return what the metadata of a model's files say."""
    shape = "x".join(str(size) for size in data.input_shape)
    columns, end = model.output_shape[-1], data.task.ending(model)
    rest, answers = data.task.card(data.num_outputs, columns, end)
    about = f"{data.task.name.capitalize()} of {data.name}: {shape} values to {rest}."
    about += " Made by pocketzoo."
    rows = f"One row, {shape}, as the model was trained on."
    return Card(model.name, about, rows, answers, data.class_names)


def shipped(ends: Ends) -> dict[str, str]:
    """Return {file name: text} of what goes with an int8 file of one input."""
    if ends.leaves:
        return pictured(ends)
    common = common_of(ends)
    lines = {"labels.txt": label_lines(ends.lines)} if ends.labels else {}
    return {
        **lines,
        "infer.py": _python("infer.py.txt", common | _answers_of_rows(ends), ends),
        **_cpp(common, ends),
        "Infer.kt": _kotlin("Infer.kt.txt", common, ends),
    }


def streamed(ends: Ends, states: Mapping[str, int]) -> dict[str, str]:
    """Return {file name: text} of what goes with a step form; `model_io.h` is that of `shipped`.

    Args:
        ends: of the step file; the shape of a row is that of a whole sequence.
        states: name of each state -> how many values it has.
    """
    features = ends.shape[-1]
    own = {
        "inputs": features,  # that are quantized at a time
        "features": features,
        "states": ", ".join(f"{name} [1, {size}]" for name, size in states.items()),
        "cpp_states": ", ".join(f'{{"{name}", {size}}}' for name, size in states.items()),
        "kotlin_states": ", ".join(f'"{name}" to {size}' for name, size in states.items()),
    }
    common = common_of(ends) | own
    activation = {"activation": _cpp_call(ends, "    ", "answers")}
    return {
        "stream.py": _python("stream.py.txt", common | _answer_of_a_step(ends), ends),
        "stream.cc": filled("stream.cc.txt", common | activation),
        "Stream.kt": _kotlin("Stream.kt.txt", common, ends),
    }


def _answers_of_rows(ends: Ends) -> dict[str, str]:
    return units.python(ends, "np.array(answers)", "out", "    ")


def _answer_of_a_step(ends: Ends) -> dict[str, str]:
    details = 'self._run.get_output_details()["output"]'
    return units.python(ends, 'found["output"][0].astype(np.float32)', details, " " * 8)


def _python(template: str, common: dict[str, Any], ends: Ends) -> str:
    real = ends.scaling.ends.real
    taken = (
        {"formula": "floats are taken as they are", "quantize": "", "step": "values"}
        if real
        else {"formula": FORMULA, "quantize": QUANTIZE, "step": STEPS.format("values")}
    )
    own = {
        "labels": repr(list(ends.lines)),
        "scale": f"[{common['scale']}]",
        "zero_point": f"[{common['zero_point']}]",
        "logits": ends.logits,
        "row": repr(one_line(ends.row)),
        "front_end": "import front_end  # beside this file\n" if ends.table else "",
        "read": f"{TABLE if ends.table else ''}np.load(source, allow_pickle=False)",
        "given_rows": "--csv FILE.csv, or rows.npy" if ends.table else "rows.npy",
        "told": text(f"{ends.device}.py.txt"),
    }
    own |= {name: Template(line).substitute(common) for name, line in taken.items()}
    return filled(template, common | own)


def _cpp(common: dict[str, Any], ends: Ends) -> dict[str, str]:
    ids = bool(common["words"])
    convert = "clamp" if ids else "copy" if ends.scaling.ends.real else "quantize"
    header = {
        "convert": filled(f"{convert}.txt", common),
        "labels": cpp_labels(ends.lines),
        "logits": ": logits" if ends.logits else "",
        "activation": text(f"{ends.activation}.h.txt") if ends.logits else "",
        **units.cpp(ends),
    }
    source = {
        "array": common["file"].replace(".tflite", ".cc"),
        "cpp_row": "std::int32_t" if ids else "float",
        "cpp_convert": "Clamp" if ids else "Quantize",
        "activation": _cpp_call(ends, "  ", "values"),
    }
    return {
        "model_io.h": filled("model_io.h.txt", common | header),
        "infer.cc": filled("infer.cc.txt", common | source),
    }


def _cpp_call(ends: Ends, indent: str, values: str) -> str:
    """Return the line that makes probabilities of outputs, if one is needed."""
    if not ends.logits:
        return ""
    return f"{indent}model_io::{ends.activation.capitalize()}({values}.data());\n"


def _kotlin(template: str, common: dict[str, Any], ends: Ends) -> str:
    ids = bool(common["words"])
    real = ends.scaling.ends.real and not ids
    convert = KOTLIN_CLAMP if ids else KOTLIN_COPY if real else KOTLIN_QUANTIZE
    used = ["exp"] * ends.logits + ["round"] * (not ids and not real)
    scales = "" if ids or real else Template(KOTLIN_SCALES).substitute(common)
    output = units.kotlin(ends)
    own = {
        "imports": "".join(f"import kotlin.math.{name}\n" for name in used),
        "kotlin_row": "IntArray" if ids else "FloatArray",
        "kotlin_write": "writeInt" if ids else f"write{common['kotlin_given']}",
        "convert": Template(convert).substitute(common),
        "constants": scales + output["output_constants"],
        "output_value": output["output_value"],
        "labels": kotlin_labels(ends.lines),
        "activation": text(f"{ends.activation}.kt.txt") if ends.logits else "",
    }
    return filled(template, common | own)
