"""A database behind threads: reads run side by side, writes one after another in the order they were given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from olelo.core.database import Database, DatabaseError, DatabaseUrl, Key, Row, Statement
from olelo.core.offload import Offload, TooLate, TooMany
from olelo.core.services import Services
from olelo.db import sql

T = TypeVar("T")
#: Connections that read at a time; one more writes.
READERS = 4
#: Seconds until a statement counts as failed.
DEADLINE = 5.0
#: Statements that may wait; more fail at once.
MAX_WAITING = 1024
#: Seconds after a failed connection in which nobody tries again: while a server is away, statements fail at once.
REST = 1.0
_ERR, _WARN = -1, 0
_numbers = iter(range(1, 1 << 62))


class SqlDatabase(Database):
    """One database.

    Args:
        open_engine: makes the SQLAlchemy engine; connects to nothing yet.
        log: writes a line (level, text).
    """

    def __init__(
        self, url: DatabaseUrl, services: Services, log: Callable[[int, str], None], open_engine: Callable[[], Engine]
    ) -> None:
        self.url = url
        self._services = services
        self._log = log
        self._engine = open_engine()
        self._dialect = self._engine.dialect.name
        self._offload = Offload(services, DEADLINE, MAX_WAITING)
        lane = f"db{next(_numbers)}"
        self._writer = f"{lane}-write"
        self._readers = [f"{lane}-read{number}" for number in range(1, READERS + 1)]
        self._next = 0
        self._away = False
        self._rest_until = 0.0
        self._closed = False

    @property
    def name(self) -> str:
        return self.url.name

    # --- what modules ask ---------------------------------------------------------------------------------

    async def query(
        self, table: str, columns: Sequence[str], where: Sequence[Key] = (), *, order: str = "", limit: int = 0
    ) -> list[Row]:
        try:
            statement = sql.select_rows(table, columns, where, order, limit)
        except sql.NotText:
            return []

        def work() -> list[Row]:
            with self._engine.connect() as connection:
                return sql.rows(connection.execute(statement).fetchall())

        self._next = (self._next + 1) % len(self._readers)
        return await self._ask(self._readers[self._next], work, again=True)

    async def write(self, statements: Sequence[Statement]) -> list[int]:
        try:
            made = [sql.change(statement, self._dialect) for statement in statements]
        except sql.NotText as error:
            raise DatabaseError(f"{self.name}: {error}") from None

        def work() -> list[int]:
            with self._engine.begin() as connection:
                touched = [connection.execute(statement).rowcount for statement in made]
            return [count if count >= 0 else 1 for count in touched]  # some drivers do not count one inserted row

        return await self._ask(self._writer, work, again=False)

    async def table_version(self, table: str) -> int:
        rows = await self.query("version", ["table_version"], [Key("table_name", table)], limit=1)
        return int(str(rows[0][0])) if rows else 0

    async def close(self) -> None:
        """Let go of the connections, once what was given to the writer is done."""
        self._closed = True
        try:
            await self._offload.call(self._writer, self._engine.dispose)
        except (TooLate, TooMany):
            self._log(_ERR, f"db: {self.name}: the last statements did not end in time")

    async def release(self) -> None:
        """Let go of the connections; the next statement makes new ones."""
        await self._offload.call(self._writer, self._engine.dispose)

    # --- inside -------------------------------------------------------------------------------------------

    async def _ask(self, lane: str, work: Callable[[], T], again: bool) -> T:
        """Raises DatabaseError. again: it may be asked once more where its connection turns out to be dead."""
        if self._closed:
            raise DatabaseError(f"{self.name} is closed")
        now = self._services.now()
        if self._away and now < self._rest_until:
            raise DatabaseError(f"{self.name} does not answer")
        try:
            try:
                result = await self._offload.call(lane, work)
            except DBAPIError as error:
                if not (again and error.connection_invalidated):
                    raise
                result = await self._offload.call(lane, work)
        except TooMany:
            raise DatabaseError(f"{MAX_WAITING} statements wait for {self.name}", busy=True) from None
        except TooLate:
            raise DatabaseError(f"{self.name} has not answered within {DEADLINE:.0f} s") from None
        except SQLAlchemyError as error:
            text = _reason(error)
            if _is_connection(error):
                self._lost(text)
            raise DatabaseError(f"{self.name}: {text}") from None
        if self._away:
            self._away = False
            self._log(_WARN, f"db: {self.name} answers again")
        return result

    def _lost(self, text: str) -> None:
        self._rest_until = self._services.now() + REST
        if not self._away:
            self._away = True
            self._log(_ERR, f"db: {self.name} does not answer: {text}")


def _is_connection(error: SQLAlchemyError) -> bool:
    """Whether there is no connection, rather than something wrong with a statement."""
    if not isinstance(error, DBAPIError):
        return False
    # A statement that was never sent has no text: it failed while a connection was made.
    return bool(error.connection_invalidated) or error.statement is None


def _reason(error: SQLAlchemyError) -> str:
    """What the driver says, on one line. SQLAlchemy's own text is not used: it holds the statement's values."""
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    if cause is None:
        return type(error).__name__
    arguments: tuple[Any, ...] = getattr(cause, "args", ())
    text = str(arguments[1]) if len(arguments) > 1 and isinstance(arguments[0], int) else str(cause)
    first = text.strip().splitlines()[0] if text.strip() else ""
    return first[:200] or type(cause).__name__
