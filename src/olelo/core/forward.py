"""Where a request goes next, and forwarding without a transaction."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Awaitable

from olelo.core.context import FORCE_LOCAL_RPORT, RouteContext
from olelo.core.engine import ERR, Engine
from olelo.core.errors import E_BAD_ADDRESS, E_BAD_URI, E_NO_SOCKET, E_SEND
from olelo.core.sockets import DEFAULT_PORT, STREAMS, Destination, ListenSocket
from olelo.sip.build import forward_reply as build_forwarded_reply
from olelo.sip.build import forward_request
from olelo.sip.errors import SipError
from olelo.sip.headers import CSEQ
from olelo.sip.uri import Uri, parse_uri

#: Next hops remembered per engine; the URIs come from the wire, so the memory must be bounded.
_CACHE = 8192


def next_hop(
    engine: Engine, uri: bytes, force: ListenSocket | None = None, proto: str = ""
) -> Destination | int | Awaitable[Destination | int]:
    """Where a URI leads: a destination, or one of core.errors' numbers. Waits only where a name must be resolved.

    proto overrides the URI's transport (t_relay_to_udp and the like).
    """
    found = hop_now(engine, uri, force, proto)
    if found is not None:
        return found
    parsed = parse_uri(uri)
    host = (parsed.param(b"maddr") or parsed.host).decode("latin-1")
    return _resolve(engine, host, parsed.port, proto or _transport(parsed), force)


def hop_now(engine: Engine, uri: bytes, force: ListenSocket | None, proto: str) -> Destination | int | None:
    """As next_hop, without waiting: None where a name must be resolved first."""
    key = (uri, force, proto)
    held = engine.hops.get(key)
    if held is not None:
        return held
    try:
        parsed = parse_uri(uri)
        maddr = parsed.param(b"maddr")
    except SipError:
        engine.counts.bad_uri.value += 1
        return E_BAD_URI
    if parsed.scheme == "tel" or not parsed.host:
        return E_BAD_ADDRESS
    proto = proto or _transport(parsed)
    if proto and proto not in DEFAULT_PORT:
        return E_BAD_URI
    host = (maddr or parsed.host).decode("latin-1")
    try:
        ip = str(ipaddress.ip_address(host[1:-1] if host.startswith("[") else host))
    except ValueError:
        return None
    proto = proto or "udp"
    target = _destination(engine, proto, ip, parsed.port or DEFAULT_PORT[proto], force)
    if isinstance(target, Destination):
        if len(engine.hops) >= _CACHE:
            engine.hops.clear()
        engine.hops[key] = target
    return target


def _transport(uri: Uri) -> str:
    """The transport that a URI asks for; "" where it does not say."""
    return uri.transport or ("tls" if uri.scheme == "sips" else "")


def _destination(engine: Engine, proto: str, ip: str, port: int, force: ListenSocket | None) -> Destination | int:
    ipv6 = ":" in ip
    if force is not None and force.proto == proto and (":" in force.host) == ipv6:
        return Destination(proto, ip, port, force)
    socket = engine.socket_for(proto, ipv6)
    return Destination(proto, ip, port, socket) if socket is not None else E_NO_SOCKET


async def _resolve(engine: Engine, host: str, port: int, proto: str, force: ListenSocket | None) -> Destination | int:
    found = await _resolve_all(engine, host, port, proto, force)
    return found[0] if found else E_BAD_ADDRESS


async def _resolve_all(
    engine: Engine, host: str, port: int, proto: str, force: ListenSocket | None
) -> list[Destination]:
    targets = []
    for found, ip, found_port in await engine.services.resolve(host, port, proto):
        target = _destination(engine, found, ip, found_port or DEFAULT_PORT[found], force)
        if isinstance(target, Destination):
            targets.append(target)
    return targets


async def every_hop(engine: Engine, uri: bytes, force: ListenSocket | None, proto: str) -> list[Destination] | int:
    """As next_hop, with all that a name leads to, in the order to try them (RFC 3263 section 4.3); never empty."""
    found = hop_now(engine, uri, force, proto)
    if found is not None:
        return found if isinstance(found, int) else [found]
    parsed = parse_uri(uri)
    host = (parsed.param(b"maddr") or parsed.host).decode("latin-1")
    return await _resolve_all(engine, host, parsed.port, proto or _transport(parsed), force) or E_BAD_ADDRESS


def via_line(ctx: RouteContext, to: Destination, branch: bytes) -> bytes:
    """Our own Via line; `i` names the connection that a stream request came by, so that its answer finds the way."""
    line = to.socket.via_head + branch
    if ctx.rcv.conn:
        line += b";i=%x" % ctx.rcv.conn
    if ctx.msg_flags & FORCE_LOCAL_RPORT:
        line += b";rport"
    return line + b"\r\n"


def build_request(ctx: RouteContext, to: Destination, uri: bytes, path: bytes, branch: bytes) -> bytes:
    """The request as it leaves for one destination."""
    msg = ctx.msg
    rcv = ctx.rcv
    record = ctx.record_route
    return forward_request(
        msg,
        uri,
        via_line(ctx, to, branch),
        first=record.lines(ctx, to) if record is not None else b"",
        route=path,
        source=(rcv.ip, rcv.port),
        force_rport=bool(ctx.msg_flags & 1),
        stream=to.proto in STREAMS,
    )


async def forward(ctx: RouteContext, host: str = "", port: int = 0, proto: str = "") -> int:
    """Forward a request without a transaction, to its `$du` or `$ru`, or to the host given. Returns 1, -1 on failure."""
    engine = ctx.engine
    uri = ctx.dst_uri or ctx.ruri
    if host:
        uri = f"sip:{host}:{port}".encode("latin-1") if port else b"sip:" + host.encode("latin-1")
    to = next_hop(engine, uri, ctx.force_socket, proto)
    if not isinstance(to, Destination | int):
        to = await to
    if isinstance(to, int):
        ctx.error = to
        if to != E_BAD_URI:
            engine.counts.drop_requests.value += 1
        return -1
    sent = forward_to(ctx, to)
    (engine.counts.fwd_requests if sent else engine.counts.drop_requests).value += 1
    return 1 if sent else -1


def forward_to(ctx: RouteContext, to: Destination) -> bool:
    """Send the request to a known destination without a transaction."""
    engine = ctx.engine
    # A stateless element's branch must be the same for a retransmission (RFC 3261 section 16.11).
    branch = stateless_branch(ctx)
    packet = build_request(ctx, to, ctx.ruri, ctx.path, branch)
    if not engine.send(packet, to):
        ctx.error = E_SEND
        engine.log(ERR, f"<core>: cannot send {ctx.msg.method} to {to}")
        return False
    return True


def stateless_branch(ctx: RouteContext) -> bytes:
    """A branch made of the request alone, so that a retransmission gets the same (RFC 3261 section 16.11)."""
    msg = ctx.msg
    mark = msg.via.branch or msg.call_id + msg.lines[msg.hids.index(CSEQ)]
    return b"z9hG4bK%b.0" % hashlib.blake2b(mark, digest_size=8).hexdigest().encode("ascii")


def forward_reply(ctx: RouteContext) -> bool:
    """Send a reply on by its second Via, its first removed. False where there is none to send it to."""
    msg = ctx.msg
    engine = ctx.engine
    vias = msg.vias
    if len(vias) < 2:
        return False
    via = vias[1]
    host = (via.received or via.maddr or via.host).decode("latin-1").strip("[]")
    try:
        ip = str(ipaddress.ip_address(host))
    except ValueError:
        engine.log(ERR, f"<core>: reply's second Via names {host}, and a stateless reply waits for no name: dropped")
        return False
    proto = via.transport.decode("latin-1").lower()
    if proto not in DEFAULT_PORT:
        return False
    port = via.rport or via.port or DEFAULT_PORT[proto]
    to = _destination(engine, proto, ip, port, ctx.force_socket)
    if isinstance(to, int):
        return False
    return engine.send(build_forwarded_reply(msg), to)
