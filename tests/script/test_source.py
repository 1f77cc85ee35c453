"""Texts, places, and places inside macros."""

from __future__ import annotations

import pytest

from olelo.script.nodes import Pos
from olelo.script.source import Frame, Source, decode


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"a\r\nb", "a\nb"), (b"\xef\xbb\xbfa", "a"), (b"\xff", "\xff"), ("\ufeffa", "a"), ("\u20ac", "\xe2\x82\xac"),
     ("\xe9", "\xc3\xa9"), (b"a\rb", "a\rb")],
)  # fmt: skip
def test_decode(data: bytes | str, text: str) -> None:
    assert decode(data) == text


def test_places() -> None:
    source = Source("f", "ab\n\nc")
    assert [(source.pos(i).line, source.pos(i).col) for i in range(6)] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 1),
        (3, 1),
        (3, 2),
    ]


def test_splice_keeps_the_place_of_the_use() -> None:
    frame = Frame(Source("f", "x AA y"))
    frame.splice(2, 4, "AA", "long BB value")
    assert frame.text == "long BB value y"
    assert (frame.pos(0), frame.pos(12), frame.pos(13)) == (Pos("f", 1, 3), Pos("f", 1, 3), Pos("f", 1, 5))
    assert frame.end(13) == Pos("f", 1, 5)
    frame.i = 5
    assert frame.expanding("AA")
    assert not frame.expanding("BB")
    frame.splice(5, 7, "BB", "")
    assert frame.text == " value y"
    assert (frame.pos(1), frame.end(6), frame.pos(7)) == (Pos("f", 1, 3), Pos("f", 1, 5), Pos("f", 1, 6))
    assert (frame.origin(1), frame.origin(7)) == (-1, 5)
    frame.i = 6
    assert not frame.expanding("AA")
