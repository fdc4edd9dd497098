"""The server of these tests, and what must hold after each: no file holds its password."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.postgres.server import PASSWORD, Server

SECRETS = [text.encode() for text in (PASSWORD, quote(PASSWORD, safe=""), PASSWORD[:6])]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("server") / "postgres") as started:
        yield started


@pytest.fixture
def storage(server: Server) -> str:
    """The URL of an empty database."""
    return server.create(f"zoo{uuid.uuid4().hex}")


@pytest.fixture(autouse=True)
def secret_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whatever a test has made, logged or said is without the password."""
    yield
    said = "".join(capfd.readouterr()).encode()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    held = {str(path): path.read_bytes() for path in files} | {"the output": said}
    assert [name for name, text in held.items() if any(s in text for s in SECRETS)] == []
