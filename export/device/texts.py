"""Values that the templates of all languages are filled with."""

import json
import math
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from export.device import units
from export.device.ends import Ends
from export.device.front_end import comment
from zoo.quantization.layers.numerics import FLOAT

KOTLIN = {"int8": "Byte", "int16": "Short", "int32": "Int", "float32": "Float"}
WIDTH = 100  # of a line of comment
FLOATS = FLOAT.ends.dtype.name
COMMENT: dict[str, Any] = {"initial_indent": "// ", "subsequent_indent": "// "}
STEPS = "np.clip(np.rint({} / SCALE + ZERO_POINT), $lowest, $highest)"


def common_of(ends: Ends) -> dict[str, Any]:
    """Return what the texts of all languages are filled with."""
    answers = "probabilities, in the order of labels.txt" if ends.labels else "numbers"
    answers = "probability of the second label" if len(ends.labels) > ends.outputs else answers
    ids, grid, given = ends.scaling.words is not None, ends.output.ends, ends.output.taken
    taken, state = "int32" if ids else ends.scaling.taken, ends.state or given
    return {
        "file": ends.file,
        "shape": ", ".join(str(size) for size in ends.shape),
        "inputs": math.prod(ends.shape),
        "values": "token ids" if ids else "values",
        "taken": taken,
        "given": given,
        "state": state,
        "lowest": grid.low,
        "highest": grid.high,
        "cpp_taken": cpp_type(taken),
        "cpp_given": cpp_type(given),
        "cpp_state": cpp_type(state),
        "kotlin_given": kotlin_type(given),
        "kotlin_state": kotlin_type(state),
        "kotlin_number": KOTLIN[given],
        "kotlin_state_number": KOTLIN[state],
        "words": ends.scaling.words or 0,
        "scales": len(ends.scaling.scale),
        "scale": units.numbers(ends.scaling.scale),
        "zero_point": units.numbers(ends.scaling.zero_point),
        "outputs": ends.outputs,
        "answers": answers,
        "row": "\n".join(wrap(f"Takes {comment(ends.row)}.", WIDTH, **COMMENT)),
    }


def cpp_type(name: str) -> str:
    """Return a NumPy type as C++ has it."""
    return "float" if name == FLOATS else f"std::{name}_t"


def kotlin_type(name: str) -> str:
    """Return a type as the names of CompiledModel's methods have it."""
    return KOTLIN[name] if name == FLOATS else name.capitalize()


def quoted(text: str) -> str:
    """Return a string literal of C++ and Kotlin; `text` is one line of printable characters."""
    return json.dumps(text, ensure_ascii=False)


def cpp_labels(labels: Sequence[str]) -> str:
    """Return the declaration of the labels in C++; nothing for none."""
    if not labels:
        return ""
    listed = ", ".join(quoted(label).replace("?", "\\?") for label in labels)  # no trigraphs
    return f"constexpr const char* kLabels[{len(labels)}] = {{{listed}}};\n"


def kotlin_labels(labels: Sequence[str]) -> str:
    """Return the labels as Kotlin's arguments."""
    return ", ".join(quoted(label).replace("$", "\\$") for label in labels)
