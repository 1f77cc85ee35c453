"""Pseudo-variable texts and format strings, taken apart: `ru`, `(hdr(X)[-1]{s.len})`, `"sip:$rU@$rd"`.

Only the form is read here; names are resolved against a catalog by `values.py`. The rules are those of
Kamailio's core (pseudo-variable cookbook): inside `$name(inner)` parentheses nest, an index or transformations
need the outer parentheses, `$$` is a dollar sign.
"""

from __future__ import annotations

from dataclasses import dataclass

_NAME_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.?")
_BLANKS = " \t\n"
#: Variables inside the name of another, in all: each one inside another costs frames when it is read.
_MAX_INNER = 50


class PvError(ValueError):
    """A text is no pseudo-variable; `offset` counts characters from the start of the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(slots=True, frozen=True)
class TransformCall:
    """`{cls.name,args}`. `args` is the raw text after the first comma, None where there is none.

    Separators are not quoted in this language, so how many commas split depends on the transformation:
    `split_args` is called with its number of arguments.
    """

    cls: str
    name: str
    args: str | None
    offset: int


@dataclass(slots=True, frozen=True)
class PvSpec:
    """One variable as written. `index` is an int, "*", "+", a variable, or None where none is given."""

    text: str
    name: str
    inner: str | None
    index: int | str | PvSpec | None
    transforms: tuple[TransformCall, ...]
    offset: int = 0


#: A format string's parts: literal text and variables in turn.
Part = str | PvSpec


def parse_pv(text: str) -> PvSpec:
    """Take the text of a variable, as written after its `$`, apart.

    Raises: PvError with the offset of the first bad character.
    """
    spec, end = read_pv(text, 0)
    if end != len(text):
        raise PvError(f"unexpected {text[end]!r} after the variable", end)
    return spec


def parse_format(text: str) -> tuple[Part, ...]:
    """Split a string into literal text and variables; neighbouring text is joined and `$$` is a dollar sign."""
    parts: list[Part] = []
    literal = ""
    at = 0
    while True:
        dollar = text.find("$", at)
        if dollar < 0:
            literal += text[at:]
            break
        literal += text[at:dollar]
        if text.startswith("$$", dollar):
            literal += "$"
            at = dollar + 2
            continue
        if text.startswith("$($)", dollar):
            literal += "$"
            at = dollar + 4
            continue
        spec, at = read_pv(text, dollar + 1)
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(spec)
    if literal:
        parts.append(literal)
    return tuple(parts)


def read_pv(text: str, at: int) -> tuple[PvSpec, int]:
    """Read one variable that starts at `at` (just after its `$`) and return it with the offset after it."""
    start = at
    size = len(text)
    wrapped = at < size and text[at] == "("
    if wrapped:
        at += 1
    name_at = at
    while at < size and text[at] in _NAME_CHARS:
        at += 1
    name = text[name_at:at]
    if not name:
        raise PvError("a variable name is missing after '$'", name_at)
    inner: str | None = None
    if at < size and text[at] == "(":
        close = _matching(text, at, "(", ")")
        inner = text[at + 1 : close]
        if not inner:
            raise PvError(f"${name}() has nothing between its parentheses", at)
        if inner.count("$") > _MAX_INNER:
            raise PvError(f"more than {_MAX_INNER} variables inside ${name}()", at)
        at = close + 1
    if not wrapped:
        return PvSpec(text[start:at], name, inner, None, (), start), at
    index: int | str | PvSpec | None = None
    if at < size and text[at] == "[":
        close = _matching(text, at, "[", "]")
        index = _index(text, at + 1, close)
        at = close + 1
    calls: list[TransformCall] = []
    while True:
        while calls and at < size and text[at] in _BLANKS:
            at += 1
        if at >= size:
            raise PvError("the ')' that closes the variable is missing", size)
        if text[at] == ")":
            return PvSpec(text[start : at + 1], name, inner, index, tuple(calls), start), at + 1
        if text[at] != "{":
            raise PvError(f"unexpected {text[at]!r} in the variable", at)
        close = _matching(text, at, "{", "}")
        calls.append(_transform(text, at + 1, close))
        at = close + 1


def split_args(call: TransformCall, max_args: int) -> list[str | PvSpec]:
    """Split a transformation's arguments at up to `max_args - 1` commas; an argument that is one variable is parsed."""
    if call.args is None or max_args < 1:
        return []
    found: list[str] = []
    depth = 0
    current = ""
    for char in call.args:
        if char == "," and not depth and len(found) < max_args - 1:
            found.append(current)
            current = ""
            continue
        if char in "({":
            depth += 1
        elif char in ")}" and depth:
            depth -= 1
        current += char
    found.append(current)
    return [_argument(arg) for arg in found]


def _argument(text: str) -> str | PvSpec:
    stripped = text.strip()
    if stripped.startswith("$") and len(stripped) > 1:
        try:
            return parse_pv(stripped[1:])
        except PvError:
            return text
    return text


def _matching(text: str, at: int, opening: str, closing: str) -> int:
    depth = 0
    for i in range(at, len(text)):
        if text[i] == opening:
            depth += 1
        elif text[i] == closing:
            depth -= 1
            if not depth:
                return i
    raise PvError(f"the {closing!r} for this {opening!r} is missing", at)


def _index(text: str, start: int, end: int) -> int | str | PvSpec:
    raw = text[start:end]
    if raw in ("*", "+"):
        return raw
    if raw.startswith("$"):
        spec, stop = read_pv(text, text.index("$", start) + 1)
        if stop != end:
            raise PvError("an index is one number or one variable", stop)
        return spec
    if not raw.removeprefix("-").isdigit():
        raise PvError(f"[{raw}] is no index: a number, * or a variable is", start)
    return int(raw)


def _transform(text: str, start: int, end: int) -> TransformCall:
    body = text[start:end]
    head, comma, args = body.partition(",")
    cls, dot, name = head.strip().partition(".")
    if not cls or not dot or not name or body[0] in _BLANKS:
        raise PvError(f"{{{body}}} is no transformation: {{class.name}} is", start)
    return TransformCall(cls, name, args if comma else None, start)
