"""Substitutions `/expression/replacement/flags` of subst() and its kin.

The first character separates the parts. In the replacement `\\0` to `\\9` are what was matched, `\\u` is the
Request-URI, `\\n`, `\\r` and `\\t` control characters, `\\$` a dollar sign, and variables are expanded. Flags: `i` any
case, `g` all matches, `s` `.` and `[^x]` match line ends.
"""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.script import regex
from olelo.script.catalog import Getter
from olelo.script.values import Resolver

_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
#: Stands for the Request-URI among the groups' numbers.
_RURI = -1


class Subst:
    """A parsed expression. Raises: ValueError where it is none."""

    __slots__ = ("every", "pattern", "pieces")

    def __init__(self, text: str, resolver: Resolver) -> None:
        if len(text) < 3 or text[0] == "\\":
            raise ValueError(f"{text!r} is no substitution: /expression/replacement/flags is")
        mark = text[0]
        end = text.find(mark, 1)
        while end > 0 and text[end - 1] == "\\":
            end = text.find(mark, end + 1)
        if end < 0:
            raise ValueError(f"a separator {mark!r} is missing")
        self.pieces, at = _pieces(text, end + 1, mark, resolver)
        flags = text[at:]
        if set(flags) - set("igs"):
            raise ValueError(f"unknown flags {flags!r}: i, g and s are")
        self.every = "g" in flags
        self.pattern: re.Pattern[str] = regex.posix(text[1:end], "i" in flags, "s" not in flags)

    def replacement(self, ctx: RouteContext, match: re.Match[str]) -> str:
        out = ""
        for piece in self.pieces:
            if isinstance(piece, str):
                out += piece
            elif not isinstance(piece, int):
                out += str(piece(ctx))
            elif piece == _RURI:
                out += ctx.ruri.decode("latin-1")
            elif piece <= self.pattern.groups:
                out += match[piece] or ""
        return out

    def edits(self, ctx: RouteContext, text: str, offset: int = 0) -> list[tuple[int, int, bytes]]:
        """What to replace in a text that begins at an offset of the message; empty where nothing matches."""
        found = []
        for match in self.pattern.finditer(text):
            if match.start() == match.end():
                break  # an empty match ends it, as in Kamailio
            replacement = self.replacement(ctx, match).encode("latin-1")
            found.append((match.start() + offset, match.end() + offset, replacement))
            if not self.every:
                break
        return found

    def apply(self, ctx: RouteContext, text: str) -> str | None:
        """The text with its matches replaced; None where nothing matches."""
        edits = self.edits(ctx, text)
        if not edits:
            return None
        out = ""
        at = 0
        for start, end, data in edits:
            out += text[at:start] + data.decode("latin-1")
            at = end
        return out + text[at:]


def _pieces(text: str, at: int, mark: str, resolver: Resolver) -> tuple[list[str | int | Getter], int]:
    """The pieces of a replacement, and the offset behind the separator that ends it."""
    pieces: list[str | int | Getter] = []
    literal = ""
    while at < len(text) and text[at] != mark:
        char = text[at]
        if char == "$":
            end = _variable_end(text, at)
            if literal:
                pieces.append(literal)
                literal = ""
            pieces.append(resolver.format(text[at:end]))
            at = end
            continue
        if char != "\\":
            literal += char
            at += 1
            continue
        following = text[at + 1 : at + 2]
        at += 2
        if following.isdigit() or following == "u":
            if literal:
                pieces.append(literal)
                literal = ""
            pieces.append(_RURI if following == "u" else int(following))
        else:
            literal += _CONTROL.get(following, following)
    if at >= len(text):
        raise ValueError(f"the separator {mark!r} behind the replacement is missing")
    if literal:
        pieces.append(literal)
    return pieces, at + 1


def _variable_end(text: str, at: int) -> int:
    """Where a variable that starts at `at` ends: `$name`, `$name(..)`, `$(..)`, each with an index in brackets."""
    at += 1
    while at < len(text) and (text[at].isalnum() or text[at] in "_:"):
        at += 1
    while at < len(text) and text[at] in "([":
        opened, closed = ("(", ")") if text[at] == "(" else ("[", "]")
        depth = 0
        while at < len(text):
            depth += (text[at] == opened) - (text[at] == closed)
            at += 1
            if not depth:
                break
    return at
