"""Flags by number (0 to 31) or by a name declared with `flags name:number, ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from olelo.core.engine import Engine

MAX_FLAG = 31


def declare_flags(engine: Engine, names: list[tuple[str, int]]) -> None:
    """Take over a `flags` declaration; number -1 takes the lowest free one.

    Raises: ValueError for a name given twice, a number out of range, or when all are taken.
    """
    known = engine.params.flag_names
    for name, number in names:
        if name in known:
            raise ValueError(f"flag {name} is already declared")
        if number < 0:
            used = set(known.values())
            number = next((free for free in range(MAX_FLAG + 1) if free not in used), -1)
            if number < 0:
                raise ValueError("all flags are taken")
        if number > MAX_FLAG:
            raise ValueError(f"flag {name}: {number} is not between 0 and {MAX_FLAG}")
        known[name] = number


def flag_number(engine: Engine | None, text: str | int) -> int:
    """A flag's number from a number or a declared name. Raises: ValueError."""
    if isinstance(text, int):
        number = text
    elif text.strip().isdigit():
        number = int(text)
    else:
        known = engine.params.flag_names if engine is not None else {}
        if text not in known:
            raise ValueError(f"no flag is named {text!r}")
        number = known[text]
    if not 0 <= number <= MAX_FLAG:
        raise ValueError(f"flag {number} is not between 0 and {MAX_FLAG}")
    return number
