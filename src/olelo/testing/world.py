"""A world that obeys the test: a clock that moves when told, a network of lists, names from a dictionary.

`FakeServices` is what an engine gets instead of sockets (core/services.py is the contract). Nothing here sleeps, and
everything is the same in each run: random bytes are counted out.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from olelo.core.sockets import Destination

T = TypeVar("T")

#: The wall clock at the start of every test: 2026-01-01 00:00:00 UTC.
EPOCH = 1_767_225_600.0


class FakeFuture:
    """Something to await that the world ends: a sleep, a look-up."""

    __slots__ = ("_value", "_waiters", "done")

    def __init__(self) -> None:
        self.done = False
        self._value: Any = None
        self._waiters: list[Callable[[], None]] = []

    def set(self, value: Any = None) -> None:
        self.done = True
        self._value = value
        for waiter in self._waiters:
            waiter()

    def when_done(self, call: Callable[[], None]) -> None:
        if self.done:
            call()
        else:
            self._waiters.append(call)

    def __await__(self) -> Generator[FakeFuture, None, Any]:
        while not self.done:
            yield self
        return self._value


class FakeServices:
    """Clocks, wires, names and a log, all in memory.

    sent: every packet that left, in order, as (time, bytes, destination). refuse: destinations (ip, port) that cannot
    be sent to. unreachable: destinations whose packets are taken, and come back unsent after `refusal_time` seconds, as
    those for a TCP connection that is refused; `on_unsent` is told. names: host -> [(proto, ip, port)]; a host that is
    not there does not resolve. lookup_time: seconds that a look-up takes. thread_time: seconds that a call on a thread
    takes. routes: destination -> our address that the route goes out by. lines: (level, text) of the log.
    """

    def __init__(self) -> None:
        self.time = 0.0
        self.sent: list[tuple[float, bytes, Destination]] = []
        self.refuse: set[tuple[str, int]] = set()
        self.unreachable: set[tuple[str, int]] = set()
        self.refusal_time = 0.0
        self.names: dict[str, list[tuple[str, str, int]]] = {}
        self.lookup_time = 0.0
        self.thread_time = 0.0
        self._lanes: dict[str, float] = {}
        self.lines: list[tuple[int, str]] = []
        self.closed_connections: set[int] = set()
        self.routes: dict[str, str] = {}
        self.aliases: list[tuple[int, int]] = []
        self.commands: list[str] = []
        self.on_send: Callable[[bytes, Destination], None] = lambda data, to: None
        self.on_unsent: Callable[[bytes], None] = lambda data: None
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._cancelled: set[int] = set()
        self._count = 0
        self._random = 0

    # --- what an engine calls -----------------------------------------------------------------------------

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return EPOCH + self.time

    def random_bytes(self, count: int) -> bytes:
        self._random += 1
        return hashlib.shake_128(b"olelo %d" % self._random).digest(count)

    def log(self, level: int, text: str) -> None:
        self.lines.append((level, text))

    def send(self, data: bytes, to: Destination) -> bool:
        if (to.ip, to.port) in self.refuse:
            return False
        if (to.ip, to.port) in self.unreachable:
            self.call_at(self.time + self.refusal_time, lambda: self.on_unsent(data))
            return True
        self.sent.append((self.time, data, to))
        self.on_send(data, to)
        return True

    def spawn(self, work: Awaitable[Any], done: Callable[[Any, BaseException | None], None]) -> None:
        iterator = work.__await__()

        def step() -> None:
            try:
                pending = iterator.send(None)
            except StopIteration as stop:
                done(stop.value, None)
            except Exception as error:
                done(None, error)
            else:
                assert isinstance(pending, FakeFuture), f"a script awaits {pending!r}, which this world does not know"
                pending.when_done(step)

        step()

    def call_at(self, deadline: float, callback: Callable[[], None]) -> Callable[[], None]:
        self._count += 1
        number = self._count
        heapq.heappush(self._timers, (deadline, number, callback))
        return lambda: self._cancelled.add(number)

    def resolve(self, host: str, port: int, proto: str) -> Awaitable[list[tuple[str, str, int]]]:
        future = FakeFuture()
        found = [(p, ip, at or port) for p, ip, at in self.names.get(host.lower(), [])]
        if self.lookup_time:
            self.call_at(self.time + self.lookup_time, lambda: future.set(found))
        else:
            future.set(found)
        return future

    def gate(self) -> FakeFuture:
        return FakeFuture()

    def execute(self, command: str) -> Awaitable[int]:
        """Notes the command in `commands` and says that it went well."""
        self.commands.append(command)
        future = FakeFuture()
        future.set(0)
        return future

    def sleep(self, seconds: float) -> Awaitable[None]:
        future = FakeFuture()
        self.call_at(self.time + seconds, future.set)
        return future

    async def in_thread(self, lane: str, call: Callable[[], T]) -> T:
        """Make the call here, after `thread_time` seconds; calls of one lane end in the order they were made."""
        if self.thread_time:
            start = max(self.time, self._lanes.get(lane, 0.0))
            self._lanes[lane] = start + self.thread_time
            await self.sleep(self._lanes[lane] - self.time)
        return call()

    def local_address(self, ip: str) -> str:
        return self.routes.get(ip, "")

    def alias_connection(self, number: int, port: int) -> bool:
        self.aliases.append((number, port))
        return number not in self.closed_connections

    def connection_alive(self, number: int) -> bool:
        return number not in self.closed_connections

    def close_connection(self, number: int) -> None:
        self.closed_connections.add(number)

    # --- what a test calls --------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let time pass; timers run in order, each at its own moment."""
        end = self.time + seconds
        while self._timers and self._timers[0][0] <= end:
            deadline, number, callback = heapq.heappop(self._timers)
            if number in self._cancelled:
                self._cancelled.discard(number)
                continue
            self.time = max(self.time, deadline)
            callback()
        self.time = end
