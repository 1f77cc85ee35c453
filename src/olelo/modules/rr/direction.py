"""What rr knows about one message: the parameters of our own Route entry, and from them the call's direction."""

from __future__ import annotations

from typing import Final

from olelo.core.context import RouteContext
from olelo.core.party import tag_of
from olelo.modules.rr.entries import entries_of
from olelo.modules.rr.routes import NOT_DRIVEN, Options, follow, own_params
from olelo.sip.errors import SipError
from olelo.sip.headers import FROM, ROUTE, TO

DOWNSTREAM: Final = 1
UPSTREAM: Final = 2


class State:
    """The parameters of our Route entry once they were looked for, and the direction once it was asked for."""

    __slots__ = ("direction", "next_hop", "params", "sought")

    def __init__(self) -> None:
        self.params = b""
        self.sought = False
        self.direction = 0
        self.next_hop = False


def state_of(ctx: RouteContext) -> State:
    """The message's state, made where there is none yet."""
    if ctx.store is None:
        ctx.store = {}
    found = ctx.store.get("rr")
    if found is None:
        found = ctx.store["rr"] = State()
    assert isinstance(found, State)
    return found


def follow_routes(ctx: RouteContext, options: Options, loose_only: bool) -> int:
    """Follow the Route headers and note what was found. Gives the return code of loose_route()."""
    if ROUTE not in ctx.msg.hids:
        return NOT_DRIVEN
    code, found = follow(ctx, options, loose_only)
    if found is not None:
        state = state_of(ctx)
        state.params = found.params or b""
        state.sought = bool(state.params)
        state.next_hop = found.routed
    return code


def route_params(ctx: RouteContext, options: Options) -> bytes:
    """URI parameters of our own Route entry: what follow_routes() noted, or of the topmost entry, if it is ours."""
    msg = ctx.msg
    if not msg.is_request or ROUTE not in msg.hids:
        return b""
    state = state_of(ctx)
    if not state.sought:
        state.sought = True
        try:
            first = entries_of(msg, msg.hids.index(ROUTE))[0]
            state.params = own_params(ctx, first.uri, options) or b""
        except SipError:
            state.params = b""
    return state.params


def is_upstream(ctx: RouteContext, options: Options) -> bool:
    """Does the request go from the callee to the caller? ftag in our Route entry is the caller's tag."""
    if ROUTE not in ctx.msg.hids:
        return False
    params = route_params(ctx, options)
    state = state_of(ctx)
    if not state.direction:
        ftag = value_of(params, b"ftag")
        tag = tag_of(ctx.msg, FROM) if ftag else b""
        state.direction = UPSTREAM if tag and tag != ftag else DOWNSTREAM
    return state.direction == UPSTREAM


def opener_tag(ctx: RouteContext, options: Options, either: bool) -> bytes:
    """;ftag=... for a Record-Route: the tag of the side that opened the call (From's, unless either). Raises SipError."""
    tag = tag_of(ctx.msg, TO if either and is_upstream(ctx, options) else FROM)
    return b";ftag=" + tag if tag else b""


def value_of(params: bytes, name: bytes) -> bytes:
    """A URI parameter's value as rr reads it: the name in this case exactly, quotes around the value left out."""
    for part in params.split(b";"):
        key, _, value = part.partition(b"=")
        if key.strip(b" \t") == name:
            value = value.lstrip(b" \t")
            return value[1:].partition(value[:1])[0] if value[:1] in (b'"', b"'") else value.partition(b" ")[0]
    return b""
