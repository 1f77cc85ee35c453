"""Following Route headers: whose the topmost entry is, and where the request goes next (RFC 3261 section 16.4, 16.12)."""

from __future__ import annotations

from typing import NamedTuple

from olelo.core.context import RouteContext
from olelo.sip.address import NameAddr, parse_addresses
from olelo.sip.errors import SipError
from olelo.sip.headers import ROUTE
from olelo.sip.message import Message
from olelo.sip.uri import Uri, parse_uri

# Return codes of loose_route().
DRIVEN, FLOW_DRIVEN = 1, 2
NOT_DRIVEN, BROKEN_TOKEN, PRELOADED = -1, -2, -3


#: Heads of Route entries remembered; they come from the wire, so with a bound.
_KNOWN = 1024


class Entry(NamedTuple):
    """One Route entry: which header line it stands in, and the address."""

    header: int
    address: NameAddr


class RouteSet:
    """The Route entries of a message, and how many of them are used up from either end."""

    __slots__ = ("entries", "msg")

    def __init__(self, msg: Message) -> None:
        """Raises MalformedHeader."""
        self.msg = msg
        self.entries: list[Entry] = []
        for i, number in enumerate(msg.hids):
            if number == ROUTE:
                self.entries += [Entry(i, address) for address in parse_addresses(msg.value(i))]

    def uri(self, index: int) -> Uri:
        return parse_uri(self.entries[index].address.uri)

    def keep(self, first: int, last: int | None = None) -> None:
        """Note the edits that leave entries[first:last] alone."""
        kept = self.entries[first:last]
        msg = self.msg
        for i, number in enumerate(msg.hids):
            if number != ROUTE:
                continue
            here = [entry.address.raw.strip() for entry in kept if entry.header == i]
            before = sum(1 for entry in self.entries if entry.header == i)
            if len(here) == before:
                continue
            if not here:
                msg.remove_header(i)
            else:
                start, end = msg.value_span(i)
                msg.replace(start, end, b", ".join(here) if len(here) > 1 else here[0])


def is_strict(uri: Uri) -> bool:
    """Is the next hop a strict router, one without lr (RFC 3261 section 16.6 item 6)?"""
    return uri.param(b"lr") is None


def with_maddr(uri: Uri) -> bytes:
    """A URI as next hop: its maddr, if it has one, takes the host's place."""
    maddr = uri.param(b"maddr")
    if not maddr:
        return uri.raw
    user = uri.user + b"@" if uri.user else b""
    port = b":%d" % uri.port if uri.port else b""
    transport = b";transport=" + uri.transport.encode() if uri.transport else b""
    return uri.scheme.encode() + b":" + user + maddr + port + transport


class Follower:
    """Follows the route set of one request. `mine` says whether a URI is ours."""

    __slots__ = ("ctx", "double", "force_socket", "params", "routes")

    def __init__(self, ctx: RouteContext, routes: RouteSet, double: bool, force_socket: bool) -> None:
        self.ctx = ctx
        self.routes = routes
        self.double = double
        self.force_socket = force_socket
        self.params = b""  # the URI parameters of our own entry, for check_route_param() and is_direction()

    def is_mine(self, uri: Uri) -> bool:
        if not uri.host or uri.param(b"gr") is not None:
            return False
        return self.ctx.engine.is_myself(uri.host, uri.port or 5060)

    def after_loose(self, preloaded: bool) -> int:
        """The previous hop routed loosely: our entries are on top, the target is in the Request-URI."""
        ctx, routes = self.ctx, self.routes
        done = PRELOADED if preloaded else DRIVEN
        uri = routes.uri(0)
        first = 0
        if self.is_mine(uri):
            self.params = uri.params
            first = 1
            two = self.double and uri.param(b"r2") is not None
            if not two and self.force_socket:
                self._force(uri)
            if two and len(routes.entries) > 1:
                second = routes.uri(1)
                self._force(second)
                first = 2
            if len(routes.entries) <= first:
                routes.keep(first)
                return done
            uri = routes.uri(first)
        if is_strict(uri):
            ctx.msg.append_header(b"Route: <" + ctx.msg.ruri + b">\r\n")
            ctx.ruri = with_maddr(uri)
            ctx.ruri_used = False
            routes.keep(first + 1)
            return done
        ctx.dst_uri = with_maddr(uri)
        ctx.ruri_used = False
        routes.keep(first)
        return done

    def after_strict(self) -> int:
        """The previous hop was a strict router: our entry is in the Request-URI, the target is the last Route."""
        ctx, routes = self.ctx, self.routes
        self.params = parse_uri(ctx.ruri).params
        uri = routes.uri(0)
        first = 0
        if self.double and uri.param(b"r2") is not None and self.is_mine(uri):
            self._force(uri)
            first = 1
            if len(routes.entries) == 1:
                routes.keep(1)
                return NOT_DRIVEN
            uri = routes.uri(1)
        ctx.ruri_used = False
        if is_strict(uri):
            ctx.ruri = with_maddr(uri)
            routes.keep(first + 1)
            return DRIVEN
        ctx.dst_uri = with_maddr(uri)
        ctx.ruri = with_maddr(routes.uri(len(routes.entries) - 1))
        routes.keep(first, len(routes.entries) - 1)
        return DRIVEN

    def _force(self, uri: Uri) -> None:
        """Send by the socket that an entry of ours names."""
        host = uri.host.decode("latin-1").strip("[]")
        port = uri.port or (5061 if uri.transport == "tls" else 5060)
        proto = uri.transport or "udp"
        for socket in self.ctx.engine.sockets:
            names = (socket.host, socket.via_host.strip("[]"))
            if socket.proto == proto and port in (socket.port, socket.via_port) and host in names:
                self.ctx.force_socket = socket
                return


def follow_usual(ctx: RouteContext, known: dict[bytes, bool]) -> bytes | None:
    """The case of nearly every request within a call, without taking the URI apart: one Route entry, ours, without r2,
    and a Request-URI that is not ours. Returns the entry's parameters, None where it is any other case.

    known: entries up to their parameters (`<sip:192.0.2.1:5060`) -> are they ours; kept by the caller.
    """
    msg = ctx.msg
    hids = msg.hids
    if hids.count(ROUTE) != 1:
        return None
    i = hids.index(ROUTE)
    value = msg.value(i)
    semicolon = value.find(b";")
    if semicolon < 0 or value[-1] != 62 or value[0] != 60 or b"," in value or b";r2" in value or b";gr" in value:
        return None
    head = value[:semicolon]
    mine = known.get(head)
    if mine is None:
        uri = parse_uri(head[1:])
        mine = known[head] = ctx.engine.is_myself(uri.host, uri.port or 5060)
        if len(known) > _KNOWN:
            known.clear()
    if not mine:
        return None
    target = parse_uri(ctx.ruri)
    if ctx.engine.is_myself(target.host, target.port or 5060):
        return None
    msg.remove_header(i)
    return value[semicolon + 1 : -1]


def follow(ctx: RouteContext, *, double: bool, force_socket: bool, loose_only: bool) -> tuple[int, bytes]:
    """(return code of loose_route(), the parameters of our own Route entry)."""
    msg = ctx.msg
    if ROUTE not in msg.hids:
        return NOT_DRIVEN, b""
    try:
        routes = RouteSet(msg)
        if not routes.entries:
            return NOT_DRIVEN, b""
        follower = Follower(ctx, routes, double, force_socket)
        if not msg.to.tag:
            return follower.after_loose(True), follower.params
        if not loose_only and follower.is_mine(parse_uri(ctx.ruri)):
            return follower.after_strict(), follower.params
        return follower.after_loose(False), follower.params
    except SipError:
        return NOT_DRIVEN, b""
