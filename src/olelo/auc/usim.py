"""A simulated USIM: the card's half of authentication (TS 33.102 section 6.3.3, Annex C.2).

For tests, and for `olelo sim self-test`. It keeps an array of the highest SEQ accepted per IND, refuses what is
not ahead of its slot, and answers AUTS with the highest SEQ of all slots.
"""

import hmac
from dataclasses import dataclass, field

from olelo.auc.algorithm import Answer, Functions
from olelo.auc.sqn import DEFAULT_IND_LENGTH, DELTA, join, split
from olelo.auc.vector import build_auts, xor


@dataclass(frozen=True, slots=True)
class Accepted:
    """The card accepted AUTN and computed RES, CK and IK."""

    res: bytes
    ck: bytes = field(repr=False)
    ik: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class MacFailure:
    """MAC-A is wrong: the network does not have this card's keys."""


@dataclass(frozen=True, slots=True)
class SyncFailure:
    """MAC-A is right but SQN is out of range; `auts` carries SQN_MS (14 bytes)."""

    auts: bytes


class Usim:
    """One card.

    Args:
        functions: the card's algorithm with its keys.
        ind_length: bits of IND; 5 makes 32 slots.
        delta: largest jump of SEQ ahead of the highest seen, or None for no limit.
        age_limit: the L of section C.2.2, how far behind the highest SEQ a number may be, or None.
    """

    def __init__(
        self,
        functions: Functions,
        *,
        ind_length: int = DEFAULT_IND_LENGTH,
        delta: int | None = DELTA,
        age_limit: int | None = None,
    ) -> None:
        self._functions = functions
        self._ind_length = ind_length
        self._delta = delta
        self._age_limit = age_limit
        self.slots = [0] * (1 << ind_length)

    @property
    def sqn_ms(self) -> int:
        """SQN of the highest SEQ accepted so far, with the IND of its slot."""
        seq = max(self.slots)
        return join(seq, self.slots.index(seq), self._ind_length)

    def authenticate(self, rand: bytes, autn: bytes) -> Accepted | MacFailure | SyncFailure:
        """AUTHENTICATE in the 3G security context (TS 31.102 section 7.1.2)."""
        answer = self._functions.f2345(rand)
        number, amf, mac = xor(autn[:6], answer.ak), autn[6:8], autn[8:]
        if not hmac.compare_digest(self._functions.f1(rand, number, amf), mac):
            return MacFailure()
        seq, ind = split(int.from_bytes(number, "big"), self._ind_length)
        if not self._fresh(seq, ind):
            return SyncFailure(build_auts(self._functions, rand, self.sqn_ms))
        self.slots[ind] = seq
        return _accepted(answer)

    def sqn_in(self, rand: bytes, autn: bytes) -> int:
        """The SQN of a challenge, which only the card can read; nothing is checked."""
        return int.from_bytes(xor(autn[:6], self._functions.f2345(rand).ak), "big")

    def answer(self, rand: bytes) -> Accepted:
        """RES, CK and IK without a look at AUTN: what a card does that does not ask who challenges it."""
        return _accepted(self._functions.f2345(rand))

    def _fresh(self, seq: int, ind: int) -> bool:
        highest = max(self.slots)
        if seq <= self.slots[ind]:
            return False
        if self._delta is not None and seq - highest > self._delta:
            return False
        return self._age_limit is None or highest - seq <= self._age_limit


def _accepted(answer: Answer) -> Accepted:
    return Accepted(res=answer.res, ck=answer.ck, ik=answer.ik)
