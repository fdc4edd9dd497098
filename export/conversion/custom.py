"""Layers from other packages: named in the job, imported again where it is done.

KerasHub's backbones have some. A model file is read without them, but for KerasHub's.
"""

import importlib
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from zoo.checks import UserError
from zoo.files import as_json
from zoo.pretrained import hub

FILE = "classes.json"
HUB = "keras_hub"
KNOWN = ("keras", "zoo")  # packages that a child process imports anyway


def name_classes(model: keras.Model, job: Path) -> None:
    """Write which modules define a model's layers, if any but Keras and zoo do.

    Raises:
        UserError: a class that no other process can import or make anew.
    """
    found = {}
    for layer in _layers(model):
        kind = type(layer)
        if kind.__module__.split(".")[0] in KNOWN:
            continue
        if kind.__module__ == "__main__" or "." in kind.__qualname__:
            raise UserError(
                f"layer {layer.name!r} is a {kind.__name__}, a class that no other process can "
                f"import (it is {kind.__module__}.{kind.__qualname__}). Move it to the top level "
                "of a .py file of its own and import it from there."
            )
        _check_config(layer)
        found[kind.__name__] = kind.__module__
    if found:
        (job / FILE).write_text(as_json({"classes": found, "path": sys.path}))


def _layers(model: keras.Model) -> Iterator[Any]:
    """Yield the layers that a configuration names; what is inside of them they make themselves."""
    for layer in model.layers:
        yield from _layers(layer) if isinstance(layer, keras.Model) else [layer]


def _check_config(layer: Any) -> None:
    try:
        type(layer).from_config(layer.get_config())
    except Exception as error:  # whatever a class raises that does not know its own settings
        raise UserError(
            f"layer {layer.name!r} ({type(layer).__name__}) cannot be rebuilt from its "
            f"get_config(), which is how another process gets it: {str(error)[:300]} Fix the "
            "class, or build that part from Keras layers."
        ) from error


def imported_classes(job: Path) -> dict[str, Any]:
    """Return the classes that `name_classes` named, for Keras' `custom_objects`."""
    if not (job / FILE).exists():
        return {}
    settings = json.loads((job / FILE).read_text())
    sys.path.extend(path for path in settings["path"] if path not in sys.path)
    return {
        name: getattr(importlib.import_module(module), name)
        for name, module in settings["classes"].items()
    }


def import_hub(path: Path) -> None:
    """Import KerasHub, where it is installed, for a `.keras` file that names layers of it."""
    try:
        with zipfile.ZipFile(path) as archive:
            config = archive.read("config.json")
    except (OSError, KeyError, zipfile.BadZipFile, zlib.error):
        return  # Keras says what is wrong with it
    if f'"{HUB}.'.encode() not in config:
        return
    try:
        hub.imported()
    except UserError as error:
        raise UserError(f"{path} has KerasHub layers. {error}") from error
