"""Connections to MySQL, MariaDB and PostgreSQL servers."""

from __future__ import annotations

import os
import socket
import ssl as tls
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

from sqlalchemy import URL, Engine, create_engine, event

from olelo.core.database import DatabaseUrl
from olelo.db.sql import ERRORS

#: Seconds that a PostgreSQL server may say nothing before it is asked whether it is there, and then between questions.
_KEEPALIVE_IDLE, _KEEPALIVE_INTERVAL, _KEEPALIVE_COUNT = 10, 5, 3


def open_mysql(
    url: DatabaseUrl, *, connect_timeout: int, read_timeout: int, ssl: tls.SSLContext | Literal[False] | None
) -> Engine:
    """An engine for MySQL or MariaDB; times in seconds.

    ssl: None: TLS where the server has it, its certificate is not looked at; False: none; a context: never without.
    """
    arguments: dict[str, Any] = {
        "connect_timeout": connect_timeout,
        "read_timeout": read_timeout,
        "write_timeout": read_timeout,
        "charset": "utf8mb4",
        "sql_mode": "TRADITIONAL",
    }
    if ssl is False:
        arguments["ssl_disabled"] = True
    elif ssl is not None:
        arguments["ssl"] = ssl
    return _engine("mysql+pymysql", url, 3306, arguments)


def open_postgres(
    url: DatabaseUrl,
    *,
    connect_timeout: int,
    statement_timeout: float = 0.0,
    keepalive: int = 0,
    settings: Mapping[str, str] | None = None,
) -> Engine:
    """An engine for PostgreSQL; times in seconds, 0: the server's, or ours.

    statement_timeout: until the server itself ends a statement. keepalive: until a silent connection is tried.
    settings: more of libpq's keywords, which win (https://www.postgresql.org/docs/15/libpq-connect.html).
    """
    arguments: dict[str, Any] = {
        "connect_timeout": connect_timeout,
        "client_encoding": "UTF8",
        "keepalives_idle": keepalive or _KEEPALIVE_IDLE,
        "keepalives_interval": _KEEPALIVE_INTERVAL,
        "keepalives_count": _KEEPALIVE_COUNT,
        "tcp_user_timeout": connect_timeout * 1000,
        **(settings or {}),
    }
    engine = _engine("postgresql+psycopg", url, 5432, arguments)

    def connected(connection: Any, record: object) -> None:
        if statement_timeout:
            # Not as an option of the connection: poolers between us and the server refuse those.
            connection.execute(f"SET statement_timeout = {int(statement_timeout * 1000)}")
            connection.commit()
        if connection.info.parameter_status("server_encoding") == "SQL_ASCII":
            connection.execute("SET client_encoding = 'SQL_ASCII'")
            connection.commit()
            _read_any_text(connection)

    event.listen(engine, "connect", connected)
    return engine


def _read_any_text(connection: Any) -> None:
    """Such a database keeps whatever bytes it is given; they come out as the bytes they are."""
    from psycopg.adapt import Buffer, Loader

    class AnyText(Loader):
        def load(self, data: Buffer) -> str:
            return bytes(data).decode("utf-8", ERRORS)

    for name in ("text", "varchar", "bpchar", "name"):
        connection.adapters.register_loader(name, AnyText)


def hang_up_postgres(connection: Any) -> None:
    """End the connection to a server that says nothing: psycopg waits without end, and asking the server to cancel would
    need an answer, too."""
    from psycopg import Error

    with suppress(Error, OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as wire:
        wire.shutdown(socket.SHUT_RDWR)


def _engine(driver: str, url: DatabaseUrl, port: int, arguments: dict[str, Any]) -> Engine:
    place = URL.create(
        driver, url.user or None, url.password or None, url.host or "localhost", url.port or port, url.database
    )
    return create_engine(place, connect_args=arguments, pool_size=5, max_overflow=0)
