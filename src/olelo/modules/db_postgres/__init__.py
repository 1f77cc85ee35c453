"""db_postgres: databases on PostgreSQL servers, by URLs like postgres://user:password@host/database."""

from __future__ import annotations

from importlib.util import find_spec

from olelo.core.database import Database, DatabaseUrl
from olelo.core.module import Module, ModuleError, param

#: Seconds until a connection counts as failed, where nothing is said: less than a statement has.
_CONNECT_TIMEOUT = 3
#: Seconds beside the server's own time in which a statement may wait for its turn.
_MARGIN = 0.5
#: What the URL says, and what would keep us from understanding the answers.
_NOT_HERE = ("host", "port", "dbname", "user", "password", "client_encoding", "service", "passfile")


def _check_seconds(seconds: int) -> None:
    if seconds < 0:
        raise ValueError("seconds are 0 or more")


def _settings(text: str) -> dict[str, str]:
    """`keyword=value;keyword=value`. Raises ValueError."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name:
            raise ValueError(f"{part[:40]!r} is not like connect_timeout=15")
        if name in _NOT_HERE:
            raise ValueError(f"{name} is the db_url's, or Olelo's own")
        found[name] = value.strip()
    return found


class DbPostgres(Module):
    """Databases on PostgreSQL servers: postgres://user:password@host[:port]/database."""

    name = "db_postgres"
    database_schemes = ("postgres", "postgresql")

    timeout = param(
        0, "Seconds until a statement, or a connection, counts as failed; 0: 4.5 and 3.", check=_check_seconds
    )
    retries = param(2, "A read is tried once more on a new connection.", noop=True)
    tcp_keepalive = param(0, "Seconds until a connection that says nothing is tried; 0: 10.", check=_check_seconds)
    lockset = param(4, "Locks.", noop=True)
    bytea_output_escape = param(1, "How bytes are written: the driver sees to it.", noop=True)
    con_param = param("", "Settings of libpq: connect_timeout=15;sslmode=verify-full.", check=_settings, repeat=True)

    def init(self) -> None:
        if find_spec("psycopg") is None:
            raise ModuleError('the Python package psycopg is missing: pip install "olelo[postgres]"')
        from psycopg import ProgrammingError
        from psycopg.conninfo import make_conninfo

        try:
            make_conninfo(**self._told())
        except ProgrammingError as error:
            raise ModuleError(f"con_param: {str(error).strip()}") from None

    def _told(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for text in self.values("con_param"):
            found |= _settings(text)
        return found

    def open_database(self, url: DatabaseUrl) -> Database:
        # Not above: a configuration is checked without the database library.
        from olelo.db.pool import DEADLINE, SqlDatabase
        from olelo.db.servers import hang_up_postgres, open_postgres

        deadline = max(DEADLINE, self.timeout + _MARGIN)
        return SqlDatabase(
            url,
            self.engine.services,
            self.engine.log,
            lambda: open_postgres(
                url,
                connect_timeout=self.timeout or _CONNECT_TIMEOUT,
                statement_timeout=self.timeout or deadline - _MARGIN,
                keepalive=self.tcp_keepalive,
                settings=self._told(),
            ),
            deadline=deadline,
            hang_up=hang_up_postgres,
        )


MODULE = DbPostgres
