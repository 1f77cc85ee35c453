"""Deadlines in buckets of one tick each.

Nothing is cancelled or moved when a deadline becomes later: an entry that comes up asks its owner what is due by now,
and goes back into the bucket of the next deadline. Only an earlier deadline costs a second entry; the first is then
stale, and is told apart by the tick that its owner remembers. A deadline that is far away is entered at the horizon
instead, so that a finished transaction is not kept in memory by a stale entry of its two-minute timer.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Final, Generic, Protocol, TypeVar

#: "Not in any bucket", later than any tick.
NO_TICK: Final = 1 << 62


class Timed(Protocol):
    """What has deadlines: it lends the wheel one integer."""

    tick: int


T = TypeVar("T", bound=Timed)


class Wheel(Generic[T]):
    """Buckets of entries by tick. `granularity` and `horizon` are in seconds."""

    __slots__ = ("_buckets", "_horizon", "_per_second", "_ticks", "granularity")

    def __init__(self, granularity: float, horizon: float) -> None:
        self.granularity = granularity
        self._per_second = 1.0 / granularity
        self._horizon = max(1, int(horizon * self._per_second))
        self._buckets: dict[int, list[T]] = {}
        self._ticks: list[int] = []  # heap of the buckets' ticks

    def arm(self, entry: T, due: float, now: float) -> None:
        """See that `entry` comes up at `due` at the latest by one tick, or earlier if it was armed for earlier."""
        due *= self._per_second
        if due >= entry.tick:
            return  # the usual case: a deadline has moved away
        tick = int(due) + 1
        latest = int(now * self._per_second) + 1 + self._horizon
        if tick > latest:
            tick = latest
        if tick < entry.tick:
            entry.tick = tick
            bucket = self._buckets.get(tick)
            if bucket is None:
                self._buckets[tick] = [entry]
                heappush(self._ticks, tick)
            else:
                bucket.append(entry)

    def next_deadline(self) -> float | None:
        """Return when the earliest bucket is due, or None when there is none."""
        return self._ticks[0] / self._per_second if self._ticks else None

    def due(self, now: float) -> list[T]:
        """Remove and return the entries that are due, earliest first; each one's `tick` is set to `NO_TICK`."""
        ticks = self._ticks
        result: list[T] = []
        while ticks and ticks[0] / self._per_second <= now:
            tick = heappop(ticks)
            for entry in self._buckets.pop(tick):
                if entry.tick == tick:
                    entry.tick = NO_TICK
                    result.append(entry)
        return result
