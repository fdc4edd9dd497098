"""Fixtures of all tests. Torch is imported before TensorFlow: the other order crashes."""

import gc
import importlib.util
import os

if importlib.util.find_spec("torch"):
    import torch  # noqa: F401

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest

import export
import tuning
import zoo
from tests.helpers.dense import save_boxes, save_masks
from tests.helpers.instances import (
    BOXED,
    HOME,
    Home,
    data_of,
    fill,
    gives,
    made_for,
    rows,
    save_sentences,
)
from tests.helpers.prefork import Prefork
from tuning import Recipe
from tuning.sweep.pool import Pool
from zoo.tasks import TASKS


def pytest_collection_finish() -> None:
    """Keep what was imported out of every garbage collection: it is a million objects."""
    gc.freeze()


@pytest.fixture(autouse=True)
def seeded() -> None:
    """What a test draws does not depend on the tests before it."""
    keras.utils.set_random_seed(0)


@pytest.fixture(scope="session", autouse=True)
def one_pool() -> Iterator[None]:
    """Let the searches of this process share the process that forks trials: it has no state."""
    kept: dict[int, Pool] = {}

    class Kept(Pool):
        def __enter__(self) -> Pool:
            if self._cards.names:
                return self
            if self.jobs not in kept:
                kept[self.jobs] = Pool(self.jobs, Path(os.devnull)).__enter__()
            return kept[self.jobs]

        def __exit__(self, *_: object) -> None:
            """End the process of those that have cards; the session ends the others."""
            if self._cards.names:
                super().__exit__()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tuning.searching.Pool", Kept)
        yield
    for pool in kept.values():
        pool.__exit__()


@pytest.fixture(scope="session", autouse=True)
def one_converter() -> Iterator[None]:
    """Let the exports of this process share the import of TensorFlow, not more."""
    kept = Prefork()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("export.child.subprocess", kept)
        yield
    kept.close()


@pytest.fixture(scope="session")
def digits() -> zoo.Data:
    return zoo.load_data("digits")


@pytest.fixture(scope="session")
def wine() -> zoo.Data:
    return zoo.load_data("wine")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Load the set that a preset is at home with."""
    texts = save_sentences(tmp_path_factory.mktemp("texts") / "sentences.npz")
    masks = save_masks(tmp_path_factory.mktemp("masks") / "shapes.npz")
    boxes = save_boxes(tmp_path_factory.mktemp("boxes") / "boxes.npz")
    tasks = {task.gives: name for name, task in TASKS.items()}

    def load(name: str) -> zoo.Data:
        if gives(name) == "mask":
            return zoo.load_data(masks)
        if gives(name) in BOXED:
            return zoo.load_data(boxes, task=tasks[gives(name)])
        known = HOME[made_for(name)]
        return zoo.load_data(texts if known == "sentences" else known)

    return load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder that does not exist yet."""
    return tmp_path / "run"


@pytest.fixture
def all_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never clip each range by itself: that takes long, and sizes do not depend on ranges."""
    monkeypatch.setattr("zoo.quantization.calibration.NEAR", np.inf)


@pytest.fixture(scope="session")
def wine_run(tmp_path_factory: pytest.TempPathFactory, wine: zoo.Data) -> zoo.Run:
    """A run of mlp_tiny on wine, trained a little. What changes a shared run takes a copy."""
    folder = tmp_path_factory.mktemp("shared") / "wine"
    return tuning.train("mlp_tiny", wine, directory=folder, recipe=Recipe(epochs=2))[0]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> export.Export:
    """The files of an untrained mlp_tiny."""
    data = data_of(rows("mlp_tiny", 40), np.arange(40) % 2)
    folder = tmp_path_factory.mktemp("exported")
    return export.to_litert(fill("mlp_tiny"), data=data, directory=folder)
