"""What was used of the nonces that are out: nonce counts, and one-time nonces.

A nonce that needs this carries a number (id) and a pool. The number is a place in a table of fixed size, as in Kamailio:
memory does not grow with the traffic, and a nonce whose place was given to a newer one counts as too old.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

#: Steps of the ids: odd, so that all places are used before one is used again.
STEP: Final = 257
_IDS: Final = 1 << 32
#: Largest nonce count of one nonce; a higher one needs a new nonce.
MAX_COUNT: Final = 255


class Ids:
    """Hands out ids. They begin anywhere, so that ids of an earlier start do not match by chance.

    Args:
        pools: how many pools nonces may name; rounded down to a power of two, 64 at most.
    """

    __slots__ = ("bits", "last", "pools")

    def __init__(self, random: Callable[[int], bytes], pools: int) -> None:
        self.bits = min(max(pools, 1), 64).bit_length() - 1
        self.pools = 1 << self.bits
        self.last = int.from_bytes(random(4), "big")

    def next(self) -> int:
        self.last = (self.last + STEP) % _IDS
        return self.last


class Places:
    """The part that counts and one-time nonces share: from an id to its place.

    Args:
        size: places of all pools; rounded down to a power of two.
    """

    __slots__ = ("_ids", "_mask", "_part", "size")

    def __init__(self, ids: Ids, size: int) -> None:
        self._ids = ids
        self.size = 1 << (max(size, ids.pools).bit_length() - 1)
        self._part = self.size >> ids.bits
        self._mask = self._part - 1

    def place(self, nonce_id: int, pool: int) -> int:
        return (nonce_id & self._mask) + pool * self._part

    def holds(self, nonce_id: int, pool: int) -> bool:
        """Whether the id's place is still its own."""
        return pool < self._ids.pools and (self._ids.last - nonce_id) % _IDS < STEP * self._part


class Counts:
    """The highest nonce count that was seen of each nonce."""

    __slots__ = ("_places", "_seen")

    def __init__(self, ids: Ids, size: int) -> None:
        self._places = Places(ids, size)
        # Full at first: what an earlier start handed out is not taken.
        self._seen = bytearray(b"\xff" * self._places.size)

    def open(self, nonce_id: int) -> None:
        """A nonce goes out, nothing of it is used."""
        self._seen[self._places.place(nonce_id, 0)] = 0

    def use(self, nonce_id: int, pool: int, count: int) -> bool:
        """Note a count. False: too old, seen before, or above MAX_COUNT."""
        if not self._places.holds(nonce_id, pool) or count > MAX_COUNT:
            return False
        place = self._places.place(nonce_id, pool)
        if self._seen[place] >= count:
            return False
        self._seen[place] = count
        return True


class OneTime:
    """Which nonces were used, one bit each."""

    __slots__ = ("_places", "_used")

    def __init__(self, ids: Ids, size: int) -> None:
        self._places = Places(ids, max(size, 8))
        self._used = bytearray(b"\xff" * (self._places.size >> 3))

    def open(self, nonce_id: int) -> None:
        """A nonce goes out, unused."""
        place = self._places.place(nonce_id, 0)
        self._used[place >> 3] &= ~(1 << (place & 7)) & 0xFF

    def use(self, nonce_id: int, pool: int) -> bool:
        """Note that it is used. False: too old, or used before."""
        if not self._places.holds(nonce_id, pool):
            return False
        place = self._places.place(nonce_id, pool)
        bit = 1 << (place & 7)
        if self._used[place >> 3] & bit:
            return False
        self._used[place >> 3] |= bit
        return True
