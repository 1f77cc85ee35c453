"""Functions on texts."""

from __future__ import annotations

import pytest

from textops.kit import Run, code


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('search_str("$ru", "^SIP:1")', 1),
        ('search_str("$ru", "gamma")', -1),
        ('search_str("", ".*")', -1),
        ('cmp_str("$rU", "108")', 1),
        ('cmp_str("b", "a")', -1),
        ('cmp_str("a", "b")', -2),
        ('cmp_str("a", "A")', -1),
        ('cmp_istr("aB", "Ab")', 1),
        ('cmp_istr("b", "A")', -1),
        ('cmp_istr("A", "b")', -2),
        ('starts_with("$rU", "10")', 1),
        ('starts_with("10", "108")', -1),
        ('starts_with("208", "10")', -1),
        ('starts_with("008", "10")', -2),
        ('ends_with("$rU", "08")', 1),
        ('ends_with("8", "108")', -1),
        ('ends_with("109", "08")', -1),
        ('ends_with("107", "08")', -2),
        ('str_find("$rU", "8")', 3),
        ('str_find("abc", "B")', -1),
        ('str_ifind("abc", "BC")', 2),
        ('str_ifind("abc", "d")', -1),
        ('str_any_in("abc", "xc")', 1),
        ('str_any_in("abc", "xy")', -1),
        ('str_all_in("123", "0123456789")', 1),
        ('str_all_in("12a", "0123456789")', -1),
        ('in_list("fi", "dk, fi ,no", ",")', 1),
        ('in_list("no", "dk,fi,no ", ",")', 1),
        ('in_list("n", "dk,fi,no", ",")', -1),
        ('in_list("", "dk,,no", ",")', -1),
        ('in_list("a", "", ",")', -1),
        ('in_list("fi", "dk;fi", ";")', 1),
        ('in_list_prefix("final", "dk, fi ,no", ",")', 1),
        ('in_list_prefix("fi", "dk,final", ",")', -1),
        ('in_list_prefix("fi", "dk,,no", ",")', -1),
        ('in_list_prefix("", "dk", ",")', -1),
    ],
)
def test_return_codes(call: str, expected: int) -> None:
    assert code(call) == expected


@pytest.mark.parametrize(
    ("pattern", "index", "count", "expected"),
    [
        ("([a-z]*)([0-9]+)([a-z]*)", 0, 3, "1 abc123def"),
        ("([a-z]*)([0-9]+)([a-z]*)", 1, 3, "1 abc"),
        ("([a-z]*)([0-9]+)([a-z]*)", 2, 3, "1 123"),
        ("([a-z]*)([0-9]+)([a-z]*)", 3, 3, "-1 old"),
        ("([a-z]*)([0-9]+)", 3, 9, "-1 old"),
        ("(X*)abc", 1, 2, "-1 old"),
        ("ABC", 0, 1, "-2 old"),
        ("(", 0, 1, "-1 old"),
    ],
)
def test_regex_substring(pattern: str, index: int, count: int, expected: str) -> None:
    run = Run(
        f'$var(r) = "old"; regex_substring("___ abc123def ___", "{pattern}", "{index}", "{count}", "$var(r)");'
        'xlog("code $rc $var(r)\\n");'
    )
    assert run.codes == [expected]
