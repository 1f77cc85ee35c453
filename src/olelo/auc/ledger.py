"""The ledger: batches, and the numbers each of them has taken for ever.

A batch is entered as `making` with its ranges, its cards follow in short transactions (a registrar on the same
database goes on reserving sequence numbers between them), and one last statement makes it `ready`. Cards of a batch
that is not ready are invisible; a failed batch is discarded whole, so nothing is ever half done.
"""

import sqlite3
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from olelo.auc import schema
from olelo.auc.card import Card
from olelo.auc.errors import AucError, NotFound, OverlapError, StateError, StoreError
from olelo.auc.keyring import Keyring
from olelo.auc.seal import Binding, RandomSource, seal_codes, seal_keys
from olelo.auc.store import Store, write_event

CHUNK = 2000  # cards per transaction: tens of milliseconds of write lock


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers `first` to `last` of one length; `kind` is imsi, iccid or msisdn."""

    kind: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """What all cards of a batch have in common."""

    name: str
    algorithm: str
    mcc: str
    mnc: str
    op_mode: str
    source: str
    created: int
    count: int = 0
    status: str = "making"


@dataclass(frozen=True, slots=True)
class Floor:
    """Whether SEQ follows the clock from the batch's creation (see `sqn.Counter`)."""

    at: int | None = None


class Ledger:
    """Batches of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def batches(self) -> list[BatchInfo]:
        """All batches, oldest first, those still being made among them."""
        b = schema.batches.c
        with self._store.engine.connect() as connection:
            rows = connection.execute(select(schema.batches).order_by(b.id)).all()
        return [
            BatchInfo(r.name, r.algorithm, r.mcc, r.mnc, r.op_mode, r.source, r.created, r._mapping["count"], r.status)
            for r in rows
        ]

    def batch(self, name: str) -> BatchInfo:
        """The batch of a name; NotFound if there is none."""
        for info in self.batches():
            if info.name == name:
                return info
        raise NotFound(f"no batch {name!r}")

    def ranges(self, name: str) -> list[Range]:
        """The numbers a batch has taken."""
        r = schema.ranges.c
        statement = (
            select(r.kind, r.first, r.last)
            .join(schema.batches, schema.batches.c.id == r.batch_id)
            .where(schema.batches.c.name == name)
            .order_by(r.kind, r.first)
        )
        with self._store.engine.connect() as connection:
            return [Range(row.kind, row.first, row.last) for row in connection.execute(statement)]

    def check(self, info: BatchInfo, ranges: Iterable[Range]) -> None:
        """What `begin` would refuse, without writing: the dry run."""
        with self._store.engine.connect() as connection:
            _refuse_name(connection, info.name)
            _refuse_overlap(connection, ranges)

    def begin(self, info: BatchInfo, ranges: Sequence[Range]) -> int:
        """Enter a batch and take its ranges; returns its row number.

        Raises:
            OverlapError: the name or a number is taken already. Nothing is written.
        """
        with self._turn() as connection:
            _refuse_name(connection, info.name)
            row = {
                "name": info.name,
                "algorithm": info.algorithm,
                "mcc": info.mcc,
                "mnc": info.mnc,
                "op_mode": info.op_mode,
                "source": info.source,
                "count": 0,
                "status": "making",
                "created": info.created,
            }
            connection.execute(insert(schema.batches).values(row))
            batch_id = connection.execute(
                select(schema.batches.c.id).where(schema.batches.c.name == info.name)
            ).scalar_one()
            take_ranges(connection, batch_id, ranges)
        return int(batch_id)

    def add(self, batch_id: int, rows: Sequence[dict[str, object]]) -> None:
        """Write sealed rows (`card_row`) in one transaction.

        Raises:
            OverlapError: another command has taken one of the numbers meanwhile.
            StateError: another command has discarded the batch meanwhile.
        """
        if not rows:
            return
        for row in rows:
            row["batch_id"] = batch_id
        try:
            with self._store.engine.begin() as connection:
                connection.execute(insert(schema.cards), rows)
        except IntegrityError:
            # Either the foreign key (the batch is gone) or a unique number; what the database says shows neither well.
            if not self._exists(batch_id):
                raise _discarded() from None
            raise OverlapError(
                "another command took an IMSI or ICCID of this batch at the same moment; nothing of it was kept"
            ) from None

    def taken(self, cards: Sequence[Card]) -> dict[str, str]:
        """IMSIs and ICCIDs among `cards` that a card in the database has already, each with a reason."""
        c = schema.cards.c
        imsis, iccids = [card.imsi for card in cards], [card.iccid for card in cards if card.iccid]
        found: dict[str, str] = {}
        statement = select(c.imsi, c.iccid).where(or_(c.imsi.in_(imsis), c.iccid.in_(iccids)))
        with self._store.engine.connect() as connection:
            for row in connection.execute(statement):
                found[row.imsi] = f"IMSI {row.imsi} is in the database"
                found[row.iccid or ""] = f"ICCID {row.iccid} is in the database"
        found.pop("", None)
        return found

    def take_cards(self, batch_id: int, *, msisdns: bool = True) -> None:
        """Enter the numbers of an imported batch's cards as ranges, each run of consecutive numbers as one.

        Args:
            msisdns: enter MSISDNs too; if not, numbers that are shared or were given before pass.

        Raises:
            OverlapError: a number was given to another card before, even if that card is gone.
        """
        with self._turn() as connection:
            for kind in ("imsi", "iccid", "msisdn") if msisdns else ("imsi", "iccid"):
                runs = _runs(connection, batch_id, kind)
                while some := list(islice(runs, CHUNK)):
                    take_ranges(connection, batch_id, some)

    def finish(self, batch_id: int, now: int, who: str, *, op_mode: str | None = None) -> int:
        """Make the batch ready and log it; returns its number of cards.

        Args:
            op_mode: what the cards turned out to have, instead of what `begin` was told.

        Raises:
            StateError: another command has discarded the batch meanwhile.
        """
        with self._turn() as connection:
            count = connection.execute(
                select(func.count()).select_from(schema.cards).where(schema.cards.c.batch_id == batch_id)
            ).scalar_one()
            change = update(schema.batches).where(schema.batches.c.id == batch_id).values(count=count, status="ready")
            if op_mode is not None:
                change = change.values(op_mode=op_mode)
            if connection.execute(change).rowcount != 1:
                raise _discarded()
            row = connection.execute(select(schema.batches).where(schema.batches.c.id == batch_id)).one()
            write_event(connection, now, who, "batch", f"{count} cards, {row.source}, OP {row.op_mode}", batch=row.name)
        return int(count)

    def discard(self, name: str) -> int:
        """Remove a batch that never became ready, its cards and ranges; returns the number of cards removed.

        Raises:
            NotFound: no such batch.
            StateError: the batch is ready; its numbers stay taken.
        """
        b = schema.batches.c
        with self._store.engine.connect() as connection:
            row = connection.execute(select(b.id, b.status).where(b.name == name)).first()
        if row is None:
            raise NotFound(f"no batch {name!r}")
        if row.status == "ready":
            raise StateError(f"batch {name!r} is complete; retire its cards instead")
        return self.undo(row.id)

    def undo(self, batch_id: int) -> int:
        """Remove what `begin` and `add` entered; returns the number of cards removed. A ready batch is left alone."""
        b, c = schema.batches.c, schema.cards.c
        removed = 0
        while True:
            # In short transactions, for the same reason as they came.
            with self._turn() as connection:
                row = connection.execute(select(b.status).where(b.id == batch_id)).first()
                if row is None or row.status == "ready":
                    return removed
                some = select(c.imsi).where(c.batch_id == batch_id).order_by(c.imsi).limit(CHUNK)
                imsis = [found.imsi for found in connection.execute(some)]
                if not imsis:
                    connection.execute(delete(schema.ranges).where(schema.ranges.c.batch_id == batch_id))
                    connection.execute(delete(schema.batches).where(b.id == batch_id))
                    return removed
                connection.execute(
                    delete(schema.cards).where(c.batch_id == batch_id, c.imsi >= imsis[0], c.imsi <= imsis[-1])
                )
                removed += len(imsis)

    def give_up(self, batch_id: int, name: str, cause: BaseException) -> None:
        """`undo` on the way out of a failure; if that fails too (a full disk), say what is left and how to remove it.

        Raises:
            StoreError: the unfinished batch is still there, invisible to all but the list of batches.
        """
        # An interrupt in the middle of a query leaves its cursor in the frames of the traceback, and with SQLite an open
        # cursor keeps the write lock of its connection, also of a closed one: we would wait for ourselves.
        traceback.clear_frames(cause.__traceback__)
        try:
            self.undo(batch_id)
        except SQLAlchemyError as second:
            first, then = (getattr(error, "orig", None) or error for error in (cause, second))
            told = isinstance(first, (AucError, sqlite3.Error)) and str(first) != str(then)
            raise StoreError(
                f"{first if told else then}; and what was begun could not be removed either:"
                f" when the database works again, olelo sim batch discard {name}"
            ) from None

    def _exists(self, batch_id: int) -> bool:
        with self._store.engine.connect() as connection:
            found = connection.execute(select(schema.batches.c.id).where(schema.batches.c.id == batch_id)).first()
        return found is not None

    @contextmanager
    def _turn(self) -> Iterator[Connection]:
        # The row written first is the lock: on every database the second ledger change waits here for the first.
        with self._store.engine.begin() as connection:
            take_turn(connection)
            yield connection


def _discarded() -> StateError:
    return StateError("the batch was discarded by another command while it was made; nothing of it was kept")


def take_turn(connection: Connection) -> None:
    """Wait until no other transaction changes the ledger."""
    connection.execute(update(schema.meta).values(turn=schema.meta.c.turn + 1))


def card_row(card: Card, ring: Keyring, random: RandomSource, floor: Floor, now: int) -> dict[str, object]:
    """The database row of a card, its secrets sealed. The card's `batch` must be the name of its batch."""
    binding = Binding(card.imsi, card.iccid, card.algorithm, card.batch)
    return {
        "imsi": card.imsi,
        "iccid": card.iccid or None,
        "msisdn": card.msisdn,
        "state": card.state,
        "kek_id": ring.active,
        "sealed_keys": seal_keys(ring, binding, card.keys, random),
        "sealed_codes": seal_codes(ring, binding, card.codes, random),
        "amf": int.from_bytes(card.amf, "big"),
        "sqn": card.sqn,
        "ind": card.ind,
        "ind_length": card.ind_length,
        "floor_seq": card.sqn >> card.ind_length,
        "floor_at": floor.at,
        "changed": now,
    }


def take_ranges(connection: Connection, batch_id: int, ranges: Sequence[Range]) -> None:
    """Enter ranges of a batch; call `take_turn` first. OverlapError if any batch has one of the numbers."""
    _refuse_overlap(connection, ranges)
    if ranges:
        rows: list[dict[str, object]] = [
            {"batch_id": batch_id, "kind": r.kind, "length": len(r.first), "first": r.first, "last": r.last}
            for r in ranges
        ]
        connection.execute(insert(schema.ranges), rows)


def _refuse_name(connection: Connection, name: str) -> None:
    row = connection.execute(select(schema.batches.c.status).where(schema.batches.c.name == name)).first()
    if row is not None:
        hint = "" if row.status == "ready" else f"; it was not finished: olelo sim batch discard {name}"
        raise OverlapError(f"batch {name!r} exists{hint}")


def _refuse_overlap(connection: Connection, ranges: Iterable[Range]) -> None:
    r = schema.ranges.c
    for wanted in ranges:
        # Numbers of one length compare as text; numbers of different lengths are different numbers. Ranges of the
        # ledger never overlap each other, so only the last one that starts before our end can reach into ours.
        statement = (
            select(r.first, r.last, schema.batches.c.name)
            .join(schema.batches, schema.batches.c.id == r.batch_id)
            .where(r.kind == wanted.kind, r.length == len(wanted.first), r.first <= wanted.last)
            .order_by(r.first.desc())
            .limit(1)
        )
        row = connection.execute(statement).first()
        if row is not None and row.last >= wanted.first:
            raise OverlapError(
                f"{wanted.kind.upper()} {wanted.first} to {wanted.last} overlaps {row.first} to {row.last}"
                f" of batch {row.name!r}"
            )


def _numbers(connection: Connection, batch_id: int, kind: str) -> Iterator[str]:
    column = schema.cards.c[kind]
    # Only IMSIs are indexed by batch. For the others the "+ 0" keeps the database from reading and sorting the whole
    # batch for each page; it walks along the index of the numbers instead.
    owner = schema.cards.c.batch_id if kind == "imsi" else schema.cards.c.batch_id + 0
    after = ""
    while True:
        statement = (
            select(column)
            .distinct()
            .where(owner == batch_id, column.is_not(None), column > after)
            .order_by(column)
            .limit(CHUNK)
        )
        page = [number for (number,) in connection.execute(statement)]
        yield from page
        if len(page) < CHUNK:
            return
        after = page[-1]


def _runs(connection: Connection, batch_id: int, kind: str) -> Iterator[Range]:
    # An ICCID's last digit is its check digit: consecutive cards differ by one in front of it.
    drop = 1 if kind == "iccid" else 0
    first = last = ""
    for number in _numbers(connection, batch_id, kind):
        if last and len(number) == len(last) and int(number[: len(number) - drop]) == int(last[: len(last) - drop]) + 1:
            last = number
            continue
        if last:
            yield Range(kind, first, last)
        first = last = number
    if last:
        yield Range(kind, first, last)
