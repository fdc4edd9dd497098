"""The tables of the comparison of searches, made of its record."""

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.auto.figures import ends, share, shown
from benchmarks.auto.limits import for_devices, for_tenths
from benchmarks.auto.record import AUTO, DEVICE, PEERS, STOCK, TENTHS, Run, level
from benchmarks.auto.sets import DENSE, SETS
from benchmarks.tables import machine, table

INTRO = """\
`pocketzoo run DATA --minutes {minutes:g}` without a preset (*auto*), with each of the presets that
`zoo.advice.choice.candidates` names first, FLAML 2.8 (LightGBM, XGBoost, forests, linear) and
AutoKeras 3 (images as such, all other rows flattened), each for the same seconds on one core, the
split of seed {seeds}. Ours: the int8 file's figure on the test rows, accuracy or RMSE; theirs: the
float model's. *Best preset* is chosen by its test figure, which flatters it. *Level*: the other's
figure is within the 95 % interval of auto's, or worse. Bytes: theirs as their libraries save them.
*Stock*: KerasTuner's RandomSearch over the space of the preset that auto took, as in
`benchmarks/sweep`; its scores are on validation rows. *Over*: seconds from the command to its end,
over those asked for.

On a quiet core each; "-" is a run that was not done. Rows of ours are of the commits in
`auto.jsonl`; those of split 0 are older than searches that go on where a trial that was cut leaves
more time, and than a time for the end that is planned by the model."""


def page(runs: Sequence[Run], minutes: float) -> str:
    """Return the tables of all runs of so many minutes."""
    every, runs = runs, [run for run in runs if run.minutes == minutes]
    groups = [
        [run for run in runs if (run.data, run.seed) == (name, seed)]
        for name in SETS
        for seed in sorted({run.seed for run in runs})
    ]
    whole = [{run.who: run for run in group} for group in groups]
    whole = [one for one in whole if AUTO in one]
    seeds = ", ".join(str(seed) for seed in sorted({run.seed for run in runs}))
    head = ["data", "seed", "auto int8", "95 %", "took", "bytes", "first file, s", "over"]
    head += ["best preset", "its int8", *PEERS, *(f"{peer}, bytes" for peer in PEERS)]
    lines = [_line(one) for one in whole]
    intro = INTRO.format(minutes=minutes, seeds=seeds)
    return (
        f"# Search without a preset\n\n{machine()}\n\n{intro}\n\n{table(head, lines)}\n\n"
        f"{_summary(whole)}\n{_kept(every)}\n{for_devices(whole)}{for_tenths(whole)}"
    )


def best_preset(one: dict[str, Run]) -> Run | None:
    """Return the run of the preset with the best test figure."""
    others = (AUTO, DEVICE, STOCK, *PEERS, *TENTHS)
    presets = [run for who, run in one.items() if who not in others]
    return max(presets, key=lambda run: run.better * run.value, default=None)


def time_to(run: Run, score: float) -> float:
    """Return the seconds until a trial had a score; infinity where none had."""
    scores = [(seconds, own) for seconds, own in run.trace if own is not None]
    return min((s for s, own in scores if run.better * own >= run.better * score), default=math.inf)


def _last(run: Run) -> float:
    """Return the best score of a trace; what any score is as good as where there is none."""
    scores = [run.better * own for _, own in run.trace if own is not None]
    return run.better * max(scores, default=-math.inf)


def _line(one: dict[str, Run]) -> list[str]:
    auto, preset = one[AUTO], best_preset(one)
    peers = [one.get(peer) for peer in PEERS]
    return [
        auto.data,
        str(auto.seed),
        shown(auto),
        ends(auto),
        auto.model,
        f"{auto.bytes:,}",
        f"{auto.first:.0f}" if auto.first else "-",
        f"{auto.over:+.0%}",
        preset.who if preset else "-",
        shown(preset),
        *(shown(peer) for peer in peers),
        *(f"{peer.bytes:,}" if peer else "-" for peer in peers),
    ]


def _summary(whole: Sequence[dict[str, Run]]) -> str:
    """Return what the goals of the comparison ask for."""
    said = []
    pairs = [(one[AUTO], best) for one in whole if (best := best_preset(one))]
    if pairs:
        gains = [_gain(*pair) for pair in pairs]
        said.append(
            f"- Level with the best preset, or better: {share([level(*p) for p in pairs])}; the "
            f"median difference is {100 * float(np.median(gains)):+.2f} points (percent of RMSE)."
        )
    for peer in PEERS:
        met = [(one[AUTO], one[peer]) for one in whole if peer in one]
        if met:
            less = [p.bytes / a.bytes for a, p in met]
            said.append(
                f"- Level with {peer}, or better: {share([level(*pair) for pair in met])}; its "
                f"model has {float(np.median(less)):.1f} times the bytes (median), "
                f"{share([times >= 10 for times in less])} at least ten times."
            )
    races = [(one[AUTO], one[STOCK]) for one in whole if STOCK in one]
    if races:
        shares = [time_to(a, _last(s)) / s.seconds for a, s in races]
        said.append(
            f"- Stock RandomSearch over the space of the preset that auto took: auto had its last "
            f"validation score after {_median(shares)} of its time (median of "
            f"{len(shares)}; {sum(map(math.isinf, shares))} never)."
        )
    small = [one[AUTO].first or 0.0 for one in whole if one[AUTO].data not in DENSE]
    said.append(f"- The first checked file: {max(small, default=0.0):.0f} s at most.")
    return "\n".join(said)


def _kept(runs: Sequence[Run]) -> str:
    """Return how well minutes were kept, by how many were asked for."""
    ours = [run for run in runs if run.who not in (STOCK, *PEERS) and run.bytes]
    said = []
    for minutes in sorted({run.minutes for run in ours}):
        over = [run.over for run in ours if run.minutes == minutes]
        near = share([abs(one) <= 0.1 for one in over])
        said.append(
            f"- Minutes, of {minutes:g}: {min(over):+.0%} to {max(over):+.0%}; {near} of our runs "
            "within 10 %."
        )
    return "\n".join(said)


def _gain(run: Run, other: Run) -> float:
    """Return by how much a run is better: of the metric, or of the other's RMSE."""
    if run.better > 0:
        return run.value - other.value
    return 1 - run.value / other.value


def _median(values: Sequence[float]) -> str:
    """Return the median; "-" where half of the values are infinite."""
    found = float(np.median(values))
    return f"{found:.2f}" if math.isfinite(found) else "-"
