"""What a configuration may want to do with a packet before its routes see it: core's event routes, and log_prefix."""

from __future__ import annotations

from collections.abc import Callable

from olelo.core.context import FAKED, RouteContext
from olelo.core.engine import ERR, Engine
from olelo.core.sockets import Received
from olelo.script.catalog import RouteKind
from olelo.script.values import ResolveError, Resolver
from olelo.sip.message import Message

_RECEIVED = "core:msg-received"
_PARSE_ERROR = "core:receive-parse-error"
_PRE_ROUTING = "core:pre-routing"
_WORKER_ONE = "core:worker-one-init"


class Early:
    """Made once per engine, and only where the configuration asks for any of it: `early_of`."""

    __slots__ = ("_aliases", "_engine", "_parse_error", "_pre_routing", "_prefix", "_received")

    def __init__(self, engine: Engine, prefix: Callable[[object], str] | None) -> None:
        self._engine = engine
        self._prefix = prefix
        self._received = bool(engine.params.received_route_mode) and engine.has_event(_RECEIVED)
        self._pre_routing = engine.has_event(_PRE_ROUTING)
        self._parse_error = engine.has_event(_PARSE_ERROR)
        self._aliases = bool(engine.params.tcp_accept_aliases)

    @property
    def wanted(self) -> bool:
        return self._received or self._pre_routing or self._parse_error or self._aliases or self._prefix is not None

    def stops_packet(self, data: bytes, rcv: Received) -> bool:
        """Run event_route[core:msg-received] over a packet that is not parsed yet (received_route_mode); drop stops it."""
        if not self._received:
            return False
        ctx = RouteContext(self._engine, Message(data), rcv, RouteKind.EVENT)
        self._engine.run_event(_RECEIVED, ctx)
        return ctx.dropped

    def bad_packet(self, data: bytes, rcv: Received) -> None:
        """Run event_route[core:receive-parse-error] over a packet that is no message."""
        if self._parse_error:
            self._engine.run_event(_PARSE_ERROR, RouteContext(self._engine, Message(data), rcv, RouteKind.EVENT))

    def stops(self, ctx: RouteContext) -> bool:
        """Set the prefix of log lines, take the alias in Via (tcp_accept_aliases), run event_route[core:pre-routing]; drop
        stops the message."""
        engine = self._engine
        if self._prefix is not None:
            engine.prefix = self._prefix(ctx)
        if self._aliases and ctx.rcv.conn and ctx.msg.is_request and ctx.msg.via.param(b"alias") is not None:
            engine.services.alias_connection(ctx.rcv.conn, ctx.msg.via.port or 5060)
        if not self._pre_routing:
            return False
        engine.run_event(_PRE_ROUTING, ctx)
        dropped, ctx.dropped = ctx.dropped, False
        return dropped


def early_of(engine: Engine) -> Early | None:
    """What is to be done early, None for nothing. A log_prefix with an unknown variable is logged and left out."""
    prefix = None
    if engine.params.log_prefix:
        try:
            prefix = Resolver(engine.catalog).format(engine.params.log_prefix)
        except ResolveError as error:
            engine.log(ERR, f"<core>: log_prefix: {error}")
    early = Early(engine, prefix)
    return early if early.wanted else None


#: What routes that run without a message get to see, as in Kamailio: a request that nobody sent.
FAKED_MESSAGE = (
    b"OPTIONS sip:you@kamailio.org SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1\r\nFrom: <sip:you@kamailio.org>;tag=123\r\n"
    b"To: <sip:you@kamailio.org>\r\nCall-ID: 123\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


def faked_context(engine: Engine, kind: RouteKind = RouteKind.REQUEST) -> RouteContext:
    """A context for a route that runs without a message. There must be a socket."""
    rcv = Received("udp", "127.0.0.1", 5060, engine.sockets[0])
    ctx = RouteContext(engine, Message.parse(FAKED_MESSAGE), rcv, kind)
    ctx.msg_flags = FAKED
    return ctx


def started(engine: Engine) -> None:
    """Run event_route[core:worker-one-init], once all modules have started."""
    if engine.has_event(_WORKER_ONE):
        engine.run_event(_WORKER_ONE, faked_context(engine))
