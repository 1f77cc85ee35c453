"""The order among final responses."""

from __future__ import annotations

from olelo.transaction.pick import WORST, rank


def test_order_of_the_classes() -> None:
    ordered = [200, 299, 600, 606, 300, 399, 401, 407, 415, 420, 484, 400, 402, 486, 499, 500, 599, 700, 999, 180]
    assert sorted(ordered, key=rank) == ordered


def test_no_response_is_worse_than_any() -> None:
    assert rank(0) == 32000
    assert rank(999) < rank(100) < rank(0) < WORST
    assert rank(1234) == rank(999)
