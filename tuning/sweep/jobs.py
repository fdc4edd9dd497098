"""Jobs: what a search hands to its workers, and their results on the way into the study."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras_tuner
import optuna
from optuna.artifacts import FileSystemArtifactStore, download_artifact, upload_artifact
from optuna.artifacts.exceptions import ArtifactNotFound

from tuning.auto.finding import Field
from tuning.recipe import Recipe, seed_of
from tuning.settings import Search
from tuning.spaces.candidates import ask
from tuning.study.ledger import Study, Trial, ranked
from tuning.study.samplers import suggest
from tuning.sweep.readings import Readings
from tuning.sweep.shared import Job
from zoo import ModelSpec
from zoo.data.ways import Way
from zoo.files import sha256

KEPT = 3  # trials whose weights stay
KEPT_BYTES = 2**30
UPLOADED = "artifacts:"  # so begins what Optuna notes of an upload before it begins
ARTIFACT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# as `zoo.files.write_atomic` names them
HALF_WRITTEN = re.compile(r"\..+\.\d+\.\w{8}(\.weights\.h5)?")
PASSING = re.compile(r"(\d{5,}(-again\d+)?|best)\.(h5|checkpoint)")  # as `Plan.job` names them


@dataclass(frozen=True)
class Plan:
    """What is searched, and where its files go.

    Attributes:
        field: the presets to choose from, each with the recipe around which is searched.
        space: the hyperparameters, all declared.
        data: the rows, which workers share, in each way of reading.
        files: folder of checkpoints and of weights on their way to the store.
        artifacts: folder of the weights of the best trials; machines may share it.
        settings: of the search.
        share: how long trial n is trained, in parts of a full training.
        screen: rows on which a trial is trained first, where there are many; 0 is none.
        first: seconds that trial 0 may take, as a model is wanted soon; 0 is no limit.
        rows: training rows.
    """

    field: Field
    space: keras_tuner.HyperParameters
    data: Readings
    files: Path
    artifacts: Path
    settings: Search
    share: Callable[[int], float]
    screen: int = 0
    first: float = 0.0
    rows: int = 0

    @property
    def store(self) -> FileSystemArtifactStore:
        """The folder of artifacts, as Optuna takes it."""
        return FileSystemArtifactStore(self.artifacts)

    def prepare(self, number: int, attempt: optuna.Trial) -> Job:
        """Return the job of an attempt at trial `number`."""
        asked = self.space.copy()
        asked.values = suggest(attempt, self.space)
        candidate, chosen = ask(asked, self.field.candidates, self.field.ways)
        epochs = max(1, round(chosen.recipe.epochs * self.share(number)))
        recipe = replace(chosen.recipe, seed=seed_of(self.settings.seed, number), epochs=epochs)
        spec = replace(candidate.spec, overrides=chosen.overrides)
        job = self.job(f"{number:05d}", spec, recipe, candidate.way)
        if self.first and number == 0:
            return replace(job, rows=self.screen, seconds=self.first)
        return replace(job, screen=self.screen)

    def job(self, name: str, spec: ModelSpec, recipe: Recipe, way: Way | None) -> Job:
        """Return a job whose files are called `name`, for rows that are read in a way."""
        device = self.settings.chosen
        return Job(
            str(self.data.shared(way)),
            str(self.files / f"{name}.h5"),
            str(self.files / f"{name}.checkpoint"),
            spec.preset,
            spec.input_shape,
            spec.num_outputs,
            dict(spec.overrides),
            asdict(recipe),
            self.settings.objective,
            dict(self.settings.limits),
            None if device is None else device.described(),
        )

    def record(self, study: Study, attempt: optuna.Trial, job: Job, ended: Trial) -> None:
        """Put a result into the study, and keep the weights if it is among the best."""
        known = study.trials()
        file = Path(job.weights)
        size = file.stat().st_size if ended.state == "completed" else 0
        best = best_that_fit(ranked(study.direction, [*known, ended]), ended, size)
        if ended in best:
            key = upload_artifact(
                artifact_store=self.store, file_path=str(file), study_or_trial=attempt
            )
            ended = replace(ended, weights=(key, sha256(file), size))
        if not study.finish(attempt, ended):
            self.drop(ended)  # another attempt at this trial counts, with weights of its own
        for other in known:
            if other.weights is not None and other not in best:
                self.drop(other)
        file.unlink(missing_ok=True)
        Path(job.checkpoint).unlink(missing_ok=True)

    def drop(self, trial: Trial) -> None:
        """Delete the weights of a trial; it can be trained again from its seed."""
        try:
            if trial.weights is not None:
                self.store.remove(trial.weights[0])
        except (ArtifactNotFound, FileNotFoundError):
            return  # dropped before, or by another machine

    def tidy(self, study: Study, *, over: bool = False) -> None:
        """Delete what killed processes have left behind, while no trial runs here.

        Args:
            study: the search's.
            over: nothing will be taken up again; checkpoints go as well.
        """
        passing = {".h5", ".checkpoint"} if over else {".h5"}
        files = [path for path in self.files.iterdir() if PASSING.fullmatch(path.name)]
        unneeded = self._uploaded(study) - kept_artifacts(study)
        leftovers = [
            *(path for path in files if path.suffix in passing),
            *(path for path in self.artifacts.iterdir() if path.name in unneeded),
            *half_written(self.files),
            *half_written(self.files.parent),
        ]
        for path in leftovers:
            path.unlink(missing_ok=True)

    def _uploaded(self, study: Study) -> set[str]:
        """Return the names of artifacts that this study's attempts have uploaded, as far as they
        have ended; in a folder that is ours alone, of any.
        """
        attempts = study.study.get_trials(deepcopy=False)
        ended = [attempt.system_attrs for attempt in attempts if attempt.state.is_finished()]
        noted = {key.removeprefix(UPLOADED) for keys in ended for key in keys}
        if self.settings.storage is not None or self.artifacts != self.files:
            return noted
        return noted | {path.name for path in self.files.iterdir() if is_artifact(path)}

    def fetch(self, trial: Trial, path: Path) -> bool:
        """Fetch the weights of a trial into a file; False if they are gone, or not those."""
        if trial.weights is None:
            return False
        key, digest, _ = trial.weights
        try:
            download_artifact(artifact_store=self.store, artifact_id=key, file_path=str(path))
        except (ArtifactNotFound, FileNotFoundError):
            return False
        return sha256(path) == digest


def kept_artifacts(study: Study) -> set[str]:
    """Return the names of the artifacts that hold the weights of the best trials."""
    best = best_that_fit(ranked(study.direction, study.trials()))
    return {trial.weights[0] for trial in best if trial.weights is not None}


def is_artifact(path: Path) -> bool:
    """Return whether a file is named as Optuna names artifacts."""
    return ARTIFACT.fullmatch(path.name) is not None


def half_written(folder: Path) -> list[Path]:
    """Return the files that `zoo.files.write_atomic` was writing when its process was killed."""
    return [path for path in folder.iterdir() if HALF_WRITTEN.fullmatch(path.name)]


def best_that_fit(ordered: list[Trial], new: Trial | None = None, size: int = 0) -> list[Trial]:
    """Return the best trials whose weights stay: a few, and no more bytes than allowed.

    Args:
        ordered: completed trials, the best first.
        new: the one whose weights are not in the store yet, and their bytes.
    """
    kept: list[Trial] = []
    total = 0
    for trial in ordered:
        bytes_ = size if trial is new else trial.weights[2] if trial.weights else None
        if bytes_ is not None and len(kept) < KEPT and total + bytes_ <= KEPT_BYTES:
            kept.append(trial)
            total += bytes_
    return kept
