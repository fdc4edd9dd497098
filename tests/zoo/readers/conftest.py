"""A table of several kinds of columns."""

from pathlib import Path

import pytest

from tests.helpers.made import rows_of_table, write_csv


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "flats.csv", rows_of_table())
