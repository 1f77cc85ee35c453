"""What the hallway needs from the outside world: clocks, chance, wires, names, a log.

The real ones are made by `app.py` from `net/`; `olelo.testing` makes fakes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from olelo.core.sockets import Destination

if TYPE_CHECKING:
    from olelo.core.context import RouteContext
    from olelo.sip.message import Message

T = TypeVar("T")


class Gate(Protocol):
    """Something to await until somebody opens it."""

    def set(self, value: Any = None) -> None: ...

    def __await__(self) -> Generator[Any, Any, Any]: ...


class Services(Protocol):
    """Clocks in seconds. `now` never goes back (timers); `wall` is the time of day (expiry, logs)."""

    def now(self) -> float: ...

    def wall(self) -> float: ...

    def random_bytes(self, count: int) -> bytes: ...

    def log(self, level: int, text: str) -> None:
        """Write one line. Levels are Kamailio's: -5 alert .. -1 error, 0 warning, 1 notice, 2 info, 3 debug."""

    def send(self, data: bytes, to: Destination) -> bool:
        """Send or queue one packet. False: it cannot be sent at all (no such socket, no connection and none allowed,
        refused at once). One that was queued and could not leave comes back by `Engine.send_failed()`."""

    def spawn(self, work: Awaitable[Any], done: Callable[[Any, BaseException | None], None]) -> None:
        """Finish something that waits; `done(result, error)` is called at its end."""

    def call_at(self, deadline: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when `now()` reaches the deadline. Returns a function that cancels it."""

    def resolve(self, host: str, port: int, proto: str) -> Awaitable[list[tuple[str, str, int]]]:
        """RFC 3263: (proto, ip, port) in the order to try; [] if the name does not resolve. Never raises for a bad name."""

    def local_address(self, ip: str) -> str:
        """Our address that the kernel would send from to this one; "" where there is no route (mhomed)."""

    def alias_connection(self, number: int, port: int) -> bool:
        """Send to that port of a connection's peer over the connection, too. False where it is gone."""

    def connection_alive(self, number: int) -> bool:
        """Whether the stream connection of that number is open."""

    def close_connection(self, number: int) -> None:
        """Close the stream connection of that number, if it is open."""

    def gate(self) -> Gate:
        """A new closed gate."""

    def execute(self, command: str) -> Awaitable[int]:
        """Run a shell command; gives its exit status."""

    def sleep(self, seconds: float) -> Awaitable[None]: ...

    def in_thread(self, lane: str, call: Callable[[], T]) -> Awaitable[T]:
        """Make a call that blocks (a database) on a thread. Calls of one lane run one after another, in order."""


class TransactionService(Protocol):
    """What other modules ask of `tm`, if it is loaded (`engine.tm`)."""

    def reply(self, ctx: RouteContext, status: int, reason: bytes) -> int:
        """Answer by the context's transaction; 1 sent, -1 not."""

    def has_transaction(self, ctx: RouteContext) -> bool: ...

    def local_tag(self, tx: Any) -> bytes:
        """The To tag of answers made here for a transaction."""

    def on_reply(self, ctx: RouteContext) -> bool:
        """A reply came in and reply_route let it pass. True: it belonged to a transaction and is dealt with."""

    def send_failed(self, data: bytes) -> None:
        """A packet could not leave though it was taken: the request's branch, if it is one's, has failed."""

    def script_done(self, ctx: RouteContext) -> None:
        """The request route came to its end, and the request has a transaction."""

    def local_request(self, request: UacRequest) -> bool:
        """Send a request of our own statefully. False: it cannot be sent, and `done` is not called."""


class UacRequest:
    """A request that we make ourselves (RPC tm.t_uac_*, keepalives, NOTIFY).

    from_uri and to_uri are URIs or whole header values. headers are whole lines with their line ends, From, To, CSeq
    and Call-ID not among them. dst_uri: the next hop, where it is not the Request-URI's. An empty callid or local_tag
    is made up. no_ack: whoever asked sends the ACK for a 2xx of an INVITE. fr_timer and fr_inv_timer: as tm's
    parameters, for this request alone.
    `done(status, reply)` is called once with the final answer; reply is None where it is local (408).
    """

    __slots__ = (
        "body",
        "callid",
        "cseq",
        "done",
        "dst_uri",
        "fr_inv_timer",
        "fr_timer",
        "from_uri",
        "headers",
        "local_tag",
        "method",
        "no_ack",
        "ruri",
        "socket",
        "to_uri",
    )

    def __init__(
        self,
        method: str,
        ruri: bytes,
        from_uri: bytes,
        to_uri: bytes,
        headers: bytes = b"",
        body: bytes = b"",
        dst_uri: bytes = b"",
        done: Callable[[int, Message | None], None] | None = None,
    ) -> None:
        self.method = method
        self.ruri = ruri
        self.from_uri = from_uri
        self.to_uri = to_uri
        self.headers = headers
        self.body = body
        self.dst_uri = dst_uri
        self.done = done
        self.callid = b""
        self.cseq = 10
        self.local_tag = b""
        self.socket: Any = None
        self.no_ack = False
        self.fr_timer = 0  # milliseconds, 0: tm's parameter
        self.fr_inv_timer = 0
