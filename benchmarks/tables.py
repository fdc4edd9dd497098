"""Tables in Markdown, and those of `benchmarks/export`: what a row holds, how it is written."""

import datetime
import importlib.metadata
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from export.runtimes.ethos import EthosRun
from export.runtimes.micro import MicroRun
from zoo import Data

PACKAGES = (
    *("tensorflow", "keras", "ai-edge-litert", "ai-edge-quantizer", "onnxruntime", "tf2onnx"),
    "tflite-micro",
)
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")
SIZES = ("float", "ours", "stock", "AEQ", "ORT float", "ORT int8")
SIZE_RATIOS = (("ours", "float"), ("ours", "stock"), ("ours", "AEQ"), ("ours", "ORT int8"))
TIMES = ("float", "same graph", "ours", "stock", "AEQ", "ORT float", "ORT int8")
TIME_RATIOS = (
    ("ours", "float"),
    ("ours", "same graph"),
    ("ours", "stock"),
    ("ours", "AEQ"),
    ("ours", "ORT int8"),
    ("ours", "ORT float"),
)
MAKERS = ("ours", "stock", "AEQ", "ORT int8")
TARGETS = [
    "model",
    *(f"{what}, {who}" for what in ("arena", "NPU", "cycles") for who in ("ours", "stock")),
    *(f"seconds, {who}" for who in MAKERS),
]
HOW_TO_READ = """\
One row is one int8 file of ours; the columns beside it are the same weights, calibrated with the
same 256 rows, in other hands. *float*: the float32 `.tflite`. *same graph*: the operators of our
int8 file in float32, which tells the cost of int8 from the cost of the graph. *stock*: Keras'
`model.export` and TensorFlow's converter, full int8 (a rolled GRU kills it; the unrolled row is
what it can do). *AEQ*: ai-edge-quantizer, static int8, on that converter's float file. *ORT*:
onnxruntime, Keras' ONNX export; int8 is static QDQ, per channel, U8S8 with `reduce_range` (7-bit
weights, the form that is right without VNNI too). Latency is the least of 300 slices of half a
millisecond, for one row on one thread, all files of a model in turn.
**Compare ratios, not microseconds**, and ratios only with those of CPUs with the same flags: with
VNNI an int8 product costs a fraction of the float one, with AVX2 alone about the same. Weights are
random here; sizes and times do not depend on them, what int8 loses is the trained table's.
Seconds are from the Keras model to the file, the start of TensorFlow in a child process included.
Arena: LiteRT-Micro's on a 64-bit host. NPU: share of the operators that Ethos-U55-128 takes, and
Vela's cycles (it counts a loop's body once, marked *)."""


@dataclass
class Row:
    """One form of one model: a line of each table."""

    name: str
    files: dict[str, Path]  # column -> file
    seconds: dict[str, float]
    failed: dict[str, str] = field(default_factory=dict)  # column -> why there is no file
    latency: dict[str, float] = field(default_factory=dict)  # microseconds
    micro: dict[str, MicroRun] = field(default_factory=dict)
    ethos: dict[str, EthosRun] = field(default_factory=dict)


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return a markdown table: the first column to the left, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def interval(values: Sequence[float], digits: int = 4) -> str:
    """Return the mean of repetitions and its 95 % interval by Student's t."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.{digits}f}"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{mean:.{digits}f} +- {half:.{digits}f}"


def tables(rows: list[Row]) -> str:
    return "\n\n".join(
        [
            "## Bytes",
            table(
                ["model", *SIZES, *(f"{a}/{b}" for a, b in SIZE_RATIOS)],
                [_line(row, SIZES, SIZE_RATIOS, _bytes, ",d") for row in rows],
            ),
            "## Latency, microseconds on one thread",
            table(
                ["model", *TIMES, *(f"{a}/{b}" for a, b in TIME_RATIOS)],
                [_line(row, TIMES, TIME_RATIOS, _microseconds, ".1f") for row in rows],
            ),
            "## Targets and export",
            table(TARGETS, [_targets(row) for row in rows]),
        ]
    )


def _bytes(row: Row, column: str) -> int:
    return row.files[column].stat().st_size


def _microseconds(row: Row, column: str) -> float:
    return row.latency[column]


def _line(
    row: Row,
    columns: Iterable[str],
    ratios: Iterable[tuple[str, str]],
    value: Callable[[Row, str], float],
    form: str,
) -> list[str]:
    def text(column: str) -> str:
        return format(value(row, column), form) if column in row.files else _missing(row, column)

    def ratio(a: str, b: str) -> str:
        both = {a, b} <= {*row.files}
        return f"{value(row, a) / value(row, b):.2f}" if both else _missing(row, b)

    return [row.name, *map(text, columns), *(ratio(a, b) for a, b in ratios)]


def _missing(row: Row, column: str) -> str:
    return row.failed.get(column, "-")


def _targets(row: Row) -> list[str]:
    def text(found: Mapping[str, Any], form: Callable[[Any], str]) -> list[str]:
        return [
            (form(found[who]) if found[who].refused is None else "refused")
            if who in found
            else _missing(row, who)
            for who in ("ours", "stock")
        ]

    return [
        row.name,
        *text(row.micro, lambda run: f"{run.arena_bytes:,d}"),
        *text(row.ethos, lambda run: f"{run.npu_share:.0%}"),
        *text(row.ethos, lambda run: f"{run.cycles:,d}{'*' * run.loops}"),
        *(
            str(row.seconds.get(who, _missing(row, who)))
            for who in ("ours", "stock", "AEQ", "ORT int8")
        ),
    ]


def compared(data: Data, of_float: np.ndarray, of_int8: np.ndarray | None) -> list[str]:
    """Return drop, agreement and signal to noise of the logits."""
    if of_int8 is None:
        return ["refused"] * 3
    agreement = np.mean(of_float.argmax(axis=1) == of_int8.argmax(axis=1))
    noise = np.mean((of_float - of_int8) ** 2)
    return [
        f"{data.task.lost(data.y_test, of_float, of_int8):+.2f}",
        f"{100 * agreement:.1f}",
        f"{10 * np.log10(np.mean(of_float**2) / max(noise, 1e-30)):.1f}",
    ]


def machine() -> str:
    """Return date, processor and versions, for the head of a table."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    found = fields.get("flags", "").split()
    flags = ", ".join(f"{flag}{'' if flag in found else ': no'}" for flag in FLAGS)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return (
        f"{datetime.date.today()}, {fields.get('model name', platform.processor())} (family "
        f"{fields.get('cpu family', '?')}, model {fields.get('model', '?')}; {flags}), "
        f"Python {platform.python_version()}, {versions}."
    )
