"""What the presets reach on real data, float and int8, beside trees and a linear model.

    python -m benchmarks.quality [--sets NAME ...] [--presets NAME ...] [--trials 1 30]
                                 [--seeds 0 1 2 3 4] [--folder FOLDER]

Through `pocketzoo run` only, with what it does by default: 1 trial is the preset with its own
recipe, 30 a search. Each seed is a split of its own where the set has none (MNIST 5k and
scikit-learn's). Every run is a line of `results/quality.jsonl` as soon as it is done, and is not
run again while that line is there; tables of all lines go to `results/quality.md`. Without
`--folder` nothing is run: tables are made of the lines.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from scipy import stats

from benchmarks.datasets import SOURCES, prepared
from benchmarks.tables import table
from tuning.sweep.pool import cores

RECORD = Path(__file__).parent / "results" / "quality.jsonl"
RESULTS = RECORD.with_suffix(".md")
SETS = {
    "table": ["breast_cancer", "wine", "digits_table", "diabetes"],
    "image": ["digits", "mnist5k"],
    "series": [name for name in SOURCES if name not in ("mnist5k", "PigCVP")],
}
PRESETS = {
    "table": ["mlp_small", "mlp_tabm_small"],
    "image": ["cnn_small", "vit_cct_small"],
    "series": ["lite_small", "inception_small"],
}
BASELINES = ("trees", "linear")
COLUMNS = "data | model | trials | seeds | float | int8 | drop | worst | bytes | s | LITE's"
INTRO = """# Quality

`pocketzoo run` with its defaults (1 trial: the preset with its own recipe; 30: a search), judged on
the test rows. Float and int8: accuracy, of diabetes RMSE; mean and 95 % interval over the seeds,
each with a split of its own where the set has none. Drop: of int8 from float, in points or percent,
mean and worst. s: seconds of a whole run on one core, the median. LITE's: what its authors
published (mean of five trainings). Trees: scikit-learn's HistGradientBoosting; linear: logistic
regression or ridge; both on the flattened rows. Each run by itself, with its backend and the code
it ran on, is a line of `quality.jsonl`.

That noisy outputs count on the ladder from calibration to training was found on GunPoint and
ArrowHead, which lost 1.3 and 1.7 points before: of the drop they are no independent proof.

"""


@dataclass(frozen=True)
class Run:
    """One run of one model: figures on the test rows, in the set's metric."""

    data: str
    model: str
    seed: int
    trials: int  # 0: a baseline
    of_float: float
    of_int8: float | None
    drop: float | None  # points or percent
    bytes: int | None
    seconds: float
    backend: str
    code: str  # commit

    @property
    def key(self) -> tuple[str, str, int, int]:
        return self.data, self.model, self.trials, self.seed


def recorded() -> dict[tuple[str, str, int, int], Run]:
    """Return all runs that were ever done, by set, model, trials and seed."""
    lines = RECORD.read_text().splitlines() if RECORD.exists() else []
    runs = [Run(**json.loads(text)) for text in lines]
    return {run.key: run for run in runs}


def record(run: Run) -> None:
    with RECORD.open("a") as file:
        file.write(json.dumps(asdict(run)) + "\n")


def commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def run(name: str, preset: str, trials: int, seed: int, folder: Path) -> Run:
    """Run a preset on a set by the command, in a folder of its own."""
    out = folder / f"{name}-{preset}-{seed}-{trials}"
    source = prepared(name, seed, folder / "sets")
    command = [sys.executable, "-m", "pocketzoo", "run", source, preset, "--out", str(out)]
    command += ["--seed", str(seed), "--trials", str(trials), "--again", "0", "--jobs", "1"]
    started = time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if not (out / "report.json").exists():
        raise SystemExit(f"{' '.join(command)}\n{ended.stdout}{ended.stderr}")
    report = json.loads((out / "report.json").read_text())
    return Run(
        name,
        preset,
        seed,
        trials,
        report["float"]["value"],
        report["int8"]["value"],
        report["drop"]["value"],
        report["files"]["model_int8.tflite"]["bytes"],
        round(time.monotonic() - started),
        os.environ.get("KERAS_BACKEND", "tensorflow"),
        commit(),
    )


def baseline(name: str, kind: str, seed: int, folder: Path) -> Run:
    """Train trees or a linear model on the flattened rows of a set."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import zoo

    started = time.monotonic()
    data = zoo.load_data(prepared(name, seed, folder / "sets"), seed).merged()
    x_train, x_test = (x.reshape(len(x), -1) for x in (data.x_train, data.x_test))
    classes = data.task == "classification"
    y_train, y_test = (y if classes else y[:, 0] for y in (data.y_train, data.y_test))
    if kind == "trees":
        trees = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
        model = trees(random_state=seed)
    else:
        linear = LogisticRegression(max_iter=2000) if classes else Ridge()
        model = make_pipeline(StandardScaler(), linear)
    found = model.fit(x_train, y_train).predict(x_test)
    score = (found == y_test).mean() if classes else np.sqrt(((found - y_test) ** 2).mean())
    seconds = round(time.monotonic() - started, 1)
    return Run(
        name, kind, seed, 0, float(score), None, None, None, seconds, "scikit-learn", commit()
    )


def complete(kind: str, names: Sequence[str], arguments: argparse.Namespace) -> None:
    """Run what the record lacks, as many at a time as there are cores."""
    known, folder = recorded(), arguments.folder
    presets = [one for one in PRESETS[kind] if one in (arguments.presets or PRESETS[kind])]
    for name, seed in product(names, arguments.seeds):
        prepared(name, seed, folder / "sets")  # before two runs would make one file
        for model in BASELINES:
            if (name, model, 0, seed) not in known:
                record(baseline(name, model, seed, folder))
    asked = product(arguments.seeds, names, presets, arguments.trials)
    todo = [(name, preset, trials, seed) for seed, name, preset, trials in asked]
    with ThreadPoolExecutor(cores()) as pool:
        started = [pool.submit(run, *key, folder) for key in todo if key not in known]
        for done in as_completed(started):
            record(done.result())
            print(done.result(), flush=True)


def interval(values: Sequence[float], digits: int = 4) -> str:
    """Return the mean over seeds and its 95 % interval by Student's t."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return f"{mean:.{digits}f}"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{mean:.{digits}f} +- {half:.{digits}f}"


def line(runs: Sequence[Run]) -> list[str]:
    """Return the line of a table: one model on one set, all its seeds."""
    first = runs[0]
    digits = 2 if first.data == "diabetes" else 4
    of_int8 = [one.of_int8 for one in runs if one.of_int8 is not None]
    drops = [one.drop for one in runs if one.drop is not None]
    published = SOURCES[first.data].lite if first.data in SOURCES else None
    return [
        first.data,
        first.model,
        str(first.trials or ""),
        str(len(runs)),
        interval([one.of_float for one in runs], digits),
        interval(of_int8, digits) if of_int8 else "",
        f"{np.mean(drops):.2f}" if drops else "",
        f"{max(drops):.2f}" if drops else "",
        str(first.bytes or ""),
        f"{np.median([one.seconds for one in runs]):.0f}",
        str(published or ""),
    ]


def tables(runs: Iterable[Run]) -> str:
    """Return the tables of all kinds of data, one line per set, model and number of trials."""
    groups: dict[tuple[str, str, int], list[Run]] = {}
    for one in runs:
        groups.setdefault((one.data, one.model, one.trials), []).append(one)
    parts = []
    for kind, names in SETS.items():
        asked = product(names, (*BASELINES, *PRESETS[kind]), (0, 1, 30))
        rows = [line(groups[key]) for key in asked if key in groups]
        parts.append(f"## {kind}\n\n{table(COLUMNS.split(' | '), rows)}")
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=[])
    parser.add_argument("--presets", nargs="+", default=[])
    parser.add_argument("--trials", type=int, nargs="+", default=[1])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for kind, known in SETS.items():
        names = [name for name in known if not arguments.sets or name in arguments.sets]
        if arguments.folder and names:
            complete(kind, names, arguments)
    text = tables(recorded().values())
    RESULTS.write_text(f"{INTRO}{text}\n")
    print(text)


if __name__ == "__main__":
    main()
