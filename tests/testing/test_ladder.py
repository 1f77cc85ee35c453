"""Ladders compared with wildcards, and what a difference looks like."""

from __future__ import annotations

import pytest

from olelo.testing.ladder import matched

LADDER = [
    "a -> proxy: INVITE sip:b",
    "proxy -> a: 100 trying (INVITE)",
    "proxy -> b: INVITE sip:b@1",
    "b -> proxy: 200 OK (INVITE)",
]


@pytest.mark.parametrize(
    "wanted",
    [
        LADDER,
        ["..."],
        ["a -> proxy: INVITE *", "proxy -> a: 100 * (INVITE)", "...", "b -> proxy: 200 *"],
        ["...", *LADDER, "..."],
        ["...", "* INVITE sip:b@1", "..."],
        ["*", "*", "*", "*"],
        ["...", "*", "..."],
    ],
)
def test_what_fits(wanted: list[str]) -> None:
    assert matched(wanted, LADDER) is None


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ([], []),
        (LADDER[:3], LADDER[:3]),
        ([*LADDER, "more"], [*LADDER, "more"]),
        (["a -> *", "..."][:1], LADDER[:1]),
        (["...", "proxy -> b: BYE*"], ["...", "proxy -> b: BYE*"]),
        (["a *", "...", "b *", "proxy -> a: 200 *"], [*LADDER, "proxy -> a: 200 *"]),
        (["proxy -> a: 1.. *", "..."], ["proxy -> a: 1.. *", *LADDER]),
    ],
)
def test_what_does_not_fit_is_shown_with_the_arrows_that_do(wanted: list[str], shown: list[str]) -> None:
    assert matched(wanted, LADDER) == shown


def test_nothing_fits_nothing() -> None:
    assert matched([], []) is None
    assert matched(["..."], []) is None
    assert matched(["*"], []) == ["*"]
