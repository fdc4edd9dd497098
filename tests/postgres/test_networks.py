"""Two machines on networks of their own, and a database between them: see docs/guide/cluster.md."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.killing import Command, broken, study_of
from tests.postgres.networks import Network
from tests.postgres.server import Server

OPTIONS = {
    "algorithm": "sobol",
    "prune": "none",
    "repeats": 0,
    "heartbeat": 1,
    "trials": 4,
    "jobs": 1,
    "recipe": {"epochs": 5, "patience": 0},
}


@pytest.fixture
def networks() -> Iterator[list[Network]]:
    first, second = (Network(f"pocketzoo{os.getpid()}{n}", n) for n in (1, 2))
    with first, second:
        yield [first, second]


def test_machines_that_share_a_database_alone_share_the_trials(
    networks: list[Network], tmp_path: Path
) -> None:
    assert not networks[0].reaches(networks[1].address)
    assert networks[1].reaches(networks[1].gateway)
    served = {network.gateway: network.range for network in networks}
    with Server(tmp_path / "postgres", served) as server:
        url = server.create("sweeps")
        commands = []
        for network in networks:
            (tmp_path / network.name).mkdir()
            storage = url.replace("127.0.0.1", network.gateway)
            commands.append(
                Command(tmp_path / network.name / "run", {**OPTIONS, "storage": storage})
            )
        try:
            for command, network in zip(commands, networks, strict=True):
                command.start(network.enter())
            for command in commands:
                assert command.wait() == 0, command.said()
                assert broken(command) == []
            owners = {a.user_attrs["owner"] for a in study_of(commands[0]).trials}
        finally:
            for command in commands:
                command.end()
    assert len(owners) == 2, owners
