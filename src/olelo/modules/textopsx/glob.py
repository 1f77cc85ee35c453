"""Patterns of file names, as POSIX fnmatch() without flags reads them: `*` and `?` take a slash, too."""

from __future__ import annotations

import re
from functools import lru_cache


def _bracket(pattern: str, at: int) -> tuple[str, int]:
    """`[...]` at `at` as a class, and the offset behind it; a lone `[` stands for itself."""
    start = at + 1
    negated = pattern[start : start + 1] in ("!", "^")
    start += negated
    close = pattern.find("]", start + 1)
    if close < 0:
        return re.escape("["), at + 1
    body = ""
    pos = start
    while pos < close:
        if pattern.startswith("[:", pos):
            end = pattern.find(":]", pos)
            if end > 0:
                body += {"digit": "0-9", "alpha": "a-zA-Z", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z"}.get(
                    pattern[pos + 2 : end], ""
                )
                pos = end + 2
                if pos > close:
                    close = pattern.find("]", pos)
                    if close < 0:
                        return re.escape("["), at + 1
                continue
        if pattern[pos] == "\\" and pos + 1 < close:
            pos += 1
        char = pattern[pos]
        body += "-" if char == "-" and start < pos < close - 1 else re.escape(char)
        pos += 1
    return "[" + ("^" if negated else "") + body + "]", close + 1


@lru_cache(maxsize=1024)
def compiled(pattern: str, ignore_case: bool) -> re.Pattern[str] | None:
    """The pattern for `re`; None for one that matches nothing, such as a range that goes backwards."""
    out = ""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            text, at = _bracket(pattern, at)
            out += text
            continue
        if char == "\\" and at + 1 < len(pattern):
            at += 1
            out += re.escape(pattern[at])
        else:
            out += {"*": ".*", "?": "."}.get(char, re.escape(char))
        at += 1
    try:
        return re.compile(out, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
    except re.error:
        return None


def matches(text: str, pattern: str, ignore_case: bool = False) -> bool:
    found = compiled(pattern, ignore_case)
    return found is not None and found.fullmatch(text) is not None
