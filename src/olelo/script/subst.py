"""`#!subst` rules: POSIX extended regular expressions run over strings while a configuration is read."""

from __future__ import annotations

import re
from collections.abc import Callable

_CLASSES = {
    "alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s",
    "blank": r" \t", "punct": r"!-/:-@\[-`{-~", "print": r"\x20-\x7e", "graph": r"\x21-\x7e",
    "cntrl": r"\x00-\x1f\x7f", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_VARIABLE = re.compile(r"\$(env|def|defn)\(([^()]*)\)|\$\((env|def|defn)\(([^()]*)\)\)")
_REFERENCE = re.compile(r"\\([0-9ntr\\/&])")


def _bracket(pattern: str, start: int) -> tuple[str, int]:
    """Translate the bracket expression at `start`; returns its Python form and the offset after it."""
    i = start + 1
    out = "["
    if pattern.startswith("^", i):
        out += "^"
        i += 1
    first = True
    while i < len(pattern) and (first or pattern[i] != "]"):
        first = False
        if pattern.startswith("[:", i):
            close = pattern.find(":]", i)
            if close < 0 or pattern[i + 2 : close] not in _CLASSES:
                raise ValueError("unknown character class")
            out += _CLASSES[pattern[i + 2 : close]]
            i = close + 2
            continue
        out += "\\" + pattern[i] if pattern[i] in "\\[]&~|^" else pattern[i]
        i += 1
    if i >= len(pattern):
        raise ValueError("unmatched [")
    return out + "]", i + 1


def translate(pattern: str) -> str:
    """A POSIX extended regular expression (as glibc reads it) in Python's syntax; ValueError where it is broken."""
    out: list[str] = []
    i = 0
    while i < len(pattern):
        char = pattern[i]
        if char == "[":
            part, i = _bracket(pattern, i)
            out.append(part)
            continue
        if char == "\\" and i + 1 < len(pattern):
            following = pattern[i + 1]
            if following in "<>":
                out.append(r"\b")
            elif following in "wWsSbB" or following.isdigit():
                out.append("\\" + following)
            elif following == "`":
                out.append(r"\A")
            elif following == "'":
                out.append(r"\Z")
            else:
                out.append(re.escape(following))
            i += 2
            continue
        if pattern.startswith("(?", i):
            raise ValueError("(? is no POSIX syntax")
        out.append(char)
        i += 1
    return "".join(out)


def split_rule(data: str) -> tuple[str, str, str]:
    """`/re/replacement/flags` with any first character as separator, in its three parts; ValueError where broken."""
    if len(data) < 3:
        raise ValueError("too short")
    separator = data[0]
    if separator == "\\":
        raise ValueError('"\\" cannot be the separator')
    parts: list[str] = []
    start = i = 1
    while i < len(data) and len(parts) < 2:
        if data[i] == separator and data[i - 1] != "\\":
            parts.append(data[start:i])
            start = i + 1
        i += 1
    if not parts:
        raise ValueError(f'separator "{separator}" missing after the expression')
    if len(parts) < 2:
        raise ValueError(f'separator "{separator}" missing after the replacement')
    if not parts[0]:
        raise ValueError("the expression is empty")
    return parts[0], parts[1], data[start:]


class Subst:
    """One rule, ready to run."""

    __slots__ = ("count", "pattern", "replacement")

    def __init__(self, data: str, evaluate: Callable[[str], str]) -> None:
        """`evaluate` fills in `$env(X)` and `$def(X)` of the replacement. ValueError: the rule is broken."""
        expression, replacement, flags = split_rule(data)
        bits = 0
        self.count = 1
        for flag in flags:
            if flag == "i":
                bits |= re.IGNORECASE
            elif flag == "g":
                self.count = 0
            elif flag != "s":
                raise ValueError(f'unknown flag "{flag}"')
        separator = data[0]
        try:
            self.pattern = re.compile(translate(expression.replace("\\" + separator, separator)), bits | re.MULTILINE)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"bad expression: {error}") from None
        self.replacement = evaluate(replacement.replace("\\" + separator, separator))

    def _expand(self, match: re.Match[str]) -> str:
        def reference(ref: re.Match[str]) -> str:
            char = ref[1]
            if char.isdigit():
                return (match[int(char)] or "") if int(char) <= self.pattern.groups else ""
            return {"n": "\n", "t": "\t", "r": "\r"}.get(char, char)

        return _REFERENCE.sub(reference, self.replacement)

    def run(self, text: str) -> str:
        return self.pattern.sub(self._expand, text, count=self.count)


def evaluate(text: str, define: Callable[[str], str | None], environ: Callable[[str], str | None]) -> str:
    """Fill in `$def(X)` and `$env(X)`, the variables a replacement can use while nothing is routed yet."""

    def value(match: re.Match[str]) -> str:
        kind, name = match[1] or match[3], match[2] or match[4]
        found = environ(name) if kind == "env" else define(name)
        return found if found is not None else "<null>"

    return _VARIABLE.sub(value, text) if "$" in text else text
