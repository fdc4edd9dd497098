"""The record of `python -m benchmarks.quality`: one line a run, and the tables made of them."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.quality.datasets import SOURCES
from benchmarks.tables import interval, table

RECORD = Path(__file__).parents[1] / "results" / "quality.jsonl"
RESULTS = RECORD.with_suffix(".md")
SETS = {
    "table": ["breast_cancer", "wine", "digits_table", "diabetes"],
    "image": ["digits", "mnist5k"],
    "series": [name for name in SOURCES if name not in ("mnist5k", "PigCVP")],
}
PRESETS = {
    "table": ["mlp_small", "mlp_tabm_small"],
    "image": ["cnn_small", "vit_cct_small"],
    "series": ["lite_small", "inception_small", "gru_small"],
}
BASELINES = {
    "table": ["trees", "linear", "RealMLP-TD-S (pytabkit)", "TabM-D (pytabkit)"],
    "image": ["trees", "linear"],
    "series": ["trees", "linear"],
}
REGRESSION = ("diabetes",)
SHORT = [  # what the README shows of tables and images
    ("digits", "cnn_small", 1),
    ("digits", "vit_cct_small", 1),
    ("mnist5k", "cnn_small", 1),
    ("mnist5k", "vit_cct_small", 1),
    *product(SETS["table"], ["mlp_tabm_small"], [1]),
    *product(SETS["table"], ["mlp_small"], [30]),
]
SHORT_COLUMNS = "data | preset | seeds | int8 | drop | bytes | boosted trees | linear | RealMLP"
OTHERS = BASELINES["table"][:3]  # of those columns
COLUMNS = "data | model | trials | seeds | float | int8 | drop | worst | bytes | s | LITE's"


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


def line(runs: Sequence[Run]) -> list[str]:
    """Return the line of a table: one model on one set, all its seeds."""
    first = runs[0]
    digits = 2 if first.data in REGRESSION else 4
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


def by_model(runs: Iterable[Run]) -> dict[tuple[str, str, int], list[Run]]:
    """Return runs by set, model and trials, in the order of their seeds."""
    groups: dict[tuple[str, str, int], list[Run]] = {}
    for one in sorted(runs, key=lambda one: one.seed):
        groups.setdefault((one.data, one.model, one.trials), []).append(one)
    return groups


def tables(runs: Iterable[Run]) -> str:
    """Return the tables of all kinds of data, one line per set, model and number of trials."""
    groups, parts = by_model(runs), []
    for kind, names in SETS.items():
        asked = product(names, (*BASELINES[kind], *PRESETS[kind]), (0, 1, 30))
        rows = [line(groups[key]) for key in asked if key in groups]
        parts.append(f"## {kind}\n\n{table(COLUMNS.split(' | '), rows)}")
    return "\n\n".join(parts)


def short(runs: Iterable[Run]) -> str:
    """Return the table that the README shows."""
    groups = by_model(runs)
    rows = [_short(key, groups) for key in SHORT if key in groups]
    return table(SHORT_COLUMNS.split(" | "), [*rows, _series(groups)])


def _short(
    key: tuple[str, str, int], groups: Mapping[tuple[str, str, int], list[Run]]
) -> list[str]:
    data, model, trials = key
    regression = data in REGRESSION
    scale, unit = (1, "") if regression else (100, " %")

    def text(values: Sequence[float | None]) -> str:
        known = [scale * one for one in values if one is not None]
        return interval(known, 1).replace("+-", "±") + unit if known else ""

    drops = [one.drop for one in groups[key] if one.drop is not None]
    return [
        f"{data}, RMSE" if regression else data,
        f"`{model}`" + (f", {trials} trials" if trials > 1 else ""),
        str(len(groups[key])),
        text([one.of_int8 for one in groups[key]]),
        f"{np.mean(drops):.2f}",
        f"{groups[key][0].bytes:,d}",
        *(text([one.of_float for one in groups.get((data, other, 0), [])]) for other in OTHERS),
    ]


def _series(groups: Mapping[tuple[str, str, int], list[Run]]) -> list[str]:
    """Return the line of the series: the median over the sets, each the mean of its seeds."""
    names = SETS["series"]
    found = [groups[name, "lite_small", 1] for name in names]
    ours = np.median([np.mean([one.of_int8 or 0 for one in runs]) for runs in found])
    theirs = np.median([SOURCES[name].lite or 0 for name in names])
    others = [
        np.median([np.mean([one.of_float for one in groups[name, other, 0]]) for name in names])
        for other in OTHERS[:2]
    ]
    bytes_ = [one.bytes or 0 for runs in found for one in runs]
    return [
        f"{len(names)} small UCR and UEA sets, the median",
        "`lite_small`",
        str(min(map(len, found))),
        f"{100 * ours:.1f} % (LITE's authors: {100 * theirs:.1f} %)",
        f"{np.mean([one.drop or 0 for runs in found for one in runs]):.2f}",
        f"{min(bytes_):,d} to {max(bytes_):,d}",
        *(f"{100 * other:.1f} %" for other in others),
        "",
    ]
