"""Packets for tests: requests and replies written in one line, and packets described in one line."""

from __future__ import annotations

from olelo.sip.build import make_ack
from olelo.sip.errors import SipError
from olelo.sip.headers import CONTACT, RECORD_ROUTE
from olelo.sip.message import Message

#: What user agents write behind a status.
REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 183: "Session Progress", 200: "OK", 202: "Accepted",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 407: "Proxy Authentication Required", 408: "Request Timeout", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
    491: "Request Pending", 500: "Server Internal Error", 503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


def request(
    method: str,
    uri: str,
    *,
    source: str,
    from_uri: str,
    to_uri: str,
    call_id: str,
    cseq: int = 1,
    branch: str,
    from_tag: str = "a",
    to_tag: str = "",
    headers: tuple[str, ...] = (),
    body: bytes = b"",
    transport: str = "UDP",
    max_forwards: int | None = 70,
) -> bytes:
    """A request's bytes. source is the sender's host:port, for its Via; headers are whole lines without line end."""
    to_text = f"<{to_uri}>" + (f";tag={to_tag}" if to_tag else "")
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {source};branch={branch}",
        f"From: <{from_uri}>;tag={from_tag}",
        f"To: {to_text}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
    ]
    if max_forwards is not None:
        lines.append(f"Max-Forwards: {max_forwards}")
    lines += headers
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def reply_to(
    received: Message, status: int, reason: str = "", *, tag: str = "", contact: str = "", headers: tuple[str, ...] = (), body: bytes = b""
) -> bytes:  # fmt: skip
    """A user agent's answer to a request that it received: Via, Record-Route, From, To, Call-ID and CSeq copied."""
    lines = [f"SIP/2.0 {status} {reason or REASONS.get(status, 'Answer')}".encode("latin-1")]
    for i in range(len(received.hids)):
        name = received.name(i).lower()
        if name in (b"via", b"v", b"from", b"f", b"to", b"t", b"call-id", b"i", b"cseq") or (
            received.hids[i] == RECORD_ROUTE and 100 < status < 300
        ):
            line = received.lines[i].rstrip()
            if name in (b"to", b"t") and tag and not received.to.tag:
                line += f";tag={tag}".encode("latin-1")
            lines.append(line)
    if contact:
        lines.append(f"Contact: <{contact}>".encode("latin-1"))
    lines += [header.encode("latin-1") for header in headers]
    if body:
        lines.append(b"Content-Type: application/sdp")
    lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def ack_for(sent: bytes, reply: Message) -> bytes:
    """The ACK that the sender of an INVITE owes for a failure."""
    return make_ack(sent, reply)


def describe(data: bytes) -> str:
    """One line for a packet: `INVITE sip:bob@192.0.2.2` or `200 OK (INVITE)`."""
    try:
        msg = Message.parse(data)
    except SipError:
        return repr(data[:60])
    if msg.is_request:
        return f"{msg.method} {msg.ruri.decode('latin-1')}"
    return f"{msg.status} {msg.reason.decode('latin-1')} ({msg.method})"


def contact_uri(msg: Message) -> str:
    """The first contact's URI; "" where there is none."""
    return msg.contacts[0].uri.decode("latin-1") if msg.index(CONTACT) >= 0 else ""


def record_routes(msg: Message) -> list[str]:
    """Values of Record-Route, topmost first."""
    return [part.strip().decode("latin-1") for value in msg.all(RECORD_ROUTE) for part in value.split(b",")]
