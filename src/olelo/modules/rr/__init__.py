"""rr: Record-Route and Route (RFC 3261 sections 16.4, 16.6 and 16.12)."""

from __future__ import annotations

import re

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.module import BRANCH, FAILURE, REQUEST, Module, Value, function, param, variable
from olelo.modules.rr.record import Advertised, Preset, RecordRoute
from olelo.modules.rr.routes import follow, follow_usual
from olelo.script.catalog import RouteKind
from olelo.sip.address import parse_addresses
from olelo.sip.errors import SipError
from olelo.sip.headers import ROUTE
from olelo.sip.params import parse_params
from olelo.sip.uri import parse_uri

WHERE = REQUEST | BRANCH | FAILURE
DOWNSTREAM, UPSTREAM = 1, 2


class State:
    """What rr knows about one message."""

    __slots__ = ("direction", "params", "routed")

    def __init__(self) -> None:
        self.routed = False  # loose_route() found an entry of ours
        self.params = b""  # its URI parameters
        self.direction = 0


class Rr(Module):
    """Record-Route and Route: staying in the path of a call's requests, and following it."""

    name = "rr"

    enable_full_lr = param(0, "1: write lr=on instead of lr, for peers that want a value.")
    append_fromtag = param(1, "1: the From tag goes into Record-Route, for is_direction() and dialogs.")
    enable_double_rr = param(1, "1: two Record-Routes where a request changes socket or transport, 2: always.")
    add_username = param(0, "1: the Request-URI's user goes into Record-Route.")
    custom_user_avp = param("", "AVP whose value is that user instead.")
    enable_socket_mismatch_warning = param(1, "Warn where an entry of ours names no socket of ours.", noop=True)
    force_send_socket = param(1, "1: send by the socket that our Route entry names.")
    ignore_sips = param(0, "1: sip: in Record-Route for sips: requests, too.")
    sockname_mode = param(0, "1: the socket's name goes into Record-Route.")
    ignore_user = param("", "User of Route entries that are not ours.", noop=True)
    loose_route_mode_param = param(0, "Default mode of loose_route().", names=("loose_route_mode",))

    def init(self) -> None:
        self._heads: dict[bytes, bool] = {}
        # With several sockets an entry of ours says by which one to send on; that needs the longer way.
        self.force_other = False

    def start(self) -> None:
        self.force_other = bool(self.force_send_socket) and len(self.engine.sockets) > 1

    def state(self, ctx: RouteContext) -> State:
        if ctx.store is None:
            ctx.store = {}
        found = ctx.store.get("rr")
        if found is None:
            found = ctx.store["rr"] = State()
        assert isinstance(found, State)
        return found

    # --- recording ----------------------------------------------------------------------------------------

    def _user(self, ctx: RouteContext) -> bytes:
        if not self.add_username:
            return b""
        name = self.custom_user_avp.removeprefix("$avp(").rstrip(")").removeprefix("s:")
        values = ctx.avps.get(name) if name and ctx.avps else None
        if values:
            return str(values[0]).encode("latin-1") + b"@"
        try:
            user = parse_uri(ctx.ruri).user
        except SipError:
            user = b""
        return user + b"@" if user else b""

    def _tail(self, ctx: RouteContext, params: str) -> bytes:
        tail = b";lr=on" if self.enable_full_lr else b";lr"
        if self.append_fromtag:
            party = ctx.msg.to if self._upstream(ctx) else ctx.msg.from_
            tag = party.tag
            if tag:
                tail += b";ftag=" + tag
        return tail + params.encode("latin-1") if params else tail

    def _record(self, ctx: RouteContext, record: RecordRoute) -> int:
        if ctx.record_route is not None:
            if isinstance(ctx.record_route, RecordRoute) and ctx.record_route.tag:
                self.engine.log(ERR, "rr: Double attempt to record-route")
                return -1
            record.params = ctx.record_route.params  # add_rr_param() came first
        ctx.record_route = record
        return 1

    @function("record_route", routes=WHERE)
    def record_route(self, ctx: RouteContext, params: str = "") -> int:
        """Stay in the path of the call: add a Record-Route when the request leaves. params such as ";nat=yes" go into
        its URI. Returns 1; -1 where it was asked for before."""
        scheme = b"sips" if not self.ignore_sips and ctx.ruri[:5].lower() == b"sips:" else b"sip"
        return self._record(
            ctx,
            RecordRoute(
                scheme, self._user(ctx), self._tail(ctx, params), self.enable_double_rr, bool(self.sockname_mode)
            ),
        )

    @function("record_route_preset", routes=WHERE)
    def record_route_preset(self, ctx: RouteContext, first: str, second: str = "") -> int:
        """Add Record-Route with one or two addresses as given (host[:port][;transport=..]). Returns 1, -1 done before."""
        places = [text.encode("latin-1") for text in (first, second) if text]
        return self._record(ctx, Preset(places, self._user(ctx), self._tail(ctx, ""), self.enable_double_rr))

    @function("record_route_advertised_address", routes=WHERE)
    def record_route_advertised_address(self, ctx: RouteContext, address: str) -> int:
        """Add Record-Route with this address (host[:port]) and the sockets' transports. Returns 1, -1 done before."""
        where = address.encode("latin-1")
        return self._record(ctx, Advertised(where, self._user(ctx), self._tail(ctx, ""), self.enable_double_rr))

    @function("add_rr_param", routes=WHERE)
    def add_rr_param(self, ctx: RouteContext, text: str) -> int:
        """Add parameters (";nat=yes") to our Record-Route, before or after record_route(). Returns 1."""
        if ctx.record_route is None:
            ctx.record_route = RecordRoute(b"", b"", b"", 0, False)
        ctx.record_route.params += text.encode("latin-1")
        return 1

    @function("remove_record_route", routes=WHERE)
    def remove_record_route(self, ctx: RouteContext) -> int:
        """Forget record_route() for this message. Returns 1."""
        ctx.record_route = None
        return 1

    # --- following ----------------------------------------------------------------------------------------

    @function("loose_route", "loose_route_preloaded", routes=REQUEST)
    def loose_route(self, ctx: RouteContext) -> int:
        """Follow the Route headers, ours removed. Returns 1 the next hop is set; -1 there is no Route, or it is bad;
        -3 as 1, but the request opens the call (no To tag): its route was preloaded by the caller."""
        return self.loose_route_mode(ctx, self.loose_route_mode_param)

    @function("loose_route_mode", routes=REQUEST)
    def loose_route_mode(self, ctx: RouteContext, mode: int) -> int:
        """As loose_route(); mode 1: never take the previous hop for a strict router."""
        msg = ctx.msg
        if ROUTE not in msg.hids:
            return -1
        state = self.state(ctx)
        if not mode and not self.force_other and msg.to.tag:
            try:
                usual = follow_usual(ctx, self._heads)
            except SipError:
                return -1
            if usual is not None:
                state.routed = True
                state.params = usual
                return 1
        code, params = follow(
            ctx, double=bool(self.enable_double_rr), force_socket=bool(self.force_send_socket), loose_only=bool(mode)
        )
        state.routed = bool(params) or code > 0
        state.params = params
        return code

    @function("rr_next_hop_route", routes=REQUEST)
    def rr_next_hop_route(self, ctx: RouteContext) -> int:
        """Does the next hop come from a Route header that is left? Returns 1 yes, -1 no."""
        return 1 if ROUTE in ctx.msg.hids and ctx.dst_uri else -1

    @function("check_route_param", routes=REQUEST)
    def check_route_param(self, ctx: RouteContext, expression: re.Pattern[str]) -> int:
        """Do the parameters of our Route entry match? To be called after loose_route(). Returns 1 yes, -1 no."""
        params = self.state(ctx).params
        return 1 if params and expression.search(";" + params.decode("latin-1")) else -1

    def _upstream(self, ctx: RouteContext) -> bool:
        """Does the request go from the callee to the caller? ftag in our Route entry is the caller's tag."""
        if ctx.store is None or "rr" not in ctx.store:
            return False
        state = self.state(ctx)
        if not state.direction:
            ftag = parse_params(state.params).get(b"ftag")
            state.direction = UPSTREAM if ftag and ctx.msg.from_.tag not in (b"", ftag) else DOWNSTREAM
        return state.direction == UPSTREAM

    @function("is_direction", routes=REQUEST | RouteKind.ONREPLY | FAILURE | BRANCH)
    def is_direction(self, ctx: RouteContext, direction: str) -> int:
        """Goes the request "downstream" (as the call's first request) or "upstream"? Returns 1 yes, -1 no."""
        wanted = {"u": True, "d": False}.get(direction[:1].lower())
        return 1 if wanted is not None and wanted == self._upstream(ctx) else -1

    # --- variables ----------------------------------------------------------------------------------------

    @variable("route_uri")
    def route_uri(self, ctx: RouteContext) -> Value:
        """The URI of the first Route header."""
        try:
            entries = parse_addresses(ctx.msg.first(ROUTE) or b"")
        except SipError:
            return None
        return entries[0].uri.decode("latin-1") if entries else None

    @variable("fti")
    def fti(self, ctx: RouteContext) -> Value:
        """The tag of the call's first From: of From downstream, of To upstream."""
        tag = ctx.msg.to.tag if self._upstream(ctx) else ctx.msg.from_.tag
        return tag.decode("latin-1") or None

    @variable("tti")
    def tti(self, ctx: RouteContext) -> Value:
        """The tag of the call's first To."""
        tag = ctx.msg.from_.tag if self._upstream(ctx) else ctx.msg.to.tag
        return tag.decode("latin-1") or None

    @variable("rdir", inner="required")
    def rdir(self, inner: str, index: int | str | None) -> tuple[object, None]:
        """Direction: $rdir(id) 1 downstream, 2 upstream; $rdir(name) in words."""
        if inner not in ("id", "name"):
            raise ValueError("is $rdir(id) or $rdir(name)")

        def get(ctx: RouteContext) -> Value:
            upstream = self._upstream(ctx)
            if inner == "id":
                return UPSTREAM if upstream else DOWNSTREAM
            return "upstream" if upstream else "downstream"

        return get, None


MODULE = Rr
