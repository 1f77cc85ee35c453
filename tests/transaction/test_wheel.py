"""Deadlines in buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from olelo.transaction.wheel import NO_TICK, Wheel


class Entry:
    def __init__(self) -> None:
        self.tick: int = NO_TICK


def test_entry_comes_up_at_its_tick_and_once() -> None:
    wheel: Wheel[Entry] = Wheel(0.5, 100)
    entry = Entry()
    wheel.arm(entry, 10.2, 0)
    assert wheel.next_deadline() == 10.5
    assert wheel.due(10.4) == []
    assert wheel.due(10.5) == [entry]
    assert entry.tick == NO_TICK
    assert wheel.due(99) == []
    assert wheel.next_deadline() is None


def test_later_deadline_costs_no_entry_and_earlier_one_leaves_a_stale_one() -> None:
    wheel: Wheel[Entry] = Wheel(0.5, 100)
    entry = Entry()
    wheel.arm(entry, 10, 0)
    wheel.arm(entry, 20, 0)
    wheel.arm(entry, 5, 0)
    assert wheel.due(6) == [entry]
    assert wheel.due(50) == []


def test_far_deadline_is_entered_at_the_horizon() -> None:
    wheel: Wheel[Entry] = Wheel(0.5, 5)
    wheel.arm(Entry(), 500, 100)
    assert wheel.next_deadline() == 105.5


def test_horizon_is_one_tick_at_least() -> None:
    wheel: Wheel[Entry] = Wheel(0.5, 0.0)
    wheel.arm(Entry(), 7, 0)
    assert wheel.next_deadline() == 1.0


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 30)), max_size=40))
def test_nothing_comes_up_early_or_is_lost(arms: list[tuple[int, float]]) -> None:
    wheel: Wheel[Entry] = Wheel(0.25, 100)
    entries = [Entry() for _ in range(5)]
    wanted: dict[int, float] = {}
    for index, due in arms:
        wheel.arm(entries[index], due, 0)
        wanted[index] = min(due, wanted.get(index, due))
    seen: dict[int, float] = {}
    while (now := wheel.next_deadline()) is not None:
        for entry in wheel.due(now):
            index = entries.index(entry)
            assert index not in seen
            seen[index] = now
    assert seen.keys() == wanted.keys()
    assert all(wanted[index] <= seen[index] <= wanted[index] + 0.251 for index in seen)
