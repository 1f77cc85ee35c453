"""rr: Record-Route and Route (RFC 3261 sections 16.4, 16.6 and 16.12)."""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.module import ANY, BRANCH, FAILURE, REQUEST, Module, Value, function, param, variable
from olelo.core.party import tag_of
from olelo.modules.rr.direction import (
    DOWNSTREAM,
    UPSTREAM,
    follow_routes,
    is_upstream,
    opener_tag,
    route_params,
    state_of,
)
from olelo.modules.rr.entries import entries_of
from olelo.modules.rr.record import Advertised, Parameters, Preset, RecordRoute
from olelo.modules.rr.routes import PRELOADED, Options
from olelo.sip.errors import SipError
from olelo.sip.headers import FROM, ROUTE, TO
from olelo.sip.uri import parse_uri

WHERE = REQUEST | BRANCH | FAILURE
_DIRECTIONS = {"downstream": DOWNSTREAM, "upstream": UPSTREAM}


def _avp(text: str) -> None:
    if text and not (text.startswith("$avp(") and text.endswith(")")):
        raise ValueError(f"takes an AVP such as $avp(user), not {text!r}")


class Rr(Module):
    """Record-Route and Route: staying in the path of a call's requests, and following it."""

    name = "rr"

    enable_full_lr = param(0, "1: write lr=on instead of lr, for peers that want a value.")
    append_fromtag = param(1, "1: the From tag goes into Record-Route, for is_direction() and dialogs.")
    enable_double_rr = param(1, "1: two Record-Routes where a request changes socket or transport, 2: always.")
    add_username = param(0, "1: the Request-URI's user goes into Record-Route.")
    custom_user_avp = param("", "AVP whose value is that user instead.", check=_avp)
    enable_socket_mismatch_warning = param(1, "1: warn where an entry of ours names no socket of ours.")
    force_send_socket = param(
        0, "1: send by the socket that our Route entry names, also where there is one entry only."
    )
    ignore_sips = param(0, "1: sip: in Record-Route for sips: requests, too.")
    sockname_mode = param(0, "1: the socket's name goes into Record-Route as sn, and Route entries are known by it.")
    ignore_user = param("", "User of Route entries that are not ours.")
    default_mode = param(0, "Mode of loose_route() (see loose_route_mode()).", names=("loose_route_mode",))

    def init(self) -> None:
        self._lr = b";lr=on" if self.enable_full_lr else b";lr"
        self._ignored = self.ignore_user.encode("latin-1")
        self._avp = self.custom_user_avp.removeprefix("$avp(").removesuffix(")").removeprefix("s:")
        self._options = Options(
            self.enable_double_rr,
            self.force_send_socket,
            self.sockname_mode,
            self.enable_socket_mismatch_warning,
            self._ignored,
        )

    # --- recording ----------------------------------------------------------------------------------------

    def _head(self, ctx: RouteContext) -> bytes:
        """Scheme and user of a Record-Route URI. Raises SipError."""
        head = b"sips:" if not self.ignore_sips and ctx.ruri[:5].lower() == b"sips:" else b"sip:"
        if not self.add_username:
            return head
        values = ctx.avps.get(self._avp) if self._avp and ctx.avps else None
        if values and values[0] not in (None, ""):
            user = str(values[0]).encode("latin-1")
        else:
            user = parse_uri(ctx.msg.ruri).user or parse_uri(ctx.ruri).user
        if user and user == self._ignored:
            user = (b"y" if user[:1] == b"x" else b"x") + user[1:]
        return head + user + b"@" if user else head

    def _ftag(self, ctx: RouteContext, either: bool = True) -> bytes:
        """ftag of a Record-Route: the tag of the side that opened the call. Raises SipError."""
        if not self.append_fromtag:
            return b""
        return opener_tag(ctx, self._options, either)

    def _before(self, ctx: RouteContext) -> bytes | None:
        """What add_rr_param() gave so far; None where the request is recorded already."""
        before = ctx.record_route
        if before is None:
            return b""
        if before.recorded and (before.branch < 0 or ctx.kind is not BRANCH):
            self.engine.log(ERR, "rr: Double attempt to record-route")
            return None
        return b"" if before.recorded else bytes(before.params)

    def _record(self, ctx: RouteContext, record: RecordRoute) -> int:
        if ctx.kind is BRANCH:
            record.branch = ctx.branch
        record.place = len(ctx.msg.edits)
        ctx.record_route = record
        return 1

    @function("record_route", routes=WHERE)
    def record_route(self, ctx: RouteContext, params: str = "") -> int:
        """Stay in the path of the call: add a Record-Route when the request leaves. params such as ";nat=yes" go into
        its URI. Returns 1; -1 where it was asked for before, or the request has no usable URI or From."""
        before = self._before(ctx)
        if before is None:
            return -1
        try:
            tail = self._lr + self._ftag(ctx)
            head = self._head(ctx)
        except SipError as error:
            self.engine.log(ERR, f"rr: {error}")
            return -1
        if params:
            tail += params.encode("latin-1")
        return self._record(ctx, RecordRoute(head, tail, self.enable_double_rr, bool(self.sockname_mode), before))

    @function("record_route_preset", routes=WHERE)
    def record_route_preset(self, ctx: RouteContext, first: str, second: str = "") -> int:
        """Add Record-Route with one or two addresses as given (host[:port][;transport=..]); of two, the first goes on
        top, and ";r2=on" is for the script to write. Returns 1; -1 done before, or two without enable_double_rr."""
        before = self._before(ctx)
        if before is None:
            return -1
        if second and not self.enable_double_rr:
            self.engine.log(ERR, "rr: two preset Record-Routes, and enable_double_rr is off")
            return -1
        places = [text.encode("latin-1") for text in (first, second) if text]
        try:
            record = Preset(
                self._head(ctx), places, self._ftag(ctx, either=False), self._lr, self.enable_double_rr, before
            )
        except SipError as error:
            self.engine.log(ERR, f"rr: {error}")
            return -1
        return self._record(ctx, record)

    @function("record_route_advertised_address", routes=WHERE)
    def record_route_advertised_address(self, ctx: RouteContext, address: str) -> int:
        """Add Record-Route with this address (host[:port]), and the transports where the request changes transport.
        Returns 1, -1 done before."""
        before = self._before(ctx)
        if before is None:
            return -1
        try:
            tail = self._ftag(ctx) + self._lr
            record = Advertised(self._head(ctx), address.encode("latin-1"), tail, self.enable_double_rr, before)
        except SipError as error:
            self.engine.log(ERR, f"rr: {error}")
            return -1
        return self._record(ctx, record)

    @function("add_rr_param", routes=WHERE)
    def add_rr_param(self, ctx: RouteContext, text: str) -> int:
        """Add parameters (";nat=yes") to our Record-Route, before or after record_route(). Returns 1, -1 too long."""
        if ctx.record_route is None:
            ctx.record_route = Parameters()
        return 1 if ctx.record_route.add(text.encode("latin-1")) else -1

    @function("remove_record_route", routes=REQUEST | FAILURE)
    def remove_record_route(self, ctx: RouteContext) -> int:
        """Take back record_route() for this message. Returns 1."""
        if ctx.record_route is not None and ctx.record_route.recorded:
            ctx.record_route = None
        return 1

    # --- following ----------------------------------------------------------------------------------------

    @function("loose_route", routes=REQUEST)
    def loose_route(self, ctx: RouteContext) -> int:
        """Follow the Route headers, ours removed.

        Returns 1 the next hop is set ($du; behind a strict router $ru), or there is none but ours;
        -1 there is no Route, or it cannot be followed; -3 the request opens a call (no To tag) and its
        preloaded Route had nothing but us.
        """
        return self.loose_route_mode(ctx, self.default_mode)

    @function("loose_route_mode", routes=REQUEST)
    def loose_route_mode(self, ctx: RouteContext, mode: int) -> int:
        """As loose_route(); mode 1: never take the previous hop for a strict router."""
        return follow_routes(ctx, self._options, bool(mode))

    @function("loose_route_preloaded", routes=REQUEST)
    def loose_route_preloaded(self, ctx: RouteContext) -> int:
        """As loose_route(). Returns 1 where that gives -3 (a preloaded Route with nothing but us), -1 otherwise."""
        return 1 if self.loose_route_mode(ctx, self.default_mode) == PRELOADED else -1

    @function("rr_next_hop_route", routes=ANY)
    def rr_next_hop_route(self, ctx: RouteContext) -> int:
        """Did loose_route() find a next hop behind our own Route entry? Returns 1 yes, -1 no."""
        return 1 if ctx.store is not None and "rr" in ctx.store and state_of(ctx).next_hop else -1

    @function("check_route_param", routes=REQUEST)
    def check_route_param(self, ctx: RouteContext, expression: re.Pattern[str]) -> int:
        """Do the URI parameters of our own Route entry match? They are looked at as ";lr;nat=yes". Returns 1 yes, -1 no."""
        params = route_params(ctx, self._options)
        return 1 if params and expression.search(";" + params.decode("latin-1")) else -1

    @function("is_direction", routes=REQUEST)
    def is_direction(self, ctx: RouteContext, direction: str) -> int:
        """Goes the request "downstream" (as the call's first request) or "upstream"? Needs append_fromtag.
        Returns 1 yes, -1 no or neither word."""
        wanted = _DIRECTIONS.get(direction.lower())
        if wanted is None or not self.append_fromtag:
            self.engine.log(ERR, "rr: is_direction() takes upstream or downstream, and needs append_fromtag")
            return -1
        return 1 if (wanted == UPSTREAM) == is_upstream(ctx, self._options) else -1

    # --- variables ----------------------------------------------------------------------------------------

    @variable("route_uri")
    def route_uri(self, ctx: RouteContext) -> Value:
        """The URI of the first Route header."""
        i = ctx.msg.index(ROUTE)
        if i < 0:
            return None
        try:
            return entries_of(ctx.msg, i)[0].uri.decode("latin-1")
        except SipError:
            return None

    @variable("fti")
    def fti(self, ctx: RouteContext) -> Value:
        """The tag of the call's first From: of From downstream, of To upstream."""
        return self._tag(ctx, is_upstream(ctx, self._options))

    @variable("tti")
    def tti(self, ctx: RouteContext) -> Value:
        """The tag of the call's first To: of To downstream, of From upstream."""
        return self._tag(ctx, not is_upstream(ctx, self._options))

    def _tag(self, ctx: RouteContext, of_to: bool) -> Value:
        try:
            tag = tag_of(ctx.msg, TO if of_to else FROM)
        except SipError:
            return None
        return tag.decode("latin-1") or None

    @variable("rdir", inner="required")
    def rdir(self, inner: str, index: int | str | None) -> tuple[object, None]:
        """Direction: $rdir(id) 1 downstream, 2 upstream; $rdir(name) in words."""
        if inner not in ("id", "name"):
            raise ValueError("is $rdir(id) or $rdir(name)")

        def get(ctx: RouteContext) -> Value:
            upstream = is_upstream(ctx, self._options)
            if inner == "id":
                return UPSTREAM if upstream else DOWNSTREAM
            return "upstream" if upstream else "downstream"

        return get, None


MODULE = Rr
