"""Subscribers, as `olelo user` and `kamctl` make them (table subscriber of module auth_db)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, TableClause, and_, column, delete, insert, select, table, update
from sqlalchemy.exc import IntegrityError

from olelo.db.admin import AdminError, AlreadyThere, check_version
from olelo.db.schema import TABLES
from olelo.sip.digest import ha1

#: Characters of a username or a domain, and of a password that is stored as it is.
NAME_SIZE = 64
PLAIN_SIZE = 64
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


class NoUser(AdminError):
    """There is no such subscriber."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who: `username@domain`."""

    username: str
    domain: str

    def __str__(self) -> str:
        return f"{self.username}@{self.domain}"

    @staticmethod
    def parse(text: str, default_domain: str = "") -> Account:
        """`alice@example.org`, `sip:alice@example.org`, or `alice` where there is a default domain."""
        name = text[4:] if text[:4].lower() == "sip:" else text
        username, at, domain = name.partition("@")
        if not at:
            domain = default_domain
        if not domain:
            raise AdminError(f"{text!r} has no domain: give username@domain, or set SIP_DOMAIN")
        if not username:
            raise AdminError(f"{text!r} has no username")
        for part in (username, domain):
            if "@" in part or _CONTROL.search(part):
                raise AdminError(f"{text!r} is no username@domain")
            if len(part) > NAME_SIZE:
                raise AdminError(f"{text[:40]!r}..: {len(part)} characters, and {NAME_SIZE} is the most that is stored")
        return Account(username, domain)


def hashes(account: Account, password: str, realm: str = "") -> tuple[str, str]:
    """(ha1, ha1b): MD5 of `username:realm:password` and of `username@domain:realm:password`; realm "": the domain.

    Source: RFC 7616 section 3.4.2; module auth_db, parameter calculate_ha1.
    """
    user, domain = account.username.encode(), account.domain.encode()
    name, secret = (realm or account.domain).encode(), password.encode("utf-8", "surrogateescape")
    return ha1(user, name, secret).decode(), ha1(user + b"@" + domain, name, secret).decode()


def check_password(password: str, plain: bool) -> None:
    """Raises AdminError, which does not repeat it."""
    if not password:
        raise AdminError("an empty password is no password")
    if any(char in password for char in "\r\n\0"):
        raise AdminError("a password is one line")
    if plain and len(password) > PLAIN_SIZE:
        raise AdminError(f"the password is longer than the {PLAIN_SIZE} characters that are stored of a plain one")


class Subscribers:
    """The table on one connection. name: of the table, if it is another; its columns have the usual names."""

    def __init__(self, connection: Connection, name: str = "subscriber") -> None:
        self.connection = connection
        self.table: TableClause = table(name, *(column(field.name) for field in TABLES["subscriber"].fields))
        if name == "subscriber":
            check_version(connection, name)

    def _of(self, account: Account) -> Any:
        columns = self.table.c
        return and_(columns.username == account.username, columns.domain == account.domain)

    def there(self, account: Account) -> bool:
        return self.connection.execute(select(self.table.c.id).where(self._of(account))).first() is not None

    def add(self, account: Account, password: str, *, realm: str = "", plain: bool = False) -> None:
        """A new subscriber. plain: the password is stored as it is, too. Raises AlreadyThere."""
        check_password(password, plain)
        if self.there(account):
            raise AlreadyThere(f"{account} exists already")
        values = {"username": account.username, "domain": account.domain, **_secrets(account, password, realm, plain)}
        try:
            self.connection.execute(insert(self.table).values(values))
        except IntegrityError:  # another program was quicker, or the names differ in nothing the database sees
            raise AlreadyThere(f"{account} exists already") from None

    def set_password(self, account: Account, password: str, *, realm: str = "", plain: bool = False) -> None:
        """Another password. Raises NoUser."""
        check_password(password, plain)
        changed = update(self.table).where(self._of(account)).values(_secrets(account, password, realm, plain))
        if not self.there(account):
            raise NoUser(f"there is no subscriber {account}")
        self.connection.execute(changed)

    def remove(self, account: Account) -> None:
        """Raises NoUser."""
        if not self.connection.execute(delete(self.table).where(self._of(account))).rowcount:
            raise NoUser(f"there is no subscriber {account}")

    def show(self, account: Account) -> dict[str, Any]:
        """What is public of a subscriber. Raises NoUser."""
        columns = self.table.c
        row = self.connection.execute(
            select(columns.id, columns.username, columns.domain, columns.password).where(self._of(account))
        ).first()
        if row is None:
            raise NoUser(f"there is no subscriber {account}")
        return {"id": row[0], "username": row[1], "domain": row[2], "plain_password": bool(row[3])}

    def list(self, domain: str = "") -> list[tuple[Account, bool]]:
        """All subscribers, or those of a domain, in order; and whether the password itself is stored."""
        columns = self.table.c
        found = select(columns.username, columns.domain, columns.password).order_by(columns.domain, columns.username)
        if domain:
            found = found.where(columns.domain == domain)
        return [(Account(row[0], row[1]), bool(row[2])) for row in self.connection.execute(found)]


def _secrets(account: Account, password: str, realm: str, plain: bool) -> dict[str, str]:
    first, second = hashes(account, password, realm)
    return {"ha1": first, "ha1b": second, "password": password if plain else ""}
