"""`{re.subst,/pattern/replacement/flags}` and the substitution expressions that functions such as subst() share.

The first character separates the three parts and is escaped by a backslash inside them. In the replacement `\\0` to
`\\9` stand for what was matched, `\\n`, `\\r`, `\\t` for control characters, and variables are expanded. Flags: `i`
either case, `g` every match, `s` `.` matches line ends too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from olelo.script import regex
from olelo.script.catalog import Format, TransformSpec, Value
from olelo.script.transforms import Args, Step, str_arg

#: A piece of a replacement: literal text, the number of a group, or a variable to expand.
_Piece = str | int


class Substitution:
    """A parsed `/pattern/replacement/flags`. Raises: ValueError where it is none."""

    __slots__ = ("every", "pattern", "pieces")

    def __init__(self, text: str) -> None:
        if len(text) < 3:
            raise ValueError(f"{text!r} is no substitution: /pattern/replacement/flags is")
        mark = text[0]
        if mark == "\\":
            raise ValueError("a backslash cannot separate the parts")
        pattern, at = _part(text, 1, mark)
        replacement, at = _part(text, at, mark)
        flags = text[at:].strip()
        if set(flags) - set("igs"):
            raise ValueError(f"unknown flags {flags!r}: i, g and s are")
        self.every = "g" in flags
        self.pattern: re.Pattern[str] = regex.posix(pattern, "i" in flags, "s" not in flags)
        self.pieces = _pieces(replacement)
        if any(isinstance(p, int) and p > self.pattern.groups for p in self.pieces):
            raise ValueError("the replacement names a group that the pattern does not have")

    def apply(self, text: str, expand: Callable[[str], str] | None = None) -> tuple[str, int]:
        """The text with matches replaced, and how many there were. expand: resolves variables in literal pieces."""

        def replaced(found: re.Match[str]) -> str:
            out = ""
            for piece in self.pieces:
                if isinstance(piece, int):
                    out += found[piece] or ""
                else:
                    out += expand(piece) if expand is not None and "$" in piece else piece
            return out

        return self.pattern.subn(replaced, text, 0 if self.every else 1)


def _part(text: str, at: int, mark: str) -> tuple[str, int]:
    start = at
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == mark:
            return text[start:at].replace("\\" + mark, mark), at + 1
        at += 1
    raise ValueError(f"a separator {mark!r} is missing")


def _pieces(text: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    literal = ""
    at = 0
    while at < len(text):
        char = text[at]
        following = text[at + 1 : at + 2]
        if char != "\\" or not following:
            literal += char
            at += 1
            continue
        at += 2
        if following.isdigit():
            if literal:
                pieces.append(literal)
                literal = ""
            pieces.append(int(following))
        else:
            literal += {"n": "\n", "r": "\r", "t": "\t"}.get(following, following)
    if literal:
        pieces.append(literal)
    return pieces


def _subst(args: Args, compiled: Format) -> Step:
    literal = args[0]
    if isinstance(literal, str):
        fixed = Substitution(literal)
        formats = {piece: compiled(piece) for piece in fixed.pieces if isinstance(piece, str) and "$" in piece}
        if formats:

            def expanded(ctx: Any, value: Value) -> Value:
                if value is None or value == "":
                    return None
                return fixed.apply(str(value), lambda piece: formats[piece](ctx))[0]

            return expanded
        return lambda ctx, value: fixed.apply(str(value))[0] if value is not None and value != "" else None
    source = str_arg(literal)
    known: dict[str, Substitution | None] = {}

    def step(ctx: Any, value: Value) -> Value:
        text = source(ctx)
        if text is None or value is None or value == "":
            return None
        if text not in known:
            if len(known) > 255:
                known.clear()
            try:
                known[text] = Substitution(text)
            except ValueError:
                known[text] = None
        made = known[text]
        return made.apply(str(value))[0] if made is not None else None

    return step


def _plain(args: Args) -> Step:
    return _subst(args, lambda text: lambda ctx: text)


def transforms() -> list[TransformSpec]:
    return [TransformSpec("re", "subst", _plain, 1, 1, "textops", expanding=_subst)]
