"""Saving Kamailio's database to a file and getting it back.

SQLite is written and read here; servers have programs of their own for it, which get their passwords by a file.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from olelo.db.admin import LOCK_TIMEOUT, PORTS, AdminError, Place, explain
from olelo.db.admin_tables import make_file
from olelo.db.schema import MYSQL, SQLITE

# The frame of a dump, which has a transaction of its own.
_DUMPS_BEGINNING = re.compile(r"\A\s*(?:PRAGMA foreign_keys=OFF;\s*)?BEGIN TRANSACTION;")
_DUMPS_END = re.compile(r"COMMIT;\s*\Z")


def backup(place: Place, path: str, *, structure: bool = True) -> None:
    """Write a database as SQL; the file is complete or is not there, and is for its owner only.

    structure False: only the rows, for tables that are there already (servers).
    """
    directory = os.path.dirname(os.path.abspath(path))
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".backup", dir=directory)
    except OSError as error:
        raise AdminError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "wb") as out:
            if place.kind == SQLITE:
                for line in _lines(place):
                    out.write(line.encode("utf-8", "surrogateescape") + b"\n")
            else:
                _run(place, _dump_words(place, structure), stdout=out.fileno())
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise AdminError(f"cannot write {path}: {error.strerror}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def restore(place: Place, path: str) -> None:
    """Run the SQL of a file, in one transaction where the database can."""
    try:
        with open(path, "rb") as file:
            if place.kind == SQLITE:
                _restore_file(place, file.read().decode("utf-8", "surrogateescape"))
            else:
                _run(place, _client_words(place), stdin=file.fileno())
    except OSError as error:
        raise AdminError(f"cannot read {path}: {error.strerror}") from None


def copy_file(place: Place, path: str) -> None:
    """Copy an SQLite database while it is in use. Raises AdminError: the new file is there already."""
    if not make_file(path):
        raise AdminError(f"{path} is there already; nothing was changed")
    try:
        with _opened(place) as source, contextlib.closing(sqlite3.connect(path)) as target:
            source.backup(target)
    except (AdminError, sqlite3.Error) as error:
        os.unlink(path)
        raise AdminError(str(error)) from None


@contextmanager
def _opened(place: Place) -> Iterator[sqlite3.Connection]:
    from sqlalchemy.exc import DBAPIError

    if not os.path.isfile(place.database):
        raise AdminError(f"there is no database {place.database}")
    try:
        with contextlib.closing(sqlite3.connect(place.database, timeout=LOCK_TIMEOUT, isolation_level=None)) as found:
            found.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
            yield found
    except sqlite3.Error as error:
        raise explain(DBAPIError("", None, error), place) from None


def _lines(place: Place) -> Iterator[str]:
    with _opened(place) as connection:
        yield from connection.iterdump()


def _restore_file(place: Place, script: str) -> None:
    statements = _DUMPS_END.sub("", _DUMPS_BEGINNING.sub("", script))
    make_file(place.database)
    with _opened(place) as connection:
        try:
            connection.executescript("BEGIN;" + statements + "\nCOMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _dump_words(place: Place, structure: bool) -> list[str]:
    if place.kind == MYSQL:
        words = ["--single-transaction", "--complete-insert", *([] if structure else ["--no-create-info"])]
        return [_program("mysqldump"), "{secret}", *words, *_mysql_server(place), place.database]
    words = ["--clean", "--if-exists", "--no-owner"] if structure else ["--data-only"]
    return [_program("pg_dump"), *words, *_postgres_server(place), place.database]


def _client_words(place: Place) -> list[str]:
    if place.kind == MYSQL:
        return [_program("mysql"), "{secret}", "--batch", *_mysql_server(place), place.database]
    quiet = ["--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
    return [_program("psql"), *quiet, *_postgres_server(place), place.database]


def _mysql_server(place: Place) -> list[str]:
    if place.host.startswith("/"):
        where = [f"--socket={place.host}"]
    else:
        where = [f"--host={place.host or 'localhost'}", f"--port={place.port or PORTS[MYSQL]}", "--protocol=tcp"]
    return [*where, f"--user={place.user}"]


def _postgres_server(place: Place) -> list[str]:
    port = place.port or PORTS[place.kind]
    return [f"--host={place.host or 'localhost'}", f"--port={port}", f"--username={place.user}", "--no-password"]


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise AdminError(f"the program {name} is not installed; it comes with the database's client tools")
    return found


def _run(place: Place, words: list[str], *, stdin: int | None = None, stdout: int | None = None) -> None:
    """Run a database's program. The password is in a file that only we can read, gone at the end."""
    environment = dict(os.environ)
    with tempfile.NamedTemporaryFile("w", prefix="olelo-", encoding="utf-8") as secret:
        if place.kind == MYSQL:
            escaped = place.password.replace("\\", "\\\\").replace('"', '\\"')
            secret.write(f'[client]\npassword="{escaped}"\n')
            words = [f"--defaults-extra-file={secret.name}" if word == "{secret}" else word for word in words]
        elif place.password:
            escaped = place.password.replace("\\", "\\\\").replace(":", "\\:")
            secret.write(f"*:*:*:*:{escaped}\n")
            environment["PGPASSFILE"] = secret.name
        secret.flush()
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.DEVNULL if stdout is None else stdout,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
        )
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").splitlines()
        # Only the line of the error: others repeat the statement, with what is in it.
        said = [line for line in lines if "error" in line.lower()] or [f"exit code {done.returncode}"]
        raise AdminError(f"{os.path.basename(words[0])} failed: {said[0][:300]}")
