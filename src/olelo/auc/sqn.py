"""Sequence numbers: SQN (48 bits) = SEQ || IND (TS 33.102 Annex C).

The home network and the card agree only on the length of IND. Each requester of vectors has an IND of its own,
so that two servers do not push each other's numbers out of the card's window.
"""

from dataclasses import dataclass

from olelo.auc.errors import FormatError

DEFAULT_IND_LENGTH = 5  # bits, TS 33.102 section C.3: 32 slots on the card
DEFAULT_IND = 16  # ours; other servers commonly count from 0
DELTA = 1 << 28  # TS 33.102 section C.2.1: how far SEQ may jump ahead of the card
SQN_LIMIT = 1 << 48


def split(sqn: int, ind_length: int = DEFAULT_IND_LENGTH) -> tuple[int, int]:
    """(SEQ, IND)."""
    return sqn >> ind_length, sqn & ((1 << ind_length) - 1)


def join(seq: int, ind: int, ind_length: int = DEFAULT_IND_LENGTH) -> int:
    """SQN of a SEQ and an IND."""
    return seq << ind_length | ind


def check_ind(ind: int, ind_length: int) -> None:
    """Raise FormatError unless IND fits its length and the length leaves room for SEQ (0 to 28 bits)."""
    if not 0 <= ind_length <= 28:
        raise FormatError(f"IND length {ind_length}: 0 to 28 bits")
    if not 0 <= ind < 1 << ind_length:
        raise FormatError(f"IND {ind} does not fit in {ind_length} bits")


@dataclass(frozen=True, slots=True)
class Counter:
    """What the store knows of one card's SQN.

    `floor_at` (seconds since 1970, None if unused) and `floor_seq` make SEQ follow the age of the batch: SEQ is at
    least floor_seq + seconds since floor_at. A restored backup then goes on above the numbers it has forgotten, as
    long as a card asks for less than one vector a second over its life.
    """

    sqn: int
    ind: int
    ind_length: int
    floor_seq: int = 0
    floor_at: int | None = None

    def next_sqn(self, now: int) -> int:
        """What the next reservation would hand out."""
        seq = (self.sqn >> self.ind_length) + 1
        return join(max(seq, floor_seq(self, now)), self.ind, self.ind_length)


def floor_seq(counter: Counter, now: int) -> int:
    """Lowest SEQ the clock allows; kept under DELTA, or a card that lay in a drawer for 8.5 years would refuse it."""
    if counter.floor_at is None:
        return 0
    return counter.floor_seq + min(max(now - counter.floor_at, 0), DELTA - 1)


def accepted_by_card(next_sqn: int, sqn_ms: int, ind_length: int) -> bool:
    """Whether a card whose highest SEQ is that of SQN_MS takes `next_sqn` whatever its slots hold."""
    seq, seq_ms = next_sqn >> ind_length, sqn_ms >> ind_length
    return seq_ms < seq <= seq_ms + DELTA
