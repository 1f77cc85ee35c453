"""`kamdbctl` on SQLite files, and its questions."""

from __future__ import annotations

import io
import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from cli.terminal import talk
from olelo.cli.main import main
from olelo.db.schema import DBUID, EXTRA, PRESENCE, STANDARD, tables_of

WORDS = [sys.executable, "-m", "olelo.cli.main", "kamdbctl"]


class Kamdbctl:
    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        code = main(["kamdbctl", *words])
        shown = self.capsys.readouterr()
        assert "Traceback" not in shown.err
        assert (code == 0) == (shown.err == "")
        return code, shown.out, shown.err

    def tables(self, path: Path | None = None) -> set[str]:
        connection = sqlite3.connect(path or self.path)
        try:
            return {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
        finally:
            connection.close()


@pytest.fixture
def kamdbctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Kamdbctl:
    path = tmp_path / "kamailio.db"
    monkeypatch.setenv("DBENGINE", "SQLITE")
    monkeypatch.setenv("DB_PATH", str(path))
    monkeypatch.setenv("OLELO_KAMCTLRC", "/dev/null")
    for name in ("PRESENCE", "EXTRA", "DBUID"):
        monkeypatch.delenv(f"INSTALL_{name}_TABLES", raising=False)
    return Kamdbctl(path, monkeypatch, capsys)


def names(*groups: str) -> set[str]:
    return {spec.name for spec in tables_of(list(groups))}


@pytest.mark.parametrize(
    ("options", "typed", "groups"),
    [
        ([], "y\nn\n", STANDARD + PRESENCE),
        ([], "n\nYes\n", STANDARD + EXTRA),
        ([], "\nno\n", STANDARD),
        (["--no"], "", STANDARD),
        (["-y"], "", STANDARD + PRESENCE + EXTRA),
    ],
)
def test_create_makes_what_was_answered(
    kamdbctl: Kamdbctl, options: list[str], typed: str, groups: tuple[str, ...]
) -> None:
    code, out, err = kamdbctl(*options, "create", typed=typed)
    assert (code, err) == (0, "")
    assert ("Install presence related tables? (y/n): " in out) == (not options)
    assert kamdbctl.tables() == names(*groups)


def test_settings_answer_beforehand(kamdbctl: Kamdbctl) -> None:
    for name, value in (("PRESENCE", "no"), ("EXTRA", "yes"), ("DBUID", "y")):
        kamdbctl.monkeypatch.setenv(f"INSTALL_{name}_TABLES", value)
    kamdbctl.monkeypatch.setenv("STANDARD_MODULES", "standard auth_db")
    kamdbctl.monkeypatch.setenv("EXTRA_MODULES", "htable  pipelimit\n\tmtree")
    assert kamdbctl("create")[0] == 0
    assert kamdbctl.tables() == names("standard", "auth_db", "htable", "pipelimit", "mtree", *DBUID)


def test_every_question_is_asked_before_anything_is_made(kamdbctl: Kamdbctl) -> None:
    code, _, err = kamdbctl("create", typed="y\n")
    assert (code, "nothing was changed" in err) == (1, True)
    assert not kamdbctl.path.exists()


def test_who_may_use_the_file(kamdbctl: Kamdbctl, tmp_path: Path) -> None:
    for mode, expected in ((0o755, 0o640), (0o775, 0o660)):
        folder = tmp_path / oct(mode)
        folder.mkdir()
        folder.chmod(mode)
        assert kamdbctl("-n", "create", str(folder / "k.db"))[0] == 0
        found = (folder / "k.db").stat()
        assert stat.S_IMODE(found.st_mode) == expected
        assert found.st_gid == folder.stat().st_gid


def test_create_over_tables_is_refused(kamdbctl: Kamdbctl) -> None:
    assert kamdbctl("-n", "create")[0] == 0
    before = kamdbctl.path.read_bytes()
    code, out, err = kamdbctl("-y", "create")
    assert (code, out) == (1, "")
    assert "is there already, with 29 of Kamailio's tables; nothing was changed" in err
    assert kamdbctl.path.read_bytes() == before


def test_adding_groups(kamdbctl: Kamdbctl) -> None:
    code, _, err = kamdbctl("presence")
    assert (code, "there is no database" in err) == (1, True)
    kamdbctl("-n", "create")
    for words in (["presence"], ["extra"], ["dbuid"], ["add-tables", "matrix"]):
        assert kamdbctl(*words)[0] == 0
    assert kamdbctl.tables() == names(*STANDARD, *PRESENCE, *EXTRA, *DBUID, "matrix")
    for words in (["presence"], ["add-tables", "acc"]):
        assert "nothing was changed" in kamdbctl(*words)[2]


def test_drop_and_reinit_ask_first(kamdbctl: Kamdbctl) -> None:
    kamdbctl("-y", "create")
    for words in (["drop"], ["reinit"]):
        code, out, err = kamdbctl(*words, typed="n\n")
        assert (code, err) == (1, "kamdbctl: nothing was changed\n")
        assert f"Continue with {words[0]}? (y/n): " in out
    assert kamdbctl("reinit", typed="y\nn\nn\n")[0] == 0
    assert kamdbctl.tables() == names(*STANDARD)
    Path(f"{kamdbctl.path}-wal").touch()
    assert kamdbctl("drop", typed="y\n")[:2][0] == 0
    assert list(kamdbctl.path.parent.glob("kamailio.db*")) == []
    assert "there is no such file" in kamdbctl("-y", "drop")[2]


def test_a_file_of_somebody_else_is_not_dropped(kamdbctl: Kamdbctl) -> None:
    connection = sqlite3.connect(kamdbctl.path)
    connection.execute("create table photos (id integer)")
    connection.close()
    assert "is not Kamailio's; nothing was changed" in kamdbctl("-y", "drop")[2]
    assert kamdbctl.tables() == {"photos"}
    assert kamdbctl("-n", "create")[0] == 0  # tables beside them are fine
    assert kamdbctl.tables() == {"photos"} | names(*STANDARD)


def test_backup_restore_and_copy(kamdbctl: Kamdbctl, tmp_path: Path) -> None:
    kamdbctl("-n", "create")
    connection = sqlite3.connect(kamdbctl.path)
    values = ["a;\nCOMMIT;\nBEGIN TRANSACTION;\n'\"--", "\u00e9 \U0001f600"]
    connection.executemany("insert into silo (src_addr) values (?)", [(value,) for value in values])
    connection.commit()
    connection.close()
    saved, copy = tmp_path / "saved.sql", tmp_path / "copy.db"
    assert kamdbctl("backup", str(saved))[0] == 0
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert kamdbctl("copy", str(copy))[0] == 0
    assert kamdbctl("-y", "drop")[0] == 0
    assert kamdbctl("restore", str(saved))[0] == 0
    for path in (kamdbctl.path, copy):
        connection = sqlite3.connect(path)
        assert [row[0] for row in connection.execute("select src_addr from silo order by id")] == values
        connection.close()
        assert kamdbctl.tables(path) == names(*STANDARD)
    assert "already exists" in kamdbctl("restore", str(saved))[2]
    assert "is there already; nothing was changed" in kamdbctl("copy", str(copy))[2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "kamailio.db", "saved.sql"]


def test_a_restore_that_fails_changes_nothing(kamdbctl: Kamdbctl, tmp_path: Path) -> None:
    kamdbctl("-n", "create")
    script = tmp_path / "bad.sql"
    script.write_text("insert into pdt (sdomain, prefix) values ('a', '1');\ninsert into no_table values (1);\n")
    assert "has no table no_table" in kamdbctl("restore", str(script))[2]
    connection = sqlite3.connect(kamdbctl.path)
    assert connection.execute("select count(*) from pdt").fetchall() == [(0,)]
    connection.close()


@pytest.mark.parametrize(
    ("words", "environ", "text"),
    [
        (["create"], {"DBENGINE": ""}, "DBENGINE is not set"),
        (["create"], {"DBENGINE": "ORACLE"}, "DBENGINE=ORACLE: not supported here"),
        (["create"], {"DBENGINE": "ETHER"}, "is none of MYSQL, PGSQL and SQLITE"),
        (["create"], {"DB_PATH": ""}, "DB_PATH is not set"),
        (["-n", "create"], {"DB_PATH": "/missing/folder/k.db"}, "/missing/folder"),
        (["-n", "create"], {"DB_PATH": "/proc/k.db"}, "/proc/k.db cannot be made"),
        (["create"], {"DB_PATH": "/tmp"}, "is a directory"),
        (["create"], {"INSTALL_EXTRA_TABLES": "maybe", "INSTALL_PRESENCE_TABLES": "no"}, "is none of yes, no and ask"),
        (["create"], {"STANDARD_MODULES": "standard nix"}, "there is no group of tables nix"),
        (["create", "a", "b"], {}, "create takes at most one argument"),
        (["backup"], {}, "backup takes one argument"),
        (["backup", "/tmp/x.sql"], {}, "there is no database"),
        (["restore", "/missing.sql"], {}, "there is no file /missing.sql"),
        (["copy", "/missing/x.db"], {}, "/missing/x.db cannot be made"),
        (["grant"], {}, "an SQLite database is a file"),
        (["dbonly"], {}, "an SQLite database is a file"),
        (["add-tables", "nix"], {}, "there is no group of tables nix"),
        (["pframework", "create"], {}, "pframework: provisioning"),
        (["bdb", "list"], {}, "bdb: Berkeley databases are not supported here"),
        (["frobnicate"], {}, "there is no command 'frobnicate'"),
        (["create"], {"DBENGINE": "MYSQL", "DBPORT": "x", "DBROOTPW": "p"}, "DBPORT='x' is no port"),
        (["create"], {"DBENGINE": "MYSQL", "DBHOST": "127.0.0.1", "DBPORT": "9", "DBROOTPW": "s3cret"}, "127.0.0.1:9: connection refused"),
        (["create"], {"DBENGINE": "PGSQL", "DBHOST": "127.0.0.1", "DBPORT": "9", "DBROOTPW": "s3cret"}, "127.0.0.1:9: connection refused"),
        (["create", "a`b"], {"DBENGINE": "MYSQL", "DBHOST": "127.0.0.1", "DBPORT": "9", "DBROOTPW": "s3cret"}, "refused"),
    ],
)  # fmt: skip
def test_errors_are_one_line(kamdbctl: Kamdbctl, words: list[str], environ: dict[str, str], text: str) -> None:
    for name, value in environ.items():
        kamdbctl.monkeypatch.setenv(name, value)
    before = sorted(os.listdir(kamdbctl.path.parent))
    code, _, err = kamdbctl(*words)
    assert code == 1
    assert text in err.splitlines()[0]
    assert "s3cret" not in err
    assert sorted(os.listdir(kamdbctl.path.parent)) == before


def test_a_failure_in_the_middle_leaves_nothing(kamdbctl: Kamdbctl) -> None:
    connection = sqlite3.connect(kamdbctl.path)
    connection.execute("create table dialog_x (id integer)")
    connection.execute("create view dispatcher as select 1")  # in the way of a table that comes late
    connection.close()
    code, _, err = kamdbctl("-y", "create")
    assert code == 1
    assert "dispatcher" in err
    assert kamdbctl.tables() == {"dialog_x"}


def test_help_and_version(kamdbctl: Kamdbctl) -> None:
    assert kamdbctl("help")[1].startswith("kamdbctl (olelo ")
    assert "(olelo)" in kamdbctl("version")[1]
    code, out, err = kamdbctl()
    assert (code, out) == (1, "")
    assert "add-tables GROUP" in err


def test_questions_on_a_terminal(kamdbctl: Kamdbctl) -> None:
    code, seen = talk([*WORDS, "create"], [(b"presence related tables? (y/n): ", b"y\n"), (b"(y/n): ", b"n\n")])
    assert code == 0, seen
    assert kamdbctl.tables() == names(*STANDARD, *PRESENCE)
    code, seen = talk([*WORDS, "drop"], [(b"Continue with drop? (y/n): ", b"n\n")])
    assert (code, b"nothing was changed" in seen) == (1, True)
    code, seen = talk([*WORDS, "drop"], [(b"Continue with drop? (y/n): ", b"\x04")])
    assert (code, b"nothing was changed" in seen) == (1, True)


def test_the_administrators_password_is_not_echoed(kamdbctl: Kamdbctl) -> None:
    environ = {"DBENGINE": "MYSQL", "DBHOST": "127.0.0.1", "DBPORT": "9"}
    code, seen = talk([*WORDS, "create"], [(b"Password of root on 127.0.0.1: ", b"s3cret\n")], environ)
    assert (code, b"connection refused" in seen) == (1, True)
    assert b"s3cret" not in seen
