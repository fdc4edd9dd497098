"""What goes with a file to where it runs: labels, and code that feeds it, in three languages.

`infer.py` needs ai-edge-litert and NumPy alone; `Infer.kt` and `infer.cc` use LiteRT's
CompiledModel; `model_io.h` is the arithmetic around the file, for any C++. What differs from model
to model is filled into the texts of `export/templates`.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import Any

from export.metadata import Card, label_lines, one_line
from export.runtime import Scaling
from zoo import Data

NAMES = ("labels.txt", "infer.py", "model_io.h", "infer.cc", "Infer.kt")
CPP_SOFTMAX = "  model_io::Softmax(values.data());\n"
KOTLIN_SOFTMAX = """\
        val largest = values.max()
        for (i in values.indices) values[i] = exp(values[i] - largest)
        val sum = values.sum()
        for (i in values.indices) values[i] /= sum
"""


@dataclass(frozen=True)
class Ends:
    """Both ends of a file: what a row becomes, and what its outputs mean."""

    file: str
    shape: tuple[int, ...]  # of a row
    scaling: Scaling
    output: Scaling
    outputs: int
    labels: tuple[str, ...]  # empty for regression
    ending: str | None = None  # "softmax" or "sigmoid": the outputs are probabilities


def card_of(name: str, data: Data, end: str | None) -> Card:
    """Return what the metadata of a model's files say."""
    shape = "x".join(str(size) for size in data.input_shape)
    if data.task == "regression":
        rest = f"{data.num_outputs} number(s)"
        answers = "The predicted numbers."
    else:
        rest = f"{data.num_outputs} classes"
        answers = "Logits: their softmax is the probability of each class."
        answers = answers if end is None else "Probabilities of the classes; one: the second's."
    about = f"{data.task.capitalize()} of {data.name}: {shape} values to {rest}. Made by pocketzoo."
    rows = f"One row, {shape}, as the model was trained on."
    return Card(name, about, rows, answers, data.class_names)


def shipped(ends: Ends) -> dict[str, str]:
    """Return {file name: text} of what goes with an int8 file of one input and one output.

    A file that takes ids of tokens goes with Python alone.
    """
    shape = ", ".join(str(size) for size in ends.shape)
    labels = tuple(one_line(label) for label in ends.labels)
    common = {
        "file": ends.file,
        "shape": shape,
        "inputs": math.prod(ends.shape),
        "outputs": ends.outputs,
        "scales": len(ends.scaling.scale),
        "scale": _numbers(ends.scaling.scale),
        "zero_point": _numbers(ends.scaling.zero_point),
    }
    answers = "probabilities, in the order of labels.txt" if labels else "numbers"
    answers = "probability of the second label" if len(labels) > ends.outputs else answers
    logits = bool(labels) and ends.ending is None
    output = {
        "output_scale": repr(ends.output.scale[0]),
        "output_zero_point": int(ends.output.zero_point[0]),
        "answers": answers,
    }
    python = common | {
        "labels": repr(list(labels)),
        "scale": f"[{common['scale']}]",
        "zero_point": f"[{common['zero_point']}]",
        "words": ends.scaling.words or 0,
        "logits": logits,
    }
    lines = {"labels.txt": label_lines(labels)} if labels else {}
    if ends.scaling.words is not None:  # the others would feed int8, not ids
        return {**lines, "infer.py": _filled("infer.py.txt", python)}
    header = {
        "labels": _cpp_labels(labels),
        "logits": ": logits" if logits else "",
        "softmax": _text("softmax.txt") if logits else "",
    }
    cpp = {"softmax": CPP_SOFTMAX if logits else "", "array": ends.file.replace(".tflite", ".cc")}
    kotlin = {
        "labels": ", ".join(_quoted(label).replace("$", "\\$") for label in labels),
        "softmax": KOTLIN_SOFTMAX if logits else "",
    }
    found = {
        "infer.py": _filled("infer.py.txt", python),
        "model_io.h": _filled("model_io.h.txt", common | output | header),
        "infer.cc": _filled("infer.cc.txt", common | output | cpp),
        "Infer.kt": _filled("Infer.kt.txt", common | output | kotlin),
    }
    return {**lines, **found}


def _filled(template: str, values: dict[str, Any]) -> str:
    return Template(_text(template)).substitute(values)


def _text(name: str) -> str:
    return (files("export") / "templates" / name).read_text("utf-8")


def _numbers(values: Sequence[float]) -> str:
    """Return numbers that read back as they are, in every one of the languages."""
    return ", ".join(repr(float(value)) for value in values)


def _quoted(text: str) -> str:
    """Return a string literal of C++ and Kotlin; `text` is one line of printable characters."""
    return json.dumps(text, ensure_ascii=False)


def _cpp_labels(labels: Sequence[str]) -> str:
    if not labels:
        return ""
    quoted = ", ".join(_quoted(label).replace("?", "\\?") for label in labels)  # no trigraphs
    return f"constexpr const char* kLabels[{len(labels)}] = {{{quoted}}};\n"
