"""POSIX expressions and substitution rules."""

from __future__ import annotations

import re

import pytest

from olelo.script.subst import Subst, evaluate, split_rule, translate


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("[[:digit:]]+", "ab12", "12"),
        ("[^[:alpha:]]", "ab1", "1"),
        ("[]a]+", "x]a", "]a"),
        (r"[\d]+", r"5\d", r"\d"),
        (r"\<b", "ab b", "b"),
        (r"a\.b", "axb a.b", "a.b"),
        ("(a|b){2}", "xab", "ab"),
        (r"\w+", "--ab", "ab"),
        (r"\/", "a/b", "/"),
        ("[a&&b]", "&", "&"),
    ],
)
def test_translate(pattern: str, text: str, found: str) -> None:
    match = re.search(translate(pattern), text)
    assert match is not None
    assert match[0] == found


@pytest.mark.parametrize("pattern", ["[a", "[[:nope:]]", "(?:a)"])
def test_broken(pattern: str) -> None:
    with pytest.raises(ValueError, match="."):
        translate(pattern)


def test_split() -> None:
    assert split_rule(r"/a\/b/c/gi") == (r"a\/b", "c", "gi")
    assert split_rule("!A!!g") == ("A", "", "g")


def test_run() -> None:
    assert Subst("/a/b/", str).run("aaa") == "baa"
    assert Subst("/a/b/g", str).run("aaa") == "bbb"
    assert Subst("/A/b/gi", str).run("aaa") == "bbb"
    assert Subst(r"/(x)(y)?/<\1\2\0\9>/", str).run("ax") == "a<xx>"
    assert Subst(r"/a\/b/x\/y/", str).run("a/b") == "x/y"
    assert Subst(r"/a/\n\t\\x/", str).run("a") == "\n\t\\x"


def test_variables() -> None:
    found = evaluate("$env(A) $(def(B)) $env(C) $ru", {"B": "b"}.get, {"A": "a"}.get)
    assert found == "a b <null> $ru"
