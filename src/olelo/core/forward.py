"""Where a request goes next, and forwarding without a transaction."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Awaitable
from typing import Final

from olelo.core.context import (
    CLOSE_AFTER_FORWARD,
    MTU_FALLBACK,
    NO_CONNECT_FORWARD,
    STREAM_WISHES,
    RouteContext,
)
from olelo.core.engine import ERR, Engine
from olelo.core.errors import E_BAD_ADDRESS, E_BAD_URI, E_NO_SOCKET, E_OK, E_SEND
from olelo.core.onsend import stopped_by_script
from olelo.core.sockets import CLOSE_AFTER, DEFAULT_PORT, FORCED, NO_CONNECT, STREAMS, Destination, ListenSocket
from olelo.core.via import via_line
from olelo.sip.build import forward_reply as build_forwarded_reply
from olelo.sip.build import forward_request
from olelo.sip.errors import SipError
from olelo.sip.headers import CSEQ
from olelo.sip.uri import Uri, parse_uri
from olelo.sip.via import Via

#: Next hops remembered per engine; the URIs come from the wire, so the memory must be bounded.
_CACHE: Final = 8192
#: Key in `ctx.store` of the transport that udp_mtu_try_proto() chose.
MTU_PROTO: Final = "udp_mtu_try_proto"


def next_hop(
    engine: Engine, uri: bytes, force: ListenSocket | None = None, proto: str = "", near: ListenSocket | None = None
) -> Destination | int | Awaitable[Destination | int]:
    """Where a URI leads: a destination, or one of core.errors' numbers. Waits only where a name must be resolved.

    proto overrides the URI's transport (t_relay_to_udp and the like). force: the socket that the script wants; near: the
    one the message came by, which sends it on over UDP where nothing else is said.
    """
    found = hop_now(engine, uri, force, proto, near)
    if found is not None:
        return found
    parsed = parse_uri(uri)
    host = (parsed.param(b"maddr") or parsed.host).decode("latin-1")
    return _resolve(engine, host, parsed.port, proto or _transport(parsed), force, near)


def hop_now(
    engine: Engine, uri: bytes, force: ListenSocket | None, proto: str, near: ListenSocket | None = None
) -> Destination | int | None:
    """As next_hop, without waiting: None where a name must be resolved first."""
    key = (uri, force, proto, near)
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
    target = _destination(engine, proto, ip, parsed.port or DEFAULT_PORT[proto], force, near)
    if isinstance(target, Destination) and not engine.params.mhomed:  # with mhomed, routes may change at any time
        if len(engine.hops) >= _CACHE:
            engine.hops.clear()
        engine.hops[key] = target
    return target


def _transport(uri: Uri) -> str:
    """The transport that a URI asks for; "" where it does not say."""
    return uri.transport or ("tls" if uri.scheme == "sips" else "")


def _destination(
    engine: Engine, proto: str, ip: str, port: int, force: ListenSocket | None, near: ListenSocket | None
) -> Destination | int:
    socket = sending_socket(engine, proto, ip, force, near)
    if socket is None:
        return E_NO_SOCKET
    return Destination(proto, ip, port, socket, 0, FORCED if force is not None else 0)


def sending_socket(
    engine: Engine, proto: str, ip: str, force: ListenSocket | None, near: ListenSocket | None
) -> ListenSocket | None:
    """The socket to send by, as Kamailio picks it: the forced one, or the one of the same address and port with the
    transport; with mhomed the one whose address the route goes out by; over UDP the one that received the message;
    else the first of that transport."""
    ipv6 = ":" in ip
    if force is not None:
        if force.proto != proto:
            force = next((s for s in engine.sockets if s.proto == proto and s.address == force.address), None)
        if force is not None and (":" in force.host) == ipv6:
            return force
    if proto == "udp":
        if engine.params.mhomed:
            local = engine.services.local_address(ip)
            found = next((s for s in engine.sockets if s.proto == proto and s.host == local), None)
            if found is not None:
                return found
        if near is not None and near.proto == proto and (":" in near.host) == ipv6:
            return near
    return engine.socket_for(proto, ipv6)


async def _resolve(
    engine: Engine, host: str, port: int, proto: str, force: ListenSocket | None, near: ListenSocket | None
) -> Destination | int:
    found = await _resolve_all(engine, host, port, proto, force, near)
    return found[0] if found else E_BAD_ADDRESS


async def _resolve_all(
    engine: Engine, host: str, port: int, proto: str, force: ListenSocket | None, near: ListenSocket | None
) -> list[Destination]:
    targets = []
    for found, ip, found_port in await engine.services.resolve(host, port, proto):
        target = _destination(engine, found, ip, found_port or DEFAULT_PORT[found], force, near)
        if isinstance(target, Destination):
            targets.append(target)
    return targets


async def every_hop(
    engine: Engine, uri: bytes, force: ListenSocket | None, proto: str, near: ListenSocket | None = None
) -> list[Destination] | int:
    """As next_hop, with all that a name leads to, in the order to try them (RFC 3263 section 4.3); never empty."""
    found = hop_now(engine, uri, force, proto, near)
    if found is not None:
        return found if isinstance(found, int) else [found]
    parsed = parse_uri(uri)
    host = (parsed.param(b"maddr") or parsed.host).decode("latin-1")
    return await _resolve_all(engine, host, parsed.port, proto or _transport(parsed), force, near) or E_BAD_ADDRESS


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
        first_at=record.place if record is not None else 0,
        route=path,
        source=(rcv.ip, rcv.port),
        force_rport=bool(ctx.msg_flags & 1),
        stream=to.proto in STREAMS,
    )


def other_way(
    ctx: RouteContext, to: Destination, uri: bytes, path: bytes, branch: bytes, packet: bytes
) -> tuple[bytes, Destination]:
    """What is special about the way out of a request, where it is longer than udp_mtu or ctx has any of STREAM_WISHES.

    One that is longer goes by udp_mtu_try_proto's transport to the same address and port (RFC 3261 section 18.1.1),
    where one is wanted and we have a socket for it; else as it is.
    """
    engine = ctx.engine
    wishes = ctx.msg_flags & STREAM_WISHES
    if wishes:
        flags = to.flags | (NO_CONNECT if wishes & NO_CONNECT_FORWARD else 0)
        flags |= CLOSE_AFTER if wishes & CLOSE_AFTER_FORWARD else 0
        to = Destination(to.proto, to.ip, to.port, to.socket, to.conn, flags)
    if to.proto != "udp" or len(packet) <= engine.udp_limit:
        return packet, to
    wanted = ctx.store.get(MTU_PROTO, "") if ctx.msg_flags & MTU_FALLBACK and ctx.store else ""
    for proto in (engine.params.udp_mtu_try_proto, wanted):
        if proto in ("", "udp"):
            continue
        socket = sending_socket(engine, proto, to.ip, ctx.force_socket, None)
        if socket is not None:
            to = Destination(proto, to.ip, to.port, socket, 0, to.flags)
            return build_request(ctx, to, uri, path, branch), to
    return packet, to


async def forward(ctx: RouteContext, host: str = "", port: int = 0, proto: str = "") -> int:
    """Forward a request without a transaction, to its `$du` or `$ru`, or to the host given. Returns 1, -1 on failure."""
    engine = ctx.engine
    uri = ctx.dst_uri or ctx.ruri
    if host:
        uri = f"sip:{host}:{port}".encode("latin-1") if port else b"sip:" + host.encode("latin-1")
    to = next_hop(engine, uri, ctx.force_socket, proto, ctx.rcv.socket)
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
    if len(packet) > engine.udp_limit or ctx.msg_flags & STREAM_WISHES:
        packet, to = other_way(ctx, to, ctx.ruri, ctx.path, branch, packet)
    if engine.onsend_route is not None and stopped_by_script(ctx, packet, to):
        ctx.error = E_OK
        return False
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
    if engine.params.check_via and not engine.is_myself(msg.via.host, msg.via.port or 5060, _proto(msg.via)):
        engine.log(ERR, f"<core>: a reply's first Via names {msg.via.host!r}, which is not ours (check_via): dropped")
        return False
    via = vias[1]
    host = (via.received or via.maddr or via.host).decode("latin-1").strip("[]")
    try:
        ip = str(ipaddress.ip_address(host))
    except ValueError:
        engine.log(ERR, f"<core>: reply's second Via names {host}, and a stateless reply waits for no name: dropped")
        return False
    proto = _proto(via)
    if proto not in DEFAULT_PORT:
        return False
    port = via.rport or via.port or DEFAULT_PORT[proto]
    to = _destination(engine, proto, ip, port, ctx.force_socket, ctx.rcv.socket)
    if isinstance(to, int):
        return False
    if proto in STREAMS:  # the connection that the request came by, as our own Via says
        to.conn = connection_of(msg.via)
    packet = build_forwarded_reply(msg)
    if engine.onsend_replies and stopped_by_script(ctx, packet, to):
        return False
    return engine.send(packet, to)


def connection_of(via: Via) -> int:
    """The connection's number in a Via of ours (its parameter i, hexadecimal); 0 where there is none."""
    text = via.param(b"i") or b""
    try:
        return int(text, 16)
    except ValueError:
        return 0


def _proto(via: Via) -> str:
    return via.transport.decode("latin-1").lower()
