"""The hallway: what happens to a packet between the wire and the script, on one page.

A request meets request_route; the script decides everything. A reply meets reply_route, then its transaction,
and is forwarded statelessly where no transaction wants it. The core swallows nothing before the script, except
what no script could work on: packets that are no SIP, those without Via, From, To, Call-ID or CSeq, and those
with two of a header that may stand once: the next server may read them differently.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final

from olelo.core.context import RouteContext
from olelo.core.early import early_of
from olelo.core.engine import CRIT2, DBG, ERR, Engine
from olelo.core.failures import traced
from olelo.core.forward import forward_reply
from olelo.core.reply import reply_stateless
from olelo.core.sockets import Received
from olelo.script.catalog import RouteKind
from olelo.script.compile import CompiledRoute
from olelo.sip.errors import SipError
from olelo.sip.message import Message

#: What clients send to keep a NAT binding open; dropped without a word (RFC 5626 section 3.5.2 and common practice).
KEEPALIVES: Final = frozenset((b"", b"\0\0\0\0", b"\r\n", b"\r\n\r\n", b"\0"))
#: Messages that may queue behind a Call-ID whose script waits; more are dropped, and the peers retransmit.
MAX_WAITING: Final = 32


class Receiver:
    """The engine's entrance for packets. One per engine; holds the routes so that no packet looks them up."""

    __slots__ = ("early", "engine", "reply_route", "request_route", "stats")

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.stats = engine.counts
        self.refresh()

    def refresh(self) -> None:
        """Take the routes of the engine's present program (start and reload)."""
        self.request_route = self.engine.route("request")
        self.reply_route = self.engine.route("reply")
        self.early = early_of(self.engine)

    def receive(self, data: bytes, rcv: Received) -> None:
        """One whole packet or stream message. Never raises."""
        if len(data) <= 4 and data in KEEPALIVES:
            return
        engine = self.engine
        early = self.early
        if early is not None and early.stops_packet(data, rcv):
            return
        engine.message_count += 1
        msg = None
        try:
            msg = Message.parse(data)
            msg.check_core_headers()
        except SipError as error:
            self.stats.bad(msg, error)
            engine.log(ERR, f"<core>: bad message from {rcv.proto}:{rcv.ip}:{rcv.port}: {error}")
            if early is not None:
                early.bad_packet(data, rcv)
            return
        if msg.is_request:
            ctx = RouteContext(engine, msg, rcv, RouteKind.REQUEST)
        else:
            ctx = RouteContext(engine, msg, rcv, RouteKind.CORE_ONREPLY)
        ctx.msg_id = engine.message_count
        if engine.message_flags:
            ctx.msg_flags = engine.message_flags
        if engine.waiting:
            queue = engine.waiting.get(msg.call_id)
            if queue is not None:
                if len(queue) < MAX_WAITING:
                    queue.append(ctx)
                else:
                    engine.log(ERR, f"<core>: too many messages wait behind Call-ID {msg.call_id!r}, dropped one")
                return
        try:
            if early is None:
                self.route(ctx)
                return
            if not early.stops(ctx):
                self.route(ctx)
            engine.prefix = ""
        except Exception as error:  # one message's fault is that message's alone
            self.failed(ctx, error)

    def failed(self, ctx: RouteContext, error: Exception) -> None:
        """Something of a message could not be read, or the core has a fault: say so, and go on with the next message."""
        rcv = ctx.rcv
        self.engine.prefix = ""
        if isinstance(error, SipError):
            self.stats.bad(ctx.msg, error)
            self.engine.log(ERR, f"<core>: bad message from {rcv.proto}:{rcv.ip}:{rcv.port}: {error}")
        else:
            self.engine.log(CRIT2, f"<core>: {error!r} over a message from {rcv.ip}: {traced(error)}")

    def route(self, ctx: RouteContext) -> None:
        """Run the main route for a parsed message."""
        if ctx.msg.is_request:
            self.stats.request(ctx.msg.method)
            route = self.request_route
            if ctx.msg.method == "ACK":
                for filtered in self.engine.ack_filters:
                    if filtered(ctx):
                        return
            if route is None:
                self.engine.log(ERR, "<core>: no request_route in the configuration")
                return
        else:
            self.stats.reply(ctx.msg.status, ctx.msg.method)
            route = self.reply_route
            if route is None:
                self.reply_routed(ctx, 1)
                return
        result = self.engine.run_route(route, ctx, ctx.kind)
        if result.__class__ is int:
            self.routed(ctx, result)
        else:
            self.park(ctx, route, result)  # type: ignore[arg-type]

    def routed(self, ctx: RouteContext, code: int) -> None:
        """The main route came to its end with this code."""
        if not ctx.msg.is_request:
            self.reply_routed(ctx, code)
        elif ctx.error == -500 and ctx.msg.method != "ACK":
            # The route raised: the request still waits for an answer, by its transaction if it has one.
            tm = self.engine.tm
            if tm is not None and tm.has_transaction(ctx):
                tm.reply(ctx, 500, b"Server Internal Error")
            else:
                reply_stateless(ctx, 500, b"Server Internal Error")
        elif ctx.tx is not None and self.engine.tm is not None:
            self.engine.tm.script_done(ctx)

    def reply_routed(self, ctx: RouteContext, code: int) -> None:
        if code == 0 and ctx.dropped:
            self.stats.drop_replies.value += 1
            return
        engine = self.engine
        if engine.tm is not None and engine.tm.on_reply(ctx):
            return
        for tap in engine.reply_taps:
            if tap(ctx):
                return
        if forward_reply(ctx):
            self.stats.fwd_replies.value += 1
        else:
            engine.log(DBG, "<core>: reply belongs to no transaction and has no second Via: dropped")

    # --- scripts that wait --------------------------------------------------------------------------------

    def park(self, ctx: RouteContext, route: CompiledRoute, work: Awaitable[int]) -> None:
        """A script waits: later messages of its Call-ID queue behind it, so that a CANCEL cannot overtake its INVITE."""
        engine = self.engine
        call_id = ctx.msg.call_id
        engine.waiting.setdefault(call_id, [])

        def done(code: Any, error: BaseException | None) -> None:
            if error is not None:
                engine.route_failed(ctx, route, error)
            try:
                self.routed(ctx, -1 if error is not None else int(code))
            except Exception as fault:  # as in receive()
                self.failed(ctx, fault)
            self._release(call_id)

        engine.services.spawn(work, done)

    def _release(self, call_id: bytes) -> None:
        queue = self.engine.waiting.pop(call_id, [])
        while queue:
            ctx = queue.pop(0)
            try:
                self.route(ctx)
            except Exception as error:  # as in receive()
                self.failed(ctx, error)
            if call_id in self.engine.waiting:  # that one waits too: the rest goes on queueing
                self.engine.waiting[call_id].extend(queue)
                return
