"""Checks of a command's words before Keras is imported and data are decoded."""

import importlib.util
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

from export.conversion.choices import (
    check_forms,
    check_target_takes,
    chosen_numerics,
    parse_compression,
)
from pocketzoo.options import Exporting, Loading, Training
from pocketzoo.parsing import pairs
from tuning.recipe import TREES, Recipe
from tuning.settings import AUTO, Search, check_auto
from zoo.checks import UserError, at_least, in_range, near, one_of
from zoo.data.sources import check_target, kind_of_rows, reader_of
from zoo.manifest import read_manifest
from zoo.presets.catalogue import check_arguments, check_kind, find_preset
from zoo.quantization.layers.numerics import INT8, Numerics

RUNGS = ("auto", "ptq", "qat")
FORMATS = ("litert", "onnx", "saved_model")
TARGETS = INT8.targets


def check_source(source: str, loading: Loading) -> None:
    """Raise UserError for data that are not there, or options that do not go with them."""
    reading = loading.reading()
    reading.check(reader_of(source), Path(source).name)
    check_target(Path(source), reading)
    if loading.metric is not None:
        from zoo.tasks import check_metric  # NumPy, which --help does without

        check_metric(loading.metric, loading.task)
    if loading.front_end is not None:
        _check_front_end(reader_of(source), loading.front_end, loading.text is not None)


def _check_front_end(reader: str, wanted: str, of_text: bool) -> None:
    from zoo.data import audio, encoding, waveforms  # NumPy, which --help does without

    if reader == "arrays":  # of audio or of texts
        one_of("front_end", wanted.partition(":")[0], (*audio.KINDS, *encoding.LEVELS))
    elif reader == "sounds":
        waveforms.front_end_of(wanted, waveforms.RATES[1])
    elif of_text:
        encoding.text_settings(wanted)
    else:
        waveforms.choose_front_end(wanted, None)


def check_training(
    source: str,
    preset: str,
    loading: Loading,
    training: Training,
    searching: Search | None = None,
) -> None:
    """Raise UserError for what no training on these data can be; see `check_source`."""
    sets = pairs("--set", training.sets)
    if preset == AUTO and searching is not None:
        check_auto(searching.algorithm, sets)
        check_source(source, loading)
    else:
        find_preset(preset)
        check_source(source, loading)
        kind = kind_of_rows(source, loading.reading())
        if kind is not None:
            check_kind(preset, kind, source)
        check_arguments(preset, sets)
    at_least("seed", training.seed, 0)
    Recipe(**recipe_fields(training))


def check_single(out: Path | None, overfit: int | None, teacher: str | None) -> None:
    """Raise UserError for nothing to do, too few rows to memorize, or a teacher not there."""
    if out is None and overfit is None:
        raise UserError(
            "Give --out RUN, a folder for the model, or --overfit 100, which needs none."
        )
    if overfit is not None:
        at_least("overfit", overfit, 2)
    if teacher is not None and teacher != TREES:
        check_run(Path(teacher))


def recipe_fields(training: Training) -> dict[str, Any]:
    """Return the fields of the recipe that were given. Raises UserError for an unknown one."""
    known = [field.name for field in fields(Recipe)]
    values = pairs("--recipe", training.recipes)
    for name in values:
        if name not in known:
            raise UserError(f"--recipe {name}: no such field. {near(name, known)}")
    return values | ({} if training.epochs is None else {"epochs": training.epochs})


def check_numerics(name: str | None) -> Numerics:
    """Return the format that is asked for. Raises UserError for an unknown one."""
    return chosen_numerics(name)


def check_exporting(wishes: Exporting) -> None:
    """Raise UserError for words that mean nothing to any export."""
    in_range("max_drop", wishes.max_drop, -math.inf, math.inf)
    one_of("rung", wishes.rung, RUNGS)
    for name in wishes.format_names or [""]:
        one_of("format", name, FORMATS)
    numerics = check_numerics(wishes.numerics)
    for name in wishes.target_names or [""]:
        one_of("targets", name, TARGETS)
        check_target_takes(name, numerics)
    if "arm64" in wishes.target_names:
        from export.runtimes.arm64 import find_arm64

        find_arm64()
    if wishes.rung == "qat" and not numerics.integer:
        raise UserError(
            f"--rung qat trains integer files, and {numerics.name} has float activations; leave "
            "--rung out."
        )
    check_forms(wishes.form_names)
    if wishes.compress is not None:
        parse_compression(wishes.compress)
        if wishes.rung == "qat":
            raise UserError(
                "--rung qat and --compress both train the int8 file; choose one of them."
            )
    if wishes.groups is not None and wishes.groups.endswith(".npy"):
        from zoo.data.groups import read_values

        read_values(wishes.groups)
    if wishes.mlflow is not None:
        _check_tracking(wishes)


def _check_tracking(wishes: Exporting) -> None:
    if FORMATS[0] not in wishes.format_names:
        raise UserError("--mlflow logs what was verified, .tflite files: add litert to --format.")
    require_mlflow()


def require_mlflow() -> None:
    """Raise UserError where MLflow is not installed."""
    if importlib.util.find_spec("mlflow") is None:
        raise UserError("--mlflow needs MLflow: pip install 'pocketzoo[mlflow]'.")


def check_exported(run: Path, source: str | None, out: Path | None) -> None:
    """Raise UserError for what is neither a run folder nor a model file with its data."""
    if not run.is_dir() and (run.suffix != ".keras" or not run.is_file()):
        raise UserError(f"{run} is neither a .keras file nor a run folder. Give one or the other.")
    if run.is_dir() and source is None and out is None:
        return check_run(run)
    if run.is_dir():
        raise UserError(
            f"{run} is a run folder, which records its data; leave --data and --out out."
        )
    if source is None or out is None:
        raise UserError(f"{run} needs --data DATA, for calibration and tests, and --out FOLDER.")
    reader_of(source)
    return None


def check_run(run: Path) -> None:
    """Raise UserError where there is no run."""
    read_manifest(run)


def check_rows(run: Path, rows: Path) -> None:
    """Raise UserError where there is no run, or no file of rows."""
    check_run(run)
    check_file(rows)


def check_file(path: Path) -> None:
    """Raise UserError for a path where nothing is."""
    if not path.exists():
        raise UserError(f"{path} does not exist.")
