"""Random graphs of all layers and operations: int8 files beside their twins.

    python -m benchmarks.export.random_graphs [--count 20000] [--seed 0]

Each layer of a file is compared with the twin's, fed the file's own numbers; whole graphs are fed
the same rows. The graphs are those of `tests/export/tflite/test_random.py`.
"""

import argparse
import time
import warnings
from collections import defaultdict

from hypothesis import HealthCheck, given, seed, settings

from tests.export.tflite.random_graphs import RECIPES, WHOLE, Recipe, Tally, compare


def tallied(count: int, start: int) -> tuple[dict[str, Tally], list[Recipe], float]:
    """Compare graphs; return tallies by twin layer, the graphs that failed and the worst float."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    failed: list[Recipe] = []
    floats = [0.0]

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
            failed.append(recipe)
            return
        floats[0] = max(floats[0], found.of_twin, found.of_float)
        for kind, apart in found.apart:
            tallies[kind].add(apart)
        tallies[WHOLE].add(found.whole)

    one()
    return tallies, failed, floats[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "You are using a softmax")  # over an axis of size 1
    start = time.perf_counter()
    tallies, failed, floats = tallied(arguments.count, arguments.seed)
    seconds = (time.perf_counter() - start) / arguments.count
    print(f"{arguments.count} graphs, {seconds:.3f} s each; {len(failed)} failed")
    print(f"floats: {floats:.1e} of the largest number apart at most\n")
    print("| twin layer | numbers | equal | within one step | largest |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for kind, tally in sorted(tallies.items()):
        equal, near = tally.shares()
        print(f"| {kind} | {tally.numbers:,} | {equal:.3%} | {near:.3%} | {tally.largest} |")


if __name__ == "__main__":
    main()
