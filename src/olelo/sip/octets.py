"""Characters of SIP as numbers.

`b";" in data` makes CPython try the left side as a number first, and format an exception that nobody sees, before it
searches: ten times the price of `SEMICOLON in data`. On a packet's path, single bytes are sought by these, and longer
ones with `find`.
"""

from __future__ import annotations

from typing import Final

LINE_FEED: Final = 0x0A
SPACE: Final = 0x20
TAB: Final = 0x09
CARRIAGE_RETURN: Final = 0x0D
QUOTE: Final = 0x22
PERCENT: Final = 0x25
COMMA: Final = 0x2C
COLON: Final = 0x3A
SEMICOLON: Final = 0x3B
LESS: Final = 0x3C
EQUALS: Final = 0x3D
GREATER: Final = 0x3E
QUESTION: Final = 0x3F
AT: Final = 0x40
BACKSLASH: Final = 0x5C
