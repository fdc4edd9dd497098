"""Our int8 files beside the stock converter's and ONNX Runtime's: same weights, rows and run.

    python benchmarks/export.py [--only NAME ...] [--trained] [--epochs 30] [--keep FOLDER]

Needs `pip install 'pocketzoo[bench,targets]'`. Prints tables, and writes them to
`benchmarks/results/export.md` where all models are done; six to nine minutes on two cores. With
`--trained` it is a table of what int8 loses instead (`benchmarks/results/trained.md`).
"""

import argparse
import datetime
import importlib.metadata
import json
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # or `export` were this file

import keras
import numpy as np

import export
import tuning
from benchmarks.runners import OrtRunner, least, runner
from export.child import ChildError, run_python
from export.ethos import EthosRun, compile_ethos
from export.micro import MicroRun, run_micro
from export.runtime import file_scaling, load, predict
from tuning.spaces import default_recipe
from zoo import Data, load_data
from zoo.metrics import drop
from zoo.presets import ModelSpec, find_preset

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("tensorflow", "keras", "ai-edge-litert", "onnxruntime", "tf2onnx", "tflite-micro")
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")
IMAGES, ROWS = ((32, 32, 3), 10), 256
SPECS = {
    "mlp_small": ModelSpec("mlp_small", (30,), 2),
    "mlp_base": ModelSpec("mlp_base", (30,), 2),
    "cnn_small": ModelSpec("cnn_small", *IMAGES),
    "cnn_base": ModelSpec("cnn_base", *IMAGES),
    "cnn_depthwise_small": ModelSpec("cnn_depthwise_small", (49, 10, 1), 12),
    "gru": ModelSpec("gru_small", (24, 6), 10, {"units": 32}),
    "vit_small": ModelSpec("vit_small", *IMAGES),
    "vit_small_sigmoid": ModelSpec("vit_small", *IMAGES, {"attention": "sigmoid"}),
    "vit_base": ModelSpec("vit_base", *IMAGES),
}
TRAINED = {  # name -> a set that the family is at home with
    "mlp_small": "breast_cancer",
    "cnn_small": "digits",
    "gru": "digits_rows",
    "vit_small": "digits",
    "vit_small_sigmoid": "digits",
}
HOW_TO_READ = """\
One row is one int8 file of ours; the columns beside it are the same weights, calibrated with the
same 256 rows, in other hands. *float*: the float32 `.tflite`. *same graph*: the operators of our
int8 file in float32, which tells the cost of int8 from the cost of the graph. *stock*: Keras'
`model.export` and TensorFlow's converter, full int8 (a rolled GRU kills it; the unrolled row is
what it can do). *ORT*: onnxruntime, Keras' ONNX export; int8 is static QDQ, per channel, U8S8
with `reduce_range` (7-bit weights, the form that is right without VNNI too). Latency is the
least of 300 slices of half a millisecond, for one row on one thread, all files of a model in turn.
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


def fill(spec: ModelSpec, seed: int = 0) -> keras.Model:
    """Build a model with weights like trained ones (as `tests/instances.py` does)."""
    model = spec.build()
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(0.0, 1.0, weight.shape)
        if weight.name in ("gamma", "scale", "moving_variance"):
            values = 1.0 + 0.2 * np.abs(values)
        elif len(weight.shape) < 2:
            values = 0.1 * values
        else:
            values = 0.5 * values / np.sqrt(np.prod(weight.shape[:-1]))
        weight.assign(values.astype(np.float32))
    return model


def noise(spec: ModelSpec) -> Data:
    """Return random rows in the shape of a model."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, *spec.input_shape)).astype(np.float32)
    y = np.arange(ROWS) % spec.num_outputs
    classes = tuple(map(str, range(spec.num_outputs)))
    return Data("noise", "noise", 0, "classification", classes, "", x, y, x[:0], y[:0], x, y)


def products(model: keras.Model, forms: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return form -> column -> the file that a child process is to make."""
    table = {
        "rolled": {"same graph": "same.tflite", "ORT float": "float.onnx"},
        "step": {"same graph": "same_step.tflite"},
        "unrolled": {
            "same graph": "same_unrolled.tflite",
            "stock": "stock_unrolled.tflite",
            "ORT float": "float_unrolled.onnx",
            "ORT int8": "int8_unrolled.onnx",
        },
    }
    if not any(isinstance(layer, keras.layers.RNN) for layer in model.layers):
        table["rolled"] |= {"stock": "stock.tflite", "ORT int8": "int8.onnx"}
    return {form: table[form] for form in forms}


def make(name: str, model: keras.Model, data: Data, folder: Path) -> list[Row]:
    """Make every file of a model. Returns its rows, not yet measured."""
    recurrent = any(isinstance(layer, keras.layers.RNN) for layer in model.layers)
    wanted = ("step", "unrolled") if recurrent else None
    ours = export.to_litert(model, data=data, directory=folder / "ours", forms=wanted)
    _write_job(model, ours, folder)
    rows = []
    for form, columns in products(model, ours.plan.forms).items():
        label = f"{name} {form}" if recurrent else name
        label += " (1 of 24)" if form == "step" else ""
        files = {"float": ours.float_file, "ours": ours.run.path / ours.plan.forms[form]}
        row = Row(label, files, {"ours": ours.seconds})
        seconds = _peers(folder, columns.values())
        for column, file in columns.items():
            row.files[column], row.seconds[column] = folder / file, seconds[file]
        rows.append(row)
    if recurrent:
        try:
            _peers(folder, ["stock.tflite"])
        except ChildError as error:
            rows[0].failed["stock"] = "crash" if "died of" in str(error) else "fails"
            print(f"  stock, rolled: {str(error).splitlines()[0]}", flush=True)
    return rows


def _write_job(model: keras.Model, ours: export.Export, folder: Path) -> None:
    assert ours.plan.rows is not None
    (folder / "model.json").write_text(model.to_json())
    model.save_weights(folder / "model.weights.h5")
    shutil.copy(ours.run.path / "twin.weights.h5", folder)
    np.save(folder / "calibration.npy", ours.plan.rows.x)
    standardized = ours.plan.rows.standardize is not None
    (folder / "settings.json").write_text(json.dumps({"standardized": standardized}))


def _peers(folder: Path, files: Iterable[str]) -> dict[str, float]:
    """Have a child process make files. Returns the seconds of each."""
    run_python(["-m", "benchmarks.peers", str(folder), str(time.time()), *files], 600)
    return dict(json.loads((folder / "seconds.json").read_text()))


def measure(rows: list[Row], rounds: int) -> None:
    """Time all files of a model in one loop, then ask the other two targets."""
    paths = {str(path): path for row in rows for path in row.files.values()}
    latency = least({key: runner(path) for key, path in paths.items()}, rounds)
    for row in rows:
        row.latency = {column: latency[str(path)] for column, path in row.files.items()}
        for column in {"ours", "stock"} & {*row.files}:
            path = row.files[column]
            shapes = [details["shape"] for details in load(path).get_input_details()]
            row.micro[column] = run_micro(path, [np.zeros(shape, np.int8) for shape in shapes])
            row.ethos[column] = compile_ethos(path)


def lost(name: str, seed: int, epochs: int, folder: Path) -> list[list[str]]:
    """Train a model on its home set and return what each int8 file of it loses."""
    spec, data = SPECS[name], load_data(TRAINED[name], seed)
    model = ModelSpec(spec.preset, data.input_shape, data.num_outputs, spec.overrides).build()
    recipe = default_recipe(spec.preset)
    tuning.fit(model, data, tuning.Recipe(epochs, learning_rate=recipe.learning_rate, seed=seed))
    ours = export.to_litert(model, data=data, directory=folder / "ours")
    _write_job(model, ours, folder)
    rolled = find_preset(spec.preset).family == "gru"
    files = [f"stock{'_unrolled' * rolled}.tflite", f"int8{'_unrolled' * rolled}.onnx"]
    _peers(folder, files)
    of_float = np.asarray(model.predict(data.x_test, verbose=0))
    found = [
        predict(load(ours.int8_file), data.x_test, ours.scaling),
        _predicted(folder / files[0], data.x_test),
        OrtRunner(folder / files[1]).predict(data.x_test),
    ]
    accuracy = float(np.mean(of_float.argmax(axis=1) == data.y_test))
    head = [name, data.name, str(seed), f"{100 * accuracy:.2f}"]
    return [head + [text for x in found for text in _compared(data, of_float, x)]]


def _predicted(path: Path, x: np.ndarray) -> np.ndarray | None:
    """Run a stock file on rows; None where XNNPACK refuses it (a scale out of its bounds)."""
    try:
        interpreter = load(path)
    except RuntimeError as error:
        print(f"  {path.name}: {error}", flush=True)
        return None
    return predict(interpreter, x, file_scaling(interpreter))


def _compared(data: Data, of_float: np.ndarray, of_int8: np.ndarray | None) -> list[str]:
    """Return drop, agreement and signal to noise of the logits."""
    if of_int8 is None:
        return ["refused"] * 3
    agreement = np.mean(of_float.argmax(axis=1) == of_int8.argmax(axis=1))
    noise = np.mean((of_float - of_int8) ** 2)
    return [
        f"{drop(data.task, data.y_test, of_float, of_int8):+.2f}",
        f"{100 * agreement:.1f}",
        f"{10 * np.log10(np.mean(of_float**2) / max(noise, 1e-30)):.1f}",
    ]


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Return a markdown table: the first column to the left, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


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


SIZES = ("float", "ours", "stock", "ORT float", "ORT int8")
SIZE_RATIOS = (("ours", "float"), ("ours", "stock"), ("ours", "ORT int8"))
TIMES = ("float", "same graph", "ours", "stock", "ORT float", "ORT int8")
TIME_RATIOS = (
    ("ours", "float"),
    ("ours", "same graph"),
    ("ours", "stock"),
    ("ours", "ORT int8"),
    ("ours", "ORT float"),
)
TARGETS = [
    "model",
    *(f"{what}, {who}" for what in ("arena", "NPU", "cycles") for who in ("ours", "stock")),
    *(f"seconds, {who}" for who in ("ours", "stock", "ORT int8")),
]


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
        *(str(row.seconds.get(who, _missing(row, who))) for who in ("ours", "stock", "ORT int8")),
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


def exported(names: Iterable[str], keep: Path, rounds: int) -> str:
    rows: list[Row] = []
    for name in names:
        started = time.monotonic()
        model, data = fill(SPECS[name]), noise(SPECS[name])
        new = make(name, model, data, _fresh(keep / name))
        measure(new, rounds)
        rows += new
        for row in new:
            times = {column: round(value, 1) for column, value in row.latency.items()}
            print(f"{row.name}: {times} {time.monotonic() - started:.0f} s", flush=True)
    return f"# Export\n\n{machine()}\n\n{HOW_TO_READ}\n\n{tables(rows)}\n"


def trained(names: Iterable[str], keep: Path, seeds: int, epochs: int) -> str:
    rows = []
    for name in names:
        for seed in range(seeds):
            rows += lost(name, seed, epochs, _fresh(keep / f"{name}_trained{seed}"))
            print(*rows[-1], flush=True)
    parts = ("drop", "agreement", "SNR dB")
    head = ["model", "data", "seed", "accuracy"]
    head += [f"{part}, {who}" for who in ("ours", "stock", "ORT int8") for part in parts]
    said = (
        f"{epochs} epochs of the default recipe; drop in points of test accuracy, agreement in "
        "percent of the test rows, both against the float Keras model. Refused: LiteRT does not "
        "load the file. A GRU is ours rolled; stock and ORT unrolled, the only form they have."
    )
    return f"# What int8 loses\n\n{machine()}\n\n{said}\n\n{table(head, rows)}\n"


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=SPECS, default=list(SPECS))
    parser.add_argument("--trained", action="store_true")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--keep", type=Path, help="folder in which all files stay")
    arguments = parser.parse_args()
    texts = {}
    with tempfile.TemporaryDirectory() as folder:
        keep = arguments.keep or Path(folder)
        if arguments.trained:
            names = [name for name in arguments.only if name in TRAINED]
            texts["trained.md"] = trained(names, keep, arguments.seeds, arguments.epochs)
        else:
            texts["export.md"] = exported(arguments.only, keep, arguments.rounds)
    for name, text in texts.items():
        print(text)
        if arguments.only == list(SPECS):
            RESULTS.mkdir(exist_ok=True)
            (RESULTS / name).write_text(text)


if __name__ == "__main__":
    main()
