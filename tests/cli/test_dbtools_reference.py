"""Databases go both ways: Kamailio and its tools on one that is made here, the tools here on one that Kamailio's made."""

from __future__ import annotations

import os
import shutil
import socket as sockets
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from olelo.cli.main import main
from olelo.db.admin import Place
from olelo.db.admin_tables import create_tables
from olelo.db.admin_users import Account, hashes
from olelo.db.schema import EXTRA, PRESENCE, STANDARD

pytestmark = pytest.mark.reference
DOMAIN = "example.org"


def need(*programs: str) -> None:
    for program in programs:
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin") is None:
            pytest.skip(f"{program} is not installed")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found = {
        "HOME": str(tmp_path),
        "DBENGINE": "SQLITE",
        "DB_PATH": str(tmp_path / "kamailio.db"),
        "SIP_DOMAIN": DOMAIN,
        "RPCFIFOPATH": str(tmp_path / "no.fifo"),
        **{f"INSTALL_{name}_TABLES": "yes" for name in ("PRESENCE", "EXTRA", "DBUID")},
    }
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OLELO_KAMCTLRC", "/dev/null")
    return found


def theirs(settings: dict[str, str], *words: str) -> str:
    """Run one of Kamailio's tools."""
    program = shutil.which(words[0], path="/usr/sbin")
    assert program
    done = subprocess.run(
        [program, *words[1:]],
        env={"PATH": os.environ["PATH"] + ":/usr/sbin", **settings},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return (done.stdout + done.stderr).decode()


def users(settings: dict[str, str]) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(settings["DB_PATH"])
    try:
        return connection.execute(
            "select username, domain, password, ha1, ha1b from subscriber order by username"
        ).fetchall()
    finally:
        connection.close()


def test_kamctl_of_kamailio_on_a_database_made_here(settings: dict[str, str]) -> None:
    need("kamctl", "sqlite3")
    assert main(["kamdbctl", "create"]) == 0
    assert "new user 'alice' added" in theirs(settings, "kamctl", "add", "alice", "p\u00e9%w")
    assert main(["kamctl", "add", "bob", "p\u00e9%w"]) == 0
    alice, bob = users(settings)
    assert alice[3:] == hashes(Account("alice", DOMAIN), "p\u00e9%w")
    assert bob[3:] == hashes(Account("bob", DOMAIN), "p\u00e9%w")
    assert alice[2] == bob[2] == "p\u00e9%w"
    theirs(settings, "kamctl", "passwd", "bob", "other")
    assert users(settings)[1][3:] == hashes(Account("bob", DOMAIN), "other")
    assert f"bob|{DOMAIN}|other" in theirs(settings, "kamctl", "show", "bob")
    theirs(settings, "kamctl", "acl", "grant", "bob", "local")
    theirs(settings, "kamctl", "dispatcher", "add", "1", "sip:192.0.2.1", "8", "1", "a=b", "gw")
    theirs(settings, "kamctl", "rm", "bob")
    assert [user[0] for user in users(settings)] == ["alice"]


def test_kamctl_here_on_a_database_of_kamailios(settings: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    need("kamctl", "kamdbctl", "sqlite3")
    assert "successfully created" in theirs(settings, "kamdbctl", "create")
    for words in (
        ["add", "bob", "s3cret"],
        ["add", "carol@b.example", "x"],
        ["passwd", "bob", "s3cret2"],
        ["rm", "carol@b.example"],
    ):
        assert main(["kamctl", *words]) == 0
    for words in (["acl", "grant", "bob", "ld"], ["address", "add", "1", "192.0.2.1"], ["domain", "add", DOMAIN]):
        assert main(["kamctl", *words]) == 0
    theirs(settings, "kamctl", "add", "alice", "s3cret2")
    capsys.readouterr()
    found = users(settings)
    assert [user[:2] for user in found] == [("alice", DOMAIN), ("bob", DOMAIN)]
    assert found[1][3:] == hashes(Account("bob", DOMAIN), "s3cret2")
    # what our rows look like to its tool
    for words in (["address", "show"], ["acl", "show"], ["db", "show", "domain"]):
        assert main(["kamctl", *words]) == 0
        ours = capsys.readouterr().out
        assert ours
        assert ours in theirs(settings, "kamctl", *words)


CONFIG = """
debug=2
log_stderror=yes
children=1
disable_tcp=yes
listen=udp:127.0.0.1:{port}
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
{modules}
modparam("auth_db|usrloc|permissions|htable|dialog|dispatcher|acc|domain|alias_db|speeddial|msilo|presence", "db_url", DBURL)
modparam("group|uri_db|dialplan|mtree|avpops|pdt|lcr|drouting|sca|secfilter|siptrace", "db_url", DBURL)
modparam("usrloc", "db_mode", 1)
modparam("usrloc", "use_domain", 1)
modparam("auth_db", "load_credentials", "")
modparam("permissions", "db_mode", 1)
modparam("htable", "htable", "t=>size=4;dbtable=htable;")
modparam("dialog", "db_mode", 1)
modparam("mtree", "mtree", "name=m;dbtable=mtree")
modparam("avpops", "avp_table", "usr_preferences")
modparam("lcr", "gw_uri_avp", "$avp(a)")
modparam("lcr", "ruri_user_avp", "$avp(b)")
modparam("sca", "outbound_proxy", "sip:127.0.0.1")
modparam("presence", "server_address", "sip:p@127.0.0.1")
modparam("ctl", "binrpc", "unix:{socket}")
modparam("uac", "reg_contact_addr", "127.0.0.1")
modparam("uac", "reg_db_url", DBURL)
request_route {{ if ($rm == "REGISTER") save("location"); exit; }}
"""
MODULES = (
    "db_sqlite ctl kex tm tmx sl rr pv maxfwd usrloc registrar auth auth_db permissions htable dialog dispatcher acc domain"
    " alias_db speeddial group uri_db dialplan mtree avpops pdt lcr presence drouting sca msilo secfilter siptrace uac"
)


def free_port() -> int:
    with sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def ask_kamailio(capsys: pytest.CaptureFixture[str]) -> None:
    """kamctl here, on Kamailio's control socket."""
    for words, expected in (
        (["dispatcher", "dump"], "sip:192.0.2.1"),
        (["address", "add", "1", "192.0.2.9"], ""),
        (["address", "reload"], ""),
        (["address", "dump"], "192.0.2.9"),
        (["ul", "add", "alice", "sip:alice@192.0.2.7"], ""),
        (["ul", "show", "alice"], "sip:alice@192.0.2.7"),
        (["online"], f"alice@{DOMAIN}\n"),
        (["ul", "rm", "alice"], ""),
        (["online"], ""),
        (["stats", "tmx"], "tmx:"),
        (["srv", "version"], "kamailio"),
        (["monitor", "1"], "rcv_requests"),
    ):
        capsys.readouterr()
        code = main(["kamctl", *words])
        shown = capsys.readouterr()
        assert code == 0, shown.err
        assert expected in shown.out
        assert words != ["online"] or shown.out == expected
    assert main(["kamctl", "ul", "show", "alice"]) == 1
    assert "AOR not found" in capsys.readouterr().err


@pytest.mark.wire
def test_kamailio_starts_on_a_database_made_here(
    tmp_path: Path, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its modules check the versions and columns of their tables as they start."""
    need("kamailio", "kamcmd")
    there = {path.stem for path in Path("/usr/lib/x86_64-linux-gnu/kamailio/modules").glob("*.so")}
    if "db_sqlite" not in there:
        pytest.skip("Kamailio's db_sqlite is not installed")
    modules = [name for name in MODULES.split() if name in there]
    create_tables(Place("sqlite", settings["DB_PATH"]), STANDARD + PRESENCE + EXTRA)
    assert main(["kamctl", "dispatcher", "add", "1", "sip:192.0.2.1"]) == 0
    assert main(["kamctl", "db", "exec", "insert into htable (key_name, key_value) values ('k', 'v')"]) == 0
    socket = tmp_path / "ctl"
    config = tmp_path / "k.cfg"
    text = CONFIG.format(
        port=free_port(), modules="\n".join(f'loadmodule "{name}.so"' for name in modules), socket=socket
    )
    config.write_text(text.replace("DBURL", f'"sqlite:///{settings["DB_PATH"]}"'))
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["kamailio", "-DD", "-E", "-f", str(config), "-Y", str(tmp_path), "-P", str(tmp_path / "pid"), "-m", "64"],
            stdout=out,
            stderr=out,
        )
    try:
        end = time.monotonic() + 20
        while not socket.exists():
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < end, log.read_text(errors="replace")
            time.sleep(0.05)
        for command, expected in (("dispatcher.list", "sip:192.0.2.1"), ("htable.dump t", "value: v")):
            done = subprocess.run(
                ["kamcmd", "-s", f"unix:{socket}", *command.split()], capture_output=True, check=False
            )
            assert expected in done.stdout.decode(), log.read_text(errors="replace")
        monkeypatch.setenv("OLELO_SOCKET", f"unix:{socket}")
        ask_kamailio(capsys)
    finally:
        process.terminate()
        process.wait(15)
    said = log.read_text(errors="replace")
    assert "invalid version" not in said
    assert "ERROR" not in said
