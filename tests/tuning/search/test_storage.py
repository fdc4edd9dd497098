"""Sweeps under damage other than kills: damaged journals, a full disk, crashing trials."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

import zoo
from tests.helpers.killing import Command, attempts_by_trial, broken, study_of
from tests.helpers.searching import search_wine
from tuning.recipe import seed_of
from tuning.study.ledger import Study
from tuning.study.storage import open_study
from tuning.sweep.pool import Pool
from zoo.lock import locked

PLAIN = {"algorithm": "sobol", "prune": "none", "repeats": 0, "overrides": {"units": 8, "depth": 1}}


def opened(folder: Path) -> optuna.Study:
    return open_study(folder, "s", {"seed": 0}, "maximize", alone=True)


@pytest.fixture
def journal(folder: Path) -> Path:
    """A journal of three finished trials."""
    study = opened(folder)
    for n in range(3):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, n)
    return folder / "study.log"


def test_a_journal_damaged_at_its_end_goes_on(journal: Path) -> None:
    with journal.open("ab") as log:
        log.write(b'{"op_code":4,"worker_i')  # killed while it wrote
    study = opened(journal.parent)
    assert [trial.value for trial in study.trials] == [0, 1, 2]
    study.tell(study.ask(), 3)
    assert [trial.value for trial in opened(journal.parent).trials] == [0, 1, 2, 3]
    assert not list(journal.parent.glob("*.damaged"))


@pytest.mark.parametrize("damage", [b"\0\0\n", b"{half a li", b"[1, 2]\n", b"\xff\xfe\n"])
def test_a_journal_damaged_in_the_middle_keeps_what_came_before(
    damage: bytes, journal: Path
) -> None:
    lines = journal.read_bytes().splitlines(keepends=True)
    begun = [n for n, line in enumerate(lines) if json.loads(line)["op_code"] == 4]
    last = begun[-1]  # where the third trial begins
    damaged = b"".join([*lines[:last], damage, *lines[last + 1 :]])
    journal.write_bytes(damaged)
    message = rf"study.log is damaged in line {last + 1}: what was written before it is kept"
    with pytest.warns(UserWarning, match=message):
        study = opened(journal.parent)
    assert [trial.value for trial in study.trials] == [0, 1]
    assert (journal.parent / "study.log.damaged").read_bytes() == damaged
    study.tell(study.ask(), 2)
    assert [trial.value for trial in opened(journal.parent).trials] == [0, 1, 2]


TWO_KEYS = '{"op_code": 3, "worker_id": "x", "study_id": 0, "system_attr": {"a": 1, "b": 2}}'


@pytest.mark.parametrize(
    "line", ['{"op_code": 99}', '{"op_code": 4}', '{"op_code": "x"}', TWO_KEYS]
)
def test_a_journal_with_lines_of_another_kind(line: str, journal: Path) -> None:
    with journal.open("a") as log:
        log.write(line + "\n")
    with pytest.raises(zoo.UserError, match="a line of it makes no sense to Optuna"):
        opened(journal.parent)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("score", "high", "score must be"), ("recipe", {"x": 1}, "recipe.x is not known")],
)
def test_a_trial_that_is_recorded_wrongly(
    name: str, value: object, said: str, folder: Path
) -> None:
    study = opened(folder)
    trial = study.ask()
    trial.set_user_attr("outcome", "completed")
    trial.set_user_attr(name, value)
    study.tell(trial, 1.0)
    with pytest.raises(zoo.UserError, match=f"Trial 0 of the study is damaged: {said}"):
        Study(study, "x", 1).trials()


OLDER = '{"preset": "mlp_tiny", "data": "wine"}\n{"number": 0, "state": "completed"}\n'


@pytest.mark.parametrize("first", ["{damaged\n", OLDER, "\n", "null\n"])
def test_a_journal_damaged_in_its_first_line_is_refused(first: str, journal: Path) -> None:
    content = first + journal.read_text()
    journal.write_text(content)
    with pytest.raises(
        zoo.UserError, match="is damaged in its first line, or was written by a pocketzoo before"
    ):
        opened(journal.parent)
    assert journal.read_text() == content
    assert (journal.parent / "study.log.damaged").read_text() == content


def test_a_study_of_somebody_else_is_refused(folder: Path) -> None:
    folder.mkdir()
    backend = optuna.storages.journal.JournalFileBackend(str(folder / "study.log"))
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.create_study(storage=storage, study_name="s", direction="maximize")
    study.ask()
    with pytest.raises(zoo.UserError, match="holds a study 's' that is not pocketzoo's"):
        opened(folder)


def searched(folder: Path, **changed: Any) -> Command:
    options = {"trials": 3, "jobs": 1, "recipe": {"epochs": 2}, **PLAIN, **changed}
    search_wine(folder, options)
    command = Command(folder, {"trials": options["trials"]})
    command.temporary.mkdir(exist_ok=True)
    return command


def test_a_search_goes_on_from_a_damaged_journal(folder: Path) -> None:
    before = attempts_by_trial(study_of(searched(folder)))
    journal = folder / "study.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    begun = [n for n, line in enumerate(lines) if json.loads(line)["op_code"] == 4]
    lines[begun[2] + 1] = b"\0" * 8 + b"\n"
    journal.write_bytes(b"".join(lines))
    with pytest.warns(UserWarning, match="what followed runs again"):
        command = searched(folder)
    assert broken(command) == []
    after = attempts_by_trial(study_of(command))
    assert before[:2] == after[:2]
    assert before[2][0].value == after[2][-1].value


def test_one_command_at_a_time_in_a_folder(folder: Path) -> None:
    with (
        locked(folder),
        pytest.raises(zoo.UserError, match="Another command is at work in .*run"),
    ):
        searched(folder)


@pytest.fixture
def command(folder: Path) -> Iterator[Command]:
    """A sweep that is ended with the test."""
    made = Command(folder, {})
    yield made
    made.end()


@pytest.mark.parametrize(
    ("most", "finished"), [pytest.param(8_000, 0, marks=pytest.mark.slow), (40_000, 3)]
)
def test_a_full_disk_ends_a_sweep_and_room_continues_it(
    most: int, finished: int, command: Command
) -> None:
    """No file may grow beyond `most` bytes: the weights of a trial, or later the journal."""
    command.options = {**PLAIN, "trials": 10, "jobs": 2, "recipe": {"epochs": 12, "patience": 0}}
    command.start(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    assert command.wait() == 2, command.said()
    assert "The disk is full" in command.said()
    assert "Finished trials are safe. Make room; the same command continues" in command.said()
    assert "Traceback" not in command.said()
    before = [a for a in study_of(command).trials if a.state == TrialState.COMPLETE]
    assert finished <= len(before) < 10
    search_wine(command.folder, command.options)  # here: a warning of damage would be an error
    assert broken(command) == []
    again = study_of(command).trials
    assert all(again[attempt.number] == attempt for attempt in before)


FAULTY = '''
"""Makes chosen trials fail, by their seed; Python imports it before anything else."""
import importlib.util, json, os, resource, signal, sys

FAULTS = json.loads(os.environ["FAULTS"])


def fail(kind, model):
    if kind == "exit":
        os._exit(7)
    if kind in ("SIGSEGV", "SIGKILL"):
        os.kill(os.getpid(), getattr(signal, kind))
    if kind == "memory":
        resource.setrlimit(resource.RLIMIT_AS, (2**36, 2**36))
        bytearray(2**40)
    if kind == "nan":
        model.set_weights([value * float("nan") for value in model.get_weights()])


class Finder:
    def find_spec(self, name, path, target=None):
        if name != "tuning.training.fitting":
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(name)
        load = found.loader.exec_module

        def exec_module(module):
            load(module)
            fit = module.fit

            def faulty(model, data, recipe, **others):
                fail(FAULTS.get(str(recipe.seed)), model)
                return fit(model, data, recipe, **others)

            module.fit = faulty

        found.loader.exec_module = exec_module
        return found


if "tuning.sweep.worker" in sys.orig_argv:
    sys.meta_path.insert(0, Finder())
'''


def test_trials_that_crash_are_marked_and_the_sweep_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = {
        1: ("SIGSEGV", "its process died of SIGSEGV"),
        2: ("exit", "its process died with exit code 7"),
        3: ("memory", "MemoryError: "),
        4: ("nan", "Diverged: The loss became NaN or infinite in epoch 1; lower"),
        5: ("SIGKILL", "its process was killed 10 times"),
    }
    (tmp_path / "sitecustomize.py").write_text(FAULTY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    by_seed = {seed_of(0, number): kind for number, (kind, _) in faults.items()}
    monkeypatch.setenv("FAULTS", json.dumps(by_seed))
    monkeypatch.setattr("tuning.searching.Pool", Pool)  # one that reads all this
    command = searched(folder, trials=7, jobs=2)
    trials = Study(study_of(command), "reader", 0).trials()
    assert [trial.number for trial in trials] == list(range(7))
    for trial in trials:
        kind, message = faults.get(trial.number, ("", ""))
        assert trial.state == ("failed" if kind else "completed"), trial
        assert trial.message.startswith(message)
    assert zoo.Run(folder).read_json("study.json")["trials"]["failed"] == 5
    zoo.Run(folder).load_model()
