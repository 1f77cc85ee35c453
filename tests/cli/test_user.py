"""`olelo user`: subscribers in a SQLite file, as an operator types it."""

from __future__ import annotations

import io
import json
import sqlite3
import stat
import sys
from hashlib import md5
from pathlib import Path

import pytest

from olelo.cli.main import main


class Desk:
    """A terminal in a folder with (or without) a database."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "pbx.sqlite"
        self.url = f"sqlite:///{self.file}"
        self.capsys = capsys
        self.monkeypatch = monkeypatch
        monkeypatch.delenv("OLELO_DB", raising=False)

    def run(self, *words: str, stdin: str = "", db: str | None = None) -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main(["olelo", "user", "--db", self.url if db is None else db, *words])
        said = self.capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    def good(self, *words: str, stdin: str = "") -> str:
        code, out, err = self.run(*words, stdin=stdin)
        assert (code, err) == (0, "")
        return out

    def bad(self, *words: str, stdin: str = "", db: str | None = None) -> str:
        code, out, err = self.run(*words, stdin=stdin, db=db)
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        return err

    def rows(self) -> list[tuple[str, ...]]:
        with sqlite3.connect(self.file) as file:
            found = file.execute("SELECT username, domain, password, ha1, ha1b FROM subscriber ORDER BY id").fetchall()
        file.close()
        return found


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk(tmp_path, capsys, monkeypatch)
    found.good("create")
    return found


def hashed(text: str) -> str:
    return md5(text.encode()).hexdigest()


def test_add_stores_digests_and_no_password(desk: Desk) -> None:
    assert (
        desk.good("add", "alice@pbx.example", "--password-file", "-", stdin="s\u00e9cret\nmore\n")
        == "added alice@pbx.example\n"
    )
    assert desk.rows() == [
        (
            "alice",
            "pbx.example",
            "",
            hashed("alice:pbx.example:s\u00e9cret"),
            hashed("alice@pbx.example:pbx.example:s\u00e9cret"),
        )
    ]


def test_plain_stores_the_password_too(desk: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("one\r\n")
    desk.good("add", "alice@pbx.example", "--plain", "--password-file", str(secret))
    assert desk.rows()[0][2] == "one"
    desk.good("passwd", "alice@pbx.example", "--password-file", "-", stdin="two\n")
    assert desk.rows()[0][2:4] == ("", hashed("alice:pbx.example:two"))


def test_a_prompt_asks_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def add(*answers: str) -> int:
        given = iter(answers)
        monkeypatch.setattr("getpass.getpass", lambda prompt: next(given))
        monkeypatch.setattr(sys, "stdin", Terminal())
        return main(["olelo", "user", "--db", desk.url, "add", "alice@pbx.example"])

    assert add("one", "two") == 1
    assert desk.rows() == []
    assert add("one", "one") == 0
    assert desk.rows()[0][3] == hashed("alice:pbx.example:one")


def test_list_shows_no_secret(desk: Desk) -> None:
    desk.good("add", "bob@b.example", "--plain", "--password-file", "-", stdin="hidden\n")
    desk.good("add", "alice@a.example", "--password-file", "-", stdin="hidden\n")
    assert "hidden" not in desk.good("list")
    assert json.loads(desk.good("list", "--json")) == [
        {"user": "alice", "domain": "a.example", "plain_password": False},
        {"user": "bob", "domain": "b.example", "plain_password": True},
    ]


def test_rm(desk: Desk) -> None:
    desk.good("add", "alice@a.example", "--password-file", "-", stdin="x\n")
    desk.good("rm", "alice@a.example")
    assert desk.rows() == []
    assert "there is no subscriber alice@a.example" in desk.bad("rm", "alice@a.example")


def test_names_that_are_none(desk: Desk) -> None:
    for name in ("alice", "@a.example", "alice@", "al ice@a.example", "a" * 65 + "@a.example", "a\x07@a.example"):
        desk.bad("add", name, "--password-file", "-", stdin="x\n")
    assert desk.rows() == []


def test_a_name_is_taken_once(desk: Desk) -> None:
    desk.good("add", "alice@a.example", "--password-file", "-", stdin="x\n")
    before = desk.rows()
    assert "already" in desk.bad("add", "alice@a.example", "--password-file", "-", stdin="y\n")
    assert desk.rows() == before
    desk.good("add", "alice@b.example", "--password-file", "-", stdin="y\n")


def test_passwords_that_are_none(desk: Desk, tmp_path: Path) -> None:
    latin = tmp_path / "latin"
    latin.write_bytes(b"\xff\n")
    for words, stdin in (
        (("--password-file", "-"), "\n"),
        (("--password-file", "-"), ""),
        (("--password-file", str(tmp_path / "none")), ""),
        (("--password-file", str(latin)), ""),
        (("--plain", "--password-file", "-"), "x" * 65 + "\n"),
        ((), ""),
    ):
        desk.bad("add", "alice@a.example", *words, stdin=stdin)
    assert desk.rows() == []


def test_create_makes_a_file_for_its_owner_and_group_once(desk: Desk) -> None:
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o640
    desk.good("add", "alice@a.example", "--password-file", "-", stdin="x\n")
    assert "already" in desk.bad("create")
    assert len(desk.rows()) == 1


def test_a_folder_that_is_not_there(desk: Desk, tmp_path: Path) -> None:
    assert "cannot be made" in desk.bad("create", db=f"sqlite:///{tmp_path}/none/pbx.sqlite")


def test_a_database_without_the_table(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    sqlite3.connect(other).close()
    assert "olelo user create" in desk.bad("list", db=f"sqlite:///{other}")
    assert "there is no such file" in desk.bad("list", db=f"sqlite:///{tmp_path}/none.sqlite")


def test_another_version_of_the_table(desk: Desk) -> None:
    with sqlite3.connect(desk.file) as file:
        file.execute("UPDATE version SET table_version = 6")
    file.close()
    assert "has version 6, and not 7" in desk.bad("list")


def test_a_file_that_is_no_database(desk: Desk) -> None:
    desk.file.write_bytes(b"nonsense" * 100)
    assert "not a database" in desk.bad("list")


@pytest.mark.parametrize(
    "url", ["nonsense", "oracle://u:hidden@h/d", "mysql://u:hidden@127.0.0.1:1/d", "postgres://u:hidden@127.0.0.1:1/d"]
)
def test_urls_that_lead_nowhere(desk: Desk, url: str) -> None:
    assert "hidden" not in desk.bad("list", db=url)


def test_the_database_can_come_from_a_configuration(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "kamailio.cfg"
    config.write_text(
        f'#!define DBURL "{desk.url}"\nmodparam("auth_db|usrloc", "db_url", DBURL)\nrequest_route {{ exit; }}\n'
    )
    assert main(["olelo", "user", "-f", str(config), "list"]) == 0
    config.write_text("request_route { exit; }\n")
    assert main(["olelo", "user", "-f", str(config), "list"]) == 1
    assert "no db_url" in desk.capsys.readouterr().err
    assert main(["olelo", "user", "list"]) == 1
