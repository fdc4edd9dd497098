"""A real PostgreSQL on loopback, in a folder of its own, with passwords checked (scram)."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg

PASSWORD = "s3cret/of:pocketzoo@"  # what a URL must escape
USER = "zoo"


class Server:
    """A server of its own, for as long as it is entered. PostgreSQL refuses root: then it runs as
    the user `postgres`.

    Args:
        folder: for its files; made, and readable to its user.
        networks: beside loopback, the addresses it listens at, each with the network it serves.
    """

    def __init__(self, folder: Path, networks: Mapping[str, str] | None = None) -> None:
        self.folder, self.port = folder, free_port()
        self._networks = dict(networks or {})
        self._user = "postgres" if os.geteuid() == 0 else None
        self._sockets = Path(tempfile.mkdtemp(prefix="pz"))  # a socket's path must be short

    def __enter__(self) -> "Server":
        self.folder.mkdir(parents=True)
        secret = self._sockets / "password"
        secret.write_text(PASSWORD)
        if self._user is not None:
            for path in (self.folder, self._sockets, secret):
                shutil.chown(path, self._user)
            for parent in self.folder.parents:  # pytest's are for one user only
                if parent.stat().st_uid == 0 and not parent.stat().st_mode & 0o001:
                    parent.chmod(parent.stat().st_mode | 0o011)
        ways = ["--auth=scram-sha-256", f"--pwfile={secret}", f"--username={USER}", "--no-sync"]
        self._run("initdb", "--encoding=UTF8", "--locale=C", *ways, "-D", self._data)
        secret.unlink()
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            for network in self._networks.values():
                rules.write(f"host all all {network} scram-sha-256\n")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._sockets)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        addresses = ",".join(["127.0.0.1", *self._networks])
        options = f"-p {self.port} -k {self._sockets} -c listen_addresses={addresses} -c fsync=off"
        log = ["-l", str(self.folder / "log")]
        self._run("pg_ctl", "start", "--wait", "-D", self._data, *log, "-o", options)

    def stop(self) -> None:
        """Stop it at once, as a crash would; nothing if it is not up."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-D", self._data, check=False)

    @property
    def url(self) -> str:
        """The URL of its database."""
        return self.url_of("postgres")

    def url_of(self, database: str, *, password: str = PASSWORD, port: int | None = None) -> str:
        """Return the URL of a database."""
        secret = quote(password, safe="")
        return f"postgresql://{USER}:{secret}@127.0.0.1:{port or self.port}/{database}"

    def create(self, database: str) -> str:
        """Make a database and return its URL."""
        self.execute(f'CREATE DATABASE "{database}"')
        return self.url_of(database)

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement."""
        with psycopg.connect(self.url_of(database), autocommit=True) as connection:
            connection.execute(statement)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        with (self._sockets / "said").open("ab") as said:  # no pipe: the server keeps it open
            done = subprocess.run(
                [binary(program), *arguments],
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        if check and done.returncode != 0:
            logs = [path for path in (self._sockets / "said", self.folder / "log") if path.exists()]
            text = "".join(path.read_text() for path in logs)
            raise RuntimeError(f"{program} ended with {done.returncode}:\n{text}")


def binary(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; Debian keeps them off the PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (str(installed[-1]) if installed else None)
    if found is None:
        raise RuntimeError(f"There is no {name}: install PostgreSQL (apt-get install postgresql).")
    return found


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
