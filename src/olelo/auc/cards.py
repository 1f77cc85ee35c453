"""Cards in the store: browse, count, life cycle, replacement, and re-sealing under a new key."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, func, select, update

from olelo.auc import schema
from olelo.auc.batch import Progress, quiet
from olelo.auc.card import STATES, TRANSITIONS, Card
from olelo.auc.errors import FormatError, NotFound, OverlapError, StateError
from olelo.auc.keyring import Keyring
from olelo.auc.ledger import CHUNK, Range, take_ranges, take_turn
from olelo.auc.seal import Binding, CardKeys, Codes, RandomSource, open_codes, open_keys, seal_codes, seal_keys
from olelo.auc.store import Store, Subscriber, select_subscribers, to_subscriber, write_event

_SHOWN = 5  # IMSIs of a selection in a message
_MOST_IMSIS = 10_000  # a database takes only so many values in one statement


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cards: all conditions given must hold; none given means all cards."""

    batch: str | None = None
    state: str | None = None
    imsis: tuple[str, ...] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """SQL conditions over `auc` joined with `auc_batch`."""
        found: list[ColumnElement[bool]] = []
        if self.batch is not None:
            found.append(schema.batches.c.name == self.batch)
        if self.state is not None:
            if self.state not in STATES:
                raise FormatError(f"unknown state {self.state!r}: {', '.join(STATES)}")
            found.append(schema.cards.c.state == self.state)
        if len(self.imsis) > _MOST_IMSIS:
            raise FormatError(f"{len(self.imsis)} IMSIs at once; at most {_MOST_IMSIS}, or choose by batch and state")
        if self.imsis:
            found.append(schema.cards.c.imsi.in_(self.imsis))
        return found

    def __str__(self) -> str:
        parts = [f"batch {self.batch}"] if self.batch is not None else []
        parts += [f"state {self.state}"] if self.state is not None else []
        if self.imsis:
            more = f" and {len(self.imsis) - _SHOWN} more" if len(self.imsis) > _SHOWN else ""
            parts.append(f"IMSI {', '.join(self.imsis[:_SHOWN])}{more}")
        return "; ".join(parts) or "all cards"


ALL = Selection()


class Cards:
    """Operations on many cards of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def browse(self, selection: Selection = ALL, *, limit: int | None = None) -> Iterator[Subscriber]:
        """Cards by ascending IMSI, read in pages: no transaction stays open and memory does not grow."""
        after = ""
        left = limit
        while left is None or left > 0:
            page = CHUNK if left is None else min(CHUNK, left)
            statement = (
                select_subscribers()
                .where(schema.cards.c.imsi > after, *selection.conditions())
                .order_by(schema.cards.c.imsi)
                .limit(page)
            )
            with self._store.engine.connect() as connection:
                rows = connection.execute(statement).all()
            yield from (to_subscriber(row) for row in rows)
            if len(rows) < page:
                return
            after = rows[-1].imsi
            left = None if left is None else left - len(rows)

    def opened(self, ring: Keyring, selection: Selection = ALL, *, codes: bool = True) -> Iterator[Card]:
        """Cards with their secrets open, by ascending IMSI. Raises SealError at the first that does not open."""
        for subscriber in self.browse(selection):
            yield open_card(ring, subscriber, codes=codes)

    def count(self, selection: Selection = ALL) -> int:
        """Number of cards."""
        statement = (
            select(func.count())
            .select_from(schema.cards.join(schema.batches, schema.cards.c.batch_id == schema.batches.c.id))
            .where(schema.batches.c.status == "ready", *selection.conditions())
        )
        with self._store.engine.connect() as connection:
            return int(connection.execute(statement).scalar_one())

    def states(self) -> dict[tuple[str, str], int]:
        """Number of cards by (batch, state)."""
        c = schema.cards.c
        statement = (
            select(schema.batches.c.name, c.state, func.count())
            .join(schema.batches, c.batch_id == schema.batches.c.id)
            .where(schema.batches.c.status == "ready")
            .group_by(schema.batches.c.name, c.state)
        )
        with self._store.engine.connect() as connection:
            return {(name, state): number for name, state, number in connection.execute(statement)}

    def set_state(self, selection: Selection, state: str, *, now: int, who: str) -> int:
        """Move all selected cards to `state`, or none; returns how many moved (cards already there stay).

        Raises:
            FormatError: unknown state.
            NotFound: nothing selected.
            StateError: some card may not go there; nothing is changed.
        """
        if state not in STATES:
            raise FormatError(f"unknown state {state!r}: {', '.join(STATES)}")
        c = schema.cards.c
        chosen = (
            select(c.imsi, c.state)
            .join(schema.batches, c.batch_id == schema.batches.c.id)
            .where(schema.batches.c.status == "ready", *selection.conditions())
        )
        allowed = [before for before, after in TRANSITIONS.items() if state in after]
        with self._store.engine.begin() as connection:
            take_turn(connection)  # a write lock before the first read, so that what is checked is what is changed
            found = connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
            if found == 0 or found < len(set(selection.imsis)):
                raise NotFound(f"{found} cards for {selection}; nothing was changed")
            stuck = connection.execute(chosen.where(c.state.not_in([*allowed, state])).limit(1)).first()
            if stuck is not None:
                raise StateError(f"IMSI {stuck.imsi} is {stuck.state} and cannot become {state}; nothing was changed")
            imsis = chosen.where(c.state != state).with_only_columns(c.imsi).scalar_subquery()
            change = update(schema.cards).where(c.imsi.in_(imsis)).values(state=state, changed=now)
            moved = connection.execute(change).rowcount
            write_event(connection, now, who, "state", f"{moved} cards to {state}: {selection}", batch=selection.batch)
            for imsi in selection.imsis:
                # So that the card's own history tells it.
                write_event(connection, now, who, "state", f"to {state}", batch=selection.batch, imsi=imsi)
        return int(moved)

    def swap(
        self,
        imsi: str,
        iccid: str,
        keys: CardKeys,
        codes: Codes,
        ring: Keyring,
        *,
        state: str,
        now: int,
        who: str,
        random: RandomSource,
    ) -> Subscriber:
        """Put a new card in place of a subscriber's: new ICCID and keys, same IMSI and MSISDN; returns the old row.

        The old card's keys are overwritten: it can no longer register. SQN goes on from where it was, which a
        fresh card accepts.

        Raises:
            NotFound: no such IMSI.
            OverlapError: the ICCID was given to a card before.
        """
        old = self._store.subscriber(imsi)
        if state not in STATES:
            raise FormatError(f"unknown state {state!r}: {', '.join(STATES)}")
        if old.state == "retired":
            raise StateError(f"IMSI {imsi} is retired; its number is not given to a new card")
        card = Card(imsi, iccid, keys, old.mcc, old.mnc, old.algorithm)
        card.check_keys()
        binding = Binding(imsi, iccid, old.algorithm, old.batch)
        c = schema.cards.c
        with self._store.engine.begin() as connection:
            take_turn(connection)
            taken = connection.execute(select(c.imsi).where(c.iccid == iccid)).first()
            if taken is not None:
                raise OverlapError(f"ICCID {iccid} belongs to the card of IMSI {taken.imsi}")
            batch_id = connection.execute(select(c.batch_id).where(c.imsi == imsi)).scalar_one()
            take_ranges(connection, batch_id, [Range("iccid", iccid, iccid)])
            values = {
                "iccid": iccid,
                "state": state,
                "changed": now,
                "kek_id": ring.active,
                "sealed_keys": seal_keys(ring, binding, keys, random),
                "sealed_codes": seal_codes(ring, binding, codes, random),
            }
            # If the row was swapped or rotated in between, its old card is not the one shown to the operator.
            unchanged = (c.imsi == imsi, c.sealed_keys == old.sealed_keys)
            if connection.execute(update(schema.cards).where(*unchanged).values(values)).rowcount != 1:
                raise StateError(f"IMSI {imsi} was changed by someone else at the same moment; nothing was changed")
            detail = f"ICCID {old.iccid or 'unknown'} replaced by {iccid}"
            write_event(connection, now, who, "swap", detail, batch=old.batch, imsi=imsi)
        return old

    def reseal(self, ring: Keyring, *, random: RandomSource, progress: Progress = quiet) -> int:
        """Seal every record that is not under the ring's active key anew; returns how many.

        In short transactions, each record opened before it is overwritten. After an interruption both keys are
        still needed, and a second run does the rest.
        """
        c = schema.cards.c
        change = (
            update(schema.cards)
            .where(c.imsi == bindparam("row_imsi"), c.sealed_keys == bindparam("row_keys"))
            .values(kek_id=ring.active, sealed_keys=bindparam("new_keys"), sealed_codes=bindparam("new_codes"))
        )
        done = 0
        after = ""  # without it each page would read all records before it, which are renewed already
        while True:
            # Batches still being made are left out by select_subscribers; their maker holds a ring of its own.
            some = select_subscribers().where(c.imsi > after, c.kek_id != ring.active)
            with self._store.engine.connect() as connection:
                rows = [to_subscriber(row) for row in connection.execute(some.order_by(c.imsi).limit(CHUNK))]
            if not rows:
                return done
            after = rows[-1].imsi
            renewed = [_resealed(ring, row, random) for row in rows]
            with self._store.engine.begin() as connection:
                connection.execute(change, renewed)
            done += len(rows)
            progress(len(rows))

    def key_ids(self) -> dict[str, int]:
        """Number of records by the id of the key they are sealed under, those of unfinished batches among them."""
        statement = select(schema.cards.c.kek_id, func.count()).group_by(schema.cards.c.kek_id)
        with self._store.engine.connect() as connection:
            return {name: number for name, number in connection.execute(statement)}


def open_card(ring: Keyring, subscriber: Subscriber, *, codes: bool = True) -> Card:
    """A card with its secrets open.

    Raises:
        SealError: the record was changed, moved, or is under a key that is not in the ring.
    """
    binding = subscriber.binding
    return Card(
        imsi=subscriber.imsi,
        iccid=subscriber.iccid,
        keys=open_keys(ring, subscriber.kek_id, binding, subscriber.sealed_keys),
        codes=open_codes(ring, subscriber.kek_id, binding, subscriber.sealed_codes) if codes else Codes(),
        mcc=subscriber.mcc,
        mnc=subscriber.mnc,
        algorithm=subscriber.algorithm,
        msisdn=subscriber.msisdn,
        amf=subscriber.amf,
        sqn=subscriber.counter.sqn,
        ind=subscriber.counter.ind,
        ind_length=subscriber.counter.ind_length,
        state=subscriber.state,
        batch=subscriber.batch,
    )


def _resealed(ring: Keyring, row: Subscriber, random: RandomSource) -> dict[str, object]:
    keys = open_keys(ring, row.kek_id, row.binding, row.sealed_keys)
    codes = open_codes(ring, row.kek_id, row.binding, row.sealed_codes)
    return {
        "row_imsi": row.imsi,
        "row_keys": row.sealed_keys,
        "new_keys": seal_keys(ring, row.binding, keys, random),
        "new_codes": seal_codes(ring, row.binding, codes, random),
    }
