"""One database, two programs: what Kamailio writes is read here, and what is written here Kamailio reads."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from db.conftest import Kit
from modules.kamailio_runner import needs_kamailio, run
from olelo.core.database import Insert, Key
from olelo.db.pool import SqlDatabase

pytestmark = [pytest.mark.reference, pytest.mark.wire]
SCHEMA = {"sqlite": "db_sqlite", "mysql": "mysql", "postgres": "postgres"}
HEAD = """
loadmodule "{driver}.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
modparam("usrloc", "db_url", "{url}")
modparam("usrloc", "db_mode", 1)
"""
REGISTER = (
    b"REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr\r\nFrom: <sip:alice@example.org>;tag=1\r\n"
    b"To: <sip:alice@example.org>\r\nCall-ID: j\xc3\xb6rg's \xe4\xb8\xad\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n"
    b"Contact: <sip:alice@192.0.2.1:5062>;expires=600\r\nContent-Length: 0\r\n\r\n"
)
OPTIONS = (
    b"OPTIONS sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKo\r\nFrom: <sip:a@example.org>;tag=1\r\n"
    b"To: <sip:bob@example.org>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


@pytest.fixture
def shared(kit: Kit) -> Kit:
    """A database with the tables that Kamailio's own scripts make."""
    needs_kamailio()
    folder = Path("/usr/share/kamailio") / SCHEMA[kit.kind]
    driver = f"db_{kit.kind}.so"
    if not folder.is_dir() or not any(Path("/usr/lib").glob(f"*/kamailio/modules/{driver}")):
        pytest.skip(f"Kamailio's {driver} is not installed")
    assert isinstance(kit.db, SqlDatabase)
    with kit.db._engine.begin() as connection:
        for table in ("location", "location_attrs", "version"):
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
        for name in ("standard-create.sql", "usrloc-create.sql"):
            for statement in re.split(r";\s*\n", (folder / name).read_text()):
                if statement.strip():
                    connection.exec_driver_sql(statement)
    return kit


def play(kit: Kit, folder: Path, message: bytes, function: str) -> str:
    """What `function` returns in Kamailio's script, and the Request-URI after it."""
    folder.mkdir()
    head = HEAD.format(driver=f"db_{kit.kind}", url=kit.url)
    shown, _, _ = run(
        folder, [("do", f'$var(rc) = {function}("location");'), ("show", "$var(rc) $ru")], [message], head
    )
    return next(iter(shown[0].values()))


def test_what_kamailio_writes_is_read(shared: Kit, tmp_path: Path) -> None:
    assert shared.run(shared.db.table_version("location")) == 9
    before = datetime.now().replace(microsecond=0)
    assert play(shared, tmp_path / "run", REGISTER, "save").startswith("1 ")
    columns = ["username", "contact", "callid", "expires", "q", "cseq", "received", "domain"]
    [(user, contact, callid, expires, q, cseq, received, domain)] = shared.run(
        shared.db.query("location", columns, [Key("username", "alice"), Key("expires", before, ">")])
    )
    assert (user, contact, cseq, received, domain) == ("alice", "sip:alice@192.0.2.1:5062", 1, None, None)
    assert callid == "j\u00f6rg's \u4e2d".encode().decode("latin-1")
    assert float(q) == -1.0
    assert isinstance(expires, datetime)
    assert timedelta(seconds=599) <= expires - before <= timedelta(seconds=630)
    assert shared.run(shared.db.query("location", ["username"], [Key("expires", before, "<")])) == []


def test_kamailio_reads_what_is_written(shared: Kit, tmp_path: Path) -> None:
    now = datetime.now()
    row = {
        "ruid": "uloc-1-2-3",
        "username": "bob",
        "contact": "sip:bob@192.0.2.7:5070",
        "expires": now + timedelta(seconds=600),
        "last_modified": now,
        "callid": "c",
        "cseq": 5,
        "user_agent": "o'phone \\ %s",
    }
    late = {**row, "ruid": "uloc-1-2-4", "contact": "sip:bob@192.0.2.8:5070", "expires": now - timedelta(seconds=600)}
    assert shared.run(shared.db.write([Insert("location", row), Insert("location", late)])) == [1, 1]
    assert play(shared, tmp_path / "run", OPTIONS, "lookup") == "1 sip:bob@192.0.2.7:5070"
