"""The bytes of requests of our own, and of the ACKs for their 2xx answers."""

from __future__ import annotations

from olelo.core.services import UacRequest
from olelo.core.sockets import Destination
from olelo.sip.errors import MalformedHeader
from olelo.sip.headers import CALL_ID, FROM, RECORD_ROUTE, TO
from olelo.sip.message import Message
from olelo.sip.params import split_outside
from olelo.sip.uri import parse_uri

_COMMA = 0x2C


def via_of(to: Destination, branch: bytes, rport: bool) -> bytes:
    """Our Via line with its line end. rport: as the core parameter local_rport asks."""
    return b"%b%b;rport\r\n" % (to.socket.via_head, branch) if rport else to.socket.via_head + branch + b"\r\n"


def address(value: bytes, tag: bytes = b"") -> bytes:
    """The value of From or To: a bare URI gets its brackets; the tag is added where there is none."""
    end = value.rfind(b">")
    if end < 0 or value[end + 1 : end + 2] not in (b"", b";"):
        value = b"<%b>" % value
    return value + b";tag=" + tag if tag and b";tag=" not in value else value


def build_local(request: UacRequest, to: Destination, branch: bytes, user_agent: bytes, rport: bool = False) -> bytes:
    """A request of our own as it leaves, its headers in Kamailio's order. user_agent: a whole line, or empty."""
    headers = request.headers
    if headers and not headers.endswith(b"\n"):
        headers += b"\r\n"
    method = request.method.encode("latin-1")
    return b"".join(
        (
            b"%b %b SIP/2.0\r\n" % (method, request.ruri),
            via_of(to, branch, rport),
            b"To: %b\r\nFrom: %b\r\n" % (address(request.to_uri), address(request.from_uri, request.local_tag)),
            b"CSeq: %d %b\r\nCall-ID: %b\r\n" % (request.cseq, method, request.callid),
            b"" if b"max-forwards:" in headers.lower() else b"Max-Forwards: 70\r\n",
            b"Content-Length: %d\r\n" % len(request.body),
            user_agent,
            headers,
            b"\r\n",
            request.body,
        )
    )


def build_ack(invite: bytes, reply: Message) -> tuple[bytes, bytes]:
    """The ACK for a 2xx, from request line to route set but without Via, and the URI that it has to go to.

    The Request-URI is the Contact of the answer, the route set its Record-Route in reverse (RFC 3261 sections
    12.1.2, 12.2.1.1 and 13.2.2.4). Raises MalformedHeader where the answer has no Contact or a bad one.
    """
    sent = Message.parse(invite)
    target = remote_target(reply)
    routes = route_set(reply)
    hop = target
    if routes:
        hop = uri_of(routes[0])
        if parse_uri(hop).param(b"lr") is None:  # a strict router: section 12.2.1.1
            routes = [*routes[1:], b"<%b>" % target]
            target = hop
    lines = [
        b"ACK %b SIP/2.0" % target,
        *(sent.lines[sent.hids.index(number)].rstrip() for number in (FROM, CALL_ID)),
        reply.lines[reply.hids.index(TO)].rstrip(),
        b"CSeq: %d ACK" % sent.cseq.number,
    ]
    if routes:
        lines.append(b"Route: " + b", ".join(routes))
    return b"\r\n".join(lines) + b"\r\n", hop


def remote_target(reply: Message) -> bytes:
    """The URI of an answer's Contact. Raises MalformedHeader where it has none."""
    contacts = reply.contacts
    if not contacts:
        raise MalformedHeader("the answer has no Contact")
    return contacts[0].uri


def route_set(reply: Message) -> list[bytes]:
    """The caller's route set from an answer: its Record-Route values, last one first (section 12.1.2)."""
    values = [part.strip() for value in reply.all(RECORD_ROUTE) for part in split_outside(value, _COMMA)]
    return values[::-1]


def uri_of(value: bytes) -> bytes:
    """The URI of a Route value. Raises MalformedHeader where it has no brackets."""
    start = value.find(b"<")
    end = value.find(b">", start)
    if start < 0 or end < 0:
        raise MalformedHeader(f"a Record-Route without brackets: {value!r}")
    return value[start + 1 : end]
