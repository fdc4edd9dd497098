"""Examples: the docstring of every public name has one, and it prints what it shows."""

import doctest
import shutil
from contextlib import chdir
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import pytest

import export
import tuning
import zoo
from tests.helpers.instances import sentences
from tests.helpers.made import rows_of_table, write_csv, write_pictures, write_sounds
from tests.test_public import PUBLIC

NAMES = [(package, name) for package, names in PUBLIC.items() for name in names.split()]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that examples speak of: two verified runs on the wines, and a user's own data."""
    folder = tmp_path_factory.mktemp("home")
    write_csv(folder / "flats.csv", rows_of_table())
    write_csv(folder / "new_flats.csv", rows_of_table(5, seed=1))
    texts, stars = sentences(200, 0)
    reviews = [
        {"review": text, "stars": f"{n + 1} of 4"} for text, n in zip(texts, stars, strict=True)
    ]
    write_csv(folder / "reviews.csv", reviews)
    write_pictures(folder / "photos")
    write_sounds(folder / "keywords")
    return folder


@pytest.fixture(scope="module")
def names(home: Path) -> dict[str, Any]:
    """What examples may assume: the imports, and what `train`, `to_litert` and `verify` return."""
    data = zoo.load_data("wine")
    with chdir(home):
        for name, epochs in (("short", 10), ("wine", 20)):
            recipe = tuning.Recipe(epochs=epochs)
            run, _ = tuning.train("mlp_tiny", data, directory=f"runs/{name}", recipe=recipe)
            result = export.to_litert(run)
            report = export.verify(result, data)
    modules = {"zoo": zoo, "tuning": tuning, "export": export, "keras": keras, "np": np}
    made = {"data": data, "run": run, "result": result, "report": report}
    return {**modules, **made, "Path": Path}


@pytest.mark.parametrize(("package", "name"), NAMES, ids=[f"{p.__name__}.{n}" for p, n in NAMES])
def test_examples_print_what_they_show(
    package: ModuleType, name: str, home: Path, names: dict[str, Any], tmp_path: Path
) -> None:
    """Each in a copy of the folder, so that none knows of another."""
    shutil.copytree(home, tmp_path / "home")
    given = {**names, "folder": tmp_path / "folder"}
    found = doctest.DocTestFinder(recurse=False).find(getattr(package, name), name, globs=given)
    assert [one for one in found if one.examples], "no example"
    printed: list[str] = []
    with chdir(tmp_path / "home"):
        for one in found:
            doctest.DocTestRunner(optionflags=FLAGS).run(one, out=printed.append)
    assert not printed, "".join(printed)
