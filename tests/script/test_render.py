"""Diagnostics as text and as JSON."""

from __future__ import annotations

import json

from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Pos
from olelo.script.render import render, render_all, to_json


def one(pos: Pos, hint: str = "", length: int = 1) -> Diagnostics:
    diag = Diagnostics()
    diag.error("code", "message", pos, hint, length)
    return diag


def test_line_caret_and_hint() -> None:
    (found,) = one(Pos("f", 2, 4), "do so", 3).found
    assert render(found, {"f": "a\n\tb foo\n"}) == "f:2:4: error: message\n    \tb foo\n    \t  ^~~\n    hint: do so"


def test_without_source_or_line() -> None:
    (found,) = one(Pos("f", 9, 4)).found
    assert render(found, {}) == "f:9:4: error: message"
    assert render(found, {"f": "a"}) == "f:9:4: error: message"


def test_marks_end_with_the_line() -> None:
    (found,) = one(Pos("f", 1, 2), length=50).found
    assert render(found, {"f": "abc"}).split("\n")[2] == "     ^~"


def test_after_the_end_of_the_line() -> None:
    (found,) = one(Pos("f", 1, 4)).found
    assert render(found, {"f": "abc"}).split("\n")[2] == "       ^"


def test_long_lines_are_cut_around_the_place() -> None:
    (found,) = one(Pos("f", 1, 501)).found
    lines = render(found, {"f": "a" * 500 + "X" + "b" * 500}).split("\n")
    assert len(lines[1]) == 204
    assert lines[1][lines[2].index("^")] == "X"


def test_control_characters_are_harmless_and_utf_8_is_shown() -> None:
    (found,) = one(Pos("f", 1, 1)).found
    assert render(found, {"f": "\x1b[31m"}).split("\n")[1] == "    ?[31m"
    assert render(found, {"f": "\xc3\xa9"}).split("\n")[1] == "    \u00e9"
    assert render(found, {"f": "\xe9"}).split("\n")[1] == "    \xe9"


def test_all() -> None:
    diag = one(Pos("f", 1, 1))
    diag.warning("w", "other", Pos("f", 2, 1))
    assert render_all(diag.found, {}) == "f:1:1: error: message\nf:2:1: warning: other\n"
    assert render_all([], {}) == ""


def test_json() -> None:
    assert json.loads(to_json(one(Pos("f", 1, 2), "h", 3).found)) == [
        {"file": "f", "line": 1, "column": 2, "length": 3, "severity": "error", "code": "code", "message": "message",
         "hint": "h"},
    ]  # fmt: skip
