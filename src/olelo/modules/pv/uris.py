"""The Request-URI, as it came and as the script has made it, and the next hop: $ru $rU $rd .. $ou .. $du .. $nh."""

from __future__ import annotations

from olelo.core import ruri
from olelo.core.context import RouteContext
from olelo.core.module import Module, variable
from olelo.core.operands import uri_or_none
from olelo.core.ruri import scheme_of, user_of
from olelo.modules.pv.common import Pair, by_key, encoded, text, text_or_null
from olelo.script.catalog import Value
from olelo.sip.uri import Uri


def port_of(uri: Uri) -> str:
    """A URI's port as text, with the default of its transport where it has none."""
    if uri.port:
        return str(uri.port)
    return "5061" if uri.transport == "tls" else "5060"


def transport_of(uri: Uri) -> str:
    """The transport parameter as written, "UDP" without one."""
    given = uri.param(b"transport")
    return given.decode("latin-1") if given else "UDP"


def _request_uri(ctx: RouteContext) -> Uri | None:
    return uri_or_none(ctx.ruri) if ctx.msg.is_request else None


def _original(ctx: RouteContext) -> Uri | None:
    return uri_or_none(ctx.msg.ruri) if ctx.msg.is_request else None


def _next_hop(ctx: RouteContext) -> bytes:
    return ctx.dst_uri or ctx.ruri


class UriVariables(Module):
    """Variables of the Request-URI and the next hop. In replies they are all $null."""

    @variable("ru", "ruri", setter="set_ru")
    def ru(self, ctx: RouteContext) -> Value:
        """The Request-URI; $null if it is no URI."""
        return None if _request_uri(ctx) is None else ctx.ruri.decode("latin-1")

    def set_ru(self, ctx: RouteContext, value: Value) -> None:
        if self._text(value, "$ru"):
            self._done(ruri.set_uri(ctx, encoded(value)), "$ru", value)

    @variable("rU", "ruri.user", setter="set_rU")
    def rU(self, ctx: RouteContext) -> Value:
        """Its user; $null if there is none. Assigning $null or "" removes it."""
        uri = _request_uri(ctx)
        return None if uri is None else text_or_null(user_of(uri))

    def set_rU(self, ctx: RouteContext, value: Value) -> None:
        if value is None or self._text(value, "$rU"):
            self._done(ruri.set_user(ctx, encoded(value)), "$rU", value)

    @variable("rUl")
    def rUl(self, ctx: RouteContext) -> Value:
        """Length of its user."""
        uri = _request_uri(ctx)
        return None if uri is None else len(user_of(uri))

    @variable("rd", "ruri.domain", setter="set_rd")
    def rd(self, ctx: RouteContext) -> Value:
        """Its host."""
        uri = _request_uri(ctx)
        return None if uri is None else text_or_null(uri.host)

    def set_rd(self, ctx: RouteContext, value: Value) -> None:
        if self._text(value, "$rd"):
            self._done(ruri.set_host(ctx, encoded(value)), "$rd", value)

    @variable("rp", setter="set_rp")
    def rp(self, ctx: RouteContext) -> Value:
        """Its port as text, 5060 (5061 for TLS) if none is written. Assigning $null removes it."""
        uri = _request_uri(ctx)
        return None if uri is None else port_of(uri)

    def set_rp(self, ctx: RouteContext, value: Value) -> None:
        self._done(ruri.set_port(ctx, encoded(value)), "$rp", value)

    @variable("rP")
    def rP(self, ctx: RouteContext) -> Value:
        """Its transport parameter as written, UDP without one."""
        uri = _request_uri(ctx)
        return None if uri is None else transport_of(uri)

    @variable("rz")
    def rz(self, ctx: RouteContext) -> Value:
        """Its scheme."""
        uri = _request_uri(ctx)
        return None if uri is None else scheme_of(uri)

    @variable("ou", "ouri")
    def ou(self, ctx: RouteContext) -> Value:
        """The Request-URI as it was received."""
        return None if _original(ctx) is None else ctx.msg.ruri.decode("latin-1")

    @variable("oU")
    def oU(self, ctx: RouteContext) -> Value:
        """User of the received Request-URI."""
        uri = _original(ctx)
        return None if uri is None else text_or_null(user_of(uri))

    @variable("oUl")
    def oUl(self, ctx: RouteContext) -> Value:
        """Length of the received Request-URI's user."""
        uri = _original(ctx)
        return None if uri is None else len(user_of(uri))

    @variable("od")
    def od(self, ctx: RouteContext) -> Value:
        """Host of the received Request-URI."""
        uri = _original(ctx)
        return None if uri is None else text_or_null(uri.host)

    @variable("op")
    def op(self, ctx: RouteContext) -> Value:
        """Port of the received Request-URI."""
        uri = _original(ctx)
        return None if uri is None else port_of(uri)

    @variable("oP")
    def oP(self, ctx: RouteContext) -> Value:
        """Transport of the received Request-URI."""
        uri = _original(ctx)
        return None if uri is None else transport_of(uri)

    @variable("du", "duri", setter="set_du")
    def du(self, ctx: RouteContext) -> Value:
        """The URI of the next hop, $null if the Request-URI is used. Assigning $null removes it."""
        return text_or_null(ctx.dst_uri)

    def set_du(self, ctx: RouteContext, value: Value) -> None:
        if value is None:
            ctx.dst_uri = b""
        elif self._text(value, "$du"):
            ctx.dst_uri = encoded(value)
            ctx.ruri_used = False  # a new next hop makes the URI worth trying again

    @variable("dd")
    def dd(self, ctx: RouteContext) -> Value:
        """Host of $du."""
        uri = uri_or_none(ctx.dst_uri) if ctx.dst_uri else None
        return None if uri is None else text_or_null(uri.host)

    @variable("dp")
    def dp(self, ctx: RouteContext) -> Value:
        """Port of $du."""
        uri = uri_or_none(ctx.dst_uri) if ctx.dst_uri else None
        return None if uri is None else port_of(uri)

    @variable("dP")
    def dP(self, ctx: RouteContext) -> Value:
        """Transport of $du."""
        uri = uri_or_none(ctx.dst_uri) if ctx.dst_uri else None
        return None if uri is None else transport_of(uri)

    @variable("nh", inner="required", dynamic=False)
    def nh(self, inner: str, index: int | str | None) -> Pair:
        """The next hop: $du, else $ru; of a reply the second Via. Keys u U d p P i."""
        return by_key("nh", _NEXT_HOP, inner)

    def _text(self, value: Value, name: str) -> bool:
        """Is the value a text, as these variables take it? Kamailio refuses a number, and so do we."""
        if isinstance(value, int):
            self.engine.log(-1, f"{name} takes a string, not the number {value}")
        return isinstance(value, str)

    def _done(self, code: int, name: str, value: Value) -> None:
        if code < 0:
            self.engine.log(-1, f"{name} cannot be set to {value!r}")


def _nh_uri(ctx: RouteContext) -> Value:
    if ctx.msg.is_request:
        return text(_next_hop(ctx))
    host, port, proto = _reply_hop(ctx)
    return None if host is None else f"sip:{host}:{port};transport={proto}"


def _nh_user(ctx: RouteContext) -> Value:
    uri = uri_or_none(_next_hop(ctx)) if ctx.msg.is_request else None
    return None if uri is None else text_or_null(user_of(uri))


def _nh_host(ctx: RouteContext) -> Value:
    if not ctx.msg.is_request:
        return _reply_hop(ctx)[0]
    uri = uri_or_none(_next_hop(ctx))
    return None if uri is None else text_or_null(uri.host)


def _nh_port(ctx: RouteContext) -> Value:
    if not ctx.msg.is_request:
        host, port, _ = _reply_hop(ctx)
        return None if host is None else port
    uri = uri_or_none(_next_hop(ctx))
    return None if uri is None else str(uri.port or 5060)


def _nh_proto(ctx: RouteContext) -> Value:
    if not ctx.msg.is_request:
        host, _, proto = _reply_hop(ctx)
        return None if host is None else proto
    uri = uri_or_none(_next_hop(ctx))
    return None if uri is None else transport_of(uri)


def _nh_family(ctx: RouteContext) -> Value:
    host = _nh_host(ctx)
    if not isinstance(host, str):
        return 0 if ctx.msg.is_request else None
    if ":" in host:
        return 6
    return 4 if host.replace(".", "").isdigit() and host.count(".") == 3 else 0


def _reply_hop(ctx: RouteContext) -> tuple[str | None, int, str]:
    """Host, port and transport that the second Via of a reply names; host None where there is none."""
    vias = ctx.msg.vias
    if len(vias) < 2:
        return None, 0, ""
    via = vias[1]
    host = via.received or via.host
    port = via.rport or via.port
    proto = via.transport.decode("latin-1").lower()
    return host.decode("latin-1"), port or (5061 if proto == "tls" else 5060), proto


reply_hop = _reply_hop

_NEXT_HOP = {"u": _nh_uri, "U": _nh_user, "d": _nh_host, "p": _nh_port, "P": _nh_proto, "i": _nh_family}
