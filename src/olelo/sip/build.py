"""Messages as they leave: joined from slices of what was received, in one pass."""

from __future__ import annotations

from typing import Final

from olelo.sip.errors import SipError
from olelo.sip.headers import (
    CALL_ID,
    CONTENT_LENGTH,
    CSEQ,
    FROM,
    MAX_FORWARDS,
    RECORD_ROUTE,
    ROUTE,
    TO,
    VIA,
)
from olelo.sip.message import Edit, Message, edited
from olelo.sip.octets import COMMA
from olelo.sip.params import split_outside


def via_marks(msg: Message, source: tuple[str, int], force_rport: bool) -> list[Edit]:
    """What the topmost Via of a received request gets before it goes on: `received` where the sent-by is not the
    sender's address (RFC 3261 section 18.2.1), or rport is asked for, and rport's value then (RFC 3581 section 4)."""
    via = msg.via
    ip = source[0].encode("ascii")
    host = via.host[1:-1] if via.host[:1] == b"[" else via.host
    edits: list[Edit] = []
    if host == ip and via.rport is None and not force_rport:
        return edits
    i = msg.index(VIA)
    start = msg.raw.find(via.raw, msg.start(i), msg.start(i) + len(msg.lines[i]))
    stop = start + len(via.raw)
    if start < 0:  # a folded Via
        start, stop = msg.value_span(i)
        stop = start + len(split_outside(msg.raw[start:stop], 0x2C)[0])
    at = msg.raw.find(b";", start, stop)
    if at < 0:
        at = stop
    insert = b""
    if host != ip or via.rport is not None:
        insert = b";received=" + ip
        old = _param_span(msg.raw, start, stop, b"received")
        if old is not None:
            edits.append((old[0], old[1], insert))
            insert = b""
    if via.rport is not None or force_rport:
        port = b";rport=%d" % source[1]
        old = _param_span(msg.raw, start, stop, b"rport")
        if old is not None:
            edits.append((old[0], old[1], port))
        else:
            insert = port + insert
    if insert:
        edits.append((at, at, insert))
    return edits


def _param_span(raw: bytes, start: int, end: int, name: bytes) -> tuple[int, int] | None:
    """Where `;name[=value]` stands within raw[start:end], the semicolon included."""
    pos = raw.find(b";", start, end)
    while pos >= 0:
        stop = raw.find(b";", pos + 1, end)
        piece_end = stop if stop >= 0 else end
        piece = raw[pos + 1 : piece_end]
        if piece.partition(b"=")[0].strip().lower() == name:
            return pos, piece_end
        pos = stop
    return None


def forward_request(
    msg: Message,
    ruri: bytes,
    via_line: bytes,
    *,
    route: bytes = b"",
    first: bytes = b"",
    first_at: int = 0,
    source: tuple[str, int] | None = None,
    force_rport: bool = False,
    stream: bool = False,
) -> bytes:
    """A request on its way on: our Via on top, its edits applied, everything else byte for byte.

    Args:
        via_line: Our Via header line with its line end.
        first: Header lines that go before all others, Record-Route for one. first_at: how many of the message's edits
            were there when they were asked for: what those insert at the same place stands before them.
        route: Path entries that go out as a Route header, before the others.
        source: Where the request came from, for the marks in its Via; None: leave the Via alone.
        stream: A Content-Length is added where it is missing.
    """
    raw = msg.raw
    top = msg.start(msg.hids.index(VIA))
    edits = msg.edits
    if source is not None:
        marks = via_marks(msg, source, force_rport)
        if marks:
            edits = edits + marks
    if route:
        i = msg.index(ROUTE)
        at = msg.start(i) if i >= 0 else top
        line = b"Route: " + route + b"\r\n"
        if i >= 0:
            edits = [*edits, (at, at, line)]
        else:
            via_line += line
    if stream and msg.index(CONTENT_LENGTH) < 0:
        at = msg.body_at - 2
        edits = [*edits, (at, at, b"Content-Length: %d\r\n" % (len(raw) - msg.body_at))]
    uri_end = msg.ruri_at + len(msg.ruri)
    if first:
        if top == msg.headers_at and len(msg.edits) <= first_at:
            via_line = first + via_line
        else:
            edits = [*edits[:first_at], (msg.headers_at, msg.headers_at, first), *edits[first_at:]]
    if not edits:
        return b"".join((raw[: msg.ruri_at], ruri, raw[uri_end:top], via_line, raw[top:]))
    # Inserted at the same place as the Via: what the script put before all headers stays before it.
    edits = [*edits, (top, top, via_line)]
    return b"".join((raw[: msg.ruri_at], ruri, *edited(raw, edits, uri_end, len(raw))))


def forward_reply(msg: Message) -> bytes:
    """A reply on its way back: its topmost Via removed, its edits applied."""
    raw = msg.raw
    i = msg.hids.index(VIA)
    start = msg.start(i)
    line = msg.lines[i]
    end = start + len(line) + 2 if raw[start + len(line)] == 13 else start + len(line) + 1
    if COMMA in line:
        colon = line.find(b":") + 1
        first = split_outside(line[colon:], 0x2C)[0]
        start += colon
        end = start + len(first) + 1
        if raw[end : end + 1] == b" ":
            start += 1 if raw[start : start + 1] == b" " else 0
            end += 1
    if not msg.edits:
        return raw[:start] + raw[end:]
    return b"".join(edited(raw, [*msg.edits, (start, end, b"")], 0, len(raw)))


def make_reply(
    msg: Message,
    status: int,
    reason: bytes,
    *,
    to_tag: bytes = b"",
    headers: bytes = b"",
    body: bytes = b"",
    server: bytes = b"",
    source: tuple[str, int] | None = None,
    force_rport: bool = False,
) -> bytes:
    """An answer to a request: Via, From, To, Call-ID and CSeq copied in the order of the request, Record-Route for 180
    to 299 (RFC 3261 section 12.1.1).

    Args:
        to_tag: Added to To where it has none.
        headers: More header lines, each with its line end. server: the Server header line, likewise.
        source: Where the request came from, for the marks in its Via.
    """
    parts = [b"SIP/2.0 %d %b" % (status, reason)]
    marks = via_marks_reply(msg, source, force_rport) if source is not None else None
    for number, line in zip(msg.hids, msg.lines, strict=True):
        if number == VIA:
            parts.append(line if marks is None else marks)
            marks = None
        elif number == TO:
            parts.append(line.rstrip() + b";tag=" + to_tag if to_tag and not _tagged(msg, line) else line)
        elif number in _COPIED or (number == RECORD_ROUTE and 180 <= status < 300):
            parts.append(line)
    head = b"\r\n".join(parts)
    if body:
        return b"%b\r\n%b%bContent-Length: %d\r\n\r\n%b" % (head, headers, server, len(body), body)
    return b"%b\r\n%b%bContent-Length: 0\r\n\r\n" % (head, headers, server)


def _tagged(msg: Message, to_line: bytes) -> bool:
    """Has To a tag? One that cannot be read goes back as it came, and must not keep its request from an answer."""
    try:
        return bool(msg.to.tag)
    except SipError:
        return to_line.lower().find(b";tag=") >= 0


_COPIED: Final = frozenset((FROM, CALL_ID, CSEQ))


def via_marks_reply(msg: Message, source: tuple[str, int], force_rport: bool) -> bytes | None:
    """The topmost Via line of an answer with its marks; None where it needs none. Kamailio appends `received` here."""
    via = msg.via
    ip = source[0].encode("ascii")
    host = via.host[1:-1] if via.host[:1] == b"[" else via.host
    if host == ip and via.rport is None and not force_rport:
        return None
    line = msg.lines[msg.hids.index(VIA)].rstrip()
    if via.rport is not None or force_rport:
        port = b";rport=%d" % source[1]
        stop = len(line)
        if COMMA in line:  # mark the first of several values
            stop = line.find(via.raw) + len(via.raw)
        old = _param_span(line, 0, stop, b"rport")
        line = line[: old[0]] + port + line[old[1] :] if old is not None else line + port
    if host != ip or via.rport is not None:
        line += b";received=" + ip
    return line


def make_cancel(request: bytes, reason: bytes = b"", keep: bytes = b"") -> bytes:
    """The CANCEL for a request as it was sent (RFC 3261 section 9.1). reason: Reason header lines; keep: headers that
    start like this, in any case, are taken over."""
    return _hop_request(Message.parse(request), "CANCEL", None, reason, keep)


def make_ack(request: bytes, reply: Message, keep: bytes = b"") -> bytes:
    """The ACK for a negative final answer to an INVITE as it was sent (RFC 3261 section 17.1.1.3). keep: as above."""
    return _hop_request(Message.parse(request), "ACK", reply, b"", keep)


def _hop_request(sent: Message, method: str, reply: Message | None, extra: bytes, keep: bytes) -> bytes:
    """A request of the same hop: its headers in the order of the one that was sent, as Kamailio's reparse_invite=1, a
    Content-Length only where that had one."""
    name = method.encode("ascii")
    parts = [b"%b %b SIP/2.0" % (name, sent.ruri)]
    vias = 0
    keep = keep.lower()
    for number, line in zip(sent.hids, sent.lines, strict=True):
        if number == VIA:
            vias += 1
            if vias == 1:
                parts.append(line)
        elif number == CSEQ:
            parts.append(b"CSeq: %d %b" % (sent.cseq.number, name))
        elif number == TO and reply is not None and TO in reply.hids:
            parts.append(reply.lines[reply.hids.index(TO)])
        elif number in _OF_THE_HOP:
            parts.append(line)
        elif number == CONTENT_LENGTH:
            parts.append(line.partition(b":")[0].rstrip() + b": 0")
        elif keep and line[: len(keep)].lower() == keep:
            parts.append(line.rstrip())
    return b"%b\r\n%b\r\n" % (b"\r\n".join(parts), extra)


_OF_THE_HOP: Final = frozenset((FROM, TO, CALL_ID, ROUTE, MAX_FORWARDS))
