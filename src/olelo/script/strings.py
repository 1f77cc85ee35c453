"""Quoted strings of kamailio.cfg: escapes, and concatenation of neighbours."""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"\\(?:([nrat\"\\])|x([0-9a-fA-F]{1,2})|([0-7]{2,3})|(\n))")
_SIMPLE = {"n": "\n", "r": "\r", "a": "\a", "t": "\t", '"': '"', "\\": "\\"}
_BETWEEN = re.compile(r"[ \t\b\r\n]*")


def _escape(match: re.Match[str]) -> str:
    simple, hexa, octal, _ = match.groups()
    if simple is not None:
        return _SIMPLE[simple]
    if hexa is not None:
        return chr(int(hexa, 16))
    if octal is not None:
        return chr(int(octal, 8) & 0xFF)
    return ""


def unescape(text: str) -> str:
    """The value of what stands in double quotes: `\\n \\r \\a \\t \\" \\\\ \\xHH \\ooo`; others stay two characters."""
    return _ESCAPE.sub(_escape, text) if "\\" in text else text


def closing_quote(text: str, start: int) -> int:
    """The offset of the `"` that ends the string whose inside starts at `start`, or -1.

    A backslash takes the next character with it only where the two are an escape (`"\\\\"` is one backslash)."""
    i = start
    while True:
        quote = text.find('"', i)
        if quote < 0:
            return -1
        back = text.find("\\", i, quote)
        if back < 0:
            return quote
        i = back + 2 if text[back + 1 : back + 2] in ('"', "\\") else back + 1


def read_double(text: str, start: int) -> tuple[str, int, bool]:
    """Read a double-quoted string at `start`, its neighbours appended.

    Returns the value, the offset after it and whether it was closed; if not, the offset is the text's end.
    """
    parts: list[str] = []
    while True:
        close = closing_quote(text, start + 1)
        if close < 0:
            return "".join(parts) + unescape(text[start + 1 :]), len(text), False
        parts.append(unescape(text[start + 1 : close]))
        after = _BETWEEN.match(text, close + 1)
        start = after.end() if after else close + 1
        if not text.startswith('"', start):
            return "".join(parts), close + 1, True


def read_single(text: str, start: int) -> tuple[str, int, bool]:
    """Read a single-quoted string at `start`: nothing is an escape, neighbours stay apart."""
    close = text.find("'", start + 1)
    if close < 0:
        return text[start + 1 :], len(text), False
    return text[start + 1 : close], close + 1, True
