"""Lists in headers."""

from __future__ import annotations

from typing import Final

from olelo.sip.errors import MalformedHeader
from olelo.sip.params import split_outside

_BLANKS: Final = b" \t\r\n"
_COMMA: Final = 0x2C


def split_values(line: bytes) -> list[bytes]:
    """The values of a header line that is a comma-separated list; commas in quotes or <> do not count.

    A line with a quote that has no end is one value.
    """
    try:
        parts = split_outside(line, _COMMA)
    except MalformedHeader:
        return [line]
    return [value for value in (part.strip(_BLANKS) for part in parts) if value]
