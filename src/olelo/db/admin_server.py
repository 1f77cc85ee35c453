"""Databases and accounts of MySQL, MariaDB and PostgreSQL servers, as the server's own administrator makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, text

from olelo.db.admin import AdminError, Place, identifier, reading
from olelo.db.schema import MYSQL, POSTGRES

#: Character set of new MySQL databases: what Olelo's driver speaks.
CHARSET: Final = "utf8mb4"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of a database. hosts: from where they come in, for MySQL, whose accounts are `user`@`host`."""

    writer: str
    writer_password: str = field(repr=False)
    reader: str
    reader_password: str = field(repr=False)
    hosts: tuple[str, ...] = ("localhost",)

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """(name, password) of each; one account if both have one name."""
        both = (self.writer, self.writer_password), (self.reader, self.reader_password)
        return both[:1] if self.writer == self.reader else both


def server_of(place: Place) -> Place:
    """The server beside its databases; PostgreSQL has a database of that purpose."""
    return replace(place, database="postgres" if place.kind == POSTGRES else "")


def quoted(place: Place, name: str) -> str:
    """A name for a statement. Raises AdminError for what is none."""
    mark = "`" if place.kind == MYSQL else '"'
    return f"{mark}{identifier(name, 'database')}{mark}"


def exists(place: Place) -> bool:
    """Whether the database is there. Raises AdminError: the server does not let us in."""
    if place.kind == MYSQL:
        statement = "SELECT count(*) FROM information_schema.schemata WHERE schema_name = :name"
    else:
        statement = "SELECT count(*) FROM pg_database WHERE datname = :name"
    with reading(server_of(place)) as connection:
        return bool(connection.execute(text(statement), {"name": place.database}).scalar())


def create_database(place: Place, charset: str = "") -> None:
    """Make an empty database. charset: of MySQL's; PostgreSQL has its template's."""
    name = quoted(place, place.database)
    tail = f" CHARACTER SET {identifier(charset or CHARSET, 'character set')}" if place.kind == MYSQL else ""
    with reading(server_of(place)) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}{tail}")


def drop_database(place: Place) -> None:
    with reading(server_of(place)) as connection:
        connection.exec_driver_sql(f"DROP DATABASE {quoted(place, place.database)}")


def create_accounts(place: Place, accounts: Accounts) -> list[str]:
    """Make those accounts that are not there yet, and give all of them their rights; gives the names of the new ones.

    An account that is there keeps its password. On PostgreSQL rights are for the tables that are there now.
    """
    if place.kind == MYSQL:
        return _mysql_accounts(place, accounts)
    made = []
    with reading(server_of(place)) as connection:
        there = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
        for name, password in accounts.names:
            if name not in there:
                _create_role(connection, identifier(name, "user"), password)
                made.append(name)
    grant(place, accounts)
    return made


def _mysql_accounts(place: Place, accounts: Accounts) -> list[str]:
    made = []
    with reading(server_of(place)) as connection:
        for host in accounts.hosts:
            for name, password in accounts.names:
                values = {"name": name, "host": host}
                known = text("SELECT count(*) FROM mysql.user WHERE User = :name AND Host = :host")
                if not connection.execute(known, values).scalar():
                    create = text("CREATE USER :name@:host IDENTIFIED BY :password")
                    connection.execute(create, {**values, "password": password})
                    made.append(f"{name}@{host}")
    grant(place, accounts)
    return made


def grant(place: Place, accounts: Accounts) -> None:
    """Give the writer all rights and the reader that of looking."""
    if place.kind == MYSQL:
        with reading(server_of(place)) as connection:
            for host in accounts.hosts:
                _mysql_right(connection, "GRANT ALL PRIVILEGES ON", "TO", place, accounts.writer, host)
                if accounts.reader != accounts.writer:
                    _mysql_right(connection, "GRANT SELECT ON", "TO", place, accounts.reader, host)
        return
    writer, reader = identifier(accounts.writer, "user"), identifier(accounts.reader, "user")
    with reading(place) as connection:
        for what in ("TABLES", "SEQUENCES"):
            connection.exec_driver_sql(f'GRANT ALL ON ALL {what} IN SCHEMA public TO "{writer}"')
            if reader != writer:
                connection.exec_driver_sql(f'GRANT SELECT ON ALL {what} IN SCHEMA public TO "{reader}"')


def revoke(place: Place, accounts: Accounts) -> None:
    """Take the rights away; the accounts stay."""
    if place.kind == MYSQL:
        with reading(server_of(place)) as connection:
            for host in accounts.hosts:
                for name, _ in accounts.names:
                    _mysql_right(connection, "REVOKE ALL PRIVILEGES ON", "FROM", place, name, host)
        return
    with reading(place) as connection:
        for name, _ in accounts.names:
            for what in ("TABLES", "SEQUENCES"):
                connection.exec_driver_sql(
                    f'REVOKE ALL ON ALL {what} IN SCHEMA public FROM "{identifier(name, "user")}"'
                )


def _mysql_right(connection: Connection, verb: str, preposition: str, place: Place, name: str, host: str) -> None:
    statement = f"{verb} {quoted(place, place.database)}.* {preposition} :name@:host"
    connection.execute(text(statement), {"name": name, "host": host})


def drop_accounts(place: Place, names: Sequence[str]) -> list[str]:
    """PostgreSQL: drop accounts; gives those that are still needed elsewhere and stay."""
    left = []
    for name in dict.fromkeys(names):
        try:
            with reading(server_of(place)) as connection:
                connection.exec_driver_sql(f'DROP ROLE IF EXISTS "{identifier(name, "user")}"')
        except AdminError:
            left.append(name)
    return left


def _create_role(connection: Connection, name: str, password: str) -> None:
    """The password goes to the server as a digest, so no log of statements can hold it."""
    raw: Any = connection.connection.driver_connection
    digest = raw.pgconn.encrypt_password(password.encode(), name.encode()).decode().replace("'", "''")
    connection.exec_driver_sql(
        f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{digest}'", execution_options={"no_parameters": True}
    )


def emulate_mysql(place: Place) -> None:
    """Give PostgreSQL the two functions of MySQL's that statements of Kamailio's modules and tools call."""
    with reading(place) as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION public.concat(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $2'"
        )
        connection.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION public.rand() RETURNS double precision LANGUAGE sql AS 'SELECT random()'"
        )
