"""POSIX patterns: a table of what matters, and every small pattern against the C library's regcomp."""

from __future__ import annotations

import ctypes
import ctypes.util

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from olelo.script import regex

REG_EXTENDED, REG_ICASE, REG_NEWLINE = 1, 2, 4


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("^[[:digit:]]+$", "123", True),
        ("^\\d$", "d", False),
        ("^\\d$", "1", False),
        ("^a[\\]$", "a\\", True),
        ("[]x]", "]", True),
        ("[^]x]", "]", False),
        ("a\\+b", "a+b", True),
        ("ALICE", "alice", True),
        ("^(INVITE|ACK)$", "ACK", True),
        ("^sip:[^@]+@", "sip:a@b", True),
        ("\\<b\\>", "a b c", True),
        ("a{2,3}", "xaax", True),
        ("$", "abc", True),
        ("[a-]", "-", True),
        ("\\w\\W\\s", "a. ", True),
    ],
)
def test_posix_patterns_match_as_in_configurations(pattern: str, text: str, matches: bool) -> None:
    assert (regex.posix(pattern).search(text) is not None) is matches


@pytest.mark.parametrize("pattern", ["(", "*a", "a[", "[[:foo:]]", "(?:a)", "\\", "a{3,2}", "[b-a]", "a{"])
def test_bad_patterns_are_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(ValueError, match="."):
        regex.posix(pattern)


def test_newline_mode_keeps_the_dot_on_its_line_and_anchors_at_lines() -> None:
    assert regex.posix("^b$", True, True).search("a\nb\nc")
    assert not regex.posix("a.b", True, True).search("a\nb")
    assert not regex.posix("^b$").search("a\nb\nc")
    assert regex.posix("a.b").search("a\nb")


def test_case_counts_where_asked() -> None:
    assert not regex.posix("A", ignore_case=False).search("a")


def _libc() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("c")
    found = ctypes.CDLL(name) if name else None
    return found if found is not None and hasattr(found, "regcomp") else None


LIBC = _libc()


def _c_search(pattern: str, text: str, flags: int) -> bool | None:
    """What the C library says; None where it refuses the pattern."""
    assert LIBC is not None
    compiled = ctypes.create_string_buffer(256)
    if LIBC.regcomp(compiled, pattern.encode("latin-1"), flags):
        return None
    try:
        return bool(LIBC.regexec(compiled, text.encode("latin-1"), 0, None, 0) == 0)
    finally:
        LIBC.regfree(compiled)


def _our_search(pattern: str, text: str, newline: bool) -> bool | None:
    try:
        return regex.posix(pattern, True, newline).search(text) is not None
    except ValueError:
        return None


PIECES = st.sampled_from(
    [
        "a",
        "b",
        "1",
        "-",
        "]",
        "^",
        "$",
        ".",
        "*",
        "+",
        "?",
        "(",
        ")",
        "|",
        "[ab]",
        "[^a]",
        "[[:digit:]]",
        "[]a]",
        "[a-c]",
    ]
    + [
        "\\.",
        "\\d",
        "\\w",
        "\\b",
        "\\<",
        "\\>",
        "\\+",
        "{2}",
        "{1,}",
        "{0,1}",
        "{",
        "}",
        "/",
        " ",
        "[\\d]",
        "a{,2}",
        "()",
    ]
)


@pytest.mark.reference
@pytest.mark.skipif(LIBC is None, reason="the C library has no regcomp")
@settings(max_examples=1500, deadline=None)
@given(
    st.lists(PIECES, min_size=1, max_size=6).map("".join),
    st.text(alphabet="ab1-]^.d\\+{2 \n", max_size=6),
    st.booleans(),
)
@example("a{", "a{", False)
@example("*a", "*a", False)
@example("a|*b", "*b", False)
@example("(*a)", "*a", False)
@example("^*a", "a", False)
@example("a**", "aa", False)
def test_patterns_agree_with_the_c_library(pattern: str, text: str, newline: bool) -> None:
    flags = REG_EXTENDED | REG_ICASE | (REG_NEWLINE if newline else 0)
    assert _our_search(pattern, text, newline) == _c_search(pattern, text, flags)
