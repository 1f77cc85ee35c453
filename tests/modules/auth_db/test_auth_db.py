"""auth_db: subscribers in a SQLite file, through real SQL."""

from __future__ import annotations

import sqlite3
from hashlib import md5
from pathlib import Path

import pytest

from olelo.testing import Bed, ConfigurationError, Peer, answer

URI = "sip:proxy"
CONFIG = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_sqlite.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
modparam("auth_db", "db_url", "sqlite:///{db}")
{params}
request_route {{ {script} }}
"""
CHECK = """
    auth_check("%s", "subscriber", "%s");
    $var(rc) = $rc;
    xlog("rc $var(rc) mail $avp(mail) name $avp(full_name)\\n");
    if ($var(rc) < 0) { auth_challenge("%s", "1"); exit; }
    sl_send_reply("200", "OK");
"""
PEOPLE = (
    ("alice", "proxy", "secret", "alice@mail", "Alice"),
    ("alice", "other", "elsewhere", "x@mail", "X"),
    ("bob", "proxy", "pa:ss", None, "B\u00f6b"),
    ("o'neill", "proxy", "quote", "", ""),
    ("j\u00f6rg", "proxy", "umlaut", "j@mail", "J"),
)


def hashed(*parts: str) -> str:
    return md5(":".join(parts).encode()).hexdigest()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "pbx.sqlite"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE version (table_name TEXT, table_version INTEGER)")
        file.execute("INSERT INTO version VALUES ('subscriber', 7)")
        file.execute(
            "CREATE TABLE subscriber (id INTEGER PRIMARY KEY, username TEXT, domain TEXT, password TEXT, ha1 TEXT, ha1b TEXT, "
            "mail TEXT, full_name TEXT)"
        )
        for user, domain, password, mail, name in PEOPLE:
            file.execute(
                "INSERT INTO subscriber (username, domain, password, ha1, ha1b, mail, full_name) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    user, domain, password, hashed(user, domain, password), hashed(f"{user}@{domain}", domain, password),
                    mail, name,
                ),
            )  # fmt: skip
    file.close()
    return path


def bed(db: Path, script: str = "", flags: int = 0, realm: str = "proxy", **params: int | str) -> Bed:
    lines = [
        f'modparam("auth_db", "{name}", {value})'
        if isinstance(value, int)
        else f'modparam("auth_db", "{name}", "{value}")'
        for name, value in params.items()
    ]
    script = script or CHECK % (realm, flags, realm)
    return Bed(CONFIG.format(db=db, script=script, params="\n".join(lines)))


def register(phone: Peer, user: str, password: str, to: str = "", **changes: str) -> int:
    """Answers a challenge; the status."""
    to = to or f"sip:{phone.name}@proxy"
    phone.request("REGISTER", URI, to=to)
    asked = phone.gets(401).header("WWW-Authenticate")
    phone.request("REGISTER", URI, answer(asked, user, password, "REGISTER", URI, **changes), to=to)
    return phone.inbox.pop().msg.status


def rc(net: Bed) -> int:
    return int([line for line in net.log if "rc " in line][-1].split("rc ")[1].split()[0])


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize(
    ("user", "password", "code"),
    [
        ("alice", "secret", 1),
        ("alice", "wrong", -2),
        ("nobody", "secret", -3),
        ("alice@proxy", "secret", 1),
        ("alice@elsewhere", "secret", None),
        ("bob", "pa:ss", 1),
        ("o'neill", "quote", 1),
        ("j\u00c3\u00b6rg", "umlaut", 1),  # as script text: the bytes of UTF-8
        ("j\u00f6rg", "umlaut", -3),  # bytes that are no UTF-8
        ("' OR '1'='1", "secret", -3),
        ("alice' --", "secret", -3),
        ("%", "secret", -3),
        ("", "secret", -1),
    ],
)
def test_who_is_let_in(db: Path, plain: int, user: str, password: str, code: int | None) -> None:
    params = {"calculate_ha1": 1, "password_column": "password"} if plain else {}
    net = bed(db, **params)  # type: ignore[arg-type]
    register(net.peer("alice"), user, password)
    if code is None:  # without use_domain the domain only picks the column: the plain password fits, ha1b does not
        code = 1 if plain else -2
    assert rc(net) == code


def test_with_use_domain_the_domain_decides(db: Path) -> None:
    net = bed(db, use_domain=1, realm="other")
    phone = net.peer("alice")
    assert register(phone, "alice", "elsewhere") == 200
    assert register(phone, "alice", "secret") == 401
    assert register(phone, "bob", "pa:ss") == 401
    assert rc(net) == -3
    assert register(phone, "alice@other", "elsewhere") == 200


@pytest.mark.parametrize(("flags", "user", "code"), [(0, "bob", 1), (1, "bob", -8), (1, "alice", 1), (3, "bob", -8)])
def test_the_user_and_to(db: Path, flags: int, user: str, code: int) -> None:
    net = bed(db, flags=flags)
    register(net.peer("alice"), user, dict((p[0], p[2]) for p in PEOPLE if p[1] == "proxy")[user])
    assert rc(net) == code


@pytest.mark.parametrize(
    ("flags", "method", "code"), [(1, "INVITE", -8), (3, "INVITE", 1), (3, "SUBSCRIBE", -8), (0, "INVITE", 1)]
)
def test_the_user_and_from(db: Path, flags: int, method: str, code: int) -> None:
    net = bed(db, flags=flags)
    phone = net.peer("alice")
    phone.request(method, "sip:carol@proxy")
    asked = phone.gets(407).header("Proxy-Authenticate")
    phone.request(method, "sip:carol@proxy", answer(asked, "bob", "pa:ss", method, "sip:carol@proxy", proxy=True))
    assert rc(net) == code


@pytest.mark.parametrize(("uri", "code"), [("sip:alice@proxy", 1), ("sip:bob@proxy", -8)])
def test_a_publish_is_for_oneself(db: Path, uri: str, code: int) -> None:
    net = bed(db, flags=1)
    phone = net.peer("alice")
    phone.request("PUBLISH", uri, to="sip:alice@proxy")
    asked = phone.gets(407).header("Proxy-Authenticate")
    phone.request("PUBLISH", uri, answer(asked, "alice", "secret", "PUBLISH", uri, proxy=True), to="sip:alice@proxy")
    assert rc(net) == code


@pytest.mark.parametrize("force", [0, 1])
def test_columns_are_loaded_into_avps(db: Path, force: int) -> None:
    net = bed(db, load_credentials="$avp(mail)=mail;full_name", force_generate_avps=force)
    phone = net.peer("bob")
    register(phone, "bob", "pa:ss")
    assert net.log[-1].endswith("rc 1 mail <null> name B\u00c3\u00b6b")
    register(phone, "alice", "wrong")
    assert net.log[-1].endswith("mail alice@mail name Alice" if force else "mail <null> name <null>")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('"sip:alice@proxy", "subscriber", "0"', 1),
        ('"sip:alice@nowhere", "subscriber", "0"', 1),
        ('"sip:alice@nowhere", "subscriber", "1"', -2),
        ('"sip:alice@other", "subscriber", "1"', 1),
        ('"sip:nobody@proxy", "subscriber", "0"', -2),
        ('"not a uri", "subscriber", "0"', -1),
        ('"sip:alice@proxy", "$var(t)", "0"', -1),
    ],
)
def test_is_subscriber(db: Path, call: str, code: int) -> None:
    net = bed(
        db,
        f'$var(t) = "no_such_table"; is_subscriber({call}); xlog("rc $rc mail $avp(mail)\\n");',
        load_credentials="mail",
    )
    net.peer("alice").request("OPTIONS", URI)
    assert rc(net) == code


def test_is_subscriber_loads_credentials_unless_told_otherwise(db: Path) -> None:
    for flags, mail in ((0, "alice@mail"), (2, "<null>")):
        net = bed(
            db,
            f'is_subscriber("sip:alice@proxy", "subscriber", "{flags}"); xlog("mail $avp(mail)\\n");',
            load_credentials="mail",
        )
        net.peer("alice").request("OPTIONS", URI)
        assert net.log[-1].endswith(f"mail {mail}")


def test_a_database_that_fails_lets_nobody_in_and_is_logged(db: Path) -> None:
    net = bed(db)
    with sqlite3.connect(db) as file:
        file.execute("DROP TABLE subscriber")
    file.close()
    assert register(net.peer("alice"), "alice", "secret") == 401
    assert rc(net) == -1
    assert any("no such table: subscriber" in line for line in net.log)
    assert not any("secret" in line for line in net.log)


def test_the_wrong_version_of_the_table_refuses_the_start(db: Path) -> None:
    with sqlite3.connect(db) as file:
        file.execute("UPDATE version SET table_version = 6")
    file.close()
    with pytest.raises(Exception, match="version 6 in table version, and 7 is needed"):
        bed(db)
    assert register(bed(db, version_table=0).peer("alice"), "alice", "secret") == 200


def test_a_missing_database_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="there is no such file"):
        bed(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()


def test_a_database_that_nobody_opens_is_said_with_its_place(db: Path) -> None:
    text = CONFIG.format(db=db, script="", params='modparam("auth_db", "db_url", "mysql://u:hidden@h/d")')
    with pytest.raises(
        ConfigurationError, match=r'no loaded module opens mysql://.*loadmodule "db_mysql.so"'
    ) as caught:
        Bed(text)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("db_url", "sqlite", "database URL"),
        ("user_column", "a b", "column"),
        ("load_credentials", "$var(x)=mail", "avp"),
    ],
)
def test_bad_parameters_are_refused(db: Path, name: str, value: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        bed(db, **{name: value})


@pytest.mark.parametrize(
    ("params", "text"),
    [({"calculate_ha1": 1}, "takes column ha1 for passwords"), ({"password_column": "password"}, "is taken for H")],
)
def test_the_well_known_mistakes_are_named(db: Path, params: dict[str, int | str], text: str) -> None:
    assert any(text in line for line in bed(db, **params).log)
