"""Our int8 files of foreign networks beside the stock converter's and ai-edge-quantizer's."""

import json
import statistics
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from benchmarks.export.jobs import PEERS, SEEN, failures, read_rows, write_job, write_rows
from benchmarks.export.runners import least, runner
from benchmarks.tables import machine, table
from export.conversion.nearness import nearness
from zoo.quantization.rows import Rows

RESULTS = Path(__file__).parents[2] / "results" / "foreign.md"
LOST = 0.5  # dB
FOUND = "found.json"
SAID = """\
The same random weights and the same 32 calibration rows; signal to noise of the output about its
mean, in dB, on 32 other rows (of the output where it is least). *Stock*: Keras' `model.export` and
TensorFlow's converter, full int8. *AEQ*: ai-edge-quantizer, `static_wi8_ai8`, on that converter's
float file. *Varied*: the deviation of an output over rows, as a share of its largest number.
*Fails*: no file, or LiteRT refuses it; *crash*: the process died. Recurrent layers are a loop in
ours, and their loops end both others. BatchNormalization has the statistics of the rows, which are
blobs at five scales with a contrast of their own, and outputs of probabilities have logits of
deviation 2: with plain noise and weights as built, outputs are the same for all rows."""


class Ours(Protocol):
    """What our own file gave."""

    @property
    def noise(self) -> float: ...

    @property
    def varied(self) -> float: ...

    @property
    def content(self) -> bytes: ...


def made(
    folder: Path,
    name: str,
    model: keras.Model,
    ours: Ours,
    calibration: Rows,
    seen: Rows,
    exact: list[np.ndarray],
) -> str:
    """Have both peers make their files and run them; write what came of it into the folder."""
    write_job(folder, model, calibration, name)
    write_rows(folder / SEEN, seen)
    (folder / "ours.tflite").write_bytes(ours.content)
    noise: dict[str, Any] = {"ours": ours.noise, **failures(folder, PEERS)}
    for who, file in PEERS.items():
        if who not in noise:
            outputs = read_rows((folder / file).with_suffix(".npz"))
            pairs = zip(outputs, exact, strict=True)
            noise[who] = min(
                nearness(one.reshape(of_keras.shape), of_keras).signal_to_noise
                for one, of_keras in pairs
            )
    found = {"varied": ours.varied, "noise": noise}
    (folder / FOUND).write_text(json.dumps(found))
    return f"  {found}"


def line(folder: Path, name: str) -> list[str]:
    """Time the files of a network in turn; return its row of the table."""
    found = json.loads((folder / FOUND).read_text())
    noise = found["noise"]
    files = {"ours": folder / "ours.tflite"}
    files |= {who: folder / file for who, file in PEERS.items() if not isinstance(noise[who], str)}
    times = least({who: runner(path) for who, path in files.items()})
    sizes = {who: path.stat().st_size for who, path in files.items()}
    row = [name, f"{found['varied']:.3f}", *(str(noise[who]) for who in ("ours", *PEERS))]
    best = max((noise[who] for who in PEERS if who in files), default=None)
    row.append("-" if best is None else f"{noise['ours'] - best:+.1f}")
    for values, form in ((sizes, ",d"), (times, ".1f")):
        row += [format(values[who], form) if who in files else "-" for who in ("ours", *PEERS)]
        row += [f"{values['ours'] / values[who]:.2f}" if who in files else "-" for who in PEERS]
    return row


def written(keep: Path, names: list[str]) -> str:
    """Return the table of all networks that were made, and what it comes to."""
    rows = [line(keep / name, name) for name in names if (keep / name / FOUND).exists()]
    lost = [f"{row[0]} {row[5]}" for row in rows if row[5] != "-" and float(row[5]) < -LOST]
    compared = sum(row[5] != "-" for row in rows)
    lines = [f"{len(lost)} of {compared} lost by more than {LOST} dB: {', '.join(lost) or 'none'}."]
    for place, who in ((14, "stock"), (15, "AEQ")):
        ratios = {row[0]: float(row[place]) for row in rows if row[place] != "-"}
        over = [f"{name} {ratio}" for name, ratio in ratios.items() if ratio > 1.05]
        if ratios:
            lines.append(
                f"Latency, ours/{who}: worst {max(ratios.values())}, median "
                f"{statistics.median(ratios.values()):.2f} of {len(ratios)}; above 1.05: "
                f"{', '.join(over) or 'none'}."
            )
    everyone = ("ours", *PEERS)
    head = ["network", "varied", *(f"dB, {who}" for who in everyone), "ours - best"]
    for what in ("bytes", "us"):
        head += [f"{what}, {who}" for who in everyone]
        head += [f"{what}, ours/{who}" for who in PEERS]
    said = "\n\n".join(lines)
    return f"# Foreign networks\n\n{machine()}\n\n{SAID}\n\n{said}\n\n{table(head, rows)}\n"
