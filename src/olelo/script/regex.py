"""POSIX extended regular expressions, as GNU regcomp reads them, for Python's `re`.

Differences that matter in configurations: `[[:digit:]]` classes; inside `[..]` a backslash is an ordinary
character; `\\d` is no digit class and with REG_ICASE matches nothing at all; `\\<`, `\\>`, `\\w`, `\\s`, `\\b`
are GNU extensions that work; `(?:` does not exist; a repetition sign with nothing before it is an error, and so
is a `{` that is not closed.
POSIX takes the longest alternative and Python the first: whether a text matches is the same, what a group
captured may differ.
"""

from __future__ import annotations

import re
from functools import lru_cache

_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": " \\t\\n\\r\\f\\v",
    "blank": " \\t",
    "punct": "!-/:-@\\[-`{-~",
    "print": " -~",
    "graph": "!-~",
    "cntrl": "\\x00-\\x1f\\x7f",
    "xdigit": "0-9A-Fa-f",
}
_GNU = {"<": r"\b(?=\w)", ">": r"\b(?<=\w)", "`": r"\A", "'": r"\Z"}
_GNU_SAME = frozenset("wWsSbB")
_REPEAT = re.compile(r"\{(\d*)(,?)(\d*)\}")
_MOST_REPEATS = 32767  # RE_DUP_MAX


def translate(pattern: str, ignore_case: bool = True, newline: bool = False) -> str:
    """Return the Python text of a POSIX ERE. newline: REG_NEWLINE (`.` and `[^x]` stop at a line end).

    Raises: ValueError where regcomp would refuse the pattern.
    """
    # One list of finished pieces per open group; a repetition takes the last piece, if `atom` says it may.
    groups: list[list[str]] = [[]]
    at = 0
    size = len(pattern)
    atom = False
    while at < size:
        char = pattern[at]
        out = groups[-1]
        if char in "*+?{":
            if not atom:
                raise ValueError("invalid preceding regular expression")
            sign, at = _repetition(pattern, at)
            out[-1] = f"(?:{out[-1]}){sign}" if len(out[-1]) > 1 else out[-1] + sign
            continue
        atom = True
        if char == "\\":
            if at + 1 >= size:
                raise ValueError("trailing backslash")
            following = pattern[at + 1]
            out.append(_escape(following, ignore_case))
            atom = following not in "<>`'bB"
            at += 2
        elif char == "[":
            text, at = _bracket(pattern, at, newline)
            out.append(text)
        elif char == "(":
            groups.append([])
            atom = False
            at += 1
        elif char == ")" and len(groups) > 1:
            groups.pop()
            groups[-1].append("(" + "".join(out) + ")")
            at += 1
        elif char == "|":
            out.append("|")
            atom = False
            at += 1
        elif char in "^$":
            out.append(_anchor(char, newline))
            atom = False
            at += 1
        elif char == ".":
            out.append("[^\\n]" if newline else "(?s:.)")
            at += 1
        else:
            out.append(re.escape(char))
            at += 1
    if len(groups) > 1:
        raise ValueError("unmatched ( or \\(")
    return "".join(groups[0])


def _repetition(pattern: str, at: int) -> tuple[str, int]:
    """The repetition sign at `at` and the offset after it."""
    if pattern[at] != "{":
        return pattern[at], at + 1
    found = _REPEAT.match(pattern, at)
    if found is None or not (found[1] or found[2]):
        raise ValueError("unmatched { or invalid content of {}")
    low, high = int(found[1] or 0), int(found[3]) if found[3] else -1
    if (0 <= high < low) or max(low, high) > _MOST_REPEATS:
        raise ValueError("invalid content of {}")
    return "{" + str(low) + found[2] + found[3] + "}", found.end()


def _anchor(char: str, newline: bool) -> str:
    if newline:
        return "(?m:^)" if char == "^" else "(?m:$)"
    return r"\A" if char == "^" else r"\Z"


@lru_cache(maxsize=1024)
def posix(pattern: str, ignore_case: bool = True, newline: bool = False) -> re.Pattern[str]:
    """Compile a POSIX ERE (cached). Raises: ValueError with a reason where it is none."""
    text = translate(pattern, ignore_case, newline)
    try:
        return re.compile(text, re.ASCII | (re.IGNORECASE if ignore_case else 0))
    except re.error as error:
        raise ValueError(str(error)) from None


def _escape(char: str, ignore_case: bool) -> str:
    if char in _GNU:
        return _GNU[char]
    if char in _GNU_SAME:
        return "\\" + char
    if char in "123456789":
        return "\\" + char
    if ignore_case and char.islower() and char.isascii():
        return "(?!)"  # with REG_ICASE glibc compares the letter as written with upper-cased text: it never matches
    return re.escape(char)


def _bracket(pattern: str, at: int, newline: bool) -> tuple[str, int]:
    """Translate `[...]` that starts at `at`; return it with the offset after it."""
    at += 1
    negated = pattern.startswith("^", at)
    if negated:
        at += 1
    body = ""
    first = True
    while True:
        if at >= len(pattern):
            raise ValueError("unmatched [, [^, [:, [., or [=")
        if pattern[at] == "]" and not first:
            break
        first = False
        if pattern.startswith("[:", at):
            close = pattern.find(":]", at + 2)
            name = pattern[at + 2 : close] if close > 0 else ""
            if name not in _CLASSES:
                raise ValueError(f"invalid character class name {name!r}")
            body += _CLASSES[name]
            at = close + 2
            continue
        if pattern.startswith(("[.", "[="), at):
            mark = pattern[at + 1]
            close = pattern.find(mark + "]", at + 2)
            if close - at != 3:
                raise ValueError("invalid collation character")
            body += re.escape(pattern[at + 2])
            at = close + 2
            continue
        low = pattern[at]
        at += 1
        if at + 1 < len(pattern) and pattern[at] == "-" and pattern[at + 1] != "]":
            high = pattern[at + 1]
            if low > high:
                raise ValueError("invalid range end")
            body += re.escape(low) + "-" + re.escape(high)
            at += 2
        else:
            body += re.escape(low)
    if newline and negated:
        body += "\\n"
    return "[" + ("^" if negated else "") + body + "]", at + 1
