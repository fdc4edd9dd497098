"""Storage of a study: a journal file in the run folder, or a database shared by many machines."""

import json
import random
import time
import warnings
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import optuna
import sqlalchemy
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from sqlalchemy.engine import URL, make_url

from zoo import UserError
from zoo.checks import one_of
from zoo.files import is_full, write_atomic
from zoo.urls import bare, without

LOG = "study.log"
Direction = Literal["minimize", "maximize"]
SECONDS_TO_CONNECT = 10
TRIES = 5  # of many machines that begin with an empty database at once
DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql", "mariadb": "pymysql"}


def open_study(
    folder: Path,
    name: str,
    identity: Mapping[str, Any],
    direction: Direction,
    storage: str | None = None,
    *,
    alone: bool,
) -> optuna.Study:
    """Open the study of a search, or start it.

    Args:
        folder: the run folder; the journal `study.log` is in it.
        name: of the study; in a database, what the machines of one search have in common.
        identity: what makes two searches the same; JSON.
        direction: "maximize" or "minimize".
        storage: URL of a database (`postgresql://user@host/name`); None is the journal.
        alone: no other process has the journal open.

    Raises:
        UserError: a storage that does not answer or holds something else, another search under the
            same name, a journal that is damaged in its first lines. No message holds a password.

    Warns:
        UserWarning: a damaged journal, with what was kept of it.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if storage is None:
        folder.mkdir(parents=True, exist_ok=True)
        for lock in folder.glob(f"{LOG}.lock*") if alone else ():  # of a killed process
            lock.unlink(missing_ok=True)
        appending = JournalFileSymlinkLock(str(folder / LOG))
        appending.acquire()
        try:
            mend(folder / LOG)
        finally:
            appending.release()
        study = _in_journal(folder / LOG, name, direction)
    else:
        study = _in_database(database(storage), name, direction)
    _check_identity(study, identity, bare(storage) if storage else str(folder))
    return study


def _in_journal(log: Path, name: str, direction: Direction) -> optuna.Study:
    try:
        opened = optuna.storages.JournalStorage(JournalFileBackend(str(log)))
        study = optuna.create_study(
            storage=opened, study_name=name, direction=direction, load_if_exists=True
        )
        study.get_trials(deepcopy=False)
    except OSError:
        raise
    except Exception as error:  # Optuna asserts what its journal holds, or runs into it
        raise UserError(
            f"{log} cannot be continued: a line of it makes no sense to Optuna "
            f"({type(error).__name__}: {error}). Give another folder, or delete the file."
        ) from error
    return study


def database(storage: str) -> URL:
    """Return the URL of a database, with a driver that is installed.

    Raises:
        UserError: not a URL, or a kind that is not known.
    """
    try:
        url = make_url(storage)
    except sqlalchemy.exc.ArgumentError:
        raise UserError(
            "storage must be a database URL such as postgresql://user@host/name; the value given "
            "cannot be read as one."
        ) from None
    if "@" in (url.host or ""):
        raise UserError(
            "The user or the password of the storage holds an @ as it is. Write it as %40, and a / "
            "as %2F."
        )
    one_of("storage", url.get_backend_name(), (*DRIVERS, "sqlite"))
    driver = DRIVERS.get(url.drivername)
    return url.set(drivername=f"{url.drivername}+{driver}") if driver else url


def _in_database(url: URL, name: str, direction: Direction) -> optuna.Study:
    waiting = "timeout" if url.get_backend_name() == "sqlite" else "connect_timeout"
    seconds = {waiting: SECONDS_TO_CONNECT}
    place = bare(url.render_as_string(hide_password=False))
    try:
        for _ in range(TRIES):
            with suppress(sqlalchemy.exc.IntegrityError, sqlalchemy.exc.ProgrammingError):
                return _opened(url, seconds, name, direction)
            time.sleep(random.uniform(0.1, 0.5))  # another machine makes the tables right now
        return _opened(url, seconds, name, direction)
    except ImportError as error:
        raise UserError(
            f"{place} needs a driver: pip install 'pocketzoo[postgres]' ({error})."
        ) from None
    except sqlalchemy.exc.OperationalError as error:
        raise UserError(
            f"{place} does not respond, or refuses the connection: {_first_line(error, url)}. Is "
            "the server up, are the name and the password right?"
        ) from None
    except (sqlalchemy.exc.SQLAlchemyError, RuntimeError, AssertionError) as error:
        raise UserError(
            f"{place} does not hold a study of this Optuna: {_first_line(error, url)}. "
            "Give an empty database, or run `optuna storage upgrade`."
        ) from None


def _opened(url: URL, seconds: dict[str, int], name: str, direction: Direction) -> optuna.Study:
    opened = optuna.storages.RDBStorage(
        url.render_as_string(hide_password=False),
        engine_kwargs={"connect_args": seconds, "pool_pre_ping": True},
    )
    study = optuna.create_study(
        storage=opened, study_name=name, direction=direction, load_if_exists=True
    )
    weakref.finalize(study, opened.engine.dispose).atexit = False  # closes its connections
    return study


@contextmanager
def answering(storage: str | None) -> Iterator[None]:
    """Turn the end of a database, or of the room on the disk, into a message.

    Raises:
        UserError: one of the two.
    """
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        if storage is None:
            raise
        text = _first_line(error, database(storage))
        raise UserError(
            f"{bare(storage)} has stopped responding: {text}. Finished trials are safe; the same "
            "command continues."
        ) from None
    except OSError as error:
        if not is_full(error):
            raise
        raise UserError(
            f"The disk is full: {error}. Finished trials are safe. Make room; the same command "
            "continues."
        ) from None


def _first_line(error: BaseException, url: URL) -> str:
    """Return what a driver says, in one line, without the password it may have been given."""
    if isinstance(error, optuna.exceptions.StorageInternalError) and error.__cause__ is not None:
        error = error.__cause__  # Optuna itself only guesses
    text = str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__]
    return without(text[0], url.render_as_string(hide_password=False))


def _check_identity(study: optuna.Study, identity: Mapping[str, Any], place: str) -> None:
    wanted = json.loads(json.dumps(dict(identity)))
    held = study.user_attrs
    if "identity" not in held:
        if study.get_trials(deepcopy=False):
            raise UserError(
                f"{place} holds a study {study.study_name!r} that is not pocketzoo's. Give another "
                "name or folder."
            )
        study.set_user_attr("identity", wanted)
        return
    known = held["identity"]
    differing = [key for key in {**wanted, **known} if known.get(key) != wanted.get(key)]
    if differing:
        there = ", ".join(f"{key}={known.get(key)}" for key in differing)
        asked = ", ".join(f"{key}={wanted.get(key)}" for key in differing)
        raise UserError(
            f"{place} holds another search: {there}; asked for {asked}. "
            "Give another folder, or delete this one."
        )


def mend(log: Path) -> None:
    """Cut a journal off where it is damaged; the damaged file stays beside it.

    A line that a crash cut off at the end was of something unfinished, and just goes. Damage in the
    middle takes what follows with it, for Optuna's journal counts its lines.

    Raises:
        UserError: nothing is left.
    """
    if not log.is_file():
        return
    content = log.read_bytes()
    kept, lines = _whole(content)
    if len(kept) == len(content):
        return
    if b"\n" in content[len(kept) :].rstrip(b"\n") or not kept:
        aside = log.with_name(log.name + ".damaged")
        write_atomic(aside, content)
        if not kept:
            raise UserError(
                f"{log} is damaged in its first line, or was written by a pocketzoo before 0.3; "
                f"it is kept as {aside.name}. Give another folder, or delete this one."
            )
        warnings.warn(
            f"{log} is damaged in line {lines + 1}: what was written before it is kept, what "
            f"followed runs again. The damaged file is kept as {aside.name}.",
            stacklevel=3,
        )
    write_atomic(log, kept)


def _whole(content: bytes) -> tuple[bytes, int]:
    """Return the leading lines that are whole JSON objects, and how many they are."""
    end = lines = 0
    for line in content.splitlines(keepends=True):
        try:
            whole = line.endswith(b"\n") and "op_code" in json.loads(line)
        except (ValueError, TypeError, RecursionError):
            whole = False
        if not whole:
            break
        end, lines = end + len(line), lines + 1
    return content[:end], lines
