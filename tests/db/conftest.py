"""One database of each kind, with an empty table for every test."""

from __future__ import annotations

import sqlite3
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from databases import Administered, DatabaseServer, MariaDb, PostgreSql, has_mariadb, has_postgres
from olelo.core.database import Database, Databases
from olelo.core.engine import Engine
from olelo.db.pool import SqlDatabase
from olelo.modules import all_modules
from olelo.testing import FakeServices

KINDS = ("sqlite", "mysql", "postgres")
TABLE = """CREATE TABLE people (
    id INTEGER PRIMARY KEY, name VARCHAR(64) NOT NULL UNIQUE, number INTEGER, rate DOUBLE PRECISION, note {text}, data {blob},
    seen {time})"""


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    if not has_mariadb():
        pytest.skip("mariadbd is not installed")
    server = MariaDb(tmp_path_factory.mktemp("mariadb"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    if not has_postgres():
        pytest.skip("PostgreSQL is not installed")
    server = PostgreSql(tmp_path_factory.mktemp("postgres"))
    yield server
    server.remove()


class Kit:
    """A database, and a way to wait for it."""

    def __init__(self, kind: str, url: str, server: DatabaseServer | None) -> None:
        self.kind = kind
        self.url = url
        self.server = server
        self.world = FakeServices()
        self.databases = Databases()
        self.engine = Engine(self.world)
        module = all_modules()[f"db_{kind}"](self.engine)
        self.databases.register(module.database_schemes, module.open_database)
        self.db: Database = self.databases.open(url)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What a coroutine gives; its exception comes out."""
        found: list[tuple[Any, BaseException | None]] = []
        self.world.spawn(work, lambda result, error: found.append((result, error)))
        result, error = found[0]
        if error is not None:
            raise error
        return result

    def sql(self, statement: str) -> None:
        assert isinstance(self.db, SqlDatabase)
        with self.db._engine.begin() as connection:
            connection.execute(text(statement))

    def lines(self) -> list[str]:
        return [line for _, line in self.world.lines]


@pytest.fixture(params=KINDS)
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kit]:
    kind = request.param
    server: DatabaseServer | None = None
    if kind == "sqlite":
        path = tmp_path / "test.sqlite"
        sqlite3.connect(path).close()
        url = f"sqlite:///{path}"
    else:
        server = request.getfixturevalue("mariadb" if kind == "mysql" else "postgres")
        url = server.url
    made = Kit(kind, url, server)
    types = {"text": "TEXT", "blob": "BLOB", "time": "DATETIME"}
    if kind == "postgres":
        types = {"text": "TEXT", "blob": "BYTEA", "time": "TIMESTAMP"}
    made.sql("DROP TABLE IF EXISTS people")
    made.sql("DROP TABLE IF EXISTS version")
    made.sql(TABLE.format(**types))
    yield made
    made.world.thread_time = 0.0
    made.run(made.databases.close())


@pytest.fixture(scope="session", params=["mariadb", "postgres"])
def server(request: pytest.FixtureRequest) -> Administered:
    """Each of the servers, for its administrator."""
    return Administered(request.getfixturevalue(request.param))
