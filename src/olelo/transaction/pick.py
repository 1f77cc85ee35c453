"""Which of several final responses is the best one (RFC 3261 section 16.7 item 6, with tm's order).

A 6xx wins over everything but 2xx; then 3xx, 4xx, 5xx in that order, and within a class the lowest number, except
that 401, 407, 415, 420 and 484 go before the other 4xx: they tell the caller how to repair the request.
"""

from __future__ import annotations

from typing import Final

_CLASS_RANK: Final = (32000, 11000, 0, 3000, 4000, 5000, 1000)
_REPAIRABLE: Final = frozenset((401, 407, 415, 420, 484))

#: Rank of "no response yet": worse than any.
WORST: Final = 1 << 30


def _rank(status: int) -> int:
    kind = status // 100
    if kind > 6:
        return 10000 + status
    detail = status % 100
    if kind == 4 and status not in _REPAIRABLE:
        detail += 100
    return _CLASS_RANK[kind] + detail


_RANKS: Final = tuple(_rank(status) for status in range(1000))


def rank(status: int) -> int:
    """Return the rank of a status code; the lowest rank wins. Codes above 999 rank with 999."""
    return _RANKS[status] if status < 1000 else _RANKS[999]
