"""Answers that we make: built from a request, sent where RFC 3261 section 18.2.2 and RFC 3581 say."""

from __future__ import annotations

import ipaddress
from typing import Final

from olelo.core.context import CLOSE_AFTER_REPLY, FORCE_RPORT, NO_CONNECT_REPLY, REPLY_TO_VIA, RouteContext
from olelo.core.engine import Engine
from olelo.core.sockets import CLOSE_AFTER, NO_CONNECT, Destination, Received, bracketed
from olelo.sip.build import make_reply
from olelo.sip.message import Message

REDIRECTS: Final = range(300, 400)


def reply_destination(msg: Message, rcv: Received, msg_flags: int) -> Destination:
    """Where a request's answers go: back to the address it came from; on the source port if rport asks for it (or the
    script, by force_rport), else on the port in Via. On streams over the connection, and to that port where it is gone."""
    via = msg.via
    if via.rport is not None or msg_flags & FORCE_RPORT:
        port = rcv.port
    else:
        port = via.port or 5060
    ip = rcv.ip
    if msg_flags & REPLY_TO_VIA:
        ip = _address(via.host) or ip
    if rcv.proto == "udp":
        return Destination("udp", ip, port, rcv.socket)
    flags = NO_CONNECT if msg_flags & NO_CONNECT_REPLY else 0
    if msg_flags & CLOSE_AFTER_REPLY:
        flags |= CLOSE_AFTER
    return Destination(rcv.proto, ip, port, rcv.socket, rcv.conn, flags)


def _address(host: bytes) -> str:
    """The IP address that a Via names; "" for a name: an answer waits for no look-up."""
    try:
        return str(ipaddress.ip_address(host.decode("latin-1").strip("[]")))
    except ValueError:
        return ""


def build_reply(
    engine: Engine,
    msg: Message,
    rcv: Received,
    status: int,
    reason: bytes,
    to_tag: bytes,
    ctx: RouteContext | None = None,
    *,
    msg_flags: int = 0,
    rich: int = 0,
) -> bytes:
    """The bytes of an answer. `ctx` brings what the script added: header lines, body; a redirect carries its
    destinations, with more of them for the bits in `rich` (see `redirect_contacts`)."""
    lines = b""
    body = b""
    if ctx is not None:
        if ctx.reply_lines:
            lines = b"".join(ctx.reply_lines)
        if ctx.reply_body is not None:
            kind, body = ctx.reply_body
            lines += b"Content-Type: " + kind + b"\r\n" if kind else b""
        msg_flags |= ctx.msg_flags
        if status in REDIRECTS:
            lines += redirect_contacts(ctx, rich)
    packet = make_reply(
        msg,
        status,
        reason,
        to_tag=to_tag if status >= 180 else b"",
        headers=lines,
        body=body,
        server=engine.server_line,
        source=(rcv.ip, rcv.port),
        force_rport=bool(msg_flags & FORCE_RPORT),
    )
    return with_warning(engine, msg, rcv, ctx, packet) if engine.params.sip_warning else packet


def with_warning(engine: Engine, msg: Message, rcv: Received, ctx: RouteContext | None, packet: bytes) -> bytes:
    """An answer with Kamailio's Warning header (sip_warning): who answered, and what came from where."""
    head, _, body = packet.partition(b"\r\n\r\n")
    out_uri = ctx.ruri if ctx is not None else msg.ruri
    told = f"{bracketed(rcv.socket.host)}:{rcv.socket.port}", engine.pid, rcv.ip, rcv.port
    line = b'Warning: 392 %b "Noisy feedback tells:  pid=%d req_src_ip=%b req_src_port=%d in_uri=%b out_uri=%b via_cnt==%d"' % (
        told[0].encode(), told[1], told[2].encode(), told[3], msg.ruri, out_uri, len(msg.vias)
    )  # fmt: skip
    return b"%b\r\n%b\r\n\r\n%b" % (head, line, body)


#: What stands in a header of a URI as it is (RFC 3261 section 19.1.1: unreserved and hnv-unreserved).
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()[]/:&+$")
# Bits of rich_redirect.
WITH_FLAGS: Final = 1  # branch flags as ;flags=
WITH_PATH: Final = 2  # the path as Route header in the URI


def redirect_contacts(ctx: RouteContext, rich: int = 0) -> bytes:
    """The Contact line of a 3xx: the message's destinations, `$ru` first where it was changed, then the branches."""
    targets: list[tuple[bytes, int, bytes, int]] = []
    if ctx.ruri != ctx.msg.ruri:
        targets.append((ctx.ruri, ctx.q, ctx.path, ctx.bflags))
    targets += [(branch.uri, branch.q, branch.path, branch.flags) for branch in ctx.branches]
    if not targets:
        return b""
    values = []
    for uri, q, path, flags in targets:
        value = b"<" + uri
        if path and rich & WITH_PATH:
            value += b"?Route=" + b"".join(b"%c" % each if each in _PLAIN else b"%%%02x" % each for each in path)
        value += b">"
        if q >= 0:
            value += b";q=" + q_text(q)
        if rich & WITH_FLAGS:
            value += b";flags=%d" % flags
        values.append(value)
    return b"Contact: " + b", ".join(values) + b"\r\n"


def q_text(q: int) -> bytes:
    """A q value from thousandths: 1000 -> 1, 500 -> 0.5, 0 -> 0."""
    if q >= 1000:
        return b"1"
    if q <= 0:
        return b"0"
    return (b"0.%03d" % q).rstrip(b"0")


def reply_stateless(ctx: RouteContext, status: int, reason: bytes, to_tag: bytes = b"", rich: int = 0) -> bool:
    """Send an answer without a transaction. False where the request is an ACK or it cannot be sent."""
    msg = ctx.msg
    if msg.method == "ACK":
        return False
    packet = build_reply(ctx.engine, msg, ctx.rcv, status, reason, to_tag, ctx, rich=rich)
    return ctx.engine.send(packet, reply_destination(msg, ctx.rcv, ctx.msg_flags))
