"""The run folder: files that one stage hands to the next, with checksums.

JSON and weights only, never a pickle. Every file is written beside its place and moved there; the
manifest, with the sha256 of each, comes last, so that a folder that loads is whole.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras

from zoo.checks import UserError
from zoo.data import encoding
from zoo.data.cells import table_snippet
from zoo.data.dataset import Data, rows
from zoo.data.reading import Reading
from zoo.data.waveforms import SNIPPET, recorded_front_end, snippet
from zoo.files import as_json, beside, inside, read_json, refuse_link, sha256, write_atomic
from zoo.folder import FILES, check_labels
from zoo.folder.curves import read_curves
from zoo.layers.inputs import count_parameters
from zoo.lock import LOCK
from zoo.manifest import AGAIN, MANIFEST, Unfinished, read_manifest, versions
from zoo.presets.spec import ModelSpec
from zoo.readers.batches import PYTHON
from zoo.readers.loading import load_data
from zoo.tasks import Task, recorded

OWN = ("trials", "trials/.rows", "tensorboard", "study.log", "worker.log", LOCK)  # in place


@dataclass(frozen=True)
class Run:
    """A run folder. Nothing is read until a method is called.

    Examples:
        >>> zoo.Run(Path("runs/wine")).load_model().output_shape
        (None, 3)
    """

    path: Path

    def exists(self) -> bool:
        """Return whether the folder holds a finished run."""
        return (self.path / MANIFEST).is_file()

    def file(self, name: str) -> Path:
        """Return the path of a file after checking that it is there and unchanged.

        Raises:
            UserError: missing, or not what the stage wrote (truncated or edited).
        """
        recorded, path = self.manifest()["files"].get(name), inside(self.path, name)
        if recorded is None or not path.is_file():
            raise UserError(f"{path} is missing. {AGAIN}")
        if sha256(path) != recorded["sha256"]:
            raise UserError(f"{path} is not the file that was written (sha256). {AGAIN}")
        return path

    def read_json(self, name: str, shape: Any = None) -> dict[str, Any]:
        """Return a JSON file, checked against a type hint or its entry of `zoo.folder.FILES`."""
        return read_json(self.file(name), shape or FILES.get(name, dict[str, Any]))

    def history(self) -> dict[str, list[float]]:
        """Return the curves of the training, "epoch" among them; empty where none are kept."""
        if not (self.path / "history.csv").is_file():
            return {}
        return read_curves(self.file("history.csv"))

    def manifest(self) -> dict[str, Any]:
        """Return the manifest: `files` (name -> bytes, sha256) and `versions`."""
        return read_manifest(self.path)

    def spec(self) -> ModelSpec:
        """Return the architecture that `model.json` describes."""
        model = self.read_json("model.json")
        shape = tuple(model["input_shape"])
        spec = ModelSpec(model["preset"], shape, model["num_outputs"], model["overrides"])
        spec.check_whole(self.path)
        return spec

    def task(self) -> Task:
        """Return the task that `data.json` names."""
        task = recorded(self.read_json("data.json"))
        if "model.json" in self.files():
            check_labels(self.path, task.labels, self.read_json("model.json")["num_outputs"])
        return self.adjusted(task)

    def adjusted(self, task: Task) -> Task:
        """Return the task with what validation rows chose beside the model, such as thresholds."""
        kind = task.adjusted
        known = kind is not None and not kind.folded and f"{kind.name}.json" in self.files()
        return kind.applied(task, self.read_json(f"{kind.name}.json")) if kind and known else task

    def load_model(self) -> keras.Model:
        """Rebuild the model from its description and load its weights."""
        model = self.spec().without_weights().build()
        load_weights(model, self.file("weights.h5"))
        return model

    def load_data(self) -> Data:
        """Load the data the run was made from, and check that it is the same."""
        held = self.read_json("data.json")
        if held["source"] == PYTHON:
            raise UserError(
                f"The data of {self.path} came from a Python program, not from a file. Give them "
                "again there: export.to_litert(run, data=data)."
            )
        front_end, reading = held.get("front_end"), Reading.of(held.get("reading"))
        made = front_end and recorded_front_end(front_end)
        made = made or encoding.settings_of(held.get("schema") or {})
        data = load_data(
            held["source"], seed=held["seed"], task=held["task"], front_end=made, reading=reading
        )
        if data.hash != held["hash"]:
            raise UserError(
                f"{held['source']} has changed since {self.path} was made ({data.hash} instead "
                f"of {held['hash']}). Restore it, or make a new run."
            )
        return replace(data, task=self.adjusted(data.task.with_metric(held.get("metric", ""))))

    def write(self, files: Mapping[str, str | bytes], remove: Iterable[str] = ()) -> None:
        """Write files, each moved into its place when whole, then the manifest.

        Those of `remove` that are not written anew go first.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        gone = {*remove} - {*files}
        for name in gone:
            inside(self.path, name).unlink(missing_ok=True)
        for name, content in files.items():
            path = inside(self.path, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, content)
        self._seal(set(files), gone)

    def _seal(self, changed: set[str], gone: Set[str] = frozenset()) -> None:
        """Write the manifest: new entries for `changed`, the others as they were recorded."""
        recorded = {name: entry for name, entry in self._recorded().items() if name not in gone}
        for name in changed:
            path = self.path / name
            recorded[name] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
        files = {name: recorded[name] for name in sorted(recorded)}
        write_atomic(self.path / MANIFEST, as_json({"files": files, "versions": versions()}))

    def files(self) -> tuple[str, ...]:
        """Return the names of the finished files; none of a folder that holds none."""
        return tuple(self._recorded())

    def _recorded(self) -> dict[str, Any]:
        try:
            return dict(self.manifest()["files"])
        except Unfinished:  # none yet, or damaged: what is written now is recorded anew
            return {}

    def claim(self, spec: ModelSpec, data: Data) -> None:
        """Raise UserError if the folder holds something else than a run of this model and data."""
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"{self.path} is a file; a run needs a folder. Give another --out.")
        if not self.path.exists() or {p.name for p in self.path.iterdir()} <= {LOCK}:
            return
        for name in OWN:
            refuse_link(self.path / name)
        if not (self.path / "model.json").is_file():
            if (self.path / "study.log").is_file() or (self.path / "trials").is_dir():
                return  # an unfinished search, whose study says of what
            raise UserError(f"{self.path} is not empty and holds no run. Give another --out.")
        held, held_data = (
            read_json(self.path / name, FILES[name]) for name in ("model.json", "data.json")
        )
        if held["preset"] != spec.preset or held_data["hash"] != data.hash:
            raise UserError(
                f"{self.path} holds another run: {held['preset']} on {held_data['name']}. "
                f"Give another --out for {spec.preset} on {data.name}, or delete the folder."
            )

    def save(
        self, model: keras.Model, spec: ModelSpec, data: Data, files: Mapping[str, str | bytes]
    ) -> None:
        """Write a trained model: description, weights, data's identity, and the stage's `files`.

        What an earlier stage wrote about other weights (an export, a report) is removed.
        """
        description = asdict(spec) | {
            "task": data.task.name,
            "parameters": count_parameters(model),
            "backend": keras.backend.backend(),
            "versions": versions(),
        }
        self.path.mkdir(parents=True, exist_ok=True)
        for name, entry in self._recorded().items():
            path = inside(self.path, name)
            if path.is_file() and sha256(path) == entry["sha256"]:  # what is not ours stays
                path.unlink()
        (self.path / MANIFEST).unlink(missing_ok=True)
        save_weights(model, self.path / "weights.h5")
        self._seal({"weights.h5"})
        described = {"model.json": as_json(description), "data.json": as_json(identity(data))}
        self.write({**described, **front_end_files(data), **files})


def front_end_files(data: Data) -> dict[str, str]:
    """Return the files that make rows of sounds, texts or a table's lines: name -> text."""
    found = encoding.files(data.encoding)
    if data.front_end is not None:
        found[SNIPPET] = snippet(data.front_end)
    elif data.schema.get("columns"):
        found[SNIPPET] = table_snippet(data.schema["columns"])
    return found


def identity(data: Data) -> dict[str, Any]:
    """Return what `data.json` says: where data are, how they are read, and what they were."""
    return {name: getattr(data, name) for name in ("name", "source", "seed")} | {
        "task": data.task.name,
        "metric": data.task.metric.spelled,
        "hash": data.hash,
        "class_names": data.class_names,
        "rows": rows(data),
        "front_end": data.front_end and asdict(data.front_end),
        "reading": data.reading.to_json(),
        "schema": data.schema,
    }


def save_weights(model: keras.Model, path: Path) -> None:
    """Save weights to `path` in Keras' HDF5 layout; the file appears when it is whole."""
    bare = keras.Model(model.inputs, model.outputs, name=model.name)  # without optimizer state
    with beside(path, ".weights.h5") as temporary:
        bare.save_weights(temporary)


def load_weights(model: keras.Model, path: Path) -> None:
    """Load weights that `save_weights` wrote, from a copy: Keras goes by the file's ending.

    Those of a ViT for images of another size fit too: its positions are resized.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, Path(folder) / "model.weights.h5")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", UserWarning)  # Keras only warns of what it lacks
                model.load_weights(copy)
        except (OSError, KeyError, ValueError, UserWarning) as error:
            raise UserError(f"{path} does not hold the weights of {model.name}: {error}") from error
