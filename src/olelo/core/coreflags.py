"""Flags by number (0 to 31) or by a name declared with `flags name:number, ...`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from olelo.core.engine import Engine

MAX_FLAG = 31


def flag_number(engine: Engine | None, text: str | int) -> int:
    """A flag's number from a number or a declared name. Raises: ValueError."""
    if isinstance(text, int):
        number = text
    elif text.strip().isdigit():
        number = int(text)
    else:
        if engine is None:
            return 0  # while a configuration is only looked at, no names are declared
        if text not in engine.flag_names:
            raise ValueError(f"no flag is named {text!r}")
        number = engine.flag_names[text]
    if not 0 <= number <= MAX_FLAG:
        raise ValueError(f"flag {number} is not between 0 and {MAX_FLAG}")
    return number
