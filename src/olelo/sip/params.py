"""Parameters of headers and URIs: `;name=value;flag`, split where no quotes or angle brackets forbid it."""

from __future__ import annotations

from olelo.sip.errors import MalformedHeader
from olelo.sip.octets import BACKSLASH, LESS, QUOTE


def split_outside(data: bytes, separator: int) -> list[bytes]:
    """Split at a separator byte that stands outside of quoted strings and angle brackets. Raises MalformedHeader for
    a quoted string without its end."""
    if QUOTE not in data and LESS not in data:
        return data.split(bytes((separator,)))
    parts = []
    start = 0
    quoted = angled = False
    escaped = False
    for index, byte in enumerate(data):
        if quoted:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                quoted = False
        elif byte == 0x22:
            quoted = True
        elif byte == 0x3C:
            angled = True
        elif byte == 0x3E:
            angled = False
        elif byte == separator and not angled:
            parts.append(data[start:index])
            start = index + 1
    if quoted:
        raise MalformedHeader("a quoted string has no end")
    parts.append(data[start:])
    return parts


def parse_params(data: bytes) -> dict[bytes, bytes | None]:
    """`;a=1;b` -> {b"a": b"1", b"b": None}; names in lower case, the first of a name counts. Raises MalformedHeader."""
    found: dict[bytes, bytes | None] = {}
    if not data:
        return found
    for part in split_outside(data, 0x3B):
        name, equals, value = part.partition(b"=")
        name = name.strip().lower()
        if not name:
            if equals:
                raise MalformedHeader("a parameter has a value and no name")
            continue
        if name not in found:
            found[name] = value.strip() if equals else None
    return found


def unquote(value: bytes) -> bytes:
    """A quoted string's content, its escapes undone; any other value as it is."""
    if len(value) < 2 or value[:1] != b'"' or value[-1:] != b'"':
        return value
    inner = value[1:-1]
    if BACKSLASH not in inner:
        return inner
    out = bytearray()
    escaped = False
    for byte in inner:
        if not escaped and byte == 0x5C:
            escaped = True
            continue
        out.append(byte)
        escaped = False
    return bytes(out)
