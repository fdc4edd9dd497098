"""Data from any source: built-in sets, files, folders, Python."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.checks import UserError, at_least, in_range, one_of
from zoo.data.arrays import Arrays, Found
from zoo.data.audio import FrontEnd
from zoo.data.dataset import Data, assemble
from zoo.data.encoding import choose_text
from zoo.data.text import TextSettings
from zoo.data.waveforms import choose_front_end
from zoo.data.ways import Way, ways_of
from zoo.readers import BUILT_IN, Reading, read
from zoo.readers.batches import PYTHON, rows_of
from zoo.readers.checked import checked
from zoo.readers.shapes import CHOICES, shaped
from zoo.tasks import TASKS, guess


def load_data(
    name_or_path: str | Path,
    *,
    seed: int = 0,
    task: str | None = None,
    front_end: str | FrontEnd | TextSettings | None = None,
    reading: Reading | None = None,
    metric: str | None = None,
) -> Data:
    """Load a built-in data set, or your own file or folder.

    Args:
        name_or_path: one of

            - "digits", "digits_rows", "breast_cancer", "wine" or "diabetes" (from scikit-learn,
              nothing is downloaded), or "digits_scenes" (synthetic scenes of digits, with boxes,
              or masks by `task`);
            - a table: `.csv`, `.tsv` or `.parquet`, with `reading.target`;
            - a folder of class folders with images or audio (WAV, FLAC, OGG), optionally within
              train/, val/ and test/;
            - a folder of images with masks by their names, or with boxes (COCO, VOC, YOLO);
            - an `.npz` file that holds `x_train`, `y_train`, `x_test`, `y_test` and optionally
              `x_val`, `y_val`. Labels are integers 0..classes-1, or one-hot; another matrix of 0
              and 1, (rows, labels), means several labels per row; other floats mean regression.
              Bytes (rows, height, width), as in Keras' `mnist.npz`, are gray images.
              Optional: `class_names`, texts; and with one value per row, for any part:
              `groups_train` ... `groups_test`, which rows belong together (a patient, a machine),
              and `time_train` ... `time_test`, numbers or dates. Sequences of different lengths:
              (rows, longest, features) with NaN after the end of a row, or with
              `lengths_train` ...; see `zoo.data.lengths`;
            - a folder with these as `.npy` files, which are memory-mapped.

        seed: seed of the split, in [0, 2**32). Without test rows, 20 % of all become test rows;
            without validation rows, 20 % of the training rows become validation rows. Class shares
            are kept.
        task: a name in `zoo.tasks.TASKS`; None: what the labels look like.
        front_end: for audio (a folder, or an `.npz` file with waveforms (rows, samples) and `rate`,
            `sample_rate` or `sr` in Hz): "log_mel" (the default) or "mfcc", with settings of
            `zoo.FrontEnd` after a colon, such as "mfcc:coefficients=13". The rows are then
            sequences (frames, features).
            For texts (a table's column, or `x_*` of strings) "word" (the default) or "character",
            with settings of `zoo.data.text.TextSettings`, such as "word:words=4000,length=100".
        reading: options for reading a file or folder.
        metric: what models are compared by, one of the task's, such as "macro_f1" or
            "pinball:0.9"; None: accuracy, of uneven classes (20 to 1 and more) balanced accuracy;
            the root mean squared error; what `zoo.tasks` has first.

    Raises:
        UserError: unknown name, missing, empty or damaged file, or arrays that cannot be used; the
            message says which and what to do.

    Warns:
        UserWarning: test rows that also are training rows (with their count), or float targets that
            look like classes.

    Examples:
        >>> zoo.load_data("digits").input_shape
        (8, 8, 1)
        >>> zoo.load_data("photos").class_names
        ('cat', 'dog')
        >>> zoo.load_data("flats.csv", reading=zoo.Reading(target="price")).metric
        'rmse'
    """
    at_least("seed", seed, 0)
    in_range("seed", seed, 0, 2**32)
    if task is not None:
        one_of("task", task, TASKS)
    kind = None if task is None else TASKS[task]
    text, reading = str(name_or_path), reading or Reading()
    found = read(text, reading, seed, kind)
    own = text not in BUILT_IN
    made = choose_text(front_end, found.arrays) or choose_front_end(
        front_end, found.arrays.get("rate")
    )
    data = assemble(
        found,
        Path(text).stem if own else text,
        str(Path(text).resolve()) if own else text,
        seed,
        kind or found.task,
        made,
        metric,
    )
    return replace(data, reading=reading, ways=ways_of(found, made, front_end))


def read_again(data: Data, way: Way) -> Data:
    """Return the same rows in the same parts, read in another way.

    Args:
        data: from `load_data`.
        way: one of `data.ways`.

    Raises:
        UserError: files that are gone, or have changed since.

    Examples:
        >>> from zoo.readers.loading import read_again
        >>> data = zoo.load_data("keywords")
        >>> [way.value for way in data.ways][:2]
        ['log_mel', 'log_mel:stride_ms=10']
        >>> data.input_shape, read_again(data, data.ways[1]).input_shape
        ((9, 40), (18, 40))
    """
    if way == data.ways[0]:
        return data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it was said when the data were loaded
        again = load_data(
            data.source, seed=data.seed, task=data.task.name, **way.arguments(data.reading)
        )
    if not _same_rows(data, again):
        raise UserError(
            f"{data.source} has changed while it was searched: read as {way.spelled}, the parts do "
            "not hold the same rows with the same labels. Leave the files alone, and run the "
            "command again in a new folder."
        )
    return replace(again, name=data.name, task=data.task)


def _same_rows(one: Data, other: Data) -> bool:
    """Return whether all parts have the same labels and, where rows have names, the same names."""

    def known(data: Data) -> dict[str, np.ndarray]:
        labels = {y: getattr(data, y) for y in ("y_train", "y_validation", "y_test")}
        names = {name: of for name, of in data.columns.items() if name.startswith("names_")}
        return labels | names

    first, second = known(one), known(other)
    return [*first] == [*second] and all(
        np.array_equal(of, second[name]) for name, of in first.items()
    )


def data_from(
    train: Any,
    y_train: Any = None,
    test: Any = None,
    y_test: Any = None,
    validation: Any = None,
    y_validation: Any = None,
    *,
    name: str = "data",
    seed: int = 0,
    task: str | None = None,
    class_names: Sequence[str] = (),
    rows: str | None = None,
    metric: str | None = None,
) -> Data:
    """Make a data set from arrays or batches; a run with it cannot load them again by itself.

    Args:
        train, test, validation: arrays (or memory maps), with labels; or an iterable of batches
            (x, y): a `tf.data.Dataset` as `keras.utils.image_dataset_from_directory`
            returns, a `keras.utils.PyDataset`, any iterable that ends. They are read once, whole.
            Without test rows, 20 % of the training rows become test rows; without validation rows,
            20 % of the rest.
        y_train, y_test, y_validation: as in an `.npz` file; see `load_data`. None for batches.
        name: name of the data in reports.
        seed: seed of the split, in [0, 2**32).
        task: a name in `zoo.tasks.TASKS`; None: what the labels look like.
        class_names: of the classes 0, 1, ...; None: those of `train.class_names`, or numbers.
        rows: "tables", "sequences" or "images"; None: by shape, where bytes (rows, height, width)
            are gray images. A last axis of one channel or feature may be missing.
        metric: what models are compared by; see `load_data`.

    Raises:
        UserError: arrays that cannot be used.

    Examples:
        >>> from sklearn.datasets import load_wine
        >>> x, y = load_wine(return_X_y=True)
        >>> data = zoo.data_from(x, y, name="wine", class_names=["Barolo", "Grignolino", "Barbera"])
        >>> len(data.x_train), len(data.x_validation), len(data.x_test)
        (113, 29, 36)
    """
    at_least("seed", seed, 0)
    in_range("seed", seed, 0, 2**32)
    if rows is not None:
        one_of("rows", rows, CHOICES)
    given = {"train": (train, y_train), "test": (test, y_test), "val": (validation, y_validation)}
    kind = None if task is None else TASKS[task]
    arrays: Arrays = {}
    for part, (x, y) in given.items():
        if x is not None:
            arrays[f"x_{part}"], arrays[f"y_{part}"] = rows_of(x, y, part)
    if test is None:
        from zoo.data.splits import hold_out

        kind = kind or guess(arrays["y_train"], name)
        strata = kind.strata(arrays["y_train"])
        arrays |= hold_out(arrays["x_train"], arrays["y_train"], seed, strata, part="test")
    known = shaped(name, arrays, rows)
    arrays = checked(name, known.arrays)
    names = class_names or getattr(train, "class_names", None)
    if names:
        arrays["class_names"] = np.array(list(names))
    found = Found(arrays, known.schema)
    return assemble(found, name, PYTHON, seed, kind, choose_text(None, arrays), metric)
