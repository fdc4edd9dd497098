"""What the presets reach on real data, float and int8, beside trees and a linear model.

    python -m benchmarks.quality [--sets NAME ...] [--presets NAME ...] [--trials 1 30]
                                 [--seeds 0 1 2 3 4] --keep FOLDER [--kept] [--write]

Through `pocketzoo run` only, with what it does by default: 1 trial is the preset with its own
recipe, 30 a search. Each seed is a split of its own where the set has none (MNIST 5k and
scikit-learn's). Runs that are in the folder already are not run again; with `--kept` no others
are shown. Prints tables; `--write` puts them into `benchmarks/results/quality.md`, too.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from benchmarks.datasets import SOURCES, prepared
from benchmarks.tables import table
from tuning.sweep.pool import cores

RESULTS = Path(__file__).parent / "results" / "quality.md"
SERIES = [name for name in SOURCES if name not in ("mnist5k", "PigCVP")]
SETS = {
    "table": ["breast_cancer", "wine", "digits_table", "diabetes"],
    "image": ["digits", "mnist5k"],
    "series": SERIES,
}
PRESETS = {
    "table": ["mlp_small", "mlp_tabm_small"],
    "image": ["cnn_small", "vit_cct_small"],
    "series": ["lite_small", "inception_small"],
}
BASELINES = ("trees", "linear")
INTRO = """# Quality

`pocketzoo run` with its defaults (1 trial: the preset with its own recipe; 30: a search), judged on
the test rows. Float and int8: accuracy, of diabetes RMSE; mean and 95 % interval over the seeds,
each with a split of its own where the set has none. Drop: of int8 from float, in points or percent,
mean and worst. s: seconds of a whole run, the median. LITE's: what its authors published (mean of
five trainings). Trees: scikit-learn's HistGradientBoosting; linear: logistic regression or ridge;
both on the flattened rows.

That noisy outputs count on the ladder from calibration to training was found on GunPoint and
ArrowHead, which lost 1.3 and 1.7 points before: of the drop they are no independent proof.

"""


class Run(NamedTuple):
    """One run of one model: figures on the test rows, in the set's metric."""

    of_float: float
    of_int8: float
    drop: float
    bytes: int
    seconds: float


def run(name: str, preset: str, seed: int, trials: int, folder: Path) -> Run:
    """Run a preset on a set, unless the folder holds that already."""
    file = _kept(name, preset, seed, trials, folder)
    out = file.parent
    if not file.exists():
        source = prepared(name, seed, folder / "sets")
        command = [sys.executable, "-m", "pocketzoo", "run", source, preset, "--out", str(out)]
        command += ["--seed", str(seed), "--trials", str(trials), "--again", "0", "--jobs", "1"]
        started = time.monotonic()
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if not (out / "report.json").exists():
            raise SystemExit(f"{' '.join(command)}\n{ended.stdout}{ended.stderr}")
        report = json.loads((out / "report.json").read_text())
        found = Run(
            report["float"]["value"],
            report["int8"]["value"],
            report["drop"]["value"],
            report["files"]["model_int8.tflite"]["bytes"],
            time.monotonic() - started,
        )
        file.write_text(json.dumps(found._asdict()))
    return Run(**json.loads(file.read_text()))


def _kept(name: str, preset: str, seed: int, trials: int, folder: Path) -> Path:
    """Return the file that a run leaves when it is done."""
    return folder / f"{name}-{preset}-{seed}-{trials}" / "run.json"


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
    if kind == "trees":
        trees = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
        model = trees(random_state=seed)
    else:
        model = make_pipeline(
            StandardScaler(), LogisticRegression(max_iter=2000) if classes else Ridge()
        )
    model.fit(x_train, data.y_train if classes else data.y_train[:, 0])
    found = model.predict(x_test)
    score = (
        (found == data.y_test).mean()
        if classes
        else np.sqrt(((found - data.y_test[:, 0]) ** 2).mean())
    )
    return Run(float(score), float("nan"), float("nan"), 0, time.monotonic() - started)


def interval(values: Sequence[float], digits: int = 4) -> str:
    """Return the mean over seeds and its 95 % interval by Student's t."""
    mean = float(np.mean(values))
    if len(values) < 2 or np.isnan(mean):
        return "" if np.isnan(mean) else f"{mean:.{digits}f}"
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return f"{mean:.{digits}f} +- {half:.{digits}f}"


def line(name: str, model: str, trials: int | str, runs: Sequence[Run]) -> list[str]:
    digits = 2 if name == "diabetes" else 4
    drops = [one.drop for one in runs]
    published = SOURCES[name].lite if name in SOURCES else None
    return [
        name,
        model,
        str(trials),
        str(len(runs)),
        interval([one.of_float for one in runs], digits),
        interval([one.of_int8 for one in runs], digits),
        "" if np.isnan(drops[0]) else f"{np.mean(drops):.2f}",
        "" if np.isnan(drops[0]) else f"{max(drops):.2f}",
        str(runs[0].bytes or ""),
        f"{np.median([one.seconds for one in runs]):.0f}",
        str(published or ""),
    ]


HEAD = [
    "data",
    "model",
    "trials",
    "seeds",
    "float",
    "int8",
    "drop",
    "worst",
    "bytes",
    "s",
    "LITE's",
]


def measured(kind: str, sets: Sequence[str], arguments: argparse.Namespace) -> str:
    """Return the table of one kind of data."""
    models = product(sets, arguments.presets or PRESETS[kind], arguments.trials)
    rows = []
    for name, seed in product(sets, arguments.seeds):
        prepared(name, seed, arguments.keep / "sets")  # before two runs would make one file
    with ThreadPoolExecutor(cores()) as pool:
        todo = {
            (name, preset, trials): {
                seed: pool.submit(run, name, preset, seed, trials, arguments.keep)
                for seed in arguments.seeds
                if not arguments.kept or _kept(name, preset, seed, trials, arguments.keep).exists()
            }
            for name, preset, trials in models
        }
        for name in sets:
            own = {key: runs for key, runs in todo.items() if key[0] == name and runs}
            if not own:
                continue
            seeds = sorted({seed for runs in own.values() for seed in runs})
            for model in BASELINES:
                runs = [baseline(name, model, seed, arguments.keep) for seed in seeds]
                rows.append(line(name, model, "", runs))
            for (_, preset, trials), started in own.items():
                rows.append(line(name, preset, trials, [one.result() for one in started.values()]))
                print(rows[-1], flush=True)
    return table(HEAD, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", nargs="+", default=[])
    parser.add_argument("--presets", nargs="+", default=[])
    parser.add_argument("--trials", type=int, nargs="+", default=[1])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--kept", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parts = []
    for kind, known in SETS.items():
        sets = [name for name in known if not arguments.sets or name in arguments.sets]
        if sets:
            parts.append(f"## {kind}\n\n{measured(kind, sets, arguments)}")
            print(parts[-1], flush=True)
    if arguments.write:
        RESULTS.write_text(INTRO + "\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
