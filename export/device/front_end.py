"""`front_end.h`: what makes a row of a sound or of a table's line, in C++ without a library.

It holds the numbers of the run's `front_end.py` as tables and computes the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from string import Template
from typing import Any

import numpy as np

from export.device.filling import filled
from export.tflite.metadata import one_line
from zoo import Data, FrontEnd
from zoo.data.audio import cosines, mel_bands
from zoo.data.cells import MISSING
from zoo.data.kinds import IMAGE
from zoo.data.letterbox import PADDING
from zoo.readers.columns import feature_names

HEADER = "front_end.h"
# kind of a schema -> what becomes of the aspect ratio of pictures
FITS = {
    "pictures": "aspect ratio ignored",
    "masks": "aspect ratio ignored",
    "boxes": f"aspect ratio kept, centered on gray of {PADDING}",
}
WIDTH = 96  # characters of a line of numbers
MFCC_TABLE = """\
// the cosine transform (DCT-II, orthonormal): of each band its part of each coefficient
static const Real kCosines[kMels * kFeatures] = {$cosines};
"""
MFCC = """\
  for (int i = 0; i < kFeatures; ++i) {
    Real sum = 0;
    for (int band = 0; band < kMels; ++band) sum += mel[band] * kCosines[band * kFeatures + i];
    features[i] = static_cast<float>(sum);
  }
"""
LOG_MEL = "  for (int i = 0; i < kFeatures; ++i) features[i] = static_cast<float>(mel[i]);\n"


def header(data: Data) -> dict[str, str]:
    """Return {file name: text} of the header; empty for data that are rows already."""
    if data.front_end is not None:
        return {HEADER: of_sound(data.front_end, data.input_shape[0])}
    plans = [plan for plan in data.schema.get("columns", []) if plan["kind"] != "left_out"]
    return {HEADER: of_table(plans)} if plans else {}


def row_of(data: Data) -> str:
    """Say in a line what a row is and how it is made, as a device must make it."""
    shape = ", ".join(map(str, data.input_shape))
    rows = f"an .npy file of rows (rows, {shape})"
    sound, schema = data.front_end, data.schema
    if sound is not None:
        return (
            f"{rows} that front_end.py makes of sounds at {sound.rate} Hz: "
            "spectra(waveforms, FRONT_END)"
        )
    if data.of_texts:
        return f"{rows} of token ids that front_end.py makes of texts: VOCABULARY.ids(texts)"
    if schema.get("columns"):
        names = [plan["name"] for plan in schema["columns"] if plan["kind"] != "left_out"]
        return (
            f"a .csv file with the columns {', '.join(names)}, of which front_end.py makes rows; "
            f"or {rows} in the order of data.json's features"
        )
    if data.kind is IMAGE:
        return f"{rows} of images: {_pixels(data)}"
    return f"{rows}, as the model was trained on"


def _pixels(data: Data) -> str:
    """Say how large images are, in which order their channels stand, and which values they hold."""
    height, width, channels = data.input_shape
    order = {1: "gray", 3: "red, green, blue"}.get(channels, f"{channels} channels")
    size = f"height {height}, width {width}, {order} of a pixel side by side"
    fit = FITS.get(data.schema.get("kind", ""))
    if fit is None:
        return f"{size}, values as in training"
    return f"turned as EXIF says, resized to {size} (bilinear, {fit}), 0 to 255"


def comment(text: str) -> str:
    """Return a text for a comment of C++ or Kotlin, which it cannot leave."""
    return one_line(text).replace("\\", "/").replace("??", "? ?")


def of_table(plans: Sequence[Mapping[str, Any]]) -> str:
    """Return the header for the columns of a table, as `data.json` holds them, none left out."""
    lines: list[str] = []
    words: list[str] = []
    for plan in plans:
        values = plan.get("values", [])
        kind = {"category": "kCategory", "date": "kDate"}.get(plan["kind"], "kNumber")
        fill, origin = (repr(float(plan.get(name, 0.0))) for name in ("fill", "origin"))
        gaps = str(plan["missing"]).lower()
        ends = f"{len(words)}, {len(values)}"
        lines.append(f"    {{{_quoted(plan['name'])}, {kind}, {gaps}, {fill}, {origin}, {ends}}},")
        words += values
    names = [name for plan in plans for name in feature_names(dict(plan))]
    return filled(
        "table.h.txt",
        {
            "cells": len(plans),
            "features": len(names),
            "names": comment(", ".join(names)),
            "values": "\n    " + ",\n    ".join(map(_quoted, [*words, ""])),
            "columns": "\n".join(lines),
            "missing": ", ".join(map(_quoted, MISSING)),
        },
    )


def _quoted(text: str) -> str:
    """Return a C++ literal of a text's bytes in UTF-8."""
    plain = {'"': '\\"', "\\": "\\\\", "?": "\\?"}
    bytes_of = [
        plain.get(one, one) if one.isascii() and one.isprintable() else f"\\{ord(one):03o}"
        for one in text.encode().decode("latin-1")
    ]
    return f'"{"".join(bytes_of)}"'


def of_sound(front_end: FrontEnd, frames: int) -> str:
    """Return the header for log-mel spectra or MFCC of so many frames."""
    mfcc = front_end.kind == "mfcc"
    angles = 2 * np.pi * np.arange(front_end.size // 2) / front_end.size
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(front_end.window) / front_end.window)
    bands = [np.flatnonzero(band) for band in mel_bands(front_end).T]  # a triangle has no holes
    weights = [
        w for band, own in zip(mel_bands(front_end).T, bands, strict=True) for w in band[own]
    ]
    matrix = cosines(front_end.mels)[:, : front_end.coefficients]
    values: dict[str, Any] = {
        name: getattr(front_end, name)
        for name in ("rate", "window", "stride", "size", "mels", "features")
    }
    values |= {
        "kind": "MFCC" if mfcc else "log-mel spectra",
        "frames": frames,
        "floor": repr(float(front_end.floor)),
        "hann": numbers(hann),
        "cosine": numbers(np.cos(angles)),
        "sine": numbers(np.sin(angles)),
        "first": numbers(int(band[0]) if len(band) else 0 for band in bands),
        "count": numbers(len(band) for band in bands),
        "weights": numbers(weights or [0.0]),
        "matrix": Template(MFCC_TABLE).substitute(cosines=numbers(matrix.ravel())) if mfcc else "",
        "last": MFCC if mfcc else LOG_MEL,
    }
    return filled("sound.h.txt", values)


def numbers(values: Iterable[Any]) -> str:
    """Return numbers for an initializer, in lines; they read back as they are."""
    lines, line = [], ""
    for value in values:
        one = repr(value if isinstance(value, int) else float(value)) + ", "
        if len(line) + len(one) > WIDTH:
            lines.append(line.rstrip())
            line = ""
        line += one
    return "\n    ".join(["", *lines, line.rstrip().removesuffix(",")])
