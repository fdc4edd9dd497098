"""The figures that README and `results/quality.md` show are those of the runs on record."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.quality.record import RESULTS, Run, line, recorded, short, tables
from benchmarks.tables import interval


def made(seed: int, of_int8: float | None) -> Run:
    drop, size = (None, None) if of_int8 is None else (100 * (0.98 - of_int8), 1000)
    return Run("digits", "cnn_small", seed, 1, 0.98, of_int8, drop, size, 60.0, "jax", "c0ffee")


def test_readme_shows_the_record() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text()
    assert short(recorded().values()) in readme


def test_all_tables_are_of_the_record() -> None:
    assert RESULTS.read_text().endswith(f"{tables(recorded().values())}\n")


def test_no_run_is_there_twice() -> None:
    lines = RESULTS.with_suffix(".jsonl").read_text().splitlines()
    assert len(lines) == len(recorded()) > 0


@pytest.mark.parametrize("values", [[0.9, 0.95, 1.0], [3.0, 3.5]])
def test_an_interval_is_students(values: list[float]) -> None:
    low, high = stats.t.interval(
        0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values)
    )
    mean, half = map(float, interval(values, 6).split(" +- "))
    np.testing.assert_allclose([mean - half, mean + half], [low, high], atol=2e-6)


def test_a_line_of_several_seeds() -> None:
    found = line([made(0, 0.98), made(1, 0.97), made(2, 0.975)])
    assert found[:4] == ["digits", "cnn_small", "1", "3"]
    assert found[4:8] == ["0.9800 +- 0.0000", "0.9750 +- 0.0124", "0.50", "1.00"]
    assert line([made(0, None)])[5:9] == ["", "", "", ""]
