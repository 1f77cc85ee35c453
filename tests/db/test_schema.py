"""The tables that are made here against those that Kamailio's own kamdbctl makes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from databases import Administered
from olelo.cli.kamdbctl import main
from olelo.db.admin import Place, reading
from olelo.db.admin_tables import create_tables
from olelo.db.schema import DBUID, EXTRA, GROUPS, MYSQL, POSTGRES, PRESENCE, SQLITE, STANDARD, TABLES, build, tables_of

REFERENCE = "/usr/sbin/kamdbctl"
SQL = Path("/usr/share/kamailio")
Snapshot = dict[str, Any]


def test_every_table_is_in_one_group_and_names_are_short_enough() -> None:
    assert sum(len(specs) for specs in GROUPS.values()) == len(TABLES)
    chosen = tables_of(STANDARD + PRESENCE + EXTRA + DBUID)
    assert len(chosen) == len({spec.name for spec in chosen}) == len(TABLES) - 1  # matrix is in none of them
    for dialect in (MYSQL, POSTGRES, SQLITE):
        for found in build(chosen, dialect).tables.values():
            assert all(len(str(index.name)) < 64 for index in found.indexes)


def default(value: str | None) -> str | None:
    """What an insert gets; it is written in several ways (`DEFAULT NULL` or nothing, '0' or 0 or 00 for a text)."""
    if value is None or value.startswith("NULL"):
        return None
    plain = value.partition("::")[0].strip("'")
    return "0" if plain == "00" else plain


def sqlite_snapshot(connection: Connection) -> Snapshot:
    found: Snapshot = {}
    for (name,) in rows(connection, "select name from sqlite_master where type = 'table'"):
        columns = [
            (row[1], row[2], row[3], default(row[4]), row[5])
            for row in rows(connection, f'pragma table_info("{name}")')
        ]
        keys = []
        for row in rows(connection, f'pragma index_list("{name}")'):
            parts = [part[2] for part in rows(connection, f'pragma index_info("{row[1]}")')]
            keys.append((row[1] if row[3] == "c" else "", row[2], row[3], parts))
        found[name] = (columns, sorted(keys))
    return found


def mysql_snapshot(connection: Connection) -> Snapshot:
    columns = rows(
        connection,
        "select table_name, column_name, column_type, is_nullable, column_default, extra, character_set_name"
        " from information_schema.columns where table_schema = database() order by table_name, ordinal_position",
    )
    keys = rows(
        connection,
        "select table_name, index_name, non_unique, seq_in_index, column_name from information_schema.statistics"
        " where table_schema = database() order by 1, 2, 4",
    )
    engines = rows(
        connection,
        "select table_name, engine, table_collation from information_schema.tables where table_schema = database()",
    )
    return {"columns": columns, "keys": keys, "engines": sorted(engines)}


def postgres_snapshot(connection: Connection) -> Snapshot:
    columns = rows(
        connection,
        "select table_name, column_name, data_type, character_maximum_length, is_nullable,"
        " column_default, datetime_precision"
        " from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position",
    )
    keys = rows(
        connection, "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public' order by 1, 2"
    )
    constraints = rows(
        connection,
        "select table_name, constraint_name, constraint_type from information_schema.table_constraints"
        " where table_schema = 'public' and constraint_name not like '%_not_null' order by 1, 2",
    )
    routines = rows(
        connection,
        "select routine_name, data_type from information_schema.routines where specific_schema = 'public' order by 1",
    )
    rights = rows(
        connection,
        "select grantee, table_name, privilege_type from information_schema.role_table_grants where table_schema = 'public'"
        " and grantee like 'k%' order by 1, 2, 3",
    )
    columns = [(*row[:5], default(row[5]), row[6]) for row in columns]
    return {"columns": columns, "keys": keys, "constraints": constraints, "routines": routines, "rights": rights}


def rows(connection: Connection, statement: str) -> list[Any]:
    return [tuple(row) for row in connection.execute(text(statement))]


def snapshot(place: Place) -> Snapshot:
    take = {SQLITE: sqlite_snapshot, MYSQL: mysql_snapshot, POSTGRES: postgres_snapshot}[place.kind]
    with reading(place) as connection:
        versions = sorted(rows(connection, "select table_name, table_version from version"))
        return {**take(connection), "versions": versions}


def reference(settings: dict[str, str], *words: str) -> None:
    if not os.path.exists(REFERENCE):
        pytest.skip("kamdbctl is not installed")
    answers = {f"INSTALL_{name}_TABLES": "yes" for name in ("PRESENCE", "EXTRA", "DBUID")}
    done = subprocess.run(
        [REFERENCE, *words],
        env={
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
            "PGPASSWORD": settings.get("DBROOTPW", ""),
            **settings,
            **answers,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def assert_same(ours: Snapshot, theirs: Snapshot) -> None:
    assert list(ours) == list(theirs)
    for part, found in theirs.items():
        assert ours[part] == found, part


@pytest.mark.reference
def test_sqlite_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, ours = tmp_path / "theirs.db", tmp_path / "ours.db"
    settings = {"HOME": str(tmp_path), "DBENGINE": "SQLITE", "DB_PATH": str(theirs)}
    reference(settings, "create")
    for group in DBUID:  # its kamdbctl has no dbuid for SQLite
        subprocess.run([program_sqlite(), str(theirs), f".read {SQL}/db_sqlite/{group}-create.sql"], check=True)
    use(monkeypatch, {**settings, "DB_PATH": str(ours)})
    assert main(["--yes", "create"]) == 0
    assert main(["dbuid"]) == 0
    found = [snapshot(Place(SQLITE, str(path))) for path in (ours, theirs)]
    assert len(found[0]["versions"]) == len(TABLES) - 1
    assert sorted(found[0]) == sorted(found[1])
    assert_same(dict(sorted(found[0].items())), dict(sorted(found[1].items())))


def program_sqlite() -> str:
    found = shutil.which("sqlite3")
    if found is None:
        pytest.skip("sqlite3 is not installed")
    return found


def use(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OLELO_KAMCTLRC", "/dev/null")


@pytest.mark.reference
@pytest.mark.wire
def test_servers_are_the_same(server: Administered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"HOME": str(tmp_path), **server.settings("theirs")}
    accounts = {"DBRWUSER": "ktheirs", "DBRWPW": "t1", "DBROUSER": "ktheirsro", "DBROPW": "t2"}
    (tmp_path / ".pgpass").touch(0o600)
    # Its tool starts psql four times for every table of these lists, to give rights; the tables are others' work.
    settings |= {"STANDARD_TABLES": "version subscriber", "PRESENCE_TABLES": "presentity", "EXTRA_TABLES": "htable"}
    reference({**settings, **accounts}, "create")
    if server.kind == POSTGRES:
        reference({**settings, **accounts}, "dbuid")
    accounts = {"DBRWUSER": "kours", "DBRWPW": "o'1\"", "DBROUSER": "koursro", "DBROPW": "o%2:x"}
    use(monkeypatch, {**settings, **accounts, "DBNAME": "ours"})
    assert main(["-y", "create"]) == 0
    if server.kind == POSTGRES:
        assert main(["dbuid"]) == 0
    ours, theirs = (snapshot(server.place(name)) for name in ("ours", "theirs"))
    assert len(ours["versions"]) == len(TABLES) - 1
    if server.kind == POSTGRES:
        assert_rights(ours.pop("rights"), theirs.pop("rights"))
    assert_same(ours, theirs)
    for user, password in (("kours", "o'1\""), ("koursro", "o%2:x")):
        with reading(server.place("ours", user, password)) as connection:
            assert rows(connection, "select count(*) from subscriber") == [(0,)]


def assert_rights(ours: list[Any], theirs: list[Any]) -> None:
    """Whatever its tool gives its users, ours have; its lists of tables miss some."""
    found = {(user.replace("kours", "k"), name, right) for user, name, right in ours}
    wanted = {(user.replace("ktheirs", "k"), name, right) for user, name, right in theirs}
    assert wanted
    assert wanted <= found


def test_a_group_that_is_there_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    place = Place(SQLITE, str(tmp_path / "k.db"))
    create_tables(place, ["standard", "auth_db"])
    before = snapshot(place)
    with pytest.raises(Exception, match="has the table subscriber already; nothing was changed"):
        create_tables(place, ["htable", "auth_db"])
    assert snapshot(place) == before
