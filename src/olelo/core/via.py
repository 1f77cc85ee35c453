"""Our own Via line (RFC 3261 section 18.1.1), and what a script or a core parameter wants of it."""

from __future__ import annotations

from typing import Final

from olelo.core.context import (
    ADVERTISED,
    FORCE_LOCAL_RPORT,
    VIA_SERVER_ID,
    VIA_XAVP_FIELDS,
    VIA_XAVP_PARAMS,
    RouteContext,
)
from olelo.core.engine import WARN
from olelo.core.sockets import Destination, ListenSocket, via_head
from olelo.core.xavp import Xavp

#: What makes our Via differ from the socket's prepared one.
_SPECIAL: Final = FORCE_LOCAL_RPORT | ADVERTISED | VIA_SERVER_ID | VIA_XAVP_FIELDS | VIA_XAVP_PARAMS
#: Key in `ctx.store`: (host, port) of set_advertised_address() and set_advertised_port(); "" and 0 where not said.
ADVERTISED_KEY: Final = "advertised"


def via_line(ctx: RouteContext, to: Destination, branch: bytes) -> bytes:
    """Our own Via line; `i` names the connection that a stream request came by, so that its answer finds the way."""
    flags = ctx.msg_flags
    if flags & _SPECIAL:
        return _special(ctx, flags, to.socket, branch)
    if ctx.rcv.conn:
        return b"%b%b;i=%x\r\n" % (to.socket.via_head, branch, ctx.rcv.conn)
    return to.socket.via_head + branch + b"\r\n"


def advertised(ctx: RouteContext) -> tuple[str, int]:
    """(address, port) that stand where a socket advertises none: the script's, else the core parameters'."""
    params = ctx.engine.params
    host, port = ctx.store.get(ADVERTISED_KEY, ("", 0)) if ctx.store else ("", 0)
    return host or params.advertised_address, port or params.advertised_port


def _special(ctx: RouteContext, flags: int, socket: ListenSocket, branch: bytes) -> bytes:
    params = ctx.engine.params
    head = socket.via_head
    if flags & (ADVERTISED | VIA_XAVP_FIELDS):
        host, port = advertised(ctx)
        if flags & VIA_XAVP_FIELDS:
            fields = _xavp(ctx, params.xavp_via_fields)
            if fields is not None:
                address, number = fields.get("address"), fields.get("port")
                host = address if isinstance(address, str) and address else host
                port = int(number) if isinstance(number, str) and number.isdecimal() else port
        head = via_head(socket.proto, socket.place(host or socket.via_host, port or socket.advertise_port))
    line = head + branch
    if ctx.rcv.conn:
        line += b";i=%x" % ctx.rcv.conn
    if flags & FORCE_LOCAL_RPORT:
        line += b";rport"
    if flags & VIA_SERVER_ID and params.server_id:
        line += b";srvid=%d" % (params.server_id & 0xFFFFFFFF)
    if flags & VIA_XAVP_PARAMS:
        line += _parameters(ctx, params.xavp_via_params)
    return line + b"\r\n"


def _xavp(ctx: RouteContext, name: str) -> Xavp | None:
    values = ctx.xavps.get(name) if name and ctx.xavps else None
    return values[0] if values and isinstance(values[0], Xavp) else None


def _parameters(ctx: RouteContext, name: str) -> bytes:
    """The fields of an xavp as parameters, newest first; text that is empty is a parameter without value."""
    found = _xavp(ctx, name)
    if found is None:
        return b""
    text = ""
    for field, value in found:
        if isinstance(value, int):
            text += f";{field}={value & 0xFFFFFFFF}"
        elif isinstance(value, str):
            text += f";{field}={value}" if value else f";{field}"
    if "\r" in text or "\n" in text:
        ctx.engine.log(WARN, f"<core>: line ends in the parameters of xavp {name}: not added to Via")
        return b""
    return text.encode("latin-1", "replace")
