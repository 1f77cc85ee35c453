"""`kamctl` on SQLite: what is in the tables afterwards, what is said, and its commands for the server."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
from hashlib import md5
from pathlib import Path

import pytest

from olelo.cli.main import main
from olelo.db.admin import Place
from olelo.db.admin_tables import create_tables
from olelo.db.schema import DBUID, EXTRA, PRESENCE, STANDARD

Row = tuple[object, ...]


class Kamctl:
    """Runs kamctl in this process, on a database of its own."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode())))
        code = main(["/usr/sbin/kamctl", *words])
        shown = self.capsys.readouterr()
        assert "Traceback" not in shown.err
        return code, shown.out, shown.err

    def ok(self, *words: str, typed: str = "") -> str:
        code, out, err = self(*words, typed=typed)
        assert code == 0, err
        return out

    def rows(self, statement: str) -> list[Row]:
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("kamctl") / "empty.db"
    create_tables(Place("sqlite", str(path)), STANDARD + PRESENCE + EXTRA + DBUID)
    return path.read_bytes()


@pytest.fixture
def kamctl(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], empty_database: bytes
) -> Kamctl:
    path = tmp_path / "kamailio.db"
    path.write_bytes(empty_database)
    for name, value in {"DBENGINE": "SQLITE", "DB_PATH": str(path), "SIP_DOMAIN": "example.org"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OLELO_KAMCTLRC", "/dev/null")
    monkeypatch.setenv("OLELO_SOCKET", f"unix:{tmp_path}/no-server")
    return Kamctl(path, monkeypatch, capsys)


def digest(text: str) -> str:
    return md5(text.encode()).hexdigest()


# --- subscribers


def test_add_passwd_show_and_rm(kamctl: Kamctl) -> None:
    assert kamctl("add", "alice", "s1") == (0, "new user 'alice' added\n", "")
    first = ("alice", "example.org", "s1", digest("alice:example.org:s1"), digest("alice@example.org:example.org:s1"))
    assert kamctl.rows("select username, domain, password, ha1, ha1b from subscriber") == [first]
    kamctl.monkeypatch.setenv("STORE_PLAINTEXT_PW", "0")
    assert kamctl.ok("passwd", "alice@example.org", "s2") == "INFO: password change succeeded\n"
    assert kamctl.rows("select password, ha1 from subscriber") == [("", digest("alice:example.org:s2"))]
    assert kamctl.ok("show", "alice") == "1|alice|example.org||***|***\n"
    kamctl.ok("sets", "alice", "domain", "a.example")
    kamctl.ok("setn", "alice@a.example", "id", "42")
    assert kamctl.rows("select id, domain from subscriber") == [(42, "a.example")]


def test_rm_clears_groups_and_aliases_too(kamctl: Kamctl) -> None:
    for name in ("alice", "bob"):
        kamctl.ok("add", name, "x")
        kamctl.ok("acl", "grant", name, "local")
        kamctl.ok("alias_db", "add", f"{name}.alias@example.org", f"{name}@example.org")
    out = kamctl.ok("rm", "alice")
    assert "contacts stay until they expire: cannot reach the server at" in out
    for name in ("subscriber", "grp", "dbaliases"):
        assert kamctl.rows(f"select username from {name}") == [("bob",)]
    assert "non-existent user 'alice@example.org'" in kamctl("rm", "alice")[2]


def test_rm_changes_nothing_where_it_cannot_finish(kamctl: Kamctl) -> None:
    kamctl.ok("add", "alice", "x")
    kamctl.ok("acl", "grant", "alice", "local")
    connection = sqlite3.connect(kamctl.path)
    connection.execute("create trigger no before delete on subscriber begin select raise(abort, 'kept'); end")
    connection.close()
    code, _, err = kamctl("rm", "alice")
    assert (code, "kept" in err) == (1, True)
    assert kamctl.rows("select count(*) from grp") == [(1,)]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["add", "alice"], "wrong arguments"),
        (["add", "a b", "x"], "is no username@domain"),
        (["passwd", "no", "x"], "there is no subscriber no@example.org"),
        (["add", "alice", ""], "an empty password"),
        (["sets", "no", "a", "b"], "non-existent user 'no@example.org'"),
        (["sets", "old", "no_such", "b"], "no such column"),
        (["sets", "old", "a=b", "b"], "is no name for a column"),
        (["setn", "old", "id", "x"], "is no number"),
        (["rpid", "add", "old"], "wrong arguments"),
        (["rpid", "show", "old"], "no such column"),
        (["frobnicate"], "there is no command 'frobnicate'"),
        (["tls", "rootCA"], "tls: not available here"),
        (["trap"], "trap: not available here"),
        (["db", "connect"], "db connect: not available here"),
        (["add", "al\udcffice", "x"], "is not UTF-8"),
        (["db", "exec", ""], "there is no query"),
        (["db", "exec", "select 1; select 2"], "one statement at a time"),
        (["--db"], "--db needs a value"),
        (["--db", "mysql://u:s3cret@127.0.0.1:9/k", "show", "x"], "cannot reach the database server at 127.0.0.1:9"),
        (["ping", "sip:a@example.org"], "cannot reach the server at"),
        (["-s", "unix:/x:y:z", "uptime"], "cannot reach the server"),
    ],
)
def test_errors_are_clear(kamctl: Kamctl, words: list[str], text: str) -> None:
    kamctl.ok("add", "old", "x")
    code, _, err = kamctl(*words)
    assert code == 1
    assert text in err
    assert err.startswith("kamctl: ")
    assert "s3cret" not in err


def test_a_user_that_is_there_is_refused(kamctl: Kamctl) -> None:
    kamctl.ok("add", "alice", "x")
    before = kamctl.rows("select * from subscriber")
    assert kamctl("add", "alice@example.org", "y") == (1, "", "kamctl: alice@example.org exists already\n")
    assert kamctl.rows("select * from subscriber") == before
    kamctl.monkeypatch.setenv("ALIASES_TYPE", "DB")
    kamctl.ok("alias_db", "add", "al@example.org", "alice@example.org")
    assert "user 'al' already exists as alias" in kamctl("add", "al", "x")[2]


def test_without_a_domain_or_a_database(kamctl: Kamctl) -> None:
    kamctl.monkeypatch.delenv("SIP_DOMAIN")
    assert "set SIP_DOMAIN" in kamctl("add", "alice", "x")[2]
    kamctl.monkeypatch.delenv("DBENGINE")
    assert "this command needs a database: set DBENGINE" in kamctl("add", "alice@a.example", "x")[2]
    assert kamctl.ok("--db", f"sqlite:///{kamctl.path}", "add", "alice@a.example", "x")
    kamctl.monkeypatch.setenv("DBENGINE", "DBTEXT")
    assert "DBENGINE=DBTEXT: not supported here" in kamctl("show", "alice@a.example")[2]
    kamctl.monkeypatch.setenv("DBENGINE", "what")
    assert "is none of MYSQL, PGSQL and SQLITE" in kamctl("show", "alice@a.example")[2]


def test_groups(kamctl: Kamctl) -> None:
    kamctl.ok("add", "alice", "x")
    code, out, err = kamctl("acl", "grant", "alice", "local", "nix", "ld")
    assert (code, err) == (0, "WARNING: Invalid privilege: acl 'nix' ignored\n")
    assert sorted(line.split("|")[1:4] for line in out.splitlines()) == [
        ["alice", "example.org", "ld"],
        ["alice", "example.org", "local"],
    ]
    assert "no group was granted" in kamctl("acl", "grant", "alice", "nix")[2]
    assert kamctl.ok("acl", "revoke", "alice", "local").count("\n") == 1
    assert kamctl("acl", "grant", "bob", "local", typed="n\n")[0] == 1
    assert "Non-existent user 'bob'" in kamctl.ok("acl", "grant", "bob", "local", typed="Y\n" * 2)
    kamctl.monkeypatch.setenv("ACL_GROUPS", "own")
    kamctl.ok("acl", "grant", "alice", "own")
    assert kamctl.ok("acl", "show", "alice").count("alice") == 2
    assert kamctl.rows("select length(last_modified) from grp where grp = 'own'") == [(19,)]
    assert kamctl.ok("acl", "revoke", "alice") == ""


def test_rpid(kamctl: Kamctl) -> None:
    kamctl.ok("db", "exec", "alter table subscriber add column rpid varchar(128)")
    kamctl.ok("add", "alice", "x")
    assert kamctl.ok("rpid", "add", "alice", "sip:1@x") == "alice|sip:1@x\n"
    assert kamctl.ok("rpid", "rm", "alice") == "alice|\n"
    assert "non-existent" in kamctl("rpid", "show", "bob")[2]


# --- peers and plans


@pytest.mark.parametrize(
    ("words", "query", "expected"),
    [
        ("address add 1 192.0.2.1", "grp, ip_addr, mask, port, tag from address", (1, "192.0.2.1", 32, 0, "")),
        (
            "address add 2 192.0.2.0 24 5060 gw",
            "grp, ip_addr, mask, port, tag from address",
            (2, "192.0.2.0", 24, 5060, "gw"),
        ),
        ("address add 1 2001:db8::1", "mask from address", (128,)),
        ("trusted add 192.0.2.1 any", "src_ip, proto, from_pattern, tag from trusted", ("192.0.2.1", "any", "", "")),
        ("trusted add 192.0.2.1 udp ^sip: t", "proto, from_pattern, tag from trusted", ("udp", "^sip:", "t")),
        ("domain add a.example", "domain, did, length(last_modified) from domain", ("a.example", None, 19)),
        ("uid_domain add a.example", "did, domain, flags from uid_domain", ("a.example", "a.example", 37)),
        ("uid_domain add a.example d 1", "did, domain, flags from uid_domain", ("d", "a.example", 1)),
        (
            "dispatcher add 1 sip:h",
            "setid, destination, flags, priority, attrs, description from dispatcher",
            (1, "sip:h", 0, 0, "", ""),
        ),
        (
            "dispatcher addgw 2 sip:h 8 -5 w=1 one",
            "setid, flags, priority, attrs, description from dispatcher",
            (2, 8, -5, "w=1", "one"),
        ),
        (
            "dialplan addrule 1 2 regexp ^0",
            "dpid, pr, match_op, match_exp, match_len, subst_exp from dialplan",
            (1, 2, 1, "^0", 0, ""),
        ),
        (
            "dialplan addrule 1 2 equal 00 2 s r a",
            "match_op, match_len, subst_exp, repl_exp, attrs from dialplan",
            (0, 2, "s", "r", "a"),
        ),
        ("mtree add mtree 0049 de", "tprefix, tvalue from mtree", ("0049", "de")),
        ("cr addcn 7 seven", "id, carrier from carrier_name", (7, "seven")),
        ("cr adddn 8 eight", "id, domain from domain_name", (8, "eight")),
        (
            "cr addcarrier 1 49 2 gw.example",
            "carrier, scan_prefix, domain, rewrite_host, prob, strip from carrierroute",
            (1, "49", 2, "gw.example", 1.0, 0),
        ),
        (
            "cr addcarrier 1 49 2 h 0.5 2 p s 3 4 c",
            "prob, strip, rewrite_prefix, rewrite_suffix, mask, flags, description from carrierroute",
            (0.5, 2, "p", "s", 3, 4, "c"),
        ),
        (
            "speeddial add a@b 1@b sip:x@y note",
            "username, domain, sd_username, sd_domain, new_uri, description from speed_dial",
            ("a", "b", "1", "b", "sip:x@y", "note"),
        ),
        (
            "avp add a@b name 0 value",
            "uuid, username, domain, attribute, type, value from usr_preferences",
            ("", "a", "b", "name", 0, "value"),
        ),
        ("avp add uu 1 3 2", "uuid, username, attribute, type, value from usr_preferences", ("uu", "", "1", 3, "2")),
        ("db version add mine 3", "table_version from version where table_name = 'mine'", (3,)),
        ("db version set acc 9", "table_version from version where table_name = 'acc'", (9,)),
        ("db version update acc 8", "table_version from version where table_name = 'acc'", (8,)),
    ],
)
def test_rows_that_are_added(kamctl: Kamctl, words: str, query: str, expected: Row) -> None:
    kamctl.ok(*words.split())
    assert kamctl.rows(f"select {query}") == [expected]


@pytest.mark.parametrize(
    ("add", "remove", "table"),
    [
        ("address add 1 192.0.2.1", "address rm 1 192.0.2.1", "address"),
        ("trusted add 192.0.2.1 any", "trusted rm 192.0.2.1", "trusted"),
        ("domain add a.example", "domain rm a.example", "domain"),
        ("uid_domain add a.example", "uid_domain rm a.example", "uid_domain"),
        ("dispatcher add 1 sip:h", "dispatcher rm 1", "dispatcher"),
        ("dialplan addrule 1 2 fnmatch 0*", "dialplan rmrule 1 2", "dialplan"),
        ("dialplan addrule 1 2 equal 0", "dialplan rmdpid 1", "dialplan"),
        ("dialplan addrule 1 2 equal 0", "dialplan rm", "dialplan"),
        ("mtree add mtree 00 x", "mtree rm mtree 00", "mtree"),
        ("cr addcn 1 x", "cr rmcn 1", "carrier_name"),
        ("cr adddn 1 x", "cr rmdn 1", "domain_name"),
        ("cr addcarrier 1 49 2 h", "cr rmcarrier 1 49 2", "carrierroute"),
        ("speeddial add a@b 1@b sip:x@y", "speeddial rm a@b 1@b", "speed_dial"),
        ("alias_db add a@b c@d", "alias_db rm a@b", "dbaliases"),
        ("avp add a@b n 0 v", "avp rm -u a@b -a n -v v -t 0", "usr_preferences"),
        ("avp add uu n 0 v", "avp rm -T usr_preferences -u uu", "usr_preferences"),
    ],
)
def test_rows_that_are_removed_and_no_others(kamctl: Kamctl, add: str, remove: str, table: str) -> None:
    kamctl.ok(*add.split())
    other = {"address": "grp, ip_addr", "trusted": "src_ip, proto"}.get(table)
    if other:
        kamctl.ok("db", "exec", f"insert into {table} ({other}) values ('9', 'any')")
    assert kamctl.rows(f"select count(*) from {table}") == [(2 if other else 1,)]
    kamctl.ok(*remove.split())
    assert kamctl.rows(f"select count(*) from {table}") == [(1 if other else 0,)]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("address add x 192.0.2.1", "group 'x' is no whole number"),
        ("address rm 1 192.0.2.9", "there is no address 192.0.2.9 of group 1"),
        ("trusted add 192.0.2.1 icmp", "is none of any udp"),
        ("domain rm no.example", "there is no domain no.example"),
        ("dispatcher rm 4", "there is no destination 4"),
        ("dispatcher add", "wrong arguments"),
        ("dialplan addrule 1 2 like x", "'like' is none of equal"),
        ("cr addcarrier 1 49 2 h much", "probability 'much' is no number"),
        ("cr rmcn 5", "carrier_name has no id 5"),
        ("mtree add no_table 1 2", "has no table no_table"),
        ("mtree rm mtree 1", "mtree has no prefix 1"),
        ("alias_db add a c@d", "invalid AoR: a"),
        ("alias_db rm a@b", "there is no alias a@b"),
        ("speeddial add a@b 1@b x@y", "invalid SIP AoR: x@y"),
        ("avp add a@b n 7 v", "type '7' is none of"),
        ("avp list -x 1", "wrong arguments"),
        ("db show no_table", "has no table no_table"),
        ("db show acc;drop", "is no name for a table"),
        ("db exec nonsense", "syntax error"),
        ("db run NO_SUCH_VARIABLE", "the variable NO_SUCH_VARIABLE is not set"),
        ("db version update nix 1", "knows nothing of nix"),
        ("lcr eval_weights 0", "is no whole number of at least 1"),
        ("acc recent soon", "is no whole number"),
    ],
)
def test_wrong_rows_are_refused(kamctl: Kamctl, words: str, text: str) -> None:
    code, _, err = kamctl(*words.split())
    assert code == 1
    assert text in err


def test_what_is_there_already_is_said(kamctl: Kamctl) -> None:
    for words in (
        "domain add a.example",
        "trusted add 192.0.2.1 any",
        "alias_db add a@b c@d",
        "uid_domain add a.example",
    ):
        kamctl.ok(*words.split())
        assert "already in" in kamctl.ok(*words.split())


def test_lists_of_users(kamctl: Kamctl) -> None:
    kamctl.ok("alias_db", "add", "a@b", "c@d")
    assert kamctl.ok("alias_db", "show", "a@b") == "c@d\n"
    assert kamctl.ok("alias_db", "list", "c@d") == "a@b\n"
    assert kamctl("alias_db", "list", typed="n\n")[0] == 1
    assert kamctl.ok("alias_db", "list", typed="y\n").endswith("a|b|c|d\n")
    kamctl.ok("speeddial", "add", "c@d", "1@d", "sip:x@y")
    assert kamctl.ok("speeddial", "list", "c@d") == "1@d|sip:x@y|\n"
    assert kamctl.ok("speed_dial", "show", "1@d") == "c@d|sip:x@y|\n"
    kamctl.ok("avp", "add", "c@d", "n", "0", "v")
    assert kamctl.ok("avp", "list", "-a", "n") == "|c|d|n|0|v\n"
    assert kamctl.ok("avp", "list", "-a", "other") == ""
    assert kamctl("avp", "rm", typed="n\n")[0] == 1


def test_queries(kamctl: Kamctl) -> None:
    kamctl.ok("add", "alice", "s3cret")
    assert (
        kamctl.ok("db", "exec", "select username, ':x', '%s' from subscriber where username like '%ali%'")
        == "alice|:x|%s\n"
    )
    assert kamctl.ok("db", "roexec", "select count(*) from acc") == "0\n"
    code, _, err = kamctl("db", "roexec", "delete from subscriber")
    assert (code, "read-only" in err) == (1, True)
    kamctl.monkeypatch.setenv("MY_QUERY", "select 1 + 1")
    assert kamctl.ok("db", "run", "MY_QUERY") == kamctl.ok("db", "rorun", "MY_QUERY") == "2\n"
    for words in (["show", "subscriber"], ["showg", "subscriber"], ["smatch", "subscriber", "username", "alice"]):
        out = kamctl.ok("db", *words)
        assert "alice" in out
        assert "s3cret" not in out
        assert digest("alice:example.org:s3cret") not in out
    assert "domain: example.org\n" in kamctl.ok("db", "nmatch", "subscriber", "id", "1")
    assert kamctl.ok("db", "nmatch", "subscriber", "id", "2") == ""


def test_accounting(kamctl: Kamctl) -> None:
    kamctl.ok("acc", "initdb")
    kamctl.ok("acc", "initdb")
    names = [row[1] for row in kamctl.rows("pragma table_info(missed_calls)")]
    assert names[-6:] == ["src_user", "src_domain", "src_ip", "dst_ouser", "dst_user", "dst_domain"]
    for when in ("now', 'localtime", "now', 'localtime', '-1 hour"):
        kamctl.ok("db", "exec", f"insert into acc (method, time) values ('INVITE', datetime('{when}'))")
    assert kamctl.ok("acc", "recent").count("INVITE") == 1
    assert kamctl.ok("acc", "recent", "7200").count("INVITE") == 2
    assert kamctl.ok("acc", "showdb").count("INVITE") == 2


def test_expired_contacts(kamctl: Kamctl) -> None:
    for name, when in (("old", "-2 hours"), ("late", "-10 minutes"), ("new", "+1 hour")):
        kamctl.ok(
            "db", "exec",
            f"insert into location (ruid, username, expires) values ('{name}', '{name}', datetime('now', 'localtime', '{when}'))",
        )  # fmt: skip
    assert kamctl.ok("ul", "dbclean") == "INFO: 1 expired contacts removed\n"
    assert kamctl.ok("ul", "dbclean", "60") == "INFO: 1 expired contacts removed\n"
    assert kamctl.rows("select username from location") == [("new",)]


def test_weights(kamctl: Kamctl) -> None:
    lines = kamctl.ok("lcr", "eval_weights", "1", "1", "2").splitlines()
    shares = [float(line.split()[3]) for line in lines]
    assert [line.rsplit(" ", 1)[0] for line in lines] == [f"weight {w} probability" for w in (1, 1, 2)]
    assert sum(shares) == pytest.approx(1, abs=0.001)
    assert shares[0] == pytest.approx(1 / 6, abs=0.01)  # of two of 1 and one of 2: 1/6, 1/6, 2/3
    assert shares[2] == pytest.approx(2 / 3, abs=0.01)


def test_help_lists_every_command(kamctl: Kamctl) -> None:
    out = kamctl.ok("help")
    for line in (
        "add USER PASSWORD",
        "acl grant",
        "dispatcher reload",
        "ul show",
        "rpc COMMAND",
        "Not available here: tls",
    ):
        assert line in out
    assert "dispatcher add SET" in kamctl.ok("dispatcher", "help")
    code, out, _ = kamctl()
    assert (code, "usage: kamctl" in out) == (1, True)


# --- the server


@pytest.fixture
def live(kamctl: Kamctl, socket_path: str) -> Kamctl:
    kamctl.monkeypatch.setenv("OLELO_SOCKET", f"unix:{socket_path}")
    return kamctl


def test_the_servers_reply_is_json_rpc(live: Kamctl) -> None:
    for words in (["uptime"], ["ps"], ["psa"], ["srv", "version"], ["srv", "rpclist"], ["rpc", "core.version"]):
        reply = json.loads(live.ok(*words))
        assert reply["jsonrpc"] == "2.0"
        assert reply["result"]
    assert json.loads(live.ok("fifo", "core.echo", "i:1", "s:2", "2.5", "x"))["result"] == ["1", "2", "2.5", "x"]


@pytest.mark.parametrize(
    ("words", "method"),
    [
        (["address", "reload"], "permissions.addressReload"),
        (["trusted", "dump"], "permissions.trustedDump"),
        (["dispatcher", "reload"], "dispatcher.reload"),
        (["dialog", "show"], "dlg.list"),
        (["dialplan", "reload"], "dialplan.reload"),
        (["domain", "show"], "domain.dump"),
        (["uid_domain", "reload"], "domain.reload"),
        (["mtree", "dump", "x"], "mtree.list"),
        (["lcr", "dump_routes"], "lcr.dump_rules"),
        (["cr", "reload"], "cr.reload_routes"),
        (["ul", "show"], "ul.dump"),
        (["ul", "add", "alice", "sip:a@192.0.2.1"], "ul.add"),
        (["ul", "rm", "alice", "sip:a@192.0.2.1"], "ul.rm_contact"),
        (["alias", "rm", "alice"], "ul.rm"),
        (["online"], "ul.dump"),
        (["ping", "sip:a@192.0.2.1"], "tm.t_uac_wait_block"),
        (["cisco_restart", "sip:a@192.0.2.1"], "tm.t_uac_start"),
    ],
)
def test_a_command_that_the_server_lacks_is_named(live: Kamctl, words: list[str], method: str) -> None:
    assert live(*words) == (1, "", f"kamctl: the server has no command {method}; is its module loaded?\n")


def test_a_fault_is_an_error(live: Kamctl) -> None:
    code, out, err = live("rpc", "core.printi", "x")
    assert (code, out) == (1, "")
    assert err.startswith("kamctl: core.printi: ")


def test_the_socket_is_beside_the_fifo(live: Kamctl, socket_path: str) -> None:
    beside = Path(socket_path).parent / "kamailio_ctl"
    if not beside.exists():
        beside.symlink_to(socket_path)
    live.monkeypatch.delenv("OLELO_SOCKET")
    live.monkeypatch.setenv("RPCFIFOPATH", str(beside.parent / "kamailio_rpc.fifo"))
    assert "result" in live.ok("uptime")
    assert "result" in live.ok("-s", f"unix:{socket_path}", "uptime")


def test_monitor_and_the_request_alone(live: Kamctl) -> None:
    out = live.ok("monitor", "1")
    assert out.startswith("[cycle #: 1;")
    assert "uptime: " in out
    assert json.loads(live.ok("rpcprint", "a.b", "s:1", "2")) == {
        "jsonrpc": "2.0",
        "method": "a.b",
        "params": ["1", 2],
        "id": 1,
    }
    assert "up_since" in live.ok("kamcmd", "-s", os.environ["OLELO_SOCKET"], "core.uptime")
