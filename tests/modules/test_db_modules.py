"""What `olelo check` says of databases, and the parameters of db_sqlite that a file's path decides."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from olelo.core.database import DatabaseUrl, Insert
from olelo.core.engine import Engine
from olelo.modules import all_modules
from olelo.testing import Bed, ConfigurationError, FakeServices

HEAD = 'loadmodule "auth.so"\nloadmodule "auth_db.so"\nloadmodule "db_mysql.so"\nloadmodule "db_postgres.so"\n'
ROUTE = "\nrequest_route { exit; }\n"


def refused(line: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Bed(HEAD + line + ROUTE)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('modparam("auth_db", "db_url", "mysql://host")', "ends with /database"),
        ('modparam("auth_db", "db_url", "mysql://u:p4ss@h:port/d")', "bad port"),
        ('modparam("auth_db", "db_url", "mysql://[kamailio]/kamailio")', "my.cnf"),
        ('modparam("auth_db", "db_url", "mysql://u:p4ss@[kamailio]host:3306/kamailio")', "my.cnf"),
        ('modparam("auth_db", "db_url", "sqlite:////etc/x.sqlite")', 'add loadmodule "db_sqlite.so"'),
        ('modparam("auth_db", "db_url", "berkeley:///etc/x")', 'add loadmodule "db_berkeley.so"'),
        ('modparam("db_mysql", "opt_ssl_mode", 6)', "no mode of TLS"),
        ('modparam("db_mysql", "timeout_interval", -1)', "seconds are 0 or more"),
        ('modparam("db_postgres", "timeout", -1)', "seconds are 0 or more"),
        ('modparam("db_postgres", "con_param", "connect_timeout")', "is not like connect_timeout=15"),
        ('modparam("db_postgres", "con_param", "sslmode=require;password=p4ss")', "db_url's"),
        ('loadmodule "db_sqlite.so"\nmodparam("db_sqlite", "db_set_journal_mode", "/x=FAST")', "DELETE, TRUNCATE"),
    ],
)
def test_check_says_it_with_its_place(line: str, message: str) -> None:
    text = refused(line)
    assert message in text
    assert f":{5 + line.count(chr(10))}:" in text
    assert "p4ss" not in text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (id INTEGER)")
    connection.execute("INSERT INTO t VALUES (7)")
    connection.commit()
    connection.close()
    return path


def play(path: Path, **params: str) -> tuple[object, object]:
    """What a read and then a write of the file give."""
    world = FakeServices()
    module = all_modules()["db_sqlite"](Engine(world))
    for name, value in params.items():
        module.set_param(name, value)
    db = module.open_database(DatabaseUrl.parse(f"sqlite:///{path}"))
    found: list[object] = []

    def done(result: object, error: BaseException | None) -> None:
        found.append(result if error is None else error)

    world.spawn(db.query("t", ["id"]), done)
    world.spawn(db.write([Insert("t", {"id": 8})]), done)
    world.spawn(db.close(), lambda result, error: None)
    return found[0], found[1]


def journal(path: Path) -> str:
    connection = sqlite3.connect(path)
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    connection.close()
    return str(mode)


def test_a_file_that_is_only_read(file: Path) -> None:
    read, written = play(file, db_set_readonly=str(file))
    assert read == [(7,)]
    assert "readonly" in str(written)
    assert journal(file) == "delete"


def test_another_file_is_not_meant(file: Path) -> None:
    assert play(file, db_set_readonly=f"{file}.other", db_set_journal_mode=f"{file}.other=DELETE;") == ([(7,)], [1])
    assert journal(file) == "wal"


def test_the_journal_of_a_file(file: Path) -> None:
    assert play(file, db_set_journal_mode=f"/y=WAL;{file}=truncate;") == ([(7,)], [1])
    assert journal(file) == "delete"  # TRUNCATE is a connection's own; what matters is that the file is not WAL
