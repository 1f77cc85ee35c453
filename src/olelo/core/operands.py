"""Core operands of a script: `method`, `uri`, `src_ip`, `proto` and their like, and `myself`.

They are written without a dollar sign and compared with constants, networks or `myself`. In reply routes `uri`
and `status` are both the reply's code. What cannot be read (a message without From) is None.

The operands of onsend_route (`snd_ip`, `to_ip` ..) look at what is about to be sent: an `Outgoing` that the
sender leaves in `ctx.store["onsend"]` while the route runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.core.context import RouteContext
from olelo.core.sockets import Destination
from olelo.script.catalog import Getter, Value
from olelo.sip.errors import SipError
from olelo.sip.uri import Uri, parse_uri

if TYPE_CHECKING:
    from olelo.core.engine import Engine

#: Largest message that `max_len` stands for.
MAX_LEN = 65535
#: Key of the Outgoing in `ctx.store`.
ONSEND = "onsend"


class Outgoing:
    """What onsend_route looks at: the packet and where it goes."""

    __slots__ = ("data", "to")

    def __init__(self, data: bytes, to: Destination) -> None:
        self.data = data
        self.to = to


def outgoing(ctx: RouteContext) -> Outgoing | None:
    """The packet about to be sent, in onsend_route; None elsewhere."""
    return ctx.store.get(ONSEND) if ctx.store else None


def uri_or_none(text: bytes) -> Uri | None:
    """A parsed URI, or None where the text is none."""
    try:
        return parse_uri(text)
    except SipError:
        return None


def from_uri_bytes(ctx: RouteContext) -> bytes | None:
    """The URI of From; None where the header is missing or bad."""
    try:
        found = ctx.msg.from_
    except SipError:
        return None
    return found.uri if found is not None else None


def to_uri_bytes(ctx: RouteContext) -> bytes | None:
    """The URI of To; None where the header is missing or bad."""
    try:
        found = ctx.msg.to
    except SipError:
        return None
    return found.uri if found is not None else None


def method(ctx: RouteContext) -> Value:
    return ctx.msg.method


def uri(ctx: RouteContext) -> Value:
    return ctx.ruri.decode("latin-1") if ctx.msg.is_request else str(ctx.msg.status)


def status(ctx: RouteContext) -> Value:
    return uri(ctx)


def from_uri(ctx: RouteContext) -> Value:
    found = from_uri_bytes(ctx)
    return None if found is None else found.decode("latin-1")


def to_uri(ctx: RouteContext) -> Value:
    found = to_uri_bytes(ctx)
    return None if found is None else found.decode("latin-1")


def src_ip(ctx: RouteContext) -> Value:
    return ctx.rcv.ip


def dst_ip(ctx: RouteContext) -> Value:
    return ctx.rcv.socket.host


def src_port(ctx: RouteContext) -> Value:
    return ctx.rcv.port


def dst_port(ctx: RouteContext) -> Value:
    return ctx.rcv.socket.port


def proto(ctx: RouteContext) -> Value:
    return ctx.rcv.proto


def af(ctx: RouteContext) -> Value:
    return "INET6" if ":" in ctx.rcv.ip else "INET"


def msg_len(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return len(out.data) if out is not None else len(ctx.msg.raw)


def max_len(ctx: RouteContext) -> Value:
    return MAX_LEN


def snd_ip(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.socket.host


def snd_port(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.socket.port


def snd_proto(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.proto


def snd_af(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else ("INET6" if ":" in out.to.ip else "INET")


def to_ip(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.ip


def to_port(ctx: RouteContext) -> Value:
    out = outgoing(ctx)
    return None if out is None else out.to.port


OPERANDS: dict[str, Getter] = {
    "method": method,
    "uri": uri,
    "status": status,
    "from_uri": from_uri,
    "to_uri": to_uri,
    "src_ip": src_ip,
    "dst_ip": dst_ip,
    "src_port": src_port,
    "dst_port": dst_port,
    "proto": proto,
    "af": af,
    "msg:len": msg_len,
    "max_len": max_len,
    "snd_ip": snd_ip,
    "snd_port": snd_port,
    "snd_proto": snd_proto,
    "snd_af": snd_af,
    "to_ip": to_ip,
    "to_port": to_port,
}


def core_operands() -> dict[str, Getter]:
    """All core operands by name, for the catalog (`myself` is `myself`)."""
    return dict(OPERANDS)


def uri_is_myself(engine: Engine, text: bytes) -> bool:
    """Whether a URI's host and port are ours. Without a port 5060 is meant (5061 with transport=tls)."""
    found = uri_or_none(text)
    if found is None or not found.host:
        return False
    return engine.is_myself(found.host, found.port or (5061 if found.transport == "tls" else 5060))


def myself(ctx: RouteContext, text: str) -> bool:
    """Is this URI, host or address ours? The right side of `uri==myself`, `src_ip==myself`, `"host"==myself`."""
    if not text:
        return False
    head = text[:5].lower()
    if head.startswith(("sip:", "sips:", "tel:")):
        return uri_is_myself(ctx.engine, text.encode("latin-1"))
    return ctx.engine.is_myself(text.encode("latin-1"))
