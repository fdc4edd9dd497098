"""Our int8 file of every preset beside the stock converter's and ai-edge-quantizer's.

    python -m benchmarks.export.presets [--only NAME ...] [--keep FOLDER]

Of the same Keras model with random weights, at the rows that the preset's parameters are declared
for. All files are made first (those that are in FOLDER already are taken), then all of a model are
timed in turn, so that nothing else should run. Writes `benchmarks/results/presets.md`; half an
hour on two cores, most of it TensorFlow's.
"""

import argparse
import statistics
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

import export
from benchmarks.export.jobs import failures, write_job
from benchmarks.export.runners import least, runner
from benchmarks.tables import machine, table
from tests.helpers.instances import NAMES, data_of, fill_weights, rows_of
from zoo import ModelSpec
from zoo.presets.catalogue import reference

RESULTS = Path(__file__).parents[1] / "results" / "presets.md"
ROWS = 256
ROUNDS = 1000
LONGEST = 16  # steps that ai-edge-quantizer is given unrolled: of 64 it takes many minutes
SAID = """\
The same weights (random) and the same 256 calibration rows. *Stock*: Keras' `model.export` and
TensorFlow's converter, full int8. *AEQ*: ai-edge-quantizer, `static_wi8_ai8`, on that converter's
float file. Neither takes a loop, so that recurrent models stand here twice: our unrolled file
beside their unrolled ones, which are the same graph, and our rolled file, which is what is shipped,
beside the same. Latency: the least of up to 1000 slices of half a millisecond, microseconds for one
row on one thread, all files of a model in turn."""


@dataclass(frozen=True)
class Line:
    """One of our files beside those of others, or why they have none."""

    name: str
    files: Mapping[str, Path]
    failed: Mapping[str, str]


def make(name: str, folder: Path) -> list[Line]:
    """Make the files of a preset that are not there yet."""
    shape, outputs = reference(name)
    model = fill_weights(ModelSpec(name, shape, outputs).build())
    recurrent = any(isinstance(one, keras.layers.RNN) for one in model._flatten_layers())
    end = "_unrolled" * recurrent
    forms = {"rolled": "model_int8.tflite"}
    if recurrent:
        forms["unrolled"] = "model_int8_unrolled.tflite"
    if not all((folder / "ours" / file).exists() for file in forms.values()):
        data = data_of(rows_of(name, shape, ROWS), np.arange(ROWS) % outputs)
        ours = export.to_litert(
            model, data=data, directory=folder / "ours", forms=list(forms) if recurrent else None
        )
        assert ours.plan.rows is not None
        write_job(folder, model, ours.plan.rows.x)
    peers = {"stock": f"stock{end}.tflite", "AEQ": f"aeq{end}.tflite"}
    if recurrent and shape[0] > LONGEST:
        del peers["AEQ"]
    failed = failures(folder, peers)
    theirs = {column: folder / file for column, file in peers.items() if column not in failed}
    return [
        Line(
            f"{name}, {form}" if recurrent else name,
            {"ours": folder / "ours" / file, **theirs},
            failed,
        )
        for form, file in forms.items()
    ]


def measured(lines: list[Line]) -> list[list[str]]:
    """Time the files of one preset in turn; return rows of the table."""
    paths = {str(path): path for line in lines for path in line.files.values()}
    found = least({key: runner(path) for key, path in paths.items()}, ROUNDS)
    rows = []
    for line in lines:
        sizes = {who: path.stat().st_size for who, path in line.files.items()}
        times = {who: found[str(path)] for who, path in line.files.items()}
        row = [line.name]
        for values, form in ((sizes, ",d"), (times, ".1f")):
            for who in ("ours", "stock", "AEQ"):
                row.append(
                    format(values[who], form) if who in values else line.failed.get(who, "-")
                )
            for who in ("stock", "AEQ"):
                row.append(f"{values['ours'] / values[who]:.3f}" if who in values else "-")
        rows.append(row)
    return rows


def summary(rows: list[list[str]]) -> str:
    """Return the worst and median ratios, and what is above 1.05."""
    lines = []
    for place, what in (
        (4, "bytes, ours/stock"),
        (9, "latency, ours/stock"),
        (10, "latency, ours/AEQ"),
    ):
        found = {row[0]: float(row[place]) for row in rows if row[place] != "-"}
        for kind, chosen in (
            ("all but rolled loops", {n: v for n, v in found.items() if not n.endswith(" rolled")}),
            ("rolled loops", {n: v for n, v in found.items() if n.endswith(" rolled")}),
        ):
            if not chosen:
                continue
            worst = max(chosen, key=lambda name: chosen[name])
            over = [f"{n} {v:.2f}" for n, v in chosen.items() if v > 1.05]
            lines.append(
                f"- {what}, {kind}: worst {chosen[worst]:.3f} ({worst}), median "
                f"{statistics.median(chosen.values()):.3f} of {len(chosen)}; above 1.05: "
                f"{', '.join(over) or 'none'}"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--keep", type=Path, help="folder in which all files stay")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keep = arguments.keep or Path(folder)
        with ThreadPoolExecutor(2) as pool:
            made = list(pool.map(lambda name: make(name, keep / name), arguments.only))
        rows = []
        for lines in made:
            rows += measured(lines)
            for row in rows[-len(lines) :]:
                print(*row, flush=True)
    head = [
        "preset",
        *(f"bytes, {who}" for who in ("ours", "stock", "AEQ", "ours/stock", "ours/AEQ")),
    ]
    head += [f"us, {who}" for who in ("ours", "stock", "AEQ", "ours/stock", "ours/AEQ")]
    text = f"# Presets\n\n{machine()}\n\n{SAID}\n\n{summary(rows)}\n\n{table(head, rows)}\n"
    print(text)
    if arguments.only == NAMES:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
