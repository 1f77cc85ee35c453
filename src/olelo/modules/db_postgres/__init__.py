"""db_postgres: databases on PostgreSQL servers, by URLs like postgres://user:password@host/database."""

from __future__ import annotations

from importlib.util import find_spec

from olelo.core.database import Database, DatabaseUrl
from olelo.core.module import Module, ModuleError, param

_DEFAULT_TIMEOUT = 5


class DbPostgres(Module):
    """Databases on PostgreSQL servers: postgres://user:password@host[:port]/database."""

    name = "db_postgres"
    database_schemes = ("postgres", "postgresql")

    timeout = param(_DEFAULT_TIMEOUT, "Seconds until a connection counts as failed; 0: 5.")
    retries = param(2, "A read is tried once more on a new connection.", noop=True)
    tcp_keepalive = param(0, "Seconds between keepalives.", noop=True)
    lockset = param(4, "Locks.", noop=True)
    bytea_output_escape = param(1, "How bytes are written: the driver sees to it.", noop=True)
    con_param = param("", "Further settings of a connection.", noop=True)

    def init(self) -> None:
        if find_spec("psycopg") is None:
            raise ModuleError('the Python package psycopg is missing: pip install "olelo[postgres]"')

    def open_database(self, url: DatabaseUrl) -> Database:
        # Not above: a configuration is checked without the database library.
        from olelo.db.pool import SqlDatabase
        from olelo.db.servers import open_postgres

        return SqlDatabase(
            url,
            self.engine.services,
            self.engine.log,
            lambda: open_postgres(url, connect_timeout=self.timeout or _DEFAULT_TIMEOUT),
        )


MODULE = DbPostgres
