"""What is said about mistakes, to the letter (mistakes.txt; run front_mistakes.py to write it anew)."""

from __future__ import annotations

import re

import pytest

from script.front_mistakes import read_book, said_about

BOOK = read_book()


@pytest.mark.parametrize("name", BOOK)
def test_what_is_said(name: str) -> None:
    text, answer = BOOK[name]
    assert answer
    assert said_about(text) == answer


@pytest.mark.parametrize("name", [name for name in BOOK if "two messages" not in name])
def test_one_fault_is_one_message(name: str) -> None:
    assert len(re.findall(r"^kamailio.cfg:\d+:\d+: (?:error|warning): ", said_about(BOOK[name][0]), re.MULTILINE)) == 1


def test_the_book_is_not_thin() -> None:
    assert len(BOOK) >= 60
