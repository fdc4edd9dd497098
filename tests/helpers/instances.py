"""One small instance of every preset, filled with the same weights on every backend."""

import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from _pytest.mark.structures import ParameterSet

import zoo
from tests.helpers.dense import blocks, boxed, boxes_of, masks_of
from zoo.data.kinds import IMAGE, SEQUENCE, TABLE, TEXT, Kind
from zoo.presets.catalogue import PRESETS
from zoo.presets.families import FAMILIES
from zoo.tasks import TASKS, Classification, Task, recorded

BOXED = ("boxes", "points")  # what families give whose truth is boxes
# kind of rows -> a shape small enough for seconds, and outputs
SMALL = {
    TABLE: ((30,), 2),
    SEQUENCE: ((8, 8), 10),
    IMAGE: ((8, 8, 1), 10),
    TEXT: ((12,), 4),
}
# what a family gives for an image -> the same, where one class of ten would be a few pixels
SMALL_IMAGES = {"mask": ((8, 8, 1), 2), "boxes": ((32, 32, 1), 2), "points": ((32, 32, 1), 2)}
# kind of rows -> a set of such; see the fixture `home`
HOME = {TABLE: "breast_cancer", SEQUENCE: "digits_rows", IMAGE: "digits", TEXT: "sentences"}
Home = Callable[[str], zoo.Data]  # what the fixture of that name is
NAMES = list(PRESETS)
TINY = [name for name in NAMES if name.endswith("_tiny")]
FIRST = [
    next(name for name in TINY if PRESETS[name].family == family)
    for family in FAMILIES
    if family in {preset.family for preset in PRESETS.values()}
]
# All presets are tried in full on one backend, a tiny one of each family on the others.
# `make test` leaves the larger ones of a family to `make test-all`: they are the same code. So is
# most of the way from a search to files; the others go it with one family.
EVERYTHING = keras.backend.backend() == "torch"


def presets(names: list[str], quickly: list[str]) -> list[ParameterSet]:
    """Return names as parameters; those that are not in `quickly` have the mark `slow`."""
    return [pytest.param(name, marks=() if name in quickly else pytest.mark.slow) for name in names]


TRIED = presets(NAMES if EVERYTHING else TINY, TINY if EVERYTHING else FIRST)
SMALLEST = presets(TINY, TINY if EVERYTHING else FIRST)
# to train until it knows its rows, to export; to train, export and verify
COSTLY = presets(NAMES if EVERYTHING else FIRST, TINY if EVERYTHING else FIRST[:3])
TRAINED = presets(TINY if EVERYTHING else FIRST, FIRST if EVERYTHING else FIRST[:1])
# to export as built; the others' files are tried after their training
EXPORTED = presets(
    NAMES if EVERYTHING else FIRST,
    [name for name in TINY if name not in FIRST] if EVERYTHING else [],
)


def family(name: str) -> str:
    return PRESETS[name].family


def made_for(name: str) -> Kind:
    """Return the kind of rows that a preset's family is made for."""
    return FAMILIES[family(name)].kinds[0]


def gives(name: str) -> str:
    """Return what a preset's family gives for a row, see `Family.gives`."""
    return FAMILIES[family(name)].gives


def task_of(name: str, shape: tuple[int, ...], outputs: int) -> Task:
    """Return a task that a preset is for, of so many classes."""
    if gives(name) == "values":
        return Classification(tuple(map(str, range(outputs))))
    kind = next(task for task in TASKS.values() if task.gives == gives(name))
    names = list(map(str, range(outputs)))
    return recorded({"task": kind.name, "class_names": names, "schema": {"shape": [*shape]}})


def labels(name: str, x: np.ndarray) -> np.ndarray:
    """Return labels of random rows, in the form of a preset's task."""
    if gives(name) in BOXED:
        return boxes_of(len(x), x.shape[1:], small(name)[1])
    return masks_of(x) if gives(name) == "mask" else np.arange(len(x)) % small(name)[1]


def small(name: str) -> tuple[tuple[int, ...], int]:
    """Return the shape of rows small enough for seconds, and outputs."""
    return SMALL_IMAGES.get(gives(name), SMALL[made_for(name)])


def spec(name: str, **overrides: object) -> zoo.ModelSpec:
    shape, outputs = small(name)
    return zoo.ModelSpec(name, shape, outputs, overrides)


def rows(name: str, count: int = 16, seed: int = 0) -> np.ndarray:
    return rows_of(name, small(name)[0], count, seed)


def rows_of(name: str, shape: tuple[int, ...], count: int, seed: int = 0) -> np.ndarray:
    """Return random rows as a preset takes them; texts have padding in front."""
    rng = np.random.default_rng(seed)
    if gives(name) == "mask":
        return blocks(rng, count, shape)
    if gives(name) in BOXED:
        return boxed(rng, count, shape, small(name)[1])
    if made_for(name) is not TEXT:
        return rng.normal(size=(count, *shape)).astype(np.float32)
    known = FAMILIES[family(name)].arguments | dict(PRESETS[name].arguments)
    ids = rng.integers(1, known["words"], (count, *shape)).astype(np.int32)
    lengths = rng.integers(1, shape[0] + 1, (count, 1))
    return np.where(np.arange(shape[0]) >= shape[0] - lengths, ids, np.int32(0))


def smooth(count: int, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Return rows whose values go together, as the steps of a slow sequence do."""
    noise = np.random.default_rng(seed).normal(size=(count, *shape))
    summed = np.cumsum(np.cumsum(noise, axis=1), axis=2)
    return np.asarray(summed + 3, np.float32)


def sentences(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return generated sentences of 3 to 12 words and their topics: 3 of 4 words are anybody's."""
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 4
    common = [f"word{i}" for i in range(60)]
    topics = [[f"topic{topic}x{i}" for i in range(10)] for topic in range(4)]
    texts = []
    for topic in y:
        length = rng.integers(3, 13)
        words = rng.choice(common, length)
        own = rng.random(length) < 0.25
        own[rng.integers(length)] = True
        texts.append(" ".join(np.where(own, rng.choice(topics[topic], length), words)))
    return np.array(texts), y


def save_sentences(path: Path) -> Path:
    (x_train, y_train), (x_test, y_test) = sentences(600, 0), sentences(200, 1)
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


def fill(name: str, seed: int = 0) -> keras.Model:
    """Build a preset and fill it with weights like trained ones, from NumPy's generator."""
    return fill_weights(spec(name).build(), seed)


def fill_weights(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give a model weights like trained ones."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(0.0, 1.0, weight.shape)
        if weight.name in ("gamma", "scale", "moving_variance"):
            values = 1.0 + 0.2 * np.abs(values)
        elif weight.name == "embeddings":
            pass  # of length 1 would be too small for noise to show
        elif weight.name in ("mask_gain", "mask_shift"):
            continue  # of a mask, which must stay 0 and 1
        elif len(weight.shape) < 2:
            values = 0.1 * values
        else:
            values = 0.5 * values / np.sqrt(np.prod(weight.shape[:-1]))
        weight.assign(values.astype(np.float32))
    return model


# for tests that leave the model as it is
filled = functools.cache(fill)


def round_trip(described: zoo.ModelSpec) -> zoo.ModelSpec:
    """Send a spec through JSON."""
    fields = json.loads(json.dumps(dataclasses.asdict(described)))
    return zoo.ModelSpec(**fields | {"input_shape": tuple(fields["input_shape"])})


def data_for(name: str, count: int) -> zoo.Data:
    """Return random rows for a preset; classes have nothing to do with them, masks do."""
    x = rows(name, count)
    data = data_of(x, labels(name, x))
    task = task_of(name, *small(name))
    return data if gives(name) == "values" else dataclasses.replace(data, task=task)


def few(data: zoo.Data, count: int) -> zoo.Data:
    """Return a set with its first training rows only."""
    return dataclasses.replace(data, x_train=data.x_train[:count], y_train=data.y_train[:count])


def data_of(x: np.ndarray, y: np.ndarray) -> zoo.Data:
    """Wrap rows and class numbers as training rows without validation rows."""
    classes = tuple(str(label) for label in np.unique(y))
    parts = (x, y, x[:0], y[:0], x[:8], y[:8])
    return zoo.Data("rows", "rows", 0, Classification(classes), "sha256:0", *parts)
