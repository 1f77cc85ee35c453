"""What `core/database.py` promises, of each kind of database."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import pytest

from db.conftest import Kit
from olelo.core.database import DatabaseError, DatabaseUrl, Delete, Insert, Key, Update
from olelo.db import pool

pytestmark = pytest.mark.wire


def fill(kit: Kit, *names: str) -> None:
    kit.run(kit.db.write([Insert("people", {"id": i, "name": name, "number": i}) for i, name in enumerate(names, 1)]))


def names(kit: Kit, *where: Key, order: str = "id", limit: int = 0) -> list[object]:
    return [row[0] for row in kit.run(kit.db.query("people", ["name"], where, order=order, limit=limit))]


def test_all_kinds_of_values_come_back(kit: Kit) -> None:
    seen = datetime(2026, 11, 23, 20, 0, 1)
    row = {"id": 1, "name": "a", "number": -7, "rate": 2.5, "note": None, "data": b"\x00\xff", "seen": seen}
    assert kit.run(kit.db.write([Insert("people", row)])) == [1]
    found = kit.run(kit.db.query("people", list(row)))
    assert found[0][:6] == tuple(row.values())[:6]
    assert str(found[0][6])[:19] == "2026-11-23 20:00:01"


@pytest.mark.parametrize(
    ("operator", "expected"),
    [("=", ["b"]), ("!=", ["a", "c"]), ("<", ["a"]), ("<=", ["a", "b"]), (">", ["c"]), (">=", ["b", "c"])],
)
def test_operators(kit: Kit, operator: str, expected: list[str]) -> None:
    fill(kit, "a", "b", "c")
    assert names(kit, Key("number", 2, operator)) == expected


def test_an_operator_that_is_none(kit: Kit) -> None:
    with pytest.raises(DatabaseError, match="no operator"):
        names(kit, Key("number", 2, "; DROP TABLE people; --"))


def test_null_is_asked_for_by_none(kit: Kit) -> None:
    fill(kit, "a", "b")
    kit.run(kit.db.write([Update("people", {"number": None}, (Key("name", "a"),))]))
    assert names(kit, Key("number", None)) == ["a"]
    assert names(kit, Key("number", None, "!=")) == ["b"]


def test_conditions_order_and_limit(kit: Kit) -> None:
    fill(kit, "c", "b", "a")
    assert names(kit, order="name") == ["a", "b", "c"]
    assert names(kit, order="name", limit=2) == ["a", "b"]
    assert names(kit, Key("number", 1, ">"), Key("name", "b")) == ["b"]
    assert names(kit, Key("number", 1), Key("name", "b")) == []


@pytest.mark.parametrize("name", ["o'neill", '"', "a;b--", "\\", "%", "' OR '1'='1", "`", "{x}", ":x", "%s"])
def test_signs_of_sql_are_signs_and_nothing_else(kit: Kit, name: str) -> None:
    fill(kit, "other", name)
    assert names(kit, Key("name", name)) == [name]
    kit.run(kit.db.write([Delete("people", (Key("name", name),))]))
    assert names(kit) == ["other"]


@pytest.mark.parametrize("name", ["people; DROP TABLE people", 'peo"ple', "peo`ple", "no_such", "", "x\0y"])
def test_names_of_tables_and_columns_are_names_and_nothing_else(kit: Kit, name: str) -> None:
    fill(kit, "a")
    with pytest.raises(DatabaseError):
        kit.run(kit.db.query(name, ["name"]))
    with pytest.raises(DatabaseError):
        kit.run(kit.db.query("people", [name]))
    with pytest.raises(DatabaseError):
        kit.run(kit.db.query("people", ["name"], [Key(name, 1)]))
    assert names(kit) == ["a"]


def test_text_is_the_scripts_and_utf_8_inside(kit: Kit) -> None:
    script = "j\u00f6rg \u4e2d".encode().decode("latin-1")
    fill(kit, script)
    assert names(kit, Key("name", script)) == [script]
    if kit.kind == "sqlite":
        with sqlite3.connect(kit.url.removeprefix("sqlite:///")) as file:
            assert file.execute("SELECT name FROM people").fetchone() == ("j\u00f6rg \u4e2d",)
        file.close()


@pytest.mark.parametrize("text", ["\xff", "a\x00b", "\xc3"])
def test_what_is_no_text_equals_nothing_and_is_not_written(kit: Kit, text: str) -> None:
    fill(kit, "a")
    assert names(kit, Key("name", text)) == []
    with pytest.raises(DatabaseError, match="text"):
        kit.run(kit.db.write([Insert("people", {"id": 9, "name": text})]))
    assert names(kit) == ["a"]


def test_text_of_others_that_is_not_utf_8_comes_as_its_bytes(kit: Kit) -> None:
    if kit.kind != "sqlite":
        pytest.skip("this server keeps no such text")
    fill(kit, "a")
    kit.sql("UPDATE people SET name = CAST(X'66FF' AS TEXT)")
    assert names(kit) == ["f\xff"]


def test_all_statements_or_none(kit: Kit) -> None:
    fill(kit, "a")
    with pytest.raises(DatabaseError):
        kit.run(kit.db.write([Insert("people", {"id": 2, "name": "b"}), Insert("people", {"id": 3, "name": "a"})]))
    assert names(kit) == ["a"]


def test_a_replacement_goes_by_the_unique_key(kit: Kit) -> None:
    fill(kit, "a", "b")
    row = Insert("people", {"id": 7, "name": "b", "number": 70}, replace=True, unique=("name",))
    kit.run(kit.db.write([row]))
    assert kit.run(kit.db.query("people", ["number"], [Key("name", "b")])) == [(70,)]
    assert sorted(map(str, names(kit))) == ["a", "b"]


def test_counts_of_rows(kit: Kit) -> None:
    fill(kit, "a", "b", "c")
    done = kit.run(
        kit.db.write(
            [Update("people", {"rate": 1.0}, (Key("number", 1, ">"),)), Delete("people", (Key("name", "nobody"),))]
        )
    )
    assert done == [2, 0]


def test_versions_of_tables(kit: Kit) -> None:
    with pytest.raises(DatabaseError):
        kit.run(kit.db.table_version("people"))
    kit.sql("CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER NOT NULL)")
    kit.sql("INSERT INTO version VALUES ('people', 3)")
    assert kit.run(kit.db.table_version("people")) == 3
    assert kit.run(kit.db.table_version("others")) == 0


def test_one_url_is_one_database_and_a_closed_one_says_so(kit: Kit) -> None:
    assert kit.databases.open(kit.url) is kit.db
    kit.run(kit.db.close())
    with pytest.raises(DatabaseError, match="closed"):
        names(kit)


def test_no_password_in_names_and_errors(kit: Kit) -> None:
    assert "t3st-s3cret" not in kit.db.name
    with pytest.raises(DatabaseError) as caught:
        kit.run(kit.db.write([Insert("no_such_table", {"password": "my-own-word"})]))
    assert "my-own-word" not in str(caught.value)
    assert "t3st-s3cret" not in str(caught.value)


def test_a_server_that_goes_and_comes_back(kit: Kit) -> None:
    if kit.server is None:
        pytest.skip("a file does not go away")
    fill(kit, "a")
    kit.server.stop()
    try:
        for _ in range(3):
            with pytest.raises(DatabaseError):
                names(kit)
            kit.world.advance(pool.REST + 0.1)
        with pytest.raises(DatabaseError):
            kit.run(kit.db.write([Insert("people", {"id": 2, "name": "b"})]))
        with pytest.raises(DatabaseError, match="does not answer"):
            names(kit)
    finally:
        kit.server.start()
    kit.world.advance(pool.REST + 0.1)
    assert names(kit) == ["a"]
    assert len([line for line in kit.lines() if "does not answer" in line]) == 1
    assert len([line for line in kit.lines() if "answers again" in line]) == 1
    assert not any("t3st-s3cret" in line for line in kit.lines())


def test_who_waits_too_long_is_told(kit: Kit) -> None:
    kit.world.thread_time = pool.DEADLINE + 1
    found: list[BaseException | None] = []
    kit.world.spawn(kit.db.query("people", ["name"]), lambda result, error: found.append(error))
    assert found == []
    kit.world.advance(pool.DEADLINE)
    assert "has not answered within" in str(found[0])
    kit.world.advance(10)


def test_too_many_at_once_are_refused(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(kit.db, pool.SqlDatabase)
    kit.db._offload.bound = 2
    kit.world.thread_time = 1.0
    found: list[BaseException | None] = []
    for _ in range(3):
        kit.world.spawn(kit.db.query("people", ["name"]), lambda result, error: found.append(error))
    assert len(found) == 1
    assert isinstance(found[0], DatabaseError)
    assert found[0].busy
    kit.world.advance(10)
    assert found[1:] == [None, None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mysql://u:p@h/d", ("mysql", "u", "p", "h", 0, "d")),
        ("MySQL://u:p@h:3307/d", ("mysql", "u", "p", "h", 3307, "d")),
        ("postgres://u@example.org:p@ss@[::1]:5432/d", ("postgres", "u@example.org", "p@ss", "::1", 5432, "d")),
        ("postgres://h/d?x=1", ("postgres", "", "", "h", 0, "d")),
        ("sqlite:////var/lib/x.db", ("sqlite", "", "", "", 0, "/var/lib/x.db")),
        ("sqlite:///x.db", ("sqlite", "", "", "", 0, "x.db")),
    ],
)
def test_urls(text: str, found: tuple[object, ...]) -> None:
    url = DatabaseUrl.parse(text)
    assert (url.scheme, url.user, url.password, url.host, url.port, url.database) == found
    assert "p@ss" not in repr(url) + url.name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mysql",
        "mysql://",
        "mysql://h",
        "mysql://h/",
        "://h/d",
        "mysql://h:x/d",
        "mysql://h:99999/d",
        "mysql://[::1/d",
    ],
)
def test_urls_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="database URL"):
        DatabaseUrl.parse(text)


def test_the_file_of_a_relative_url(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    from olelo.db.sqlite import path_of

    folder = Path(str(tmp_path))
    monkeypatch.chdir(folder)
    url = DatabaseUrl.parse("sqlite:///x.db")
    assert path_of(url) == Path("/x.db")
    (folder / "x.db").touch()
    assert path_of(url) == Path("x.db")
