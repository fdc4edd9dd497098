"""Our int8 files beside those of the stock converter, ai-edge-quantizer and ONNX Runtime.

    python -m benchmarks.export [--only NAME ...] [--trained] [--epochs 30] [--keep FOLDER]

Needs `pip install 'pocketzoo[bench,targets]'`. Prints tables, and writes them to
`benchmarks/results/export.md` where all models are done; six to nine minutes on two cores. With
`--trained` it is a table of what int8 loses instead (`benchmarks/results/trained.md`).
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np

import export
import tuning
from benchmarks.export.jobs import PEERS, failures, make_peers, write_job
from benchmarks.export.runners import OrtRunner, least, runner
from benchmarks.tables import HOW_TO_READ, Row, compared, machine, table, tables
from export.runtimes.ethos import compile_ethos
from export.runtimes.litert import file_scaling, load, predict
from export.runtimes.micro import run_micro
from tests.helpers.instances import fill_weights
from tuning.spaces import default_recipe
from zoo import Data, load_data
from zoo.presets.catalogue import find_preset
from zoo.presets.spec import ModelSpec
from zoo.tasks import Classification

RESULTS = Path(__file__).parents[1] / "results"
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


def noise(spec: ModelSpec) -> Data:
    """Return random rows in the shape of a model."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, *spec.input_shape)).astype(np.float32)
    y = np.arange(ROWS) % spec.num_outputs
    classes = Classification(tuple(map(str, range(spec.num_outputs))))
    return Data("noise", "noise", 0, classes, "", x, y, x[:0], y[:0], x, y)


def products(model: keras.Model, forms: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return form -> column -> the file that a child process is to make."""
    table = {
        "rolled": {"same graph": "same.tflite", "ORT float": "float.onnx"},
        "step": {"same graph": "same_step.tflite"},
        "unrolled": {
            "same graph": "same_unrolled.tflite",
            "stock": "stock_unrolled.tflite",
            "AEQ": "aeq_unrolled.tflite",
            "ORT float": "float_unrolled.onnx",
            "ORT int8": "int8_unrolled.onnx",
        },
    }
    if not any(isinstance(layer, keras.layers.RNN) for layer in model.layers):
        table["rolled"] |= PEERS | {"ORT int8": "int8.onnx"}
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
        seconds = make_peers(folder, columns.values())
        for column, file in columns.items():
            row.files[column], row.seconds[column] = folder / file, seconds[file]
        rows.append(row)
    if recurrent:  # loops end both
        rows[0].failed |= failures(folder, PEERS)
    return rows


def _write_job(model: keras.Model, ours: export.Export, folder: Path) -> None:
    assert ours.plan.rows is not None
    write_job(folder, model, ours.plan.rows.x)
    shutil.copy(ours.run.path / "twin.weights.h5", folder)
    host = ours.plan.rows.host
    settings = {"cut_after": None if host is None else host.layer}
    (folder / "settings.json").write_text(json.dumps(settings))


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
    spec, data = SPECS[name], load_data(TRAINED[name], seed=seed)
    model = ModelSpec(spec.preset, data.input_shape, data.num_outputs, spec.overrides).build()
    recipe = default_recipe(spec.preset)
    tuning.fit(model, data, tuning.Recipe(epochs, learning_rate=recipe.learning_rate, seed=seed))
    ours = export.to_litert(model, data=data, directory=folder / "ours")
    _write_job(model, ours, folder)
    rolled = find_preset(spec.preset).family == "gru"
    end = "_unrolled" * rolled
    files = [f"stock{end}.tflite", f"aeq{end}.tflite", f"int8{end}.onnx"]
    make_peers(folder, files)
    of_float = np.asarray(model.predict(data.x_test, verbose=0))
    found = [
        predict(load(ours.int8_file), data.x_test, ours.scaling, ours.output),
        *(_predicted(folder / file, data.x_test) for file in files[:2]),
        OrtRunner(folder / files[2]).predict(data.x_test),
    ]
    accuracy = float(np.mean(of_float.argmax(axis=1) == data.y_test))
    head = [name, data.name, str(seed), f"{100 * accuracy:.2f}"]
    return [head + [text for x in found for text in compared(data, of_float, x)]]


def _predicted(path: Path, x: np.ndarray) -> np.ndarray | None:
    """Run a stock file on rows; None where XNNPACK refuses it (a scale out of its bounds)."""
    try:
        interpreter = load(path)
    except RuntimeError as error:
        print(f"  {path.name}: {error}", flush=True)
        return None
    return predict(interpreter, x, file_scaling(interpreter))


def exported(names: Iterable[str], keep: Path, rounds: int) -> str:
    rows: list[Row] = []
    for name in names:
        started = time.monotonic()
        model, data = fill_weights(SPECS[name].build()), noise(SPECS[name])
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
    head += [f"{part}, {who}" for who in ("ours", "stock", "AEQ", "ORT int8") for part in parts]
    said = (
        f"{epochs} epochs of the default recipe; drop in points of test accuracy, agreement in "
        "percent of the test rows, both against the float Keras model. Refused: LiteRT does not "
        "load the file. AEQ: ai-edge-quantizer. A GRU is ours rolled; the others' unrolled, the "
        "only form they have."
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
