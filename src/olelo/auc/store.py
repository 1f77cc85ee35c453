"""The store: one connection pool, subscribers, and sequence numbers reserved by one statement.

SQLite by default, other databases by URL (SQLAlchemy). With SQLite the commit is on disk before a reserved SQN is
handed out (synchronous=FULL), so neither kill -9 nor a power cut repeats one.
"""

import os
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Engine,
    Select,
    case,
    create_engine,
    event,
    insert,
    inspect,
    literal,
    select,
    update,
)
from sqlalchemy.engine import URL, Connection, Row, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from olelo.auc import schema
from olelo.auc.errors import AucError, FormatError, NotFound, SqnExhausted, StateError, StoreError
from olelo.auc.numbering import impi, imsi_of_impi
from olelo.auc.seal import Binding
from olelo.auc.sqn import DELTA, Counter, accepted_by_card

ACTIVE = "active"  # the one state in which a card gets vectors


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One row of `auc` with its batch; `iccid` is empty if unknown. The sealed parts open with `olelo.auc.seal`."""

    imsi: str
    iccid: str
    msisdn: str | None
    batch: str
    mcc: str
    mnc: str
    algorithm: str
    op_mode: str
    state: str
    amf: bytes
    counter: Counter
    kek_id: str
    changed: int
    sealed_keys: bytes = field(repr=False)
    sealed_codes: bytes | None = field(repr=False)

    @property
    def binding(self) -> Binding:
        """What the sealed records of this row are bound to."""
        return Binding(self.imsi, self.iccid, self.algorithm, self.batch)

    @property
    def impi(self) -> str:
        """Private identity derived from the IMSI."""
        return impi(self.imsi, self.mcc, self.mnc)


class Store:
    """The database. Thread-safe; every method is one or a few short transactions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> "Store":
        """Open a database, and make its tables if they are not there.

        Args:
            url: an SQLAlchemy URL, or the path of an SQLite file (made with mode 0600).
            create: make a missing SQLite file; else StoreError.

        Raises:
            StoreError: unreachable, not a database, or of another version.
        """
        try:
            parsed = make_url(url if "://" in url else f"sqlite:///{url}")
            if parsed.get_backend_name() == "sqlite":
                _prepare_file(parsed, create)
            # hide_parameters: an SQL error message must not carry a row, sealed or not.
            engine = create_engine(parsed, hide_parameters=True)
            if engine.dialect.name == "sqlite":
                event.listen(engine, "connect", _configure_sqlite)
            _make_tables(engine)
        except (DBAPIError, ArgumentError, NoSuchModuleError, ImportError, OSError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            raise StoreError(f"cannot open the database (--db): {reason}") from None
        return cls(engine)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def subscriber(self, identity: str) -> Subscriber:
        """The subscriber of an IMSI, an IMPI, or a temporary IMPU (`sip:<IMSI>@...`).

        Raises:
            NotFound: no IMSI in the identity, or no such card.
        """
        imsi = imsi_of_impi(identity)
        found = None if imsi is None else self._one(schema.cards.c.imsi == imsi)
        if found is None:
            raise NotFound(f"no card for {identity!r}")
        return found

    def subscriber_by_iccid(self, iccid: str) -> Subscriber:
        """The subscriber whose present card has this ICCID; NotFound if none."""
        found = self._one(schema.cards.c.iccid == iccid)
        if found is None:
            raise NotFound(f"no card with ICCID {iccid}")
        return found

    def subscribers_by_msisdn(self, msisdn: str) -> list[Subscriber]:
        """The subscribers of an MSISDN (several cards may share one), possibly none."""
        statement = select_subscribers().where(schema.cards.c.msisdn == msisdn.removeprefix("+"))
        with self.engine.connect() as connection:
            return [to_subscriber(row) for row in connection.execute(statement)]

    def _one(self, condition: ColumnElement[bool]) -> Subscriber | None:
        with self.engine.connect() as connection:
            row = connection.execute(select_subscribers().where(condition)).first()
        return None if row is None else to_subscriber(row)

    def reserve_sqn(self, imsi: str, now: int, count: int = 1) -> list[int]:
        """Reserve the next `count` sequence numbers of an active card; committed when this returns.

        One UPDATE computes and stores the last of them, so two callers never get the same number, and a crash
        after it skips numbers instead of repeating them.

        Raises:
            NotFound, StateError: no such card, or not active.
            SqnExhausted: SEQ has no successor left in its 48 bits.
            FormatError: `count` is not positive.
        """
        if count < 1:
            # Zero or less would move the counter backwards.
            raise FormatError(f"{count} sequence numbers cannot be reserved")
        c = schema.cards.c
        one: ColumnElement[int] = literal(1, BigInteger)
        last_seq: ColumnElement[int] = _next_seq(now) + (count - 1)
        fits = last_seq < one.bitwise_lshift(48 - c.ind_length)
        change = (
            update(schema.cards)
            .where(c.imsi == imsi, c.state == ACTIVE, fits)
            .values(sqn=last_seq.bitwise_lshift(c.ind_length) + c.ind)
        )
        with self.engine.begin() as connection:
            if self.engine.dialect.update_returning:
                row = connection.execute(change.returning(c.sqn, c.ind_length)).first()
            else:
                # The row is locked by the UPDATE until this transaction ends, so the SELECT reads our own number.
                changed = connection.execute(change).rowcount
                row = connection.execute(select(c.sqn, c.ind_length).where(c.imsi == imsi)).first() if changed else None
        if row is None:
            raise self._why_not(imsi)
        step = 1 << row.ind_length
        return [row.sqn - step * back for back in range(count - 1, -1, -1)]

    def _why_not(self, imsi: str) -> AucError:
        try:
            found = self.subscriber(imsi)
        except NotFound as error:
            return error
        if found.state != ACTIVE:
            return StateError(f"IMSI {imsi} is {found.state}, not active")
        return SqnExhausted(f"IMSI {imsi}: the sequence number has no successor; replace the card")

    def resynchronise(self, imsi: str, sqn_ms: int, now: int) -> bool:
        """Set SQN after a verified AUTS (TS 33.102 section 6.3.5); True if it changed.

        If the card would accept our next number, ours stays; else SQN becomes SQN_MS, also downwards when ours
        had run ahead of what the card accepts. The write is conditional on the value read, and tried again if
        another challenge came between.

        Raises:
            NotFound: no such card.
        """
        c = schema.cards.c
        while True:
            counter = self.subscriber(imsi).counter
            if accepted_by_card(counter.next_sqn(now), sqn_ms, counter.ind_length):
                return False
            change = update(schema.cards).where(c.imsi == imsi, c.sqn == counter.sqn)
            if counter.sqn > sqn_ms or counter.floor_at is not None:
                # The floor starts again from the card's number, or it would undo this at once.
                change = change.values(floor_seq=sqn_ms >> counter.ind_length)
                if counter.floor_at is not None:
                    change = change.values(floor_at=now)
            with self.engine.begin() as connection:
                if connection.execute(change.values(sqn=sqn_ms)).rowcount == 1:
                    return True

    def log(self, now: int, who: str, action: str, detail: str, *, batch: str | None = None, imsi: str = "") -> None:
        """Write a line of the event log. `detail` is plain text without keys."""
        with self.engine.begin() as connection:
            write_event(connection, now, who, action, detail, batch=batch, imsi=imsi)


def write_event(
    connection: Connection, now: int, who: str, action: str, detail: str, *, batch: str | None = None, imsi: str = ""
) -> None:
    """Write a line of the event log inside the caller's transaction."""
    # A file name may hold a line feed or an escape sequence, and would write log lines of its own with it.
    detail, who = ("".join(c if c.isprintable() else "?" for c in text) for text in (detail, who))
    row = {"at": now, "who": who, "action": action, "batch": batch, "imsi": imsi or None, "detail": detail}
    connection.execute(insert(schema.events).values(row))


def _next_seq(now: int) -> ColumnElement[int]:
    # The same arithmetic as sqn.Counter.next_sqn, in SQL.
    c = schema.cards.c
    following: ColumnElement[int] = c.sqn.bitwise_rshift(c.ind_length) + 1
    age: ColumnElement[int] = literal(now, BigInteger) - c.floor_at
    floor = case(
        (c.floor_at.is_(None), 0),
        (age <= 0, c.floor_seq),
        (age >= DELTA, c.floor_seq + (DELTA - 1)),
        else_=c.floor_seq + age,
    )
    return case((floor > following, floor), else_=following)


def select_subscribers() -> Select[Any]:
    """SELECT of everything a Subscriber is made of; batches still being made are left out."""
    b = schema.batches.c
    return (
        select(schema.cards, b.name, b.mcc, b.mnc, b.algorithm, b.op_mode)
        .join(schema.batches, schema.cards.c.batch_id == b.id)
        .where(b.status == "ready")
    )


def to_subscriber(row: Row[Any]) -> Subscriber:
    """A row of `select_subscribers`."""
    return Subscriber(
        imsi=row.imsi,
        iccid=row.iccid or "",
        msisdn=row.msisdn,
        batch=row.name,
        mcc=row.mcc,
        mnc=row.mnc,
        algorithm=row.algorithm,
        op_mode=row.op_mode,
        state=row.state,
        amf=row.amf.to_bytes(2, "big"),
        counter=Counter(row.sqn, row.ind, row.ind_length, row.floor_seq, row.floor_at),
        kek_id=row.kek_id,
        changed=row.changed,
        sealed_keys=row.sealed_keys,
        sealed_codes=row.sealed_codes,
    )


def _prepare_file(url: URL, create: bool) -> None:
    if not url.database or url.database == ":memory:":
        return
    path = Path(url.database)
    if path.exists():
        return
    if not create:
        raise StoreError(f"{path}: no such database")
    # Created here, empty, because SQLite would create it with the umask's mode.
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout=30000")  # ms
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    # The mode is kept in the file, so this does something once in a database's life. SQLite does not wait for its
    # lock here as it does elsewhere, hence the loop: another program may be doing the same.
    for attempt in range(100):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if attempt == 99:
                raise
            time.sleep(0.05)


def _make_tables(engine: Engine) -> None:
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite" and not inspect(connection).has_table(schema.events.name):
            # Two programs may open a new database at once; with the write lock taken first, the second one looks
            # when the first has finished.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        schema.metadata.create_all(connection)
        row = connection.execute(select(schema.meta.c.version)).first()
        if row is None:
            connection.execute(insert(schema.meta).values(version=schema.VERSION, turn=0))
    if row is not None and row.version != schema.VERSION:
        raise StoreError(f"the database is of version {row.version}, this program reads version {schema.VERSION}")
