"""Expressions of #!ifexp and #!defexp."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from olelo.script.snexpr import SnexprError, evaluate, of_define, truth

DEFINES: dict[str, str | None] = {"V": "5006003", "EMPTY": None, "S": '"abc"', "HEX": "0x10", "F": "1.5", "WORD": "abc"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("7 / 2", 3.5), ("6 / 2", 3), ("7 % 4", 3), ("2 ** 3", 8.0),
        ("-3 + 1", -2), ("!0", 1), ("!5", 0), ("~0", -1), ("+4", 4), ("1 << 3 | 1", 9), ("9 >> 1 & 6 ^ 1", 5),
        ("1 < 2", 1), ("2 <= 1", 0), ("2 > 1", 1), ("1 >= 2", 0), ("1 == 1.0", 1), ("1 != 1", 0),
        ("1 && 0 || 1", 1), ('"a" + "b"', "ab"), ("'a' < \"b\"", 1), ('S == "abc"', 1), ('WORD == "abc"', 1),
        ("V >= 5006000", 1), ("NOT", 0), ("EMPTY", 1), ("HEX", 16), ("F * 2", 3.0), ("defined(V)", 1),
        ("defined(NOT)", 0), ("strlen(S)", 3), ("0x1f", 31), ('5 == "5"', 1), ("10 - 2 - 3", 5),
    ],
)  # fmt: skip
def test_values(text: str, value: object) -> None:
    assert evaluate(text, DEFINES) == value


@pytest.mark.parametrize(
    ("text", "offset"),
    [("", 0), ("1 +", 3), ("1 2", 2), ("(1", 2), ("1 @ 2", 2), ("1 / 0", 2), ("1 % 0", 2), ("f(1)", 0), ('"a" * 2', 4),
     ("1 << 99999", 2), ("9 ** 9999", 2), ("(" * 500, 64), (") 1", 0), ("defined(", 0), ("1 << -1", 2)],
)  # fmt: skip
def test_faults_have_an_offset(text: str, offset: int) -> None:
    with pytest.raises(SnexprError) as caught:
        evaluate(text, DEFINES)
    assert caught.value.offset == offset


def test_values_of_defines() -> None:
    assert [of_define(v) for v in (None, " 5 ", '"5"', "x y", "-3")] == [1, 5, "5", "x y", -3]
    assert truth("a")
    assert not truth("")


@given(st.text(alphabet="01ab \"'()+-*/%<>=!&|~^,.xV"))
def test_nothing_else_is_raised(text: str) -> None:
    offset = 0
    try:
        evaluate(text, DEFINES)
    except SnexprError as error:
        offset = error.offset
    assert 0 <= offset <= len(text)
