"""Taking lists in headers apart."""

from __future__ import annotations

_BLANKS = b" \t\r\n"


def split_values(line: bytes) -> list[bytes]:
    """The values of a header line that is a comma-separated list; commas in quotes or <> do not count."""
    found: list[bytes] = []
    start = 0
    quoted = angle = False
    at = 0
    while at < len(line):
        char = line[at]
        if quoted:
            if char == 92:  # backslash
                at += 1
            elif char == 34:
                quoted = False
        elif char == 34 and not angle:
            quoted = True
        elif char == 60:
            angle = True
        elif char == 62:
            angle = False
        elif char == 44 and not angle:
            found.append(line[start:at].strip(_BLANKS))
            start = at + 1
        at += 1
    found.append(line[start:].strip(_BLANKS))
    return [value for value in found if value]
