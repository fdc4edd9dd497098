"""Deployment files of a model that gives masks or boxes: from a picture to them, on the device.

Each language resizes the picture as training did, runs the file, and decodes its outputs: the class
of each pixel; boxes above their class's threshold, of which class-wise suppression keeps the best.
The C++ needs no library, allocates nothing, and looks only at cells that can reach a threshold.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from string import Template
from typing import Any

from export.device.ends import Ends
from export.device.filling import filled, text
from export.device.front_end import comment
from export.device.maps import of_boxes, of_points
from export.device.texts import STEPS, common_of, cpp_labels, kotlin_labels, quoted
from export.drawing.palette import colors
from export.tflite.metadata import label_lines
from zoo.data.letterbox import PADDING

MASK, BOXES, POINTS = "mask", "boxes", "points"  # what a task's `device` says
FORMULA = "an $given file takes q = clip(round(x / SCALE + ZERO_POINT), $lowest, $highest)"
INPUT = "input"
COLUMNS = (0, 4, 5)  # of box, objectness and classes


@dataclass(frozen=True)
class Form:
    """What is said of masks, or of boxes.

    Attributes:
        title: of infer.py.
        printed: what it prints.
        fit: how a picture becomes a row: "stretch" or "letterbox".
        written: by C++.
        result: its parameter.
        call: its last lines.
        returned, kotlin_result: by Kotlin.
        parts: names of the templates, in the order of C++.
        types: of Kotlin's classes.
    """

    title: str
    printed: str
    fit: str
    written: str
    result: str
    call: str
    returned: str
    kotlin_result: str
    parts: tuple[str, ...]
    types: tuple[str, ...] = ()


OBJECTS = Form(
    title="Objects in pictures",
    printed="Prints name, class, score, x1, y1, x2, y2 in pixels of the picture.",
    fit="letterbox",
    written="boxes in pixels of\n// the picture, the best first",
    result="model_io::Boxes* boxes",
    call=(
        "  const $cpp_given* pointers[model_io::kOutputs];\n"
        "  for (int i = 0; i < model_io::kOutputs; ++i) pointers[i] = values[i].data();\n"
        "  model_io::Decode(pointers, place, boxes);"
    ),
    returned="boxes, the best first",
    kotlin_result="List<Box>",
    parts=("found", BOXES),
    types=("found", "boxes_types"),
)
FORMS = {
    BOXES: OBJECTS,
    POINTS: replace(OBJECTS, parts=("found", POINTS), types=("found",)),
    MASK: Form(
        title="Class of each pixel",
        printed="Writes NAME_mask.png, class numbers with a palette, and prints the share of each.",
        fit="stretch",
        written="the class of each pixel of\n// the picture to mask, line by line",
        result="unsigned char* mask",
        call=(
            "  std::vector<unsigned char> small(model_io::kHeight * model_io::kWidth);\n"
            "  model_io::Decode(values[0].data(), small.data());\n"
            "  for (int i = 0; i < height * width; ++i) {\n"
            "    mask[i] = model_io::ClassAt(small.data(), place, i / width, i % width);\n"
            "  }"
        ),
        returned="the class of each pixel, line by line",
        kotlin_result="IntArray",
        parts=(MASK,),
    ),
}


def pictured(ends: Ends) -> dict[str, str]:
    """Return {file name: text} of what goes with a file that gives masks or boxes."""
    form = FORMS[ends.device]
    common = common_of(ends) | _common(ends) | VALUES[ends.device](ends)
    return {
        "labels.txt": label_lines(ends.lines),
        "infer.py": _python(common, ends, form),
        "model_io.h": _header(common, ends, form),
        "infer.cc": _source(common, ends, form),
        "Infer.kt": _kotlin(common, ends, form),
    }


def _common(ends: Ends) -> dict[str, Any]:
    height, width, channels = ends.shape
    names = [leaf.name for leaf in ends.leaves]
    given = ends.output.taken
    signature = ", ".join(f"{one.name} {given} [1, {_listed(one.own)}]" for one in ends.leaves)
    return {
        "height": height,
        "width": width,
        "channels": channels,
        "leaves": len(names),
        "names": comment(", ".join(names)),
        "quoted": ", ".join(map(quoted, names)),
        "sizes": _listed([math.prod(one.own) for one in ends.leaves]),
        "signature": comment(signature),
    }


def _of_mask(ends: Ends) -> dict[str, Any]:
    """Return the number of values of a pixel, and above which one the second of two classes is."""
    (leaf,), real = ends.leaves, 0.0 if ends.logits else 0.5
    cut = real if ends.output.ends.real else math.floor(leaf.zero_point + real / leaf.scale)
    palette = colors(len(ends.labels)).ravel().tolist()
    return {"columns": ends.outputs, "real_cut": real, "cut": cut, "palette": palette}


VALUES = {MASK: _of_mask, BOXES: of_boxes, POINTS: of_points}


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values))


def _python(common: dict[str, Any], ends: Ends, form: Form) -> str:
    real = ends.scaling.ends.real
    own: dict[str, str] = {
        "title": form.title,
        "printed": form.printed,
        "labels": repr(list(ends.lines)),
        "scale": f"[{common['scale']}]",
        "zero_point": f"[{common['zero_point']}]",
        "formula": "floats are taken as they are" if real else FORMULA,
        "step": "row" if real else STEPS.format("row"),
        "fill": str(PADDING),
        "constants": filled(f"{ends.device}_constants.py.txt", common),
        "place": text(f"{form.fit}.py.txt"),
        "decode": "".join(filled(f"{one}.py.txt", common) for one in form.parts),
    }
    own |= {name: Template(own[name]).substitute(common) for name in ("formula", "step")}
    return filled("pictures.py.txt", common | own)


def _header(common: dict[str, Any], ends: Ends, form: Form) -> str:
    classes = f"constexpr int kClasses = {len(ends.labels)};\n"
    fill = f"  for (int i = 0; i < kInputs; ++i) input[i] = QuantizeOne({PADDING}, i);\n"
    own = {
        "labels": classes + cpp_labels(ends.lines),
        "convert": filled("copy.txt" if ends.scaling.ends.real else "quantize.txt", common),
        "place": text(f"{form.fit}.h.txt"),
        "fill": fill if form.fit == "letterbox" else "",
        "decode": "\n".join(filled(f"{one}.h.txt", common) for one in form.parts),
    }
    return filled("pictures.h.txt", common | own)


def _source(common: dict[str, Any], ends: Ends, form: Form) -> str:
    own = {
        "array": ends.file.replace(".tflite", ".cc"),
        "written": form.written,
        "result": form.result,
        "call": Template(form.call).substitute(common),
    }
    return filled("pictures.cc.txt", common | own)


def _kotlin(common: dict[str, Any], ends: Ends, form: Form) -> str:
    real = ends.scaling.ends.real
    used = ["abs", "floor", "max", "min", *["exp"] * bool(form.types), *["round"] * (not real)]
    convert = "copy.kt.txt" if real else "quantize.kt.txt"
    own = {
        "input": INPUT,
        "imports": "".join(f"import kotlin.math.{name}\n" for name in sorted(used)),
        "returned": form.returned,
        "kotlin_result": form.kotlin_result,
        "place": text(f"{form.fit}.kt.txt"),
        "labels": kotlin_labels(ends.lines),
        "quantized": filled(convert, common),
        "fill": PADDING,
        "constants": filled(f"{ends.device}_constants.kt.txt", common),
        "decoded": "".join(filled(f"{one}.kt.txt", common) for one in form.types),
        "functions": filled(f"{ends.device}.kt.txt", common),
    }
    return filled("Pictures.kt.txt", common | own)
