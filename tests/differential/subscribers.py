"""The subscribers of the cases about authentication, in a SQLite file with Kamailio's table."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from olelo.db.admin import Place, working
from olelo.db.admin_tables import create_subscribers
from olelo.db.admin_users import Account, Subscribers

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


def make_database(path: Path) -> None:
    """What `olelo user` makes, so that Kamailio's checks of it are part of the comparison; and two columns more."""
    place = Place("sqlite", str(path))
    create_subscribers(place)
    with working(place) as connection:
        for user, domain, password, _, _ in PEOPLE:
            Subscribers(connection).add(Account(user, domain), password, plain=True)
    file = sqlite3.connect(path)
    with file:
        for column in ("mail", "full_name"):
            file.execute(f"ALTER TABLE subscriber ADD COLUMN {column} VARCHAR(64)")
        for user, domain, _, mail, name in PEOPLE:
            file.execute(
                "UPDATE subscriber SET mail = ?, full_name = ? WHERE username = ? AND domain = ?",
                (mail, name, user, domain),
            )
    file.close()
