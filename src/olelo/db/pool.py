"""A database behind threads: reads run side by side, writes one after another in the order they were given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
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
#: Seconds for which a connection that was used counts as alive for a read, which can be done again.
FRESH = 1.0
_ERR, _WARN = -1, 0
_numbers = iter(range(1, 1 << 62))


class _Call:
    """What one caller asked for. late: the caller has given up."""

    __slots__ = ("again", "late", "probe")

    def __init__(self, again: bool, probe: bool) -> None:
        self.again = again
        self.late = False
        self.probe = probe


class _Lane:
    """A thread of statements.

    waiting: callers that wait for it. call and connection: whose statement runs, and the driver's connection that it
    runs on; set on the thread.
    """

    __slots__ = ("call", "connection", "name", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting = 0
        self.call: _Call | None = None
        self.connection: Any = None

    @property
    def load(self) -> tuple[bool, int]:
        """The less, the sooner would a statement run. One that runs on though nobody waits for it counts most."""
        call = self.call
        return (call is not None and call.late, self.waiting)


class SqlDatabase(Database):
    """One database.

    Args:
        log: writes a line (level, text).
        open_engine: makes the SQLAlchemy engine; connects to nothing yet.
        deadline: seconds that a statement has, waiting for its turn included.
        hang_up: ends what a driver's connection does, from another thread. None: the driver does so by itself.
    """

    def __init__(
        self,
        url: DatabaseUrl,
        services: Services,
        log: Callable[[int, str], None],
        open_engine: Callable[[], Engine],
        *,
        deadline: float = DEADLINE,
        hang_up: Callable[[Any], None] | None = None,
    ) -> None:
        self.url = url
        self._services = services
        self._log = log
        self._engine = open_engine()
        self._dialect = self._engine.dialect.name
        self._hang_up = hang_up
        self._offload = Offload(services, deadline, MAX_WAITING)
        name = f"db{next(_numbers)}"
        self._writer = _Lane(f"{name}-write")
        self._readers = [_Lane(f"{name}-read{number}") for number in range(1, READERS + 1)]
        self._trouble = ""  # why the last connection could not be made; set on a lane's thread
        self._rest_until = 0.0
        self._stale = -1.0  # connections made up to then are of no use: the server has closed one of them
        self._probing = False
        self._told = False  # whether the log has its line about the trouble
        self._closed = False

    @property
    def name(self) -> str:
        return self.url.name

    # --- what modules ask ---------------------------------------------------------------------------------

    async def query(
        self, table: str, columns: Sequence[str], where: Sequence[Key] = (), *, order: str = "", limit: int = 0
    ) -> list[Row]:
        try:
            statement = sql.select_rows(table, columns, where, order, limit, self._dialect)
        except sql.NotText:
            return []

        def work(connection: Connection) -> list[Row]:
            if self._dialect == "postgresql":  # one SELECT needs no transaction: two round trips less
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            return sql.rows(connection.execute(statement).fetchall())

        # The first that is free: its connection is warm, and nobody waits behind a slow statement without need.
        return await self._ask(min(self._readers, key=lambda lane: lane.load), work, again=True)

    async def write(self, statements: Sequence[Statement]) -> list[int]:
        try:
            made = [sql.change(statement, self._dialect) for statement in statements]
        except sql.NotText as error:
            raise DatabaseError(f"{self.name}: {error}") from None

        def work(connection: Connection) -> list[int]:
            with connection.begin():
                touched = [connection.execute(statement).rowcount for statement in made]
            return [count if count >= 0 else 1 for count in touched]  # some drivers do not count one inserted row

        return await self._ask(self._writer, work, again=False)

    async def table_version(self, table: str) -> int:
        rows = await self.query("version", ["table_version"], [Key("table_name", table)], limit=1)
        return int(str(rows[0][0])) if rows else 0

    async def close(self) -> None:
        """Let go of the connections, once what was given to the writer is done."""
        self._closed = True
        # Of its own, for the bound on statements must not keep anybody from closing.
        last = Offload(self._services, self._offload.deadline, 1)
        try:
            await last.call(self._writer.name, self._engine.dispose)
        except TooLate:
            self._log(_ERR, f"db: {self.name}: the last statements did not end in time")
        for lane in (self._writer, *self._readers):
            self._interrupt(lane)  # a thread that waits on would keep the program from ending

    async def release(self) -> None:
        """Let go of the connections; the next statement makes new ones."""
        await self._offload.call(self._writer.name, self._engine.dispose)

    # --- inside -------------------------------------------------------------------------------------------

    async def _ask(self, lane: _Lane, work: Callable[[Connection], T], again: bool) -> T:
        """Raises DatabaseError. again: it may be asked once more where its connection turns out to be dead."""
        if self._closed:
            raise DatabaseError(f"{self.name} is closed")
        probe = bool(self._trouble)
        if probe:
            if self._probing or self._services.now() < self._rest_until:
                raise DatabaseError(f"{self.name} does not answer")
            self._probing = True
        call = _Call(again, probe)
        lane.waiting += 1
        try:
            return await self._offload.call(lane.name, lambda: self._carry_out(lane, work, call))
        except TooMany:
            raise DatabaseError(f"{self._offload.bound} statements wait for {self.name}", busy=True) from None
        except TooLate:
            if probe:
                self._rest_until = self._services.now() + REST
            call.late = True
            if lane.call is call:
                self._interrupt(lane)
            raise DatabaseError(f"{self.name} has not answered within {self._offload.deadline:g} s") from None
        finally:
            lane.waiting -= 1
            if probe:
                self._probing = False
            self._tell()

    def _interrupt(self, lane: _Lane) -> None:
        connection = lane.connection
        if connection is not None and self._hang_up is not None:
            self._hang_up(connection)

    def _tell(self) -> None:
        """One line when it goes, one when it is back."""
        if self._trouble and not self._told:
            self._told = True
            self._log(_ERR, f"db: {self.name} does not answer: {self._trouble}")
        elif self._told and not self._trouble:
            self._told = False
            self._log(_WARN, f"db: {self.name} answers again")

    # --- on a lane's thread -------------------------------------------------------------------------------

    def _carry_out(self, lane: _Lane, work: Callable[[Connection], T], call: _Call) -> T:
        """Raises DatabaseError, and nothing else."""
        try:
            while True:
                try:
                    with self._connect(lane, call) as connection:
                        return work(connection)
                except DBAPIError as error:
                    if not (call.again and error.connection_invalidated) or call.late:
                        raise
                    call.again = False
                finally:
                    lane.connection = lane.call = None
        except DatabaseError:
            raise
        except SQLAlchemyError as error:
            raise DatabaseError(f"{self.name}: {_reason(error)}") from None
        except Exception as error:  # drivers raise what they like for values that they cannot convert
            self._log(_ERR, f"db: {self.name}: {type(error).__name__}: {_line(str(error))}")
            raise DatabaseError(f"{self.name}: {_line(str(error)) or type(error).__name__}") from None

    def _connect(self, lane: _Lane, call: _Call) -> Connection:
        """A connection that is alive. Raises DatabaseError: there is none to be had, which is no fault of a statement."""
        if self._trouble and not call.probe and self._services.now() < self._rest_until:
            raise DatabaseError(f"{self.name} does not answer")  # it went while this one was waiting
        while True:
            try:
                connection = self._engine.connect()
            except (SQLAlchemyError, OSError) as error:
                text = _reason(error) if isinstance(error, SQLAlchemyError) else _line(str(error))
                self._rest_until = self._services.now() + REST
                self._trouble = text
                raise DatabaseError(f"{self.name}: {text}") from None
            lane.connection = connection.connection.driver_connection
            lane.call = call
            if self._alive(connection, call.again):
                if not call.late:
                    self._trouble = ""
                    return connection
            else:
                connection.invalidate()
            connection.close()
            if call.late:  # who gives up looks at what runs, what runs looks at who gave up: one of both ends it
                raise DatabaseError(f"nobody waits for {self.name} any more")

    def _alive(self, connection: Connection, again: bool) -> bool:
        """Whether its server is there: it may have closed the connection, or may have been started again. SQLAlchemy's
        pool would ask, too, but where nobody could end the asking. again: it would be noticed, and done again."""
        dialect, now, info = connection.dialect, self._services.now(), connection.info
        born, used = info.setdefault("born", now), info.get("used")
        info["used"] = now
        if used is None or dialect.name == "sqlite":
            return True
        if born <= self._stale:
            return False
        if again and now - used < FRESH:
            return True
        try:
            return dialect.do_ping(connection.connection.dbapi_connection)  # type: ignore[arg-type]
        except dialect.loaded_dbapi.Error:
            self._stale = now
            return False


def _reason(error: SQLAlchemyError) -> str:
    """What the driver says, on one line. SQLAlchemy's own text is not used: it holds the statement's values."""
    cause: Any = error.orig if isinstance(error, DBAPIError) else error
    if cause is None:
        return type(error).__name__
    arguments: tuple[Any, ...] = getattr(cause, "args", ())
    text = str(arguments[1]) if len(arguments) > 1 and isinstance(arguments[0], int) else str(cause)
    return _line(text) or type(cause).__name__


def _line(text: str) -> str:
    return text.strip().splitlines()[0][:200] if text.strip() else ""
