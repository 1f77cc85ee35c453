"""Connections to SQLite files."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import QueuePool

from olelo.core.database import DatabaseUrl
from olelo.db.sql import ERRORS, from_julian

#: Milliseconds that a statement waits for another program's lock: less than a statement's deadline.
BUSY = 4000


def path_of(url: DatabaseUrl) -> Path:
    """The file of a URL. A relative path (`sqlite:///x`) is one of the working directory, or else of /: there Kamailio
    runs, where nothing else is said."""
    path = Path(url.database)
    return path if path.exists() or path.is_absolute() else Path("/") / path


def _time(data: bytes) -> datetime | str | float:
    """What is in a column of times: a Julian day by Kamailio, or a text by its tools and defaults."""
    text = data.decode("utf-8", ERRORS)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass  # not a text of a time
    try:
        day = float(text)
    except ValueError:
        return text
    try:
        return from_julian(day)
    except (ValueError, OverflowError, OSError):
        return day


# By the first word of a column's type. They are the interpreter's, and used by connections with PARSE_DECLTYPES.
for _word in ("DATETIME", "TIMESTAMP"):
    sqlite3.register_converter(_word, _time)


def interrupt(connection: sqlite3.Connection) -> None:
    """End what a connection does; whoever waits for it gets an error."""
    connection.interrupt()


def open_engine(url: DatabaseUrl, *, readonly: bool = False, journal: str = "WAL") -> Engine:
    """An engine for a file that is there: a missing one is not made, an empty database would only hide the mistake.

    journal: as in https://www.sqlite.org/pragma.html#pragma_journal_mode.
    """

    def connect() -> sqlite3.Connection:
        path = path_of(url)
        if not path.exists():
            raise sqlite3.OperationalError("there is no such file")
        found = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode={'ro' if readonly else 'rw'}",
            uri=True,
            check_same_thread=False,
            timeout=BUSY / 1000,
            detect_types=sqlite3.PARSE_DECLTYPES,
        )
        found.text_factory = lambda data: data.decode("utf-8", ERRORS)
        if readonly:
            return found
        try:
            found.execute(f"PRAGMA journal_mode={journal}")
        except sqlite3.OperationalError:
            return found  # not ours to write: it is read as it is
        except sqlite3.Error:
            found.close()  # no database
            raise
        found.execute("PRAGMA synchronous=FULL")
        return found

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=5, max_overflow=0)
