"""The tools on MariaDB and PostgreSQL: databases, accounts, rights, rows, and what goes wrong."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from databases import Administered
from olelo.cli.main import main
from olelo.db.admin import reading
from olelo.db.admin_server import drop_accounts, drop_database, exists, server_of
from olelo.db.admin_users import Account, hashes
from olelo.db.schema import MYSQL, PRESENCE, STANDARD, tables_of

pytestmark = pytest.mark.wire
PASSWORD = "rw %:'\"\\ p\u00e9"


FEW = "standard auth_db group permissions alias_db dispatcher"  # tables take their time


class Tools:
    """Runs the tools with a server's settings; knows what must never be shown."""

    def __init__(
        self, server: Administered, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        self.server = server
        self.monkeypatch = monkeypatch
        self.capfd = capfd

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str]:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        code = main(["olelo", *words])
        shown = self.capfd.readouterr()
        said = shown.out + shown.err
        for secret in (self.server.password, PASSWORD, "s3cret"):
            assert secret not in said
        assert "Traceback" not in said
        return code, said

    def rows(self, statement: str, database: str = "tools") -> list[tuple[object, ...]]:
        with reading(self.server.place(database)) as connection:
            return [tuple(row) for row in connection.execute(text(statement))]


@pytest.fixture
def tools(
    server: Administered, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Tools]:
    settings = server.settings("tools") | {"DBRWUSER": "toolsrw", "DBRWPW": PASSWORD, "DBROUSER": "toolsro"}
    settings |= {"CHARSET": "", "HOME": str(tmp_path), "OLELO_KAMCTLRC": "/dev/null", "SIP_DOMAIN": "example.org"}
    settings |= {"OLELO_SOCKET": f"unix:{tmp_path}/none", "DBROPW": "s3cret", "STANDARD_MODULES": FEW}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    yield Tools(server, monkeypatch, capfd)
    for name in ("tools", "other"):
        if exists(server.place(name)):
            drop_database(server.place(name))
    if server.kind == MYSQL:
        with reading(server_of(server.place("mysql"))) as connection:
            for name in ("toolsrw", "toolsro"):
                for host in ("localhost", "127.0.0.1"):
                    connection.execute(text("DROP USER IF EXISTS :name@:host"), {"name": name, "host": host})
    else:
        assert drop_accounts(server.place("postgres"), ["toolsrw", "toolsro"]) == []


def test_create_use_and_drop(tools: Tools) -> None:
    tools.monkeypatch.delenv("STANDARD_MODULES")
    code, said = tools("kamdbctl", "-n", "create")
    assert code == 0, said
    assert "users created: toolsrw" in said
    assert f"{len(tables_of(STANDARD))} tables created" in said
    code, said = tools("kamdbctl", "-y", "create")
    assert (code, "nothing was changed" in said) == (1, True)
    assert tools("kamdbctl", "presence")[0] == 0
    assert tools("kamctl", "add", "alice", "s3cret") == (0, "new user 'alice' added\n")
    expected = ("alice", "example.org", *hashes(Account("alice", "example.org"), "s3cret"))
    assert tools.rows("select username, domain, ha1, ha1b from subscriber") == [expected]
    assert "alice exists already" in tools("kamctl", "add", "alice", "s3cret")[1].replace("@example.org", "")
    for words in (
        ["acl", "grant", "alice", "local"], ["address", "add", "1", "192.0.2.1"], ["domain", "add", "a.example"],
        ["dispatcher", "add", "1", "sip:h", "0", "0"], ["alias_db", "add", "al@example.org", "alice@example.org"],
        ["avp", "add", "a@b", "n", "0", "v"], ["cr", "show"], ["db", "show", "presentity"], ["ul", "dbclean"],
        ["acc", "initdb"], ["acc", "recent"], ["db", "exec", "select '%s', ':x'"], ["show", "alice"],
    ):  # fmt: skip
        code, said = tools("kamctl", *words)
        # its tables are extra ones; and PostgreSQL lets only who made a table change it
        refused = words[0] == "cr" or (words == ["acc", "initdb"] and tools.server.kind != MYSQL)
        assert code == refused, said
    assert tools.rows("select username, grp from grp") == [("alice", "local")]
    code, said = tools("kamctl", "db", "roexec", "delete from grp")
    assert (code, "read-only for us" in said) == (1, True)
    assert tools("kamctl", "rm", "alice")[0] == 0
    assert tools.rows("select count(*) from grp") == tools.rows("select count(*) from dbaliases") == [(0,)]
    assert tools("kamdbctl", "-y", "drop")[0] == 0
    assert not exists(tools.server.place("tools"))


def test_olelo_user_by_url(tools: Tools) -> None:
    assert tools("kamdbctl", "-n", "create")[0] == 0
    scheme = "mysql" if tools.server.kind == MYSQL else "postgres"
    url = f"{scheme}://toolsrw:{PASSWORD}@127.0.0.1:{tools.server.port}/tools"
    for name in ("alice@example.org", "j\u00f6rg@example.org"):
        code, said = tools("user", "add", name, "--plain", "--db", url, typed="p\u00e4ss \U0001f600\n")
        assert code == 0, said
    assert tools.rows("select password from subscriber where username like 'j%'") == [("p\u00e4ss \U0001f600",)]
    assert tools("user", "list", "--db", url)[1].split() == ["alice@example.org", "j\u00f6rg@example.org"]
    wrong = url.replace("rw ", "s3cret")
    assert "does not let toolsrw in" in tools("user", "list", "--db", wrong)[1]
    said = tools("user", "list", "--db", url.removesuffix("tools") + "nix")[1]
    assert (
        "there is no database nix" in said or "does not let toolsrw in" in said
    )  # MariaDB tells nobody without rights
    assert tools("kamdbctl", "revoke")[0] == 0
    code, said = tools("user", "list", "--db", url)
    assert code == 1
    assert "read-only for us" in said or "does not let toolsrw in" in said
    assert tools("kamdbctl", "grant")[0] == 0
    assert tools("user", "list", "--db", url)[0] == 0


def test_values_that_do_not_fit_are_not_repeated(tools: Tools) -> None:
    assert tools("kamdbctl", "-n", "create")[0] == 0
    tools("kamctl", "add", "alice", "x")
    code, said = tools("kamctl", "sets", "alice", "password", "s3cret" * 20)
    assert code == 1
    assert "a value does not fit" in said
    code, said = tools("kamctl", "sets", "alice", "ha1", "ok")
    assert code == 0, said


def test_backup_restore_and_copy(tools: Tools, tmp_path: Path) -> None:
    for program in ("mysqldump", "mysql") if tools.server.kind == MYSQL else ("pg_dump", "psql"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    assert tools("kamdbctl", "-n", "create")[0] == 0
    tools("kamctl", "add", "alice", "x")
    saved = tmp_path / "saved.sql"
    code, said = tools("kamdbctl", "backup", str(saved))
    assert code == 0, said
    tools("kamctl", "db", "exec", "delete from subscriber")
    code, said = tools("kamdbctl", "restore", str(saved))
    assert code == 0, said
    assert tools.rows("select username from subscriber") == [("alice",)]
    code, said = tools("kamdbctl", "copy", "other")
    assert code == 0, said
    assert tools.rows("select username from subscriber", "other") == [("alice",)]
    assert "nothing was changed" in tools("kamdbctl", "copy", "other")[1]
    saved.write_text("insert into no_table values (1);")
    code, said = tools("kamdbctl", "restore", str(saved))
    assert code == 1
    assert "no_table" in said
    assert tools("kamctl", "show", "alice")[0] == 0


def test_a_failure_says_what_is_there(tools: Tools) -> None:
    code, said = tools("kamdbctl", "dbonly")
    assert code == 0, said
    assert "nothing was changed" in tools("kamdbctl", "dbonly")[1]
    with reading(tools.server.place("tools")) as connection:
        connection.exec_driver_sql("create view dispatcher as select 1 as a")
    code, said = tools("kamdbctl", "-n", "create")
    assert code == 1
    assert "dispatcher" in said
    left = tools.rows("select table_name from information_schema.tables where table_schema in ('tools', 'public')")
    assert [row[0] for row in left] == ["dispatcher"]


def test_a_wrong_administrators_password(tools: Tools) -> None:
    tools.monkeypatch.setenv("DBROOTPW", "s3cret")
    code, said = tools("kamdbctl", "-y", "create")
    assert (code, "does not let" in said) == (1, True)
    tools.monkeypatch.delenv("DBROOTPW")
    assert tools("kamdbctl", "-n", "create", typed=tools.server.password + "\n")[0] == 0


def test_step_by_step(tools: Tools) -> None:
    tools.monkeypatch.setenv("DBINITASK", "yes")
    questions = 6 if tools.server.kind == MYSQL else 5
    code, said = tools("kamdbctl", "create", typed="y\nn\ny\ny\nn\nn\n")
    assert code == 0, said
    assert said.count("(y/n)") == questions
    found = {row[0] for row in tools.rows("select table_name from version")}
    assert found == {spec.name for spec in tables_of([*FEW.split(), *PRESENCE])}
    if tools.server.kind == MYSQL:
        assert tools.rows("select count(*) from mysql.user where User like 'tools%'") == [(0,)]


@pytest.mark.reference
def test_kamctl_of_kamailio_works_here(tools: Tools) -> None:
    program = shutil.which("kamctl", path=os.environ["PATH"] + ":/usr/sbin")
    client = shutil.which("mysql" if tools.server.kind == MYSQL else "psql")
    if program is None or client is None:
        pytest.skip("kamctl or the database's client is not installed")
    tools.monkeypatch.setenv("DBRWPW", "simple")
    tools.monkeypatch.setenv("DBROPW", "simple")
    assert tools("kamdbctl", "-n", "create")[0] == 0
    for words in (["add", "bob", "pw2"], ["passwd", "bob", "pw3"], ["acl", "grant", "bob", "ld"]):
        done = subprocess.run([program, *words], capture_output=True, stdin=subprocess.DEVNULL, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert tools("kamctl", "add", "alice", "pw3")[0] == 0
    assert tools.rows("select username, ha1, ha1b from subscriber order by username") == [
        (name, *hashes(Account(name, "example.org"), "pw3")) for name in ("alice", "bob")
    ]
    shown = subprocess.run(
        [program, "db", "show", "grp"], capture_output=True, stdin=subprocess.DEVNULL, check=False
    ).stdout
    assert tools("kamctl", "db", "show", "grp")[1] == shown.decode()
