"""Bodies in parts as textops sees them: lines of the text, whose first matching Content-Type counts.

Unlike sip.multipart this keeps every byte, and reads bodies whose last boundary is missing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from olelo.sip.errors import MalformedHeader
from olelo.sip.headers import CONTENT_TYPE
from olelo.sip.message import Message
from olelo.sip.multipart import media_type
from olelo.sip.params import unquote

DEFAULT_BOUNDARY = b"unique-boundary-1"
_TYPE_LINE = re.compile(rb"(?im)^(?:content-type|c)[ \t]*:[ \t]*")


class Span(NamedTuple):
    """Where one part stands in a body: its Content-Type line, what follows that line, and the boundary behind it."""

    line: int
    content: int
    boundary: int


def kind_and_boundary(msg: Message) -> tuple[bytes, bytes]:
    """The message's type/subtype in lower case and its boundary parameter; b"" what is missing or unreadable."""
    try:
        kind, params = media_type(msg.first(CONTENT_TYPE) or b"")
    except MalformedHeader:
        return b"", b""
    return kind, unquote(params.get(b"boundary") or b"")


def find_part(body: bytes, kind: bytes, boundary: bytes) -> Span | None:
    """The first part whose Content-Type line is this, without parameters."""
    kind = kind.lower()
    for found in _TYPE_LINE.finditer(body):
        end = found.end() + len(kind)
        if body[found.end() : end].lower() != kind:
            continue
        if body[end : end + 2] != b"\r\n":
            return None
        stop = body.find(b"\r\n--" + boundary, end)
        return Span(found.start(), end + 2, stop + 2) if stop >= 0 else None
    return None


def after_boundary(body: bytes, at: int) -> int:
    """Offset behind the line of the boundary at `at`."""
    end = body.find(b"\r\n", at)
    return end + 2 if end >= 0 else len(body)


def before_part(body: bytes, span: Span, boundary: bytes) -> int:
    """Offset behind the boundary line that opens a part, so that all its headers are behind it."""
    opening = body.rfind(b"--" + boundary, 0, span.line)
    return after_boundary(body, opening) if opening >= 0 else span.line


def closed(body: bytes, boundary: bytes) -> bytes:
    """The body with its last boundary marked as the last, and the others not. Unchanged where it has less than two."""
    marker = b"--" + boundary
    pieces = (b"\r\n" + body).split(b"\r\n" + marker)
    if len(pieces) < 3:
        return body
    out = pieces[0][2:] + b"\r\n" if len(pieces[0]) > 2 else b""
    for piece in pieces[1:-1]:
        out += marker + piece.removeprefix(b"--") + b"\r\n"
    return out + marker + b"--\r\n"


def new_part(text: bytes, kind: bytes, disposition: bytes, boundary: bytes) -> bytes:
    """The lines of a part, with the boundary behind it."""
    lines = b"Content-Type: " + kind + b"\r\n"
    if disposition:
        lines += b"Content-Disposition: " + disposition + b"\r\n"
    end = b"" if text.endswith(b"\r\n\r\n") else b"\r\n"
    return lines + b"\r\n" + text + end + b"--" + boundary + b"\r\n"


def with_part(body: bytes, text: bytes, kind: bytes, disposition: bytes, boundary: bytes) -> bytes:
    """The body with one more part at its end."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return closed(body + new_part(text, kind, disposition, boundary), boundary)


def from_hex(text: str) -> bytes | None:
    """Bytes of pairs of hexadecimal digits, blanks between pairs left out; None for anything else, or nothing."""
    try:
        return bytes.fromhex(text.replace("\t", " ")) or None
    except ValueError:
        return None
