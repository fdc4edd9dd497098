"""Accuracy, bytes and time of dense models: ours, and the same weights in others' int8 files.

    python -m benchmarks.dense [--only NAME ...] [--seeds 3] [--epochs N] [--data ../shared/data]

Needs `pip install 'pocketzoo[bench,targets]'`. Trains each model on its set, exports it by the
ladder (ptq -> qat -> mixed -> int16x8), and measures on the test images the float model, our file,
the stock converter's and ai-edge-quantizer's. What is done stays in `results/dense.jsonl`; the
table is `results/dense.md`.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import keras
import numpy as np

import export
import tuning
import zoo
from benchmarks.dense import references
from benchmarks.export.jobs import PEERS, SEEN, failures, read_rows, write_job, write_rows
from benchmarks.export.runners import least, runner
from benchmarks.tables import machine, table
from export.runtimes.litert import load, predict
from tuning.spaces import default_recipe
from zoo.presets.catalogue import family_of
from zoo.tasks import meant

RESULTS = Path(__file__).parents[1] / "results"
RECORD, PAGE = RESULTS / "dense.jsonl", RESULTS / "dense.md"
OTHERS = "ours, other figures"
SHOWN = (("ap50", "AP50"), ("pixel_accuracy", "pixel accuracy"))
Build = Callable[[tuple[int, ...], int], keras.Model]


@dataclass(frozen=True)
class Job:
    """A model on a set.

    Attributes:
        source: built-in set, or folder within `--data`.
        preset: whose recipe it is trained by.
        size: side of the images; None: their own.
        reference: another design, in the preset's place.
        backbone: of the preset; None: its own stages.
    """

    source: str
    preset: str
    size: int | None = None
    reference: Build | None = None
    backbone: str | None = None

    @property
    def name(self) -> str:
        own = self.preset if self.reference is None else self.reference.__name__
        return " ".join([self.source, own, *([self.backbone] if self.backbone else [])])

    @property
    def overrides(self) -> dict[str, str]:
        return {"backbone": self.backbone} if self.backbone else {}


JOBS = (
    Job("digits_scenes", "unet_small"),
    Job("digits_scenes", "unet_small", None, references.keras_io_unet),
    Job("digits_scenes", "detect_small"),
    Job("digits_scenes", "detect_small", None, references.yolox_nano),
    Job("membrane", "unet_small", 128),
    Job("membrane", "unet_small", 128, references.keras_io_unet),
    Job("raccoon", "detect_small", 160),
    Job("raccoon", "detect_small", 160, references.yolox_nano),
    Job("raccoon", "detect_small", 160, backbone="pretrained:efficientnet_lite0"),
)


@dataclass(frozen=True)
class Found:
    """The figures of one model and seed, in the metric of its task; None where there is no file."""

    name: str
    seed: int
    epochs: int
    metric: str
    rows: int
    of_float: float
    ours: float
    rung: str
    drop: float
    stock: float | None
    AEQ: float | None
    bytes: int
    times: dict[str, float]  # microseconds, by file
    seconds: float  # of the training
    ci95: tuple[float, float] | None = None  # of our file
    others: dict[str, float] = field(default_factory=dict)  # its other figures


def measured(job: Job, seed: int, epochs: int | None, folder: Path, shared: Path) -> Found:
    """Train a model, export it, and measure all files on the test images."""
    gives = family_of(job.preset).gives
    source = shared / job.source if (shared / job.source).exists() else job.source
    reading = zoo.Reading(image_size=job.size)
    data = zoo.load_data(source, seed=seed, task=meant(gives), reading=reading)
    recipe = replace(default_recipe(job.preset, data, job.overrides), seed=seed)
    recipe = recipe if epochs is None else replace(recipe, epochs=epochs)
    keras.utils.set_random_seed(seed)
    if job.reference is None:
        model = zoo.ModelSpec.of(job.preset, data, job.overrides).build()
    else:
        model = job.reference(data.input_shape, data.num_outputs)
    started = time.monotonic()
    tuning.fit(model, data, recipe)
    seconds = time.monotonic() - started
    ours = export.to_litert(
        model, data=data, directory=folder / "ours", quantized=tuning.quantize(model, data)
    )
    task, y, x = data.task, data.y_test, data.x_test
    of_float = np.asarray(model.predict(x, verbose=0))
    of_int8 = predict(load(ours.int8_file), x, ours.scaling, ours.output)
    files = {"float": ours.float_file, "ours": ours.int8_file}
    bare = keras.Model(model.inputs, model.outputs, name=model.name)  # without the loss
    assert ours.plan.rows is not None  # it was quantized
    write_job(folder, bare, data.x_train[ours.plan.rows.indices])
    write_rows(folder / SEEN, x)
    without, figures = failures(folder, PEERS), {}
    for who, file in PEERS.items():
        if who not in without:
            (outputs,) = read_rows((folder / file).with_suffix(".npz"))
            figures[who] = task.estimate(y, outputs.reshape(of_float.shape)).value
            files[who] = folder / file
    estimate, ones = task.estimate(y, of_int8), np.ones((1, len(y)))
    return Found(
        job.name,
        seed,
        recipe.epochs,
        task.metric.name,
        len(y),
        task.estimate(y, of_float).value,
        estimate.value,
        f"{ours.plan.numerics.name} {ours.plan.rung}",
        task.lost(y, of_float, of_int8),
        figures.get("stock"),
        figures.get("AEQ"),
        ours.int8_file.stat().st_size,
        least({who: runner(path) for who, path in files.items()}, 100),
        seconds,
        estimate.ci95,
        {name: float(one.at(ones)[0]) for name, one in task.figures(y, of_int8).items()},
    )


def recorded() -> list[Found]:
    """Return all that was ever measured."""
    lines = RECORD.read_text().splitlines() if RECORD.exists() else []
    return [Found(**json.loads(line)) for line in lines]


def page(found: list[Found]) -> str:
    """Return the tables: a line for each model, the mean over its seeds."""
    head = ["data and model", "seeds", "metric", "float", "ours", "rung", "drop, points", "worst"]
    head += ["stock", "AEQ", "bytes", "us, ours/float", "us, ours/stock", OTHERS]
    lines = []
    for name in dict.fromkeys(one.name for one in found):
        runs = [one for one in found if one.name == name]
        drops = [one.drop for one in runs]
        shown = {who: _mean([getattr(one, who) for one in runs]) for who in ("stock", "AEQ")}
        ratios = [
            _mean([one.times["ours"] / one.times[who] for one in runs if who in one.times], 1)
            for who in ("float", "stock")
        ]
        lines.append(
            [
                name,
                str(len(runs)),
                runs[0].metric,
                _mean([one.of_float for one in runs]),
                _mean([one.ours for one in runs]),
                ", ".join(sorted({one.rung for one in runs})),
                f"{np.mean(drops):.2f}",
                f"{max(drops):.2f}",
                *shown.values(),
                f"{max(one.bytes for one in runs):,}",
                *ratios,
                _others(runs),
            ]
        )
    said = (
        "Figures on the test images, the mean over seeds; each seed has a split of its own where "
        "the set has none. *Stock*: TensorFlow's converter, full int8, of the same weights and "
        "calibration rows. *AEQ*: ai-edge-quantizer. -: none was made. Rows of 2026-11-28 "
        "(membrane, keras_io_unet) are of 16 images a step, where masks have 8 since."
    )
    return f"# Segmentation and detection\n\n{machine()}\n\n{said}\n\n{table(head, lines)}\n"


def _others(runs: list[Found]) -> str:
    """Return further figures of our files, and the interval where one was measured."""
    shown = [f"{title} {_mean([one.others.get(name) for one in runs])}" for name, title in SHOWN]
    ends = [one.ci95 for one in runs if one.ci95 is not None]
    if len(ends) == 1:
        shown.append(f"95 % {100 * ends[0][0]:.1f} to {100 * ends[0][1]:.1f}")
    return ", ".join(one for one in shown if not one.endswith(" -")) or "-"


def _mean(values: list[float | None], factor: float = 100) -> str:
    known = [one for one in values if one is not None]
    return f"{factor * np.mean(known):.2f}" if known else "-"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [job.name for job in JOBS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, help="default: those of the preset's recipe")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    done = {(one.name, one.seed) for one in recorded()}
    for job in JOBS:
        for seed in range(arguments.seeds if job.name in arguments.only else 0):
            if (job.name, seed) in done:
                continue
            with tempfile.TemporaryDirectory() as folder:
                found = measured(job, seed, arguments.epochs, Path(folder), arguments.data)
            with RECORD.open("a") as file:
                file.write(json.dumps(asdict(found)) + "\n")
            print(found, flush=True)
    PAGE.write_text(page(recorded()))


if __name__ == "__main__":
    main()
