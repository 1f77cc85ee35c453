"""db_sqlite: databases in SQLite files, by URLs like sqlite:////var/lib/kamailio/kamailio.sqlite."""

from __future__ import annotations

from olelo.core.database import Database, DatabaseUrl
from olelo.core.module import Module, param

_JOURNALS = ("DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL", "OFF")


def _journals(text: str) -> dict[str, str]:
    """`/path/of/file=WAL;`: path -> mode. Raises ValueError."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        path, equals, mode = part.rpartition("=")
        if not equals or mode.strip().upper() not in _JOURNALS:
            raise ValueError(f"{part[:80]!r} is not /path/of/file= and one of {', '.join(_JOURNALS)}")
        found[path.strip()] = mode.strip().upper()
    return found


class DbSqlite(Module):
    """Databases in SQLite files: sqlite:////path/to/file; with three slashes a path of the working directory, or of /."""

    name = "db_sqlite"
    database_schemes = ("sqlite",)

    db_set_readonly = param("", "Path of a file that is only read.", repeat=True)
    db_set_busy_timeout = param("", "Wait for the lock of another program: Olelo's is 4 s.", noop=True, repeat=True)
    db_set_journal_mode = param(
        "", "Journal of a file: /path/of/file=DELETE; where nothing is said: WAL.", check=_journals, repeat=True
    )

    def open_database(self, url: DatabaseUrl) -> Database:
        # Not above: a configuration is checked without the database library.
        from olelo.db.pool import SqlDatabase
        from olelo.db.sqlite import interrupt, open_engine

        readonly = url.database in self.values("db_set_readonly")
        journal = "WAL"
        for text in self.values("db_set_journal_mode"):
            journal = _journals(text).get(url.database, journal)
        return SqlDatabase(
            url,
            self.engine.services,
            self.engine.log,
            lambda: open_engine(url, readonly=readonly, journal=journal),
            hang_up=interrupt,
        )


MODULE = DbSqlite
