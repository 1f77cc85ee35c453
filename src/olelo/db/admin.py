"""Kamailio's database as an operator's tools see it: where it is, how to get in, and what went wrong, in one line.

No text of an AdminError holds a password: neither the database's nor one that was to be stored.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, column, create_engine, event, select, table
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from olelo.core.database import DatabaseUrl
from olelo.db.schema import MYSQL, POSTGRES, SQLITE, TABLES
from olelo.db.sqlite import path_of

#: Seconds to reach a server, and to wait for another program's lock of an SQLite file.
CONNECT_TIMEOUT: Final = 5
LOCK_TIMEOUT: Final = 3.0
#: For whoever has no database yet.
MAKING: Final = "`olelo user create` makes the table of subscribers, `olelo kamdbctl create` all of Kamailio's"
PORTS: Final = {MYSQL: 3306, POSTGRES: 5432}
_DRIVERS = {MYSQL: "mysql+pymysql", POSTGRES: "postgresql+psycopg"}
_SCHEMES = {"mysql": MYSQL, "postgres": POSTGRES, "postgresql": POSTGRES, "sqlite": SQLITE}
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,63}\Z")


class AdminError(Exception):
    """What a tool tells its operator: one line, without passwords."""


class AlreadyThere(AdminError):
    """A row, a table or a database is there already."""


class NoTable(AdminError):
    """A table is not there."""


@dataclass(frozen=True, slots=True)
class Place:
    """A database: kind mysql (MariaDB too), postgresql or sqlite; database is a name, or the path of an SQLite file.

    port 0: the usual one. A host that begins with / is a Unix socket (MySQL) or the directory of one (PostgreSQL).
    """

    kind: str
    database: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)

    @staticmethod
    def parse(text: str) -> Place:
        """From Kamailio's URL, e.g. `mysql://user:password@host/kamailio` or `sqlite:////var/lib/kamailio/kamailio.db`."""
        try:
            url = DatabaseUrl.parse(text)
        except ValueError as error:
            raise AdminError(str(error)) from None
        kind = _SCHEMES.get(url.scheme)
        if kind is None:
            raise AdminError(f"no tool here works on {url.scheme}:// databases; mysql, postgres and sqlite it can be")
        found = url.database
        if kind == SQLITE and path_of(url).exists():  # a relative path may be one of /, as for the server
            found = str(path_of(url))
        return Place(kind, found, url.host, url.port, url.user, url.password)

    @property
    def name(self) -> str:
        """For people: without the password."""
        if self.kind == SQLITE:
            return self.database
        account = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.kind}://{account}{self.host or 'localhost'}{port}/{self.database}"

    def engine(self, *, make: bool = False) -> Engine:
        """An engine that keeps no connection. make: an SQLite file may be made; else a missing one is an AdminError."""
        if self.kind == SQLITE:
            return self._file(make)
        arguments: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT}
        host: str | None = self.host or "localhost"
        if self.kind == MYSQL:
            # PyMySQL sends a text as latin-1, and bytes as they are.
            arguments |= {"charset": "utf8mb4", "password": self.password.encode("utf-8", "surrogateescape")}
            if self.host.startswith("/"):
                arguments["unix_socket"], host = self.host, None
        url = URL.create(
            _DRIVERS[self.kind],
            self.user or None,
            (self.kind == POSTGRES and self.password) or None,
            host,
            self.port or PORTS[self.kind],
            self.database or None,
        )
        try:
            return create_engine(url, connect_args=arguments, poolclass=NullPool, hide_parameters=True)
        except ModuleNotFoundError as error:
            extra = {MYSQL: "mysql", POSTGRES: "postgres"}[self.kind]
            raise AdminError(f"the Python package {error.name} is missing: pip install 'olelo[{extra}]'") from None

    def _file(self, make: bool) -> Engine:
        path = self.database
        if not make and not os.path.exists(path):
            raise AdminError(f"{path}: there is no such file; {MAKING}")
        if os.path.isdir(path):
            raise AdminError(f"{path} is a directory, not a database")
        mode = "rwc" if make else "rw"

        def connect() -> sqlite3.Connection:
            return sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode={mode}", uri=True, timeout=LOCK_TIMEOUT)

        engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)
        _whole_transactions(engine)
        return engine


def _whole_transactions(engine: Engine) -> None:
    """Let a transaction of SQLite hold changes of the schema too; its Python module alone commits before them."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def working(place: Place, *, make: bool = False) -> Iterator[Connection]:
    """A connection in one transaction: all of it is done or nothing is. Raises AdminError for whatever goes wrong."""
    engine = place.engine(make=make)
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise explain(error, place) from None
    except UnicodeEncodeError:
        raise AdminError("what was given is not UTF-8, and a database holds text") from None
    finally:
        engine.dispose()


@contextmanager
def reading(place: Place) -> Iterator[Connection]:
    """A connection to look with; SQLite files are not locked by it. Raises AdminError."""
    engine = place.engine()
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if place.kind == SQLITE:
                connection.exec_driver_sql("PRAGMA query_only = ON")
            yield connection
    except SQLAlchemyError as error:
        raise explain(error, place) from None
    except UnicodeEncodeError:
        raise AdminError("what was given is not UTF-8, and a database holds text") from None
    finally:
        engine.dispose()


def check_version(connection: Connection, name: str, wanted: int | None = None) -> None:
    """The table must have the version that the modules ask for. Raises NoTable, AdminError."""
    wanted = TABLES[name].version if wanted is None else wanted
    version = table("version", column("table_name"), column("table_version"))
    rows = connection.execute(select(version.c.table_version).where(version.c.table_name == name)).all()
    if not rows:
        raise NoTable(f"the table version knows nothing of {name}; {MAKING}")
    if int(rows[0][0]) != wanted:
        raise AdminError(f"table {name} has version {rows[0][0]}, and not {wanted}")


def identifier(name: str, what: str) -> str:
    """A name of a database, table or column as given by people. Raises AdminError where no database could take it."""
    if not _IDENTIFIER.match(name):
        raise AdminError(f"{name!r} is no name for a {what}: letters, digits and _, at most 64 of them")
    return name


def explain(error: SQLAlchemyError, place: Place) -> AdminError:
    """One line for what the database said. SQLAlchemy's own text has the statement's values, so it is never used."""
    cause = getattr(error, "orig", None)
    if cause is None:
        return AdminError(f"{place.name}: {type(error).__name__}")
    number = cause.args[0] if cause.args and isinstance(cause.args[0], int) else 0
    state = getattr(cause, "sqlstate", None) or ""
    text = _first_line(str(cause.args[1]) if number and len(cause.args) > 1 else str(cause))
    if number == 1146 or state == "42P01" or text.startswith("no such table"):
        found = re.search(r"(?:no such table: |[Tt]able '|relation \")(?:\w+\.)?([^'\"\s]+)", text)
        return NoTable(f"{place.name} has no table {found[1] if found else ''}; {MAKING}")
    if isinstance(error, DataError) or number == 1366:  # these texts quote what was to be stored
        found = re.search(r"column [`'\"]?(\w+)|type (character varying\(\d+\)|\w+)", text)
        return AdminError(f"{place.name}: a value does not fit {found[0] if found else 'its column'}")
    if number == 1062 or state == "23505" or (isinstance(error, IntegrityError) and "UNIQUE" in text):
        return AlreadyThere(f"{place.name}: there is such a row already")
    if number in (1044, 1045) or state in ("28P01", "28000") or "password authentication failed" in text:
        return AdminError(f"{place.name} does not let {place.user or 'us'} in: wrong user, password or host")
    if number == 1049 or state == "3D000" or re.search(r'database "[^"]*" does not exist', text):
        return AdminError(
            f"there is no database {place.database} on {place.host or 'localhost'}; run olelo kamdbctl create"
        )
    if number in (2002, 2003, 2005, 2006, 2013) or _unreachable(text):
        where = f"{place.host or 'localhost'}:{place.port or PORTS.get(place.kind, 0)}"
        return AdminError(f"cannot reach the database server at {where}: {_network_reason(text)}")
    if text == "database is locked" or number == 1205 or state == "55P03":
        return AdminError(f"{place.name} is locked by another program; try again")
    if "must be owner" in text:
        return AdminError(f"{place.name}: {text}: only who made it may do that")
    if text.startswith("attempt to write a readonly") or number in (1142, 1290) or state == "42501":
        return AdminError(f"{place.name} is read-only for us")
    if text.startswith("unable to open database file"):
        return AdminError(f"cannot open {place.name}: {_unopened(place.database)}")
    if text.startswith("file is not a database"):
        return AdminError(f"{place.name} is not a database of SQLite")
    return AdminError(f"{place.name}: {text}")


def _first_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text.strip().partition("\n")[0])[:300]


def _unreachable(text: str) -> bool:
    return any(
        part in text for part in ("connection failed", "could not connect", "failed to resolve", "timeout expired")
    )


def _network_reason(text: str) -> str:
    for reason in (
        "Connection refused",
        "No such file or directory",
        "timed out",
        "timeout expired",
        "No route to host",
    ):
        if reason.lower() in text.lower():
            return reason[0].lower() + reason[1:]
    if "Name or service not known" in text or "resolve" in text:
        return "there is no host of that name"
    return text.rpartition(": ")[2] or text


def _unopened(path: str) -> str:
    directory = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(directory):
        return f"there is no directory {directory}"
    if os.path.exists(path) and not os.access(path, os.R_OK):
        return "no permission to read it"
    return "no permission" if not os.access(directory, os.W_OK) else "it cannot be opened"
