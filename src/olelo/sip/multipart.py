"""Bodies in parts: multipart/mixed and its kin (RFC 2046 section 5.1, RFC 5621)."""

from __future__ import annotations

from typing import Final, NamedTuple

from olelo.sip.errors import MalformedHeader
from olelo.sip.params import parse_params, unquote

#: Parts of a body at most.
MAX_PARTS: Final = 64
_MAX_BOUNDARY: Final = 70


class Part(NamedTuple):
    """One part: its header lines as (name, value), and its content."""

    headers: list[tuple[bytes, bytes]]
    content: bytes

    @property
    def content_type(self) -> bytes:
        """Type and subtype in lower case; text/plain where the part names none."""
        for name, value in self.headers:
            if name.lower() in (b"content-type", b"c"):
                return value.partition(b";")[0].strip().lower()
        return b"text/plain"


def media_type(value: bytes) -> tuple[bytes, dict[bytes, bytes | None]]:
    """A Content-Type's type/subtype in lower case and its parameters. Raises MalformedHeader."""
    kind, _, params = value.partition(b";")
    kind = kind.strip().lower()
    if kind.count(b"/") != 1 or kind.startswith(b"/") or kind.endswith(b"/"):
        raise MalformedHeader(f"bad Content-Type {value[:40]!r}")
    return kind, parse_params(params)


def parse_multipart(content_type: bytes, body: bytes) -> list[Part]:
    """The parts of a body, preamble and epilogue left out. Raises MalformedHeader: no boundary, or no end."""
    kind, params = media_type(content_type)
    boundary = unquote(params.get(b"boundary") or b"")
    if not kind.startswith(b"multipart/") or not boundary or len(boundary) > _MAX_BOUNDARY:
        raise MalformedHeader("no multipart body, or no boundary")
    marker = b"--" + boundary
    pieces = (b"\r\n" + body).split(b"\r\n" + marker)
    if len(pieces) < 2:
        raise MalformedHeader("the boundary does not occur in the body")
    if len(pieces) > MAX_PARTS:
        raise MalformedHeader(f"more than {MAX_PARTS} parts", 413)
    parts: list[Part] = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return parts
        _, _, rest = piece.partition(b"\r\n")
        head, blank, content = rest.partition(b"\r\n\r\n")
        if rest.startswith(b"\r\n"):
            head, content = b"", rest[2:]
        elif not blank:
            raise MalformedHeader("a part has no blank line behind its headers")
        headers = []
        for line in head.split(b"\r\n") if head else ():
            name, colon, value = line.partition(b":")
            if not colon or not name.strip():
                raise MalformedHeader("a part has a header line without a name")
            headers.append((name.strip(), value.strip()))
        parts.append(Part(headers, content))
    raise MalformedHeader("the last boundary is missing")
