"""Values on their way in and out, where the kinds of databases differ."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import pytest
from sqlalchemy import create_engine, text

from databases import PASSWORD, DatabaseServer
from db.conftest import Kit
from olelo.core.database import Database, DatabaseError, DatabaseUrl, Insert, Key, Update
from olelo.db import sql
from olelo.db.pool import SqlDatabase
from olelo.db.servers import open_postgres

pytestmark = pytest.mark.wire
NOON = datetime(2026, 11, 23, 12, 0, 0)


def fill(kit: Kit, **values: object) -> None:
    kit.run(kit.db.write([Insert("people", {"id": 1, "name": "a", "number": 1, **values})]))  # type: ignore[dict-item]


def found(kit: Kit, *where: Key, column: str = "name", table: str = "people") -> list[object]:
    return [row[0] for row in kit.run(kit.db.query(table, [column], where))]


def test_a_text_equals_the_number_it_spells(kit: Kit) -> None:
    fill(kit)
    assert found(kit, Key("number", "1")) == ["a"]
    assert found(kit, Key("number", "2")) == []


def test_a_number_that_is_too_large_is_an_error_and_no_other(kit: Kit) -> None:
    fill(kit)
    with pytest.raises(DatabaseError):
        kit.run(kit.db.write([Update("people", {"number": 1 << 70}, ())]))
    try:
        assert found(kit, Key("number", 1 << 70)) == []
    except DatabaseError:
        pass
    assert found(kit) == ["a"]


@pytest.mark.parametrize("operator", ["<", ">", "<=", ">="])
def test_null_is_neither_more_nor_less(kit: Kit, operator: str) -> None:
    with pytest.raises(DatabaseError, match="NULL"):
        found(kit, Key("number", None, operator))


def test_questions_about_nothing(kit: Kit) -> None:
    with pytest.raises(DatabaseError, match="no columns"):
        kit.run(kit.db.query("people", []))
    with pytest.raises(DatabaseError, match="nothing is to be changed"):
        kit.run(kit.db.write([Update("people", {}, ())]))
    assert kit.run(kit.db.write([])) == []


def test_times_come_back_as_times_and_can_be_compared(kit: Kit) -> None:
    fill(kit, seen=NOON)
    assert found(kit, column="seen") == [NOON]
    assert found(kit, Key("seen", NOON)) == ["a"]
    assert found(kit, Key("seen", NOON.replace(second=1), "<")) == ["a"]
    assert found(kit, Key("seen", NOON.replace(hour=11), "<")) == []


def test_times_in_sqlite_are_kamailios() -> None:
    moment = int(NOON.timestamp())
    assert sql.from_julian(sql.to_julian(NOON)) == NOON
    # what db_sqlite of Kamailio 5.6 writes for a time_t, and what it reads from ours: (int)(86400 * (x - 2440587.5) + 0.5)
    assert sql.from_julian((moment - 0.5) / 86400 + 2440587.5) == NOON
    assert int(86400.0 * (sql.to_julian(NOON) - 2440587.5) + 0.5) == moment


def test_times_in_sqlite_by_others(kit: Kit) -> None:
    if kit.kind != "sqlite":
        pytest.skip("servers have types")
    fill(kit, seen=NOON)
    with sqlite3.connect(kit.url.removeprefix("sqlite:///")) as file:
        assert file.execute("SELECT typeof(seen) FROM people").fetchone()[0] in ("real", "integer")
        for value, expected in (
            ("2030-05-28 21:32:15", datetime(2030, 5, 28, 21, 32, 15)),
            ("tomorrow", "tomorrow"),
            (1e300, 1e300),
            (None, None),
        ):
            file.execute("UPDATE people SET seen = ?", (value,))
            file.commit()
            assert found(kit, column="seen") == [expected]
    file.close()


def postgres_only(kit: Kit) -> None:
    if kit.kind != "postgres":
        pytest.skip("types of PostgreSQL")


def test_a_time_with_a_zone_is_local_time(kit: Kit) -> None:
    postgres_only(kit)
    kit.sql("DROP TABLE IF EXISTS odd")
    kit.sql("CREATE TABLE odd (at TIMESTAMPTZ, who UUID)")
    who = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    kit.run(kit.db.write([Insert("odd", {"at": NOON, "who": who})]))
    assert found(kit, Key("who", who), column="at", table="odd") == [NOON]


def test_a_row_that_cannot_be_read_does_not_take_the_server_away(kit: Kit) -> None:
    postgres_only(kit)
    kit.sql("DROP TABLE IF EXISTS odd")
    kit.sql("CREATE TABLE odd (at TIMESTAMP)")
    kit.sql("INSERT INTO odd VALUES ('infinity')")
    fill(kit)
    with pytest.raises(DatabaseError, match="infinity"):
        found(kit, column="at", table="odd")
    assert found(kit) == ["a"]
    assert not any("answer" in line for line in kit.lines())


def test_text_of_a_postgres_database_without_encoding_comes_as_its_bytes(postgres: DatabaseServer) -> None:
    place = f"postgresql+psycopg://tester:{PASSWORD}@127.0.0.1:{postgres.port}/postgres"
    admin = create_engine(place, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS bare"))
        connection.execute(
            text("CREATE DATABASE bare ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        )
    admin.dispose()
    url = DatabaseUrl.parse(postgres.url.replace("/kamailio", "/bare"))
    kit = Kit("postgres", postgres.url, postgres)
    db: Database = SqlDatabase(url, kit.world, kit.world.log, lambda: open_postgres(url, connect_timeout=2))
    kit.db = db
    kit.sql("CREATE TABLE people (id INTEGER, name VARCHAR(20), number INTEGER)")
    kit.sql(r"INSERT INTO people VALUES (1, convert_from('\x66ff', 'SQL_ASCII'), 1)")
    assert found(kit) == ["f\xff"]
    kit.run(db.close())
    kit.run(kit.databases.close())
