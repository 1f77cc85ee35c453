"""`olelo user`: where its database is named, what it says, what it never shows; beside test_user.py."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from hashlib import md5
from pathlib import Path

import pytest

from cli.terminal import talk
from olelo.cli.main import main
from olelo.db.admin import Place
from olelo.db.admin_tables import create_tables
from olelo.db.admin_users import Account, hashes
from olelo.db.schema import STANDARD

SECRET = "s3cr#t pass"


class Tool:
    """Runs `olelo user ..` on a database of its own."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        code = main(["olelo", "user", *words])
        shown = self.capsys.readouterr()
        assert "Traceback" not in shown.err
        assert SECRET not in shown.out + shown.err
        return code, shown.out, shown.err

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tool:
    path = tmp_path / "kamailio.db"
    create_tables(Place("sqlite", str(path)), STANDARD)
    monkeypatch.setenv("OLELO_DB", f"sqlite:///{path}")
    monkeypatch.setenv("HOME", str(tmp_path))
    return Tool(path, monkeypatch, capsys)


def digest(text: str) -> str:
    return md5(text.encode()).hexdigest()


def test_add_stores_both_hashes_and_no_password(tool: Tool) -> None:
    assert tool("add", "alice@example.org", typed=SECRET + "\n") == (0, "added alice@example.org\n", "")
    assert tool.rows("select username, domain, password, ha1, ha1b from subscriber") == [
        (
            "alice",
            "example.org",
            "",
            digest(f"alice:example.org:{SECRET}"),
            digest(f"alice@example.org:example.org:{SECRET}"),
        )
    ]


def test_plain_realm_and_password_file(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "pw").write_text(SECRET + "\nnot this\n")
    code, out, _ = tool(
        "add", "sip:bob@a.example", "--plain", "--realm", "r", "--password-file", str(tmp_path / "pw"), "--json"
    )
    assert (code, json.loads(out)) == (0, {"user": "bob", "domain": "a.example", "result": "added"})
    assert tool.rows("select password, ha1, ha1b from subscriber") == [
        (SECRET, digest(f"bob:r:{SECRET}"), digest(f"bob@a.example:r:{SECRET}"))
    ]
    assert tool("passwd", "bob@a.example", typed="other\n")[0] == 0
    assert tool.rows("select password, ha1 from subscriber") == [("", digest("bob:a.example:other"))]


def test_show_list_and_remove(tool: Tool) -> None:
    for name in ("carol@b.example", "alice@b.example", "zoe@a.example"):
        assert tool("add", name, typed=SECRET)[0] == 0
    assert tool("list")[1] == "zoe@a.example\nalice@b.example\ncarol@b.example\n"
    assert [each["user"] for each in json.loads(tool("list", "b.example", "--json")[1])] == ["alice", "carol"]
    shown = json.loads(tool("show", "alice@b.example", "--json")[1])
    assert shown == {"id": 2, "username": "alice", "domain": "b.example", "plain_password": False}
    assert "plain_password: no" in tool("show", "alice@b.example")[1]
    assert tool("rm", "alice@b.example")[:2] == (0, "removed alice@b.example\n")
    assert tool("list", "b.example")[1] == "carol@b.example\n"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["rm", "no@example.org"], "there is no subscriber no@example.org"),
        (["show", "no@example.org"], "there is no subscriber no@example.org"),
        (["passwd", "no@example.org"], "there is no subscriber no@example.org"),
        (["add", "alice"], "has no domain"),
        (["add", "@example.org"], "has no username"),
        (["add", "a b@example.org"], "is no username@domain"),
        (["add", "a@b@example.org"], "is no username@domain"),
        (["add", "x" * 65 + "@example.org"], "64 is the most"),
        (["add", "eve@example.org", "--password-file", "/missing/file"], "cannot read /missing/file: No such file"),
        (["list", "--db", "sqlite:////missing/x.db"], "/missing/x.db: there is no such file"),
        (["list", "--db", "sqlite:////tmp"], "is a directory"),
        (["list", "--db", "text:///x"], "no tool here works on text://"),
        (["list", "--db", "nonsense"], "a database URL is like"),
        (["list", "--db", f"mysql://root:{SECRET}@127.0.0.1:9/k"], "cannot reach the database server at 127.0.0.1:9"),
        (["list", "--db", f"postgres://root:{SECRET}@127.0.0.1:9/k"], "cannot reach the database server at 127.0.0.1:9"),
        (["list", "-f", "/missing.cfg"], "cannot read the configuration /missing.cfg"),
    ],
)  # fmt: skip
def test_errors_are_one_line(tool: Tool, words: list[str], text: str) -> None:
    code, out, err = tool(*words, typed=SECRET)
    assert (code, out) == (1, "")
    assert err.startswith("olelo user: ")
    assert err.count("\n") == 1
    assert text in err


def test_a_second_time_is_refused_and_changes_nothing(tool: Tool) -> None:
    tool("add", "alice@example.org", typed=SECRET)
    before = tool.rows("select * from subscriber")
    code, _, err = tool("add", "alice@example.org", typed="else")
    assert (code, err) == (
        1,
        "olelo user: alice@example.org exists already; `olelo user passwd` gives another password\n",
    )
    assert tool.rows("select * from subscriber") == before


@pytest.mark.parametrize(
    ("typed", "text"), [("", "empty password"), ("a\0b", "one line"), ("x" * 65, "longer than the 64")]
)
def test_bad_passwords(tool: Tool, typed: str, text: str) -> None:
    code, _, err = tool("add", "alice@example.org", "--plain", typed=typed)
    assert code == 1
    assert text in err
    assert tool.rows("select count(*) from subscriber") == [(0,)]


def test_missing_table_wrong_version_and_locked_file(tool: Tool) -> None:
    tool.monkeypatch.setattr("olelo.db.admin.LOCK_TIMEOUT", 0.1)
    connection = sqlite3.connect(tool.path)
    connection.execute("begin immediate")
    code, _, err = tool("list")
    assert (code, "is locked by another program" in err) == (1, True)
    connection.rollback()
    connection.execute("update version set table_version = 6 where table_name = 'subscriber'")
    connection.commit()
    assert "table subscriber has version 6, and not 7" in tool("list")[2]
    connection.execute("update version set table_version = 7 where table_name = 'subscriber'")
    connection.execute("drop table subscriber")
    connection.commit()
    assert "has no table subscriber; `olelo user create`" in tool("list")[2]
    connection.close()
    tool.path.write_text("this is text, and long enough to be taken for a page of a database" * 20)
    assert "is not a database of SQLite" in tool("list")[2]


def test_the_configuration_names_the_database(tool: Tool, tmp_path: Path) -> None:
    config = tmp_path / "k.cfg"
    config.write_text(
        f'#!define DBURL "sqlite:///{tool.path}"\nloadmodule "auth_db.so"\n'
        'modparam("usrloc", "db_url", "mysql://x/y")\nmodparam("auth_db|permissions", "db_url", DBURL)\n'
    )
    tool.monkeypatch.delenv("OLELO_DB")
    assert tool("add", "alice@example.org", "-f", str(config), typed=SECRET)[0] == 0
    config.write_text("debug=2\n")
    assert "sets no db_url of auth_db" in tool("list", "-f", str(config))[2]


def test_kamctlrc_names_the_database(tool: Tool, tmp_path: Path) -> None:
    tool.monkeypatch.delenv("OLELO_DB")
    rc = tmp_path / ".kamctlrc"
    tool.monkeypatch.setenv("OLELO_KAMCTLRC", str(rc))
    rc.write_text(f"DBENGINE=SQLITE\nDB_PATH={tool.path}\n")
    assert tool("list") == (0, "", "")
    rc.write_text("DBENGINE=DBTEXT\n")
    assert "DBENGINE=DBTEXT: not supported here" in tool("list")[2]
    rc.write_text("rm x\n")
    assert "not an assignment" in tool("list")[2]


def test_a_name_that_is_no_ascii_is_hashed_as_utf_8() -> None:
    assert hashes(Account("jörg", "example.org"), "pä") == (
        digest("jörg:example.org:pä"),
        digest("jörg@example.org:example.org:pä"),
    )


def test_a_password_is_typed_twice_and_not_echoed(tool: Tool) -> None:
    words = [sys.executable, "-m", "olelo.cli.main", "user", "add", "alice@example.org"]
    asked = b"Password: "
    code, seen = talk(words, [(asked, b"hidden1\n"), (b"Again: ", b"hidden2\n")])
    assert (code, b"two different passwords" in seen) == (1, True)
    code, seen = talk(words, [(asked, b"hidden1\n"), (b"Again: ", b"hidden1\n")])
    assert code == 0
    assert b"added alice@example.org" in seen
    assert b"hidden" not in seen
    assert tool.rows("select ha1 from subscriber") == [(digest("alice:example.org:hidden1"),)]
