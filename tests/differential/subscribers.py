"""The subscribers of the cases about authentication, in a SQLite file with Kamailio's table."""

from __future__ import annotations

import sqlite3
from hashlib import md5
from pathlib import Path

REALM = "pbx"
#: (user, domain, password, mail, full name)
PEOPLE = (
    ("alice", REALM, "secret", "alice@mail.example", "Alice A"),
    ("alice", "other", "elsewhere", "alice@other.example", "Alice B"),
    ("bob", REALM, "pa:ss word", None, "Bob"),
    ("o'neill", REALM, "secret", "", ""),
    ("j\u00f6rg", REALM, "g\u00fcnter", "j@mail.example", "J\u00f6rg"),
    ("a%20b", REALM, "secret", "x", "y"),
)


def _hash(*parts: str) -> str:
    return md5(":".join(parts).encode()).hexdigest()


def make_database(path: Path) -> None:
    file = sqlite3.connect(path)
    with file:
        file.execute("CREATE TABLE version (table_name VARCHAR(32) NOT NULL, table_version INTEGER DEFAULT 0 NOT NULL)")
        file.execute("INSERT INTO version VALUES ('subscriber', 7)")
        file.execute(
            "CREATE TABLE subscriber (id INTEGER PRIMARY KEY NOT NULL, username VARCHAR(64), domain VARCHAR(64), "
            "password VARCHAR(64), ha1 VARCHAR(128), ha1b VARCHAR(128), mail VARCHAR(64), full_name VARCHAR(64))"
        )
        for user, domain, password, mail, name in PEOPLE:
            file.execute(
                "INSERT INTO subscriber (username, domain, password, ha1, ha1b, mail, full_name) VALUES (?,?,?,?,?,?,?)",
                (
                    user, domain, password, _hash(user, domain, password), _hash(f"{user}@{domain}", domain, password),
                    mail, name,
                ),
            )  # fmt: skip
    file.close()
