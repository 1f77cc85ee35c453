"""An engine: one configuration at work. It holds what lives longer than a message and has the few doors of the core.

Data enters by `receive()`; packets leave by `send()`. Everything else is called by modules.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from olelo.core.blocklist import Blocklist
from olelo.core.corestats import CoreStats
from olelo.core.database import Databases
from olelo.core.params import CoreParams
from olelo.core.services import Services, TransactionService
from olelo.core.sockets import Destination, ListenSocket
from olelo.core.stats import Statistics
from olelo.script.catalog import Catalog, RouteKind
from olelo.script.compile import CompiledRoute, Program
from olelo.script.nodes import Listen
from olelo.script.runtime import Suspended, run

if TYPE_CHECKING:
    from olelo.core.context import RouteContext
    from olelo.core.declarations import RpcSpec
    from olelo.core.module import Module

# Log levels, Kamailio's numbers.
ALERT: Final = -5
BUG: Final = -4
CRIT2: Final = -3
CRIT: Final = -2
ERR: Final = -1
WARN: Final = 0
NOTICE: Final = 1
INFO: Final = 2
DBG: Final = 3


class Engine:
    """State of one running configuration.

    `globals` are the custom parameters (`group.var`), by group and name; `flags` names declared by `flags x:1`.
    """

    def __init__(self, services: Services, params: CoreParams | None = None) -> None:
        self.services = services
        self.params = params or CoreParams()
        self.catalog = Catalog()
        self.program = Program()
        self.modules: dict[str, Module] = {}
        self.stats = Statistics()
        self.counts = CoreStats(self.stats)
        self.sockets: list[ListenSocket] = []
        self.aliases: set[tuple[bytes, int, str]] = set()  # (host, port or 0, proto or "")
        self.defines: dict[str, str | None] = {}
        self.sources: dict[str, str] = {}  # text of the configuration files, by name
        self.arguments: list[str] = []
        #: (function name, number of the argument) -> the constants that its calls in the script have there
        self.constant_arguments: dict[tuple[str, int], list[str]] = {}
        self.globals: dict[str, dict[str, int | str]] = {}
        #: next hops by URI, socket and transport, kept by core/forward.py
        self.hops: dict[tuple[bytes, ListenSocket | None, str, ListenSocket | None], Destination] = {}
        self.flag_names: dict[str, int] = {}
        self.listens: list[Listen] = []
        self.commands: dict[str, RpcSpec] = {}
        self.blocklist = Blocklist(self)
        self.databases = Databases()
        #: log_prefix of the message that is worked on
        self.prefix = ""
        #: bits of `ctx.msg_flags` that core parameters set for every message, and the largest request that UDP carries
        self.message_flags = 0
        self.udp_limit = sys.maxsize
        #: onsend_route, and whether replies go through it too (onsend_route_reply)
        self.onsend_route: CompiledRoute | None = None
        self.onsend_replies = False
        self.tm: TransactionService | None = None
        self.control_opener: Callable[[Sequence[Any], Any], Any] | None = None
        self.started_at = services.wall()
        self.message_count = 0
        self.server_line = b""  # the Server header line of our answers, with its line end
        self.pid = 0  # the process's, set by the application
        #: asked about a host, port (0: any) and transport ("": any) that no socket or alias has; True: it is ours
        self.myself_checks: list[Callable[[bytes, int, str], bool]] = []
        self._myself: dict[tuple[bytes, int, str], bool] = {}
        self._event_routes: dict[str, CompiledRoute] = {}
        #: Call-IDs whose script waits, each with the messages that came meanwhile
        self.waiting: dict[bytes, list[RouteContext]] = {}
        #: asked about each ACK before the script: True means it is for an answer that a module made, and ends here
        self.ack_filters: list[Callable[[RouteContext], bool]] = []
        #: called with every reply that no transaction wanted, before it is forwarded statelessly; True: taken
        self.reply_taps: list[Callable[[RouteContext], bool]] = []

    # --- the outside world --------------------------------------------------------------------------------

    def send(self, data: bytes, to: Destination) -> bool:
        return self.services.send(data, to)

    def send_failed(self, data: bytes) -> None:
        """A packet that `send()` took could not leave: its connection was refused, say. Not called while sending."""
        if self.tm is not None:
            self.tm.send_failed(data)

    def log(self, level: int, text: str) -> None:
        """One line to the log, if the `debug` parameter lets it through."""
        if level <= self.params.debug:
            self.services.log(level, self.prefix + text)

    def write(self, level: int, text: str) -> None:
        """One line to the log at whatever level, behind the message's log_prefix."""
        self.services.log(level, self.prefix + text)

    def new_id(self, count: int = 8) -> str:
        """A random identifier in hexadecimal, `count` bytes long."""
        return self.services.random_bytes(count).hex()

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return self.services.now()

    def wall(self) -> float:
        """Time of day, seconds since the epoch."""
        return self.services.wall()

    def every(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back every `seconds` until the returned function is called."""
        cancel: list[Callable[[], None]] = []

        def tick() -> None:
            cancel[0] = self.services.call_at(self.services.now() + seconds, tick)
            callback()

        cancel.append(self.services.call_at(self.services.now() + seconds, tick))
        return lambda: cancel[0]()

    @property
    def run_dir(self) -> str:
        """Where sockets and FIFOs with relative names live."""
        return str(self.params.rundir)

    def open_control(self, addresses: Sequence[Any], options: Any) -> Any:
        """Open the sockets of module ctl; the application provides the server (`control_opener`)."""
        return self.control_opener(addresses, options) if self.control_opener is not None else None

    def connection_alive(self, number: int) -> bool:
        """Whether a stream connection is still open."""
        return self.services.connection_alive(number)

    # --- who are we ---------------------------------------------------------------------------------------

    def is_myself(self, host: bytes, port: int = 0, proto: str = "") -> bool:
        """Whether host[:port] is one of our sockets, advertised addresses or aliases. Port 0 and proto "" match any."""
        key = (host, port, proto)
        known = self._myself.get(key)
        if known is None:
            if len(self._myself) > 4096:  # the host comes from the wire: keep the memory bounded
                self._myself.clear()
            known = self._myself[key] = self._is_myself(host.lower(), port, proto)
        return known

    def _is_myself(self, host: bytes, port: int, proto: str) -> bool:
        bare = _same_address(host.strip(b"[]").decode("latin-1"))
        for sock in self.sockets:
            if port not in (0, sock.port, sock.via_port) or proto not in ("", sock.proto):
                continue
            if bare == _same_address(sock.host.lower()) or host == sock.via_host.lower().encode("latin-1"):
                return True
        return any(
            host == name and (alias_port in (0, port) or port == 0) and alias_proto in ("", proto)
            for name, alias_port, alias_proto in self.aliases
        ) or any(check(host, port, proto) for check in self.myself_checks)

    def add_alias(self, host: bytes, port: int = 0, proto: str = "") -> None:
        self.aliases.add((host.lower(), port, proto))
        self._myself.clear()

    def socket_for(self, proto: str, ipv6: bool = False) -> ListenSocket | None:
        """The first listening socket of that transport and address family, as Kamailio picks without mhomed."""
        for sock in self.sockets:
            if sock.proto == proto and (":" in sock.host) == ipv6:
                return sock
        return None

    # --- routes -------------------------------------------------------------------------------------------

    def route(self, kind: str, name: str = "") -> CompiledRoute | None:
        return self.program.routes.get((kind, name))

    def run_route(self, route: CompiledRoute, ctx: RouteContext, kind: RouteKind) -> int | Suspended:
        """Run a route over a context. An exception in the route is logged, and gives -1 with ctx.error set (500)."""
        ctx.kind = kind
        try:
            return run(route.call, ctx)
        except Exception as error:  # one message's fault is that message's alone
            self.route_failed(ctx, route, error)
            return -1

    def route_failed(self, ctx: RouteContext, route: CompiledRoute, error: BaseException) -> None:
        """Log what went wrong with the configuration's file and line, the route and the Call-ID; mark for a 500."""
        from olelo.core.failures import report

        ctx.error = ctx.error or -500
        ctx.dropped = False
        report(self, ctx, route, error)

    def has_event(self, name: str) -> bool:
        return ("event", name) in self.program.routes

    def run_event(self, name: str, ctx: RouteContext) -> int:
        """Run event_route[name], if the configuration has it, to its end; returns its code (1 where there is none).

        An event route that waits goes on in the background; the result is then 1.
        """
        route = self.program.routes.get(("event", name))
        if route is None:
            return 1
        before, ctx.event = ctx.event, name
        kind = ctx.kind
        result = self.run_route(route, ctx, RouteKind.EVENT)
        ctx.event, ctx.kind = before, kind
        if isinstance(result, int):
            return result

        def done(_code: Any, error: BaseException | None) -> None:
            if error is not None:
                self.route_failed(ctx, route, error)

        self.services.spawn(result, done)
        return 1


def _same_address(host: str) -> str:
    """An IPv6 address in its one short form (RFC 5952); anything else as it is."""
    if ":" not in host:
        return host
    try:
        return ipaddress.IPv6Address(host).compressed
    except ValueError:
        return host
