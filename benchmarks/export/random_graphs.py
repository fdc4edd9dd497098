"""Random graphs of all layers and operations: int8 files beside their twins.

    python -m benchmarks.export.random_graphs [--count 20000] [--seed 0]

Each layer of a file is compared with the twin's, fed the file's own numbers; whole graphs are fed
the same rows. The graphs are those of `tests/export/tflite/test_random.py`, drawn by 500 with a
seed each.
"""

import argparse
import warnings
from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, seed, settings

from tests.export.tflite.random_graphs import RECIPES, WHOLE, Recipe, Tally, compare

CHUNK = 500


@dataclass
class Outcome:
    """Tallies by twin layer, the graphs that failed, and the worst distance of floats."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    failed: list[Recipe] = field(default_factory=list)
    floats: float = 0.0


def add(outcome: Outcome, count: int, start: int) -> None:
    """Compare graphs drawn by a seed."""

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(RECIPES)
    def one(recipe: Recipe) -> None:
        try:
            found = compare(recipe)
        except Exception as error:  # counted, and named at the end
            print(f"{type(error).__name__}: {str(error)[:200]}\n  {recipe}")
            outcome.failed.append(recipe)
            return
        outcome.floats = max(outcome.floats, found.of_twin, found.of_float)
        for kind, apart in found.apart:
            outcome.tallies[kind].add(apart)
        outcome.tallies[WHOLE].add(found.whole)

    one()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "You are using a softmax")  # over an axis of size 1
    outcome, done = Outcome(), 0
    while done < arguments.count:
        few = min(CHUNK, arguments.count - done)
        add(outcome, few, arguments.seed + done // CHUNK)
        done += few
        show(outcome, done)


def show(outcome: Outcome, count: int) -> None:
    print(f"\n{count:,} graphs; {len(outcome.failed)} failed", flush=True)
    print(f"floats: {outcome.floats:.1e} of the largest number apart at most\n")
    print("| twin layer | numbers | equal | within one step | largest |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for kind, tally in sorted(outcome.tallies.items()):
        equal, near = tally.shares()
        print(f"| {kind} | {tally.numbers:,} | {equal:.3%} | {near:.3%} | {tally.largest} |")


if __name__ == "__main__":
    main()
