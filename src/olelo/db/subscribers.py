"""The table of subscribers, for the tools: made, filled, read. Kamailio's columns, so that either program can use it.

Texts here are for people (UTF-8), not the script's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from olelo.core.database import DatabaseUrl
from olelo.db.servers import open_mysql, open_postgres
from olelo.db.sqlite import open_engine

#: Version of the table, which modules compare at their start.
VERSION = 7
_TIMEOUT = 5
_LONGEST = 64
_SCHEMA = MetaData()
_TEXT = {"nullable": False, "server_default": ""}

version = Table(
    "version",
    _SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("table_name", String(32), nullable=False),
    Column("table_version", Integer, nullable=False, server_default="0"),
    UniqueConstraint("table_name", name="version_table_name_idx"),
)
subscriber = Table(
    "subscriber",
    _SCHEMA,
    Column("id", Integer, primary_key=True),
    Column("username", String(_LONGEST), nullable=False, server_default=""),
    Column("domain", String(_LONGEST), nullable=False, server_default=""),
    Column("password", String(_LONGEST), nullable=False, server_default=""),
    Column("ha1", String(128), nullable=False, server_default=""),
    Column("ha1b", String(128), nullable=False, server_default=""),
    UniqueConstraint("username", "domain", name="subscriber_account_idx"),
    Index("subscriber_username_idx", "username"),
)


class SubscriberError(Exception):
    """What cannot be done; the text is for the operator and holds no password."""


@dataclass(frozen=True, slots=True)
class Account:
    """One subscriber, without secrets. plain: the password itself is stored."""

    user: str
    domain: str
    plain: bool


def split(name: str) -> tuple[str, str]:
    """user and domain of user@domain. Raises SubscriberError."""
    user, at, domain = name.rpartition("@")
    if not at or not user or not domain:
        raise SubscriberError(f"a subscriber is named user@domain, not {name!r}: the domain is the realm of the digest")
    for text in (user, domain):
        if len(text) > _LONGEST or not text.isprintable() or " " in text:
            raise SubscriberError(f"{text[:80]!r} is no name: {_LONGEST} characters at most, and no blanks")
    return user, domain


def _secrets(user: str, domain: str, password: str, plain: bool) -> dict[str, str]:
    if not password or "\0" in password or "\n" in password:
        raise SubscriberError("the password is empty, or has a line end in it")
    if plain and len(password) > _LONGEST:
        raise SubscriberError(f"a password that is stored as it is has {_LONGEST} characters at most")

    def hashed(*parts: str) -> str:
        return md5(":".join(parts).encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()

    return {
        "password": password if plain else "",
        "ha1": hashed(user, domain, password),
        "ha1b": hashed(f"{user}@{domain}", domain, password),
    }


class Subscribers:
    """The subscribers in the database of a URL."""

    def __init__(self, text: str) -> None:
        try:
            self.url = DatabaseUrl.parse(text)
        except ValueError as error:
            raise SubscriberError(str(error)) from None
        try:
            match self.url.scheme:
                case "sqlite":
                    self._engine = open_engine(self.url)
                case "mysql":
                    self._engine = open_mysql(self.url, connect_timeout=_TIMEOUT, read_timeout=_TIMEOUT, ssl=None)
                case "postgres" | "postgresql":
                    self._engine = open_postgres(self.url, connect_timeout=_TIMEOUT)
                case other:
                    raise SubscriberError(f"{other}:// is not done here; sqlite, mysql and postgres are")
        except ImportError as error:
            raise SubscriberError(
                f"the Python package {error.name} is missing: pip install 'olelo[mysql,postgres]'"
            ) from None

    def close(self) -> None:
        self._engine.dispose()

    def create(self) -> None:
        """Make the tables version and subscriber; a missing SQLite file is made, for its owner and group alone. What is
        there already stays, and so does a subscriber table of the same version. Raises SubscriberError."""
        made = self._make_file()
        try:
            with self._at_work() as connection:
                if inspect(connection).has_table(subscriber.name):
                    raise SubscriberError(f"{self.url.name} has a table {subscriber.name} already; nothing was changed")
                _SCHEMA.create_all(connection)
                connection.execute(delete(version).where(version.c.table_name == subscriber.name))
                connection.execute(insert(version).values(table_name=subscriber.name, table_version=VERSION))
        except SubscriberError:
            if made is not None:
                self.close()
                for suffix in ("", "-wal", "-shm"):
                    with suppress(FileNotFoundError):
                        os.unlink(f"{made}{suffix}")
            raise

    def _make_file(self) -> Path | None:
        path = Path(self.url.database)
        if self.url.scheme != "sqlite" or path.exists():
            return None
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))
        except OSError as error:
            raise SubscriberError(f"{path} cannot be made: {error.strerror}") from None
        return path

    def add(self, name: str, password: str, plain: bool = False) -> None:
        """Raises SubscriberError: there is one of that name."""
        user, domain = split(name)
        values = {"username": user, "domain": domain, **_secrets(user, domain, password, plain)}
        try:
            with self._at_work() as connection:
                self._check(connection)
                connection.execute(insert(subscriber).values(values))
        except IntegrityError:
            raise SubscriberError(f"there is a subscriber {name} already") from None

    def set_password(self, name: str, password: str, plain: bool = False) -> None:
        """Raises SubscriberError: there is none of that name."""
        user, domain = split(name)
        with self._at_work() as connection:
            self._check(connection)
            values = _secrets(user, domain, password, plain)
            self._touched(
                name, connection.execute(update(subscriber).where(*_named(user, domain)).values(values)).rowcount
            )

    def remove(self, name: str) -> None:
        """Raises SubscriberError: there is none of that name."""
        user, domain = split(name)
        with self._at_work() as connection:
            self._check(connection)
            self._touched(name, connection.execute(delete(subscriber).where(*_named(user, domain))).rowcount)

    def accounts(self) -> list[Account]:
        """All subscribers, by domain and user."""
        columns = (subscriber.c.username, subscriber.c.domain, subscriber.c.password != "")
        with self._at_work() as connection:
            self._check(connection)
            found = connection.execute(select(*columns).order_by(subscriber.c.domain, subscriber.c.username)).fetchall()
        return [Account(str(user), str(domain), bool(plain)) for user, domain, plain in found]

    # --- inside -------------------------------------------------------------------------------------------

    @contextmanager
    def _at_work(self) -> Iterator[Connection]:
        """A transaction. Raises SubscriberError, and IntegrityError, which the caller knows how to tell."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DBAPIError) else None
            text = str(cause.args[-1] if cause is not None and cause.args else type(error).__name__).strip()
            raise SubscriberError(f"{self.url.name}: {text.splitlines()[0] if text else 'it failed'}") from None

    def _check(self, connection: Connection) -> None:
        if not inspect(connection).has_table(subscriber.name):
            raise SubscriberError(f"{self.url.name} has no table {subscriber.name}: `olelo user create` makes it")
        found = connection.execute(
            select(version.c.table_version).where(version.c.table_name == subscriber.name)
        ).scalar()
        if found != VERSION:
            raise SubscriberError(f"table {subscriber.name} of {self.url.name} has version {found}, and not {VERSION}")

    @staticmethod
    def _touched(name: str, count: int) -> None:
        if not count:
            raise SubscriberError(f"there is no subscriber {name}")


def _named(user: str, domain: str) -> tuple[ColumnElement[bool], ...]:
    return (subscriber.c.username == user, subscriber.c.domain == domain)
