"""What modules ask of a database: Kamailio's tables, read and written without holding up packets.

The drivers are modules under Kamailio's names (`db_sqlite`, `db_mysql`, `db_postgres`), each for the schemes of its URLs
(`Module.database_schemes`, `Module.open_database`). A module with a `db_url` declares it with `check=check_url`,
calls `engine.databases.open(url)` in its `init()`, and awaits what it asks in script functions declared with waits=True.

Text is the script's: a `str` whose characters are bytes (latin-1); a database gets and gives it as UTF-8. What a database
cannot hold as text (bytes that are not UTF-8, a zero byte) equals no row when asked for, and is refused when written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

#: A value of a column. datetime is without time zone, in local time, as Kamailio writes it.
Scalar = str | int | float | bytes | datetime | None
Row = tuple[Scalar, ...]


class DatabaseError(Exception):
    """A database did not do what it was asked. The text is for the operator, and holds no password.

    busy: it was not asked at all, because too many wait for it already.
    """

    def __init__(self, text: str, *, busy: bool = False) -> None:
        super().__init__(text)
        self.busy = busy


class Key(NamedTuple):
    """One condition: `column operator value`; operators are = < > <= >= !=. All conditions of a statement must hold.

    A value of None with = and != asks for NULL and for anything else.
    """

    column: str
    value: Scalar
    operator: str = "="


class Database(Protocol):
    """One database, shared by all modules that opened its URL.

    Statements run on a few connections of their own threads; those given in one call of `write` are one transaction.
    Everything raises DatabaseError: no connection, no table or column, a constraint, or no answer before the deadline
    (a statement that had no answer may have been carried out).
    """

    @property
    def name(self) -> str:
        """The URL without its password, for the log."""

    def query(
        self, table: str, columns: Sequence[str], where: Sequence[Key] = (), *, order: str = "", limit: int = 0
    ) -> Awaitable[list[Row]]:
        """Rows of a table; `order` is a column, limit 0 means all of them."""

    def write(self, statements: Sequence[Statement]) -> Awaitable[list[int]]:
        """Carry out all of them or none, durably; gives the number of rows that each touched."""

    def table_version(self, table: str) -> Awaitable[int]:
        """What the table `version` says of a table; 0 if nothing."""

    def release(self) -> Awaitable[None]:
        """Let go of the connections; the next statement makes new ones."""

    def close(self) -> Awaitable[None]:
        """Let go of the connections for good, once what was given to them is done."""


@dataclass(slots=True, frozen=True)
class Insert:
    """Add a row. replace: a row with the same unique key is overwritten (Kamailio's replace and insert_update)."""

    table: str
    values: Mapping[str, Scalar]
    replace: bool = False
    #: columns of the unique key that `replace` goes by; where it is empty, the table's own
    unique: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class Update:
    table: str
    values: Mapping[str, Scalar]
    where: tuple[Key, ...]


@dataclass(slots=True, frozen=True)
class Delete:
    table: str
    where: tuple[Key, ...]


Statement = Insert | Update | Delete


@dataclass(slots=True, frozen=True)
class DatabaseUrl:
    """`scheme://user:password@host:port/database`; nothing in it is escaped. Of a file `database` is the path, so that
    `sqlite:////etc/x` names /etc/x."""

    scheme: str
    user: str
    password: str = field(repr=False)
    host: str
    port: int
    database: str
    options: str = ""

    @staticmethod
    def parse(text: str) -> DatabaseUrl:
        """Raises ValueError with what is wrong; the text of it has no password."""
        scheme, sep, rest = text.partition("://")
        if not sep or not scheme or not scheme.isalnum():
            raise ValueError("a database URL is like mysql://user:password@host/database or sqlite:////path/to/file")
        rest, _, options = rest.partition("?")
        authority, slash, database = rest.partition("/")
        account, at, place = authority.rpartition("@")
        user, _, password = account.partition(":")
        if not slash or not database:
            raise ValueError(f"a database URL of {scheme} ends with /database")
        host, port = place, 0
        if place.startswith("["):
            host, bracket, tail = place[1:].partition("]")
            if bracket and ":" not in host:
                raise ValueError(
                    "a database URL names a group of my.cnf, which is not read: write account and host instead"
                )
            if not bracket or (tail and not tail.startswith(":")):
                raise ValueError("a database URL has an IPv6 address without ]")
            port = _port(tail[1:]) if tail else 0
        elif ":" in place:
            host, _, digits = place.rpartition(":")
            port = _port(digits)
        return DatabaseUrl(scheme.lower(), user, password if at else "", host, port, database, options)

    @property
    def name(self) -> str:
        """The URL without its password and options."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        place = f"{host}:{self.port}" if self.port else host
        return f"{self.scheme}://{self.user + '@' if self.user else ''}{place}/{self.database}"


def _port(digits: str) -> int:
    if not digits.isdigit() or not 0 < int(digits) < 65536:
        raise ValueError(f"bad port {digits[:8]!r} in a database URL")
    return int(digits)


def check_url(text: str) -> None:
    """For parameters: raises ValueError where the text is no database URL."""
    DatabaseUrl.parse(text)


class Databases:
    """The drivers of one engine, and the databases that were opened by them."""

    def __init__(self) -> None:
        self._drivers: dict[str, Callable[[DatabaseUrl], Database]] = {}
        self._opened: dict[str, Database] = {}

    def register(self, schemes: Sequence[str], driver: Callable[[DatabaseUrl], Database]) -> None:
        """A module drives these schemes. Making a Database connects to nothing yet."""
        for scheme in schemes:
            self._drivers[scheme] = driver

    def open(self, text: str) -> Database:
        """The database of a URL, the same one for the same URL. Raises DatabaseError: no driver is loaded, or a bad URL."""
        found = self._opened.get(text)
        if found is not None:
            return found
        try:
            url = DatabaseUrl.parse(text)
        except ValueError as error:
            raise DatabaseError(str(error)) from None
        driver = self._drivers.get(url.scheme)
        if driver is None:
            raise DatabaseError(f"no loaded module speaks to {url.name}: {driver_hint(url.scheme)}")
        database = self._opened[text] = driver(url)
        return database

    async def release(self) -> None:
        """Let all connections go that are open."""
        for database in self._opened.values():
            await database.release()

    async def close(self) -> None:
        """Close all that were opened."""
        opened, self._opened = list(self._opened.values()), {}
        for database in opened:
            await database.close()


#: scheme -> Kamailio's module for it
DRIVER_MODULES = {
    "mysql": "db_mysql",
    "postgres": "db_postgres",
    "sqlite": "db_sqlite",
    "text": "db_text",
    "redis": "db_redis",
    "unixodbc": "db_unixodbc",
    "flatstore": "db_flatstore",
    "cluster": "db_cluster",
    "mongodb": "db_mongodb",
    "cassandra": "db_cassandra",
    "oracle": "db_oracle",
    "berkeley": "db_berkeley",
}


def driver_hint(scheme: str) -> str:
    """What would open databases of a scheme."""
    module = DRIVER_MODULES.get(scheme)
    return f'add loadmodule "{module}.so"' if module else f"{scheme} is none of {', '.join(sorted(DRIVER_MODULES))}"
