"""The registry of transformations, and what their implementations share.

Results are those of Kamailio 5.6 (module pv, and textops and corex for `re` and `sock`), including what it does with
bad input: a transformation that cannot be done gives $null.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from olelo.script.catalog import Getter, TransformSpec, Value

Args = list[str | Getter]
Step = Callable[[Any, Value], Value]
#: An argument at run time: its value for a context.
Arg = Callable[[Any], Any]


def text_of(value: Value) -> str:
    """A value as the text that transformations work on ($null never gets here)."""
    return value if isinstance(value, str) else str(value)


def plain(work: Callable[[str], Value]) -> Callable[[Args], Step]:
    """A transformation without arguments, from a function of the text; $null stays $null."""

    def step(ctx: Any, value: Value) -> Value:
        return None if value is None else work(text_of(value))

    return lambda args: step


def strings_only(work: Callable[[str], Value]) -> Callable[[Args], Step]:
    """As `plain`, for the classes that refuse numbers and the empty string (uri, nameaddr, param ..)."""

    def step(ctx: Any, value: Value) -> Value:
        return work(value) if isinstance(value, str) and value else None

    return lambda args: step


def int_arg(arg: str | Getter) -> Arg:
    """A numeric argument: a literal is read now (ValueError if it is none), a variable must hold a number when used."""
    if isinstance(arg, str):
        try:
            number = int(arg.strip())
        except ValueError:
            raise ValueError(f"{arg.strip()!r} is no number") from None
        return lambda ctx: number
    getter = arg

    def get(ctx: Any) -> int | None:
        value = getter(ctx)
        return value if isinstance(value, int) else None

    return get


def str_arg(arg: str | Getter) -> Arg:
    """A text argument: a literal as written, a variable must hold a string that is not empty."""
    if isinstance(arg, str):
        text = arg
        return lambda ctx: text
    getter = arg

    def get(ctx: Any) -> str | None:
        value = getter(ctx)
        return value if isinstance(value, str) and value else None

    return get


def with_int(work: Callable[[str, int], Value]) -> Callable[[Args], Step]:
    """A transformation of the text with one number."""

    def make(args: Args) -> Step:
        number = int_arg(args[0])

        def step(ctx: Any, value: Value) -> Value:
            n = number(ctx)
            return None if value is None or n is None else work(text_of(value), n)

        return step

    return make


def with_str(work: Callable[[str, str], Value]) -> Callable[[Args], Step]:
    """A transformation of the text with one more text."""

    def make(args: Args) -> Step:
        text = str_arg(args[0])

        def step(ctx: Any, value: Value) -> Value:
            s = text(ctx)
            return None if value is None or s is None else work(text_of(value), s)

        return step

    return make


def builtin_transforms() -> list[TransformSpec]:
    """Every transformation that comes with the script room itself."""
    from olelo.script import transforms_code, transforms_re, transforms_sip, transforms_text

    return [
        *transforms_text.transforms(),
        *transforms_code.transforms(),
        *transforms_sip.transforms(),
        *transforms_re.transforms(),
    ]
