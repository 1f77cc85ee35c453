"""Sequence numbers of cards whose keys are elsewhere: a routing script brings them with each request.

Only the counter is kept here, because it must outlive the process: the card's keys are never stored. One number is
reserved by one statement, as for cards of our own.
"""

from sqlalchemy import BigInteger, ColumnElement, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from olelo.auc import schema
from olelo.auc.algorithm import Functions
from olelo.auc.errors import AutsMacFailure, SqnExhausted
from olelo.auc.seal import RandomSource
from olelo.auc.sqn import DEFAULT_IND, DEFAULT_IND_LENGTH, SQN_LIMIT, accepted_by_card, join
from olelo.auc.store import Store
from olelo.auc.vector import Vector, check_auts, generate

LONGEST = 255  # characters of an identity


class ScriptedCards:
    """Vectors for keys that the caller has; SEQ starts at 1, IND is ours."""

    def __init__(self, store: Store, random: RandomSource) -> None:
        self._engine = store.engine
        self._random = random

    def challenge(self, identity: str, functions: Functions, amf: bytes) -> Vector:
        """A fresh vector; its SQN is committed. Raises SqnExhausted."""
        return generate(functions, self._random(16), self.reserve(identity), amf)

    def resynchronise(self, identity: str, functions: Functions, rand: bytes, auts: bytes, amf: bytes) -> Vector:
        """Take an AUTS for a RAND that the caller has sent; gives the next vector. Raises AutsMacFailure."""
        sqn_ms = check_auts(functions, rand, auts)
        if sqn_ms is None:
            raise AutsMacFailure(f"{identity}: MAC-S of the AUTS is wrong")
        c = schema.scripted.c
        while True:
            with self._engine.begin() as connection:
                sqn = connection.execute(select(c.sqn).where(c.identity == identity)).scalar()
                if sqn is None or accepted_by_card(_next(sqn), sqn_ms, DEFAULT_IND_LENGTH):
                    break
                change = update(schema.scripted).where(c.identity == identity, c.sqn == sqn).values(sqn=sqn_ms)
                if connection.execute(change).rowcount == 1:
                    break
        return self.challenge(identity, functions, amf)

    def reserve(self, identity: str) -> int:
        """The next sequence number of an identity; committed when this returns. Raises SqnExhausted."""
        c = schema.scripted.c
        one: ColumnElement[int] = literal(1, BigInteger)
        following = (c.sqn.bitwise_rshift(DEFAULT_IND_LENGTH) + one).bitwise_lshift(DEFAULT_IND_LENGTH) + DEFAULT_IND
        change = (
            update(schema.scripted)
            .where(c.identity == identity, c.sqn < SQN_LIMIT - (1 << DEFAULT_IND_LENGTH))
            .values(sqn=following)
        )
        while True:
            with self._engine.begin() as connection:
                changed = connection.execute(change).rowcount
                # The row is locked by the UPDATE until this transaction ends: the SELECT reads our own number.
                sqn = connection.execute(select(c.sqn).where(c.identity == identity)).scalar()
            if changed and sqn is not None:
                return int(sqn)
            if sqn is not None:
                raise SqnExhausted(f"{identity}: the sequence number has no successor; replace the card")
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(schema.scripted).values(identity=identity, sqn=_next(0)))
            except IntegrityError:
                continue  # somebody else made the row in between
            return _next(0)


def _next(sqn: int) -> int:
    return join((sqn >> DEFAULT_IND_LENGTH) + 1, DEFAULT_IND, DEFAULT_IND_LENGTH)
