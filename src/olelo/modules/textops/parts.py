"""Parts of a multipart body, found where they stand, so that they can be cut out (RFC 2046 section 5.1)."""

from __future__ import annotations

from typing import NamedTuple

from olelo.sip.errors import SipError
from olelo.sip.headers import CONTENT_TYPE
from olelo.sip.message import Message
from olelo.sip.params import parse_params, unquote


class Found(NamedTuple):
    """Offsets of a part: of its Content-Type line, of the line behind that, of its content, of the end of its content,
    of the boundary line that follows, and behind that line."""

    start: int
    headers_end: int
    content: int
    end: int
    mark: int
    after: int


def boundary_of(msg: Message) -> bytes | None:
    """The boundary of the message's body; None where it has no parts."""
    value = msg.first(CONTENT_TYPE)
    if value is None:
        return None
    kind, _, params = value.partition(b";")
    if not kind.strip().lower().startswith(b"multipart/"):
        return None
    try:
        boundary = parse_params(params).get(b"boundary")
    except SipError:
        return None
    return unquote(boundary) or None if boundary else None


def find_part(msg: Message, boundary: bytes, kind: bytes) -> Found | None:
    """The first part whose Content-Type is exactly `kind` (in any case)."""
    raw = msg.raw
    at = msg.body_at
    mark_text = b"--" + boundary
    while at < len(raw):
        end = raw.find(b"\r\n", at)
        if end < 0:
            return None
        name, colon, value = raw[at:end].partition(b":")
        if colon and name.strip().lower() in (b"content-type", b"c") and value.strip().lower() == kind.lower():
            mark = _line_start(raw, mark_text, end + 2)
            if mark < 0:
                return None
            content = end + 2
            while content < mark and raw[content] in b"\r\n":
                content += 1
            after = raw.find(b"\r\n", mark)
            return Found(at, end + 2, content, max(content, mark - 2), mark, after + 2 if after >= 0 else len(raw))
        at = end + 2
    return None


def _line_start(raw: bytes, text: bytes, at: int) -> int:
    """Where a line begins with a text; -1 nowhere."""
    if raw.startswith(text, at):
        return at
    found = raw.find(b"\r\n" + text, at)
    return found + 2 if found >= 0 else -1


def part_text(content: bytes, kind: bytes, disposition: bytes, boundary: bytes, *, first: bool) -> bytes:
    """A part with its headers and the boundary behind it; first: with the one before it, too."""
    text = b"--%b\r\n" % boundary if first else b""
    text += b"Content-Type: %b\r\n" % kind
    if disposition:
        text += b"Content-Disposition: %b\r\n" % disposition
    text += b"\r\n" + content
    if not content.endswith(b"\r\n\r\n"):
        text += b"\r\n"
    return text + b"--%b\r\n" % boundary


def close_boundaries(msg: Message, boundary: bytes) -> None:
    """Make the last boundary of an edited body the closing one, and no other: parts came or went."""
    mark = b"--" + boundary
    raw = msg.raw
    size = len(raw)
    edits = msg.edits
    added = [i for i, edit in enumerate(edits) if edit[0] == edit[1] == size and mark + b"\r\n" in edit[2]]
    added += [i for i, edit in enumerate(edits) if edit[0] == edit[1] == size and mark + b"--\r\n" in edit[2]]
    for i in added:
        text = edits[i][2]
        edits[i] = (size, size, text.replace(mark + b"--\r\n", mark + b"\r\n"))
    left: list[int] = []  # ends of the boundaries that stay, closing dashes left out
    at = _line_start(raw, mark, msg.body_at)
    while at >= 0:
        end = at + len(mark)
        gone = any(start <= at and end <= stop for start, stop, _ in edits)
        edits[:] = [edit for edit in edits if edit not in ((end, end + 2, b""), (end, end, b"--"))]
        if not gone:
            left.append(end)
        at = _line_start(raw, mark, end)
    if added:
        for i in range(len(edits) - 1, -1, -1):
            start, stop, text = edits[i]
            if start == stop == size and text.endswith(mark + b"\r\n"):
                edits[i] = (size, size, text[:-2] + b"--\r\n")
                break
    for end in left:
        closing = raw[end : end + 2] == b"--"
        wanted = end == left[-1] and not added
        if closing and not wanted:
            edits.append((end, end + 2, b""))
        elif wanted and not closing:
            edits.append((end, end, b"--"))
