"""db_sqlite: databases in SQLite files, by URLs like sqlite:////var/lib/kamailio/kamailio.sqlite."""

from __future__ import annotations

from olelo.core.database import Database, DatabaseUrl
from olelo.core.module import Module, param


class DbSqlite(Module):
    """Databases in SQLite files: sqlite:////path/to/file; with three slashes a path of the working directory, or of /."""

    name = "db_sqlite"
    database_schemes = ("sqlite",)

    db_set_readonly = param("", "A database that is only read.", noop=True, repeat=True)
    db_set_busy_timeout = param("", "Wait for the lock of another program: Olelo's is 4 s.", noop=True, repeat=True)
    db_set_journal_mode = param("", "Journal of a database: Olelo's is WAL.", noop=True, repeat=True)

    def open_database(self, url: DatabaseUrl) -> Database:
        # Not above: a configuration is checked without the database library.
        from olelo.db.pool import SqlDatabase
        from olelo.db.sqlite import open_engine

        return SqlDatabase(url, self.engine.services, self.engine.log, lambda: open_engine(url))


MODULE = DbSqlite
