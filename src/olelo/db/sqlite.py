"""Connections to SQLite files."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from olelo.core.database import DatabaseUrl
from olelo.db.sql import ERRORS

#: Milliseconds that a statement waits for another program's lock: less than a statement's deadline.
BUSY = 4000


def path_of(url: DatabaseUrl) -> Path:
    """The file of a URL. A relative path (`sqlite:///x`) is one of the working directory, or else of /: there Kamailio
    runs, where nothing else is said."""
    path = Path(url.database)
    return path if path.exists() or path.is_absolute() else Path("/") / path


def open_engine(url: DatabaseUrl) -> Engine:
    """An engine for a file that is there: a missing one is not made, an empty database would only hide the mistake."""

    def connect() -> sqlite3.Connection:
        path = path_of(url)
        if not path.exists():
            raise sqlite3.OperationalError("there is no such file")
        found = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode=rw", uri=True, check_same_thread=False, timeout=BUSY / 1000
        )
        found.text_factory = lambda data: data.decode("utf-8", ERRORS)
        try:
            found.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            return found  # not ours to write: it is read as it is
        found.execute("PRAGMA synchronous=FULL")
        return found

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=5, max_overflow=0)
