"""Connections to MySQL, MariaDB and PostgreSQL servers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine, create_engine

from olelo.core.database import DatabaseUrl


def open_mysql(url: DatabaseUrl, *, connect_timeout: int, read_timeout: int, ssl: dict[str, Any] | None) -> Engine:
    """An engine for MySQL or MariaDB; times in seconds. A host that begins with / is a Unix socket."""
    arguments: dict[str, Any] = {
        "connect_timeout": connect_timeout,
        "read_timeout": read_timeout,
        "write_timeout": read_timeout,
        "charset": "utf8mb4",
        "sql_mode": "TRADITIONAL",
    }
    if ssl is not None:
        arguments["ssl"] = ssl
    return _engine("mysql+pymysql", url, 3306, arguments)


def open_postgres(url: DatabaseUrl, *, connect_timeout: int) -> Engine:
    """An engine for PostgreSQL; time in seconds."""
    return _engine("postgresql+psycopg", url, 5432, {"connect_timeout": connect_timeout, "client_encoding": "UTF8"})


def _engine(driver: str, url: DatabaseUrl, port: int, arguments: dict[str, Any]) -> Engine:
    place = URL.create(
        driver, url.user or None, url.password or None, url.host or "localhost", url.port or port, url.database
    )
    # A connection is tried before it is used: the server may have closed it, or may have been started again.
    return create_engine(place, connect_args=arguments, pool_size=5, max_overflow=0, pool_pre_ping=True)
