"""Conversions and comparisons that generated code calls."""

from __future__ import annotations

import pytest

from olelo.script import runtime
from olelo.script.catalog import Value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("007", 7),
        ("0x1F", 31),
        ("12a", None),
        (" 12", None),
        ("--1", None),
        ("-", None),
        ("0x", None),
        ("\xb2", None),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
    ],
)
def test_texts_as_numbers(text: str, number: int | None) -> None:
    assert runtime.parse_int(text) == number
    assert runtime.to_int(text) == (number or 0)
    assert runtime.arg_int(text) == number


def test_null_is_zero_empty_or_shown_as_null() -> None:
    assert (runtime.to_int(None), runtime.to_str(None), runtime.show(None)) == (0, "", "<null>")
    assert (runtime.arg_int(None), runtime.select(None)) == (None, "")


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (5, "5", True),
        (5, "05", True),
        ("5", 5, True),
        ("05", 5, False),
        (0, "abc", True),
        (None, 0, True),
        (None, "", True),
        (None, None, True),
        (None, "0", False),
        ("", None, True),
        (0, None, True),
        ("a", "A", False),
    ],
)
def test_equality_goes_by_the_left_type(left: Value, right: Value, same: bool) -> None:
    assert runtime.equal(left, right) is same


def test_arithmetic_is_that_of_c() -> None:
    assert (runtime.divide(-7, 2), runtime.modulo(-7, 2), runtime.modulo(7, -2)) == (-3, -1, 1)
    assert runtime.shift_left(1, 63) == -(2**63)
    assert runtime.shift_left(1, 1000000) == 1 << (1000000 & 63)
    assert runtime.shift_right(-8, 1) == -4
    assert runtime.multiply(2**62, 4) == 0
    for bad in (runtime.divide, runtime.modulo):
        with pytest.raises(runtime.EvalError):
            bad(1, 0)


def test_a_bad_pattern_at_run_time_is_an_evaluation_error() -> None:
    assert runtime.match("abc", "B")
    with pytest.raises(runtime.EvalError, match="bad regular expression"):
        runtime.match("abc", "(")


@pytest.mark.parametrize(
    ("network", "address", "inside"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/255.0.0.0", "11.1.2.3", False),
        ("[2001:db8::]/32", "2001:db8::1", True),
        ("2001:db8::1", "[2001:db8::1]", True),
        ("10.0.0.0/8", "nonsense", False),
        ("10.0.0.0/8", "2001:db8::1", False),
    ],
)
def test_networks(network: str, address: str, inside: bool) -> None:
    assert runtime.Network(network).contains(address) is inside
    assert runtime.Network(network).contains(address) is inside  # and from what it remembers
    assert runtime.same_address(address, network) is inside


def test_addresses_compare_with_names_as_text() -> None:
    assert runtime.same_address("Example.org", "example.ORG")
    with pytest.raises(ValueError, match="."):
        runtime.Network("example.org")
