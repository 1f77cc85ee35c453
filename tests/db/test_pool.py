"""Statements on threads: who runs when, and what happens when one does not end."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from databases import DatabaseServer
from db.conftest import Kit
from olelo.core.database import DatabaseError, DatabaseUrl, Insert
from olelo.db import pool
from olelo.db.pool import SqlDatabase
from olelo.db.servers import hang_up_postgres, open_postgres
from olelo.db.sqlite import interrupt, open_engine
from olelo.net.log import Log
from olelo.net.services import NetServices
from olelo.testing import FakeServices

pytestmark = pytest.mark.wire
ENDLESS = (
    "CREATE VIEW endless AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) AS x FROM c"
)
SHORT = 0.5  # seconds of a deadline


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY)")
    connection.execute(ENDLESS)
    connection.commit()
    connection.close()
    return path


def with_threads(play: Callable[[NetServices], Awaitable[None]]) -> None:
    async def main() -> None:
        services = NetServices(asyncio.get_running_loop(), Log())
        try:
            await play(services)
        finally:
            await services.close()

    asyncio.run(main())


def opened(services: Any, path: Path, **options: Any) -> SqlDatabase:
    url = DatabaseUrl.parse(f"sqlite:///{path}")

    def engine() -> Engine:
        return open_engine(url)

    return SqlDatabase(url, services, services.log, engine, hang_up=interrupt, **options)


def rows(path: Path) -> int:
    connection = sqlite3.connect(path)
    count = connection.execute("SELECT count(*) FROM t").fetchone()[0]
    connection.close()
    return int(count)


def test_one_statement_without_end_holds_up_no_other(file: Path) -> None:
    async def play(services: NetServices) -> None:
        db = opened(services, file, deadline=SHORT * 2)
        slow = asyncio.ensure_future(db.query("endless", ["x"]))
        await asyncio.sleep(0)
        began = time.monotonic()
        for _ in range(3):
            await asyncio.gather(*(db.query("t", ["id"]) for _ in range(3)))
        assert time.monotonic() - began < SHORT * 2
        assert not slow.done()
        with pytest.raises(DatabaseError, match="has not answered within"):
            await slow
        await db.close()

    with_threads(play)


def test_a_statement_without_end_is_ended_and_its_thread_goes_on(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "READERS", 1)

    async def play(services: NetServices) -> None:
        db = opened(services, file, deadline=SHORT)
        with pytest.raises(DatabaseError, match="has not answered within"):
            await db.query("endless", ["x"])
        assert await db.query("t", ["id"]) == []
        await db.close()

    with_threads(play)


def test_a_frozen_postgres_is_hung_up_on(postgres: DatabaseServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "READERS", 1)
    url = DatabaseUrl.parse(postgres.url)

    async def play(services: NetServices) -> None:
        db = SqlDatabase(
            url,
            services,
            services.log,
            lambda: open_postgres(url, connect_timeout=2),
            deadline=SHORT,
            hang_up=hang_up_postgres,
        )
        with db._engine.connect() as connection:  # the one that is used next
            number = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        os.kill(number, signal.SIGSTOP)
        try:
            with pytest.raises(DatabaseError, match="has not answered within"):
                await db.query("pg_class", ["relname"], limit=1)
            assert len(await db.query("pg_class", ["relname"], limit=1)) == 1
        finally:
            os.kill(number, signal.SIGCONT)
        await db.close()

    with_threads(play)


def test_closing_waits_for_the_writes_that_were_given(file: Path) -> None:
    count = 50

    async def play(services: NetServices) -> None:
        db = opened(services, file)
        db._offload.bound = count  # full: closing is let in all the same
        writes = [asyncio.ensure_future(db.write([Insert("t", {"id": number})])) for number in range(count)]
        await asyncio.sleep(0)
        await db.close()
        assert rows(file) == count
        assert await asyncio.gather(*writes) == [[1]] * count
        with pytest.raises(DatabaseError, match="closed"):
            await db.write([Insert("t", {"id": count})])

    with_threads(play)


def test_closing_ends_what_runs_on(file: Path) -> None:
    async def play(services: NetServices) -> None:
        db = opened(services, file)
        slow = asyncio.ensure_future(db.query("endless", ["x"]))
        while not any(lane.connection for lane in db._readers):
            await asyncio.sleep(0)
        await db.close()
        with pytest.raises(DatabaseError):
            await slow

    began = time.monotonic()
    with_threads(play)
    assert time.monotonic() - began < pool.DEADLINE


def test_while_a_database_is_away_one_tries_and_the_others_are_told(tmp_path: Path) -> None:
    world = FakeServices()
    db = opened(world, tmp_path / "none")
    told: list[str] = []

    def ask() -> None:
        world.spawn(db.query("t", ["id"]), lambda result, error: told.append(str(error)))

    ask()
    assert "no such file" in told.pop()
    ask()
    assert "does not answer" in told.pop()
    world.advance(pool.REST + 0.1)
    world.thread_time = 1.0
    for _ in range(3):
        ask()
    assert len(told) == 2
    assert all("does not answer" in text for text in told)
    world.advance(1.0)
    assert "no such file" in told[2]
    assert len(world.lines) == 1


def test_what_waited_when_a_database_went_is_told_without_another_try(tmp_path: Path) -> None:
    world = FakeServices()
    db = opened(world, tmp_path / "none")
    world.thread_time = pool.REST / 4
    told: list[str] = []
    for number in range(3):
        world.spawn(db.write([Insert("t", {"id": number})]), lambda result, error: told.append(str(error)))
    world.advance(pool.REST)
    assert ["no such file" in text for text in told] == [True, False, False]
    assert all("does not answer" in text for text in told[1:])


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"something else " * 1000)
    world = FakeServices()
    told: list[str] = []
    world.spawn(opened(world, path).query("t", ["id"]), lambda result, error: told.append(str(error)))
    assert "not a database" in told[0]


def test_a_write_after_a_restart_is_carried_out_once(kit: Kit) -> None:
    if kit.server is None:
        pytest.skip("a file is not started again")
    kit.run(kit.db.write([Insert("people", {"id": 1, "name": "a"})]))
    kit.server.stop()
    kit.server.start()
    assert kit.run(kit.db.write([Insert("people", {"id": 2, "name": "b"})])) == [1]
    assert kit.run(kit.db.query("people", ["name"], order="id")) == [("a",), ("b",)]
    assert kit.lines() == []
