"""Sweeps on a real PostgreSQL: killed, shared by machines, refused, cut off."""

import gc
import os
import random
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import sqlalchemy
from optuna.trial import FrozenTrial, TrialState

import zoo
from tests.helpers.killing import Command, attempts_by_trial, broken, harass, study_of
from tests.helpers.searching import search_wine
from tests.postgres.conftest import SECRETS
from tests.postgres.server import Server, free_port
from tuning.study.storage import open_study

PLAIN = {"algorithm": "sobol", "prune": "none", "repeats": 0, "heartbeat": 1}
LONG = {**PLAIN, "trials": 8, "jobs": 1, "recipe": {"epochs": 60, "patience": 0}}
SHORT = {**PLAIN, "trials": 2, "jobs": 1, "recipe": {"epochs": 2}}
Machine = Callable[..., Command]


# Optuna drops its connection where it cannot use the tables
pytestmark = pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")


@pytest.fixture(autouse=True)
def dropped() -> Iterator[None]:
    """What a test has dropped goes while its warnings are ignored."""
    yield
    gc.collect()


@pytest.fixture
def machine(tmp_path: Path, storage: str) -> Iterator[Machine]:
    """Makes the command of a machine: folders of one name, in parents of their own."""
    made: list[Command] = []

    def make(name: str, options: dict[str, Any]) -> Command:
        (tmp_path / name).mkdir(exist_ok=True)
        made.append(Command(tmp_path / name / "run", {"storage": storage, **options}))
        return made[-1]

    yield make
    for command in made:
        command.end()


def attempts_of(command: Command, study: optuna.Study) -> list[FrozenTrial]:
    """Return the attempts that a machine has claimed."""
    own = f"{socket.gethostname()}:{command.folder.resolve()}"
    return [a for a in study.get_trials() if a.user_attrs.get("owner") == own]


def stop_in_a_trial(command: Command, study: optuna.Study) -> FrozenTrial:
    """Stop a machine's supervisor while it runs a trial, and return that attempt."""
    assert command.process is not None
    while True:
        command.until(lambda: any(not a.state.is_finished() for a in attempts_of(command, study)))
        os.kill(command.process.pid, signal.SIGSTOP)
        running = [a for a in attempts_of(command, study) if not a.state.is_finished()]
        if running and not in_a_transaction(study):
            return running[0]
        os.kill(command.process.pid, signal.SIGCONT)


def in_a_transaction(study: optuna.Study) -> bool:
    """Return whether anyone else has one open: stopped in it, it would keep its locks."""
    busy = "select count(*) from pg_stat_activity where backend_type = 'client backend'"
    busy += " and state <> 'idle' and pid <> pg_backend_pid()"
    with study._storage._backend.engine.connect() as connection:  # type: ignore[attr-defined]
        return bool(connection.execute(sqlalchemy.text(busy)).scalar())


def eventually_study_of(command: Command) -> optuna.Study:
    """Wait until the sweep has made its study, and open it."""
    found: list[optuna.Study] = []

    def is_there() -> bool:
        try:
            found.append(study_of(command))
        except KeyError:  # there is no study of this name yet
            return False
        return True

    command.until(is_there)
    return found[0]


def test_ten_kills_lose_nothing(machine: Machine) -> None:
    command = machine("a", {**LONG, "trials": 12, "jobs": 2, "recipe": {"epochs": 30}})
    chance = random.Random(2)
    kinds = ["trial"] * 5 + ["keeper"] * 2 + ["zygote"] * 2 + ["supervisor"]
    chance.shuffle(kinds)
    assert harass(command, kinds, chance, within=0.6).total() == 10
    assert broken(command) == []


@pytest.mark.parametrize("returns", [False, True])
def test_trials_of_a_machine_that_is_silent_are_run_by_the_other(
    machine: Machine, returns: bool
) -> None:
    first, second = (machine(name, LONG) for name in ("first", "second"))
    first.start()
    study = eventually_study_of(first)
    taken = stop_in_a_trial(first, study)
    second.start()
    if returns:
        second.until(lambda: study.trials[taken.number].state == TrialState.FAIL)
        assert first.process is not None
        os.kill(first.process.pid, signal.SIGCONT)
        assert first.wait() == 0, first.said()
    else:
        first.end()
    assert second.wait() == 0, second.said()
    assert study.trials[taken.number].state == TrialState.FAIL
    again = [a for a in study.trials if a.user_attrs.get("retry_of") == taken.number]
    assert again[-1].state == TrialState.COMPLETE  # a busy machine may be silent for long, too
    assert broken(second) == []
    if returns:
        assert broken(first) == []


def test_two_machines_that_begin_at_once_share_the_trials(machine: Machine) -> None:
    both = [machine(name, LONG) for name in ("first", "second")]
    for command in both:
        command.start()
    for command in both:
        assert command.wait() == 0, command.said()
        assert broken(command) == []


def test_an_empty_database_is_opened_by_many_at_once(storage: str, tmp_path: Path) -> None:
    together = threading.Barrier(8)
    failures: list[BaseException] = []

    def open_it() -> None:
        together.wait()
        try:
            open_study(tmp_path, "s", {"seed": 0}, "maximize", storage, alone=True)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("shared", [True, False])
def test_the_best_weights_reach_another_machine(
    shared: bool, machine: Machine, tmp_path: Path
) -> None:
    options = {**SHORT, "refit": False}
    if shared:
        options["artifacts"] = str(tmp_path / "artifacts")
    first, second = (machine(name, options) for name in ("first", "second"))
    for command in (first, second):
        assert command.run()[0] == 0, command.said()
    assert not attempts_of(second, study_of(second))  # there was nothing left to run
    runs = [zoo.Run(command.folder) for command in (first, second)]
    assert all(map(np.array_equal, *(run.load_model().get_weights() for run in runs)))
    # what was fetched has no history here; what was not is trained again, from its seed
    assert (runs[1].file("history.csv").read_text() == "") == shared


def search(folder: Path, storage: str, **changed: Any) -> None:
    """Search here, as far as the database lets it."""
    search_wine(folder, {**SHORT, "storage": storage, **changed})


def test_another_search_of_the_same_name_is_refused(machine: Machine, tmp_path: Path) -> None:
    command = machine("a", SHORT)
    assert command.run()[0] == 0, command.said()
    (tmp_path / "b").mkdir()
    message = r"/zoo.* holds another search: seed=0; asked for seed=1\. Give another"
    with pytest.raises(zoo.UserError, match=message) as caught:
        search(tmp_path / "b" / "run", command.options["storage"], seed=1)
    assert not any(secret in str(caught.value).encode() for secret in SECRETS)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that lets everybody in and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (
            "password",
            "does not respond, or refuses the connection: .*password authentication failed",
        ),
        ("port", "does not respond, or refuses the connection: .*refused"),
        ("silence", "does not respond, or refuses the connection: .*timeout expired"),
        (
            "name",
            'does not respond, or refuses the connection: .*database "missing" does not exist',
        ),
        ("foreign", "does not hold a study of this Optuna"),
    ],
)
def test_a_database_that_cannot_be_used(
    fault: str, message: str, server: Server, silent: int, tmp_path: Path
) -> None:
    urls = {
        "password": server.url_of("postgres", password=SECRETS[0].decode() + "!"),
        "port": server.url_of("postgres", port=free_port()),
        "silence": server.url_of("postgres", port=silent),
        "name": server.url_of("missing"),
    }
    if fault == "foreign":
        urls[fault] = server.create("foreign")
        server.execute("CREATE TABLE studies (title text)", "foreign")
    begun = time.monotonic()
    with pytest.raises(zoo.UserError, match=message) as caught:
        search(tmp_path / "run", urls[fault])
    assert time.monotonic() - begun < 30  # 10 to connect; the rest is for a busy machine
    assert not any(secret in str(caught.value).encode() for secret in SECRETS)


def test_a_server_that_stops_is_told_and_the_same_command_continues(
    machine: Machine, server: Server
) -> None:
    command = machine("a", LONG)
    command.start()
    command.until(lambda: "trial 2 of 8" in command.said())
    server.stop()
    try:
        code = command.wait()
    finally:
        server.start()
    assert code == 2, command.said()
    last = command.said().splitlines()[-1]
    assert re.search("has stopped responding: .*(terminat|closed|refused|connection)", last), last
    assert "Finished trials are safe; the same command continues" in last
    assert "Traceback" not in command.said()
    finished = [a.number for a in study_of(command).trials if a.state == TrialState.COMPLETE]
    assert finished
    assert command.run()[0] == 0, command.said()
    assert broken(command) == []
    assert [a[0].number for a in attempts_by_trial(study_of(command))][: len(finished)] == finished
