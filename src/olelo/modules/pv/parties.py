"""From and To: $fu $fU $fd $fn $ft, $tu $tU $td $tn $tt. Assignments change the message that goes out.

What was received stays readable: after `$fU = "x"` a read of $fU gives the old user until msg_apply_changes().
"""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, variable
from olelo.core.operands import uri_or_none
from olelo.core.ruri import user_of
from olelo.modules.pv.common import encoded, text, text_or_null
from olelo.script.catalog import Value
from olelo.sip import headers as h
from olelo.sip.address import NameAddr
from olelo.sip.errors import SipError
from olelo.sip.uri import Uri


def party(ctx: RouteContext, hid: int) -> NameAddr | None:
    """From (h.FROM) or To (h.TO); None where the header is missing or bad."""
    try:
        return ctx.msg.from_ if hid == h.FROM else ctx.msg.to
    except SipError:
        return None


def party_uri(ctx: RouteContext, hid: int) -> Uri | None:
    found = party(ctx, hid)
    return None if found is None else uri_or_none(found.uri)


def _uri(ctx: RouteContext, hid: int) -> Value:
    found = party(ctx, hid)
    return None if found is None else text(found.uri)


def _user(ctx: RouteContext, hid: int) -> Value:
    uri = party_uri(ctx, hid)
    return None if uri is None else text_or_null(user_of(uri))


def _user_len(ctx: RouteContext, hid: int) -> Value:
    uri = party_uri(ctx, hid)
    return None if uri is None else len(user_of(uri))


def _domain(ctx: RouteContext, hid: int) -> Value:
    uri = party_uri(ctx, hid)
    return None if uri is None else text_or_null(uri.host)


def _display(ctx: RouteContext, hid: int) -> Value:
    found = party(ctx, hid)
    return None if found is None else text_or_null(found.display)


def _tag(ctx: RouteContext, hid: int) -> Value:
    found = party(ctx, hid)
    return None if found is None else text_or_null(found.tag)


# --- changes ----------------------------------------------------------------------------------------------


def _places(ctx: RouteContext, hid: int) -> tuple[int, int, NameAddr] | None:
    """Where the value of the header starts and where its URI starts in the message, and the header parsed."""
    found = party(ctx, hid)
    i = ctx.msg.index(hid)
    if found is None or i < 0:
        return None
    raw = ctx.msg.raw
    value_at, end = ctx.msg.value_span(i)
    bracket = raw.find(b"<" + found.uri, value_at, end)
    uri_at = bracket + 1 if bracket >= 0 else raw.find(found.uri, value_at, end)
    return (value_at, uri_at, found) if uri_at >= 0 else None


def _set_uri(ctx: RouteContext, hid: int, value: Value) -> None:
    places = _places(ctx, hid)
    if places is None or value is None:
        return
    _, at, found = places
    ctx.msg.replace(at, at + len(found.uri), encoded(value))


def _set_user(ctx: RouteContext, hid: int, value: Value) -> None:
    places = _places(ctx, hid)
    uri = party_uri(ctx, hid)
    if places is None or uri is None:
        return
    _, uri_at, found = places
    at = uri_at + found.uri.find(b":") + 1
    if not uri.user:
        if value is not None:
            ctx.msg.insert(at, encoded(value) + b"@")
        return
    size = len(user_of(uri))
    if value is None and ctx.msg.raw[at + size : at + size + 1] == b"@":
        size += 1
    ctx.msg.replace(at, at + size, encoded(value))


def _set_domain(ctx: RouteContext, hid: int, value: Value) -> None:
    places = _places(ctx, hid)
    uri = party_uri(ctx, hid)
    if places is None or uri is None or value is None or not uri.host:
        return
    _, uri_at, found = places
    after = found.uri.find(b"@") + 1 or found.uri.find(b":") + 1
    at = uri_at + found.uri.find(uri.host, after)
    ctx.msg.replace(at, at + len(uri.host), encoded(value))


def _set_display(ctx: RouteContext, hid: int, value: Value) -> None:
    places = _places(ctx, hid)
    if places is None:
        return
    value_at, uri_at, found = places
    raw = ctx.msg.raw
    old = found.display
    if not old:
        if value is not None:
            ctx.msg.insert(value_at, encoded(value) + b" ")
        return
    at = raw.find(old, value_at, uri_at)
    if at < 0:
        return
    end = at + len(old)
    if value is None and raw[end : end + 1] == b" ":
        end += 1
    ctx.msg.replace(at, end, encoded(value))


class PartyVariables(Module):
    """Variables of From and To."""

    @variable("fu", "from", setter="set_fu")
    def fu(self, ctx: RouteContext) -> Value:
        """URI of From."""
        return _uri(ctx, h.FROM)

    def set_fu(self, ctx: RouteContext, value: Value) -> None:
        _set_uri(ctx, h.FROM, value)

    @variable("fU", "from.user", setter="set_fU")
    def fU(self, ctx: RouteContext) -> Value:
        """User in From."""
        return _user(ctx, h.FROM)

    def set_fU(self, ctx: RouteContext, value: Value) -> None:
        _set_user(ctx, h.FROM, value)

    @variable("fUl")
    def fUl(self, ctx: RouteContext) -> Value:
        """Length of the user in From."""
        return _user_len(ctx, h.FROM)

    @variable("fd", "from.domain", setter="set_fd")
    def fd(self, ctx: RouteContext) -> Value:
        """Domain in From."""
        return _domain(ctx, h.FROM)

    def set_fd(self, ctx: RouteContext, value: Value) -> None:
        _set_domain(ctx, h.FROM, value)

    @variable("fn", setter="set_fn")
    def fn(self, ctx: RouteContext) -> Value:
        """Display name in From, with its quotes."""
        return _display(ctx, h.FROM)

    def set_fn(self, ctx: RouteContext, value: Value) -> None:
        _set_display(ctx, h.FROM, value)

    @variable("ft")
    def ft(self, ctx: RouteContext) -> Value:
        """Tag of From."""
        return _tag(ctx, h.FROM)

    @variable("tu", "to", setter="set_tu")
    def tu(self, ctx: RouteContext) -> Value:
        """URI of To."""
        return _uri(ctx, h.TO)

    def set_tu(self, ctx: RouteContext, value: Value) -> None:
        _set_uri(ctx, h.TO, value)

    @variable("tU", "to.user", setter="set_tU")
    def tU(self, ctx: RouteContext) -> Value:
        """User in To."""
        return _user(ctx, h.TO)

    def set_tU(self, ctx: RouteContext, value: Value) -> None:
        _set_user(ctx, h.TO, value)

    @variable("tUl", setter="set_tU")
    def tUl(self, ctx: RouteContext) -> Value:
        """Length of the user in To. Assigning sets the user, as in Kamailio."""
        return _user_len(ctx, h.TO)

    @variable("td", "to.domain", setter="set_td")
    def td(self, ctx: RouteContext) -> Value:
        """Domain in To."""
        return _domain(ctx, h.TO)

    def set_td(self, ctx: RouteContext, value: Value) -> None:
        _set_domain(ctx, h.TO, value)

    @variable("tn", setter="set_tn")
    def tn(self, ctx: RouteContext) -> Value:
        """Display name in To, with its quotes."""
        return _display(ctx, h.TO)

    def set_tn(self, ctx: RouteContext, value: Value) -> None:
        _set_display(ctx, h.TO, value)

    @variable("tt")
    def tt(self, ctx: RouteContext) -> Value:
        """Tag of To."""
        return _tag(ctx, h.TO)
