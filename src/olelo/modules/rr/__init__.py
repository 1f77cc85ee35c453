"""rr: Record-Route and Route (RFC 3261 sections 16.6, 16.12)."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, REQUEST, Module, function, param
from olelo.core.sockets import ListenSocket
from olelo.sip.address import parse_addresses
from olelo.sip.errors import SipError
from olelo.sip.headers import ROUTE
from olelo.sip.uri import parse_uri


class Rr(Module):
    """Record-Route and Route."""

    name = "rr"
    enable_full_lr = param(0, "1: write lr=on instead of lr, for peers that want a value.")
    append_fromtag = param(1, "1: the From tag goes into Record-Route, for is_direction().")
    enable_double_rr = param(1, "1: two Record-Routes where a request changes socket or transport.")
    add_username = param(0, "1: the Request-URI's user goes into Record-Route.")

    @function("record_route", routes=REQUEST | BRANCH | FAILURE)
    def record_route(self, ctx: RouteContext, params: str = "") -> int:
        """Add a Record-Route for us. Returns 1; -1 where the message has one of ours already."""
        msg = ctx.msg
        if ctx.store is not None and "rr" in ctx.store:
            return -1
        store = ctx.store
        if store is None:
            store = ctx.store = {}
        store["rr"] = True
        tail = b";lr=on" if self.enable_full_lr else b";lr"
        if self.append_fromtag:
            tag = msg.from_.tag
            if tag:
                tail += b";ftag=" + tag
        if params:
            tail += params.encode("latin-1")
        msg.prepend_header(b"Record-Route: <sip:" + host_of(ctx.rcv.socket) + tail + b">\r\n")
        return 1

    @function("loose_route", routes=REQUEST)
    def loose_route(self, ctx: RouteContext) -> int:
        """Route by the Route headers, our own entry removed. Returns 1 routed, -1 no Route for us."""
        msg = ctx.msg
        if ROUTE not in msg.hids:
            return -1
        try:
            i = msg.hids.index(ROUTE)
            entries = parse_addresses(msg.value(i))
            first = parse_uri(entries[0].uri)
        except (SipError, IndexError):
            return -1
        if not self.engine.is_myself(first.host, first.port or 5060):
            return -1
        rest = entries[1:]
        start = msg.start(i)
        if rest:
            line = b"Route: " + b", ".join(e.raw.strip() for e in rest) + b"\r\n"
            msg.replace(start, msg.end(i), line)
            ctx.dst_uri = rest[0].uri
        else:
            msg.replace(start, msg.end(i), b"")
            later = [j for j, number in enumerate(msg.hids) if number == ROUTE and j > i]
            if later:
                ctx.dst_uri = parse_addresses(msg.value(later[0]))[0].uri
        ctx.ruri_used = False
        return 1


def host_of(socket: ListenSocket) -> bytes:
    """host[:port][;transport] as Kamailio writes it: the port where it is not 5060."""
    host = socket.via_host.encode("latin-1")
    if socket.via_port != 5060:
        host += b":%d" % socket.via_port
    if socket.proto != "udp":
        host += b";transport=" + socket.proto.encode()
    return host


MODULE = Rr
