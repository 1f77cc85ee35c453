"""The outside world for an engine: real clocks, chance, sockets, names and log (core/services.py is the contract)."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from olelo.core.dns_cache import DnsView
from olelo.core.params import CoreParams
from olelo.core.sockets import Destination, ListenSocket, Received
from olelo.core.stats import Statistics
from olelo.net.dns_cache import DnsCache
from olelo.net.log import Log
from olelo.net.resolver import Resolver
from olelo.net.tcp import FIGURES, TcpTransport
from olelo.net.udp import RECEIVE_BUFFER, UdpSocket

T = TypeVar("T")
Receive = Callable[[bytes, Received], None]


class Gate:
    """Something to await until it is set."""

    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[Any] = loop.create_future()

    def set(self, value: Any = None) -> None:
        if not self._future.done():
            self._future.set_result(value)

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._future.__await__()


class NetServices:
    """Sockets are opened by `open()`, once the engine is loaded; everything else works from the start."""

    def __init__(self, loop: asyncio.AbstractEventLoop, log: Log) -> None:
        self.loop = loop
        self._log = log
        self.resolver = Resolver()
        self.udp: dict[ListenSocket, UdpSocket] = {}
        self.tcp: TcpTransport | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self.now = time.monotonic
        self.wall = time.time
        self.random_bytes = os.urandom

    def log(self, level: int, text: str) -> None:
        self._log.write(level, text)

    def _network_error(self, text: str) -> None:
        self._log.write(-1, text)

    async def open(
        self, sockets: list[ListenSocket], params: CoreParams, receive: Receive, receive_buffer: int = 0
    ) -> None:
        """Bind all sockets. Raises OSError with the address in its text; what was opened is closed again.

        receive_buffer: bytes of the kernel's buffer of each UDP socket; 0: udp.RECEIVE_BUFFER.
        """
        self.resolver.configure(params)
        self.tcp = TcpTransport(self.loop, params, receive, self._network_error)
        for sock in sockets:
            try:
                if sock.proto == "udp":
                    self.udp[sock] = UdpSocket(
                        self.loop, sock, receive, self._network_error, params, receive_buffer or RECEIVE_BUFFER
                    )
                elif sock.proto == "tcp":
                    await self.tcp.listen(sock)
                else:
                    raise OSError(f"{sock.proto} is not there yet")
            except OSError as error:
                await self.close()
                raise OSError(f"cannot listen on {sock.text}: {error.strerror or error}") from error
        for udp in self.udp.values():
            udp.start()

    def dns_cache(self) -> DnsView:
        """What the resolver remembers, for the dns.* commands."""
        return DnsCache(self.resolver)

    def count_in(self, stats: Statistics) -> None:
        """Show what the transports and the resolver count as groups tcp and dns."""
        stats.computed("dns", "failed_dns_request", lambda: self.resolver.failed, "Questions that got no answer.")
        stats.computed("dns", "slow_dns_request", lambda: self.resolver.slow, "Questions that took over a second.")
        tcp = self.tcp
        if tcp is None:
            return
        for name, doc in FIGURES.items():
            stats.computed("tcp", name, lambda name=name: tcp.figures[name], doc)  # type: ignore[misc]
        stats.computed("tcp", "current_opened_connections", lambda: len(tcp.connections), "Open connections.")
        stats.computed("tcp", "current_write_queue_size", tcp.waiting_bytes, "Bytes that peers have not taken yet.")

    def send(self, data: bytes, to: Destination) -> bool:
        if to.proto == "udp":
            udp = self.udp.get(to.socket)
            return udp is not None and udp.send(data, to)
        return self.tcp is not None and to.proto == "tcp" and self.tcp.send(data, to)

    def spawn(self, work: Awaitable[Any], done: Callable[[Any, BaseException | None], None]) -> None:
        async def finish() -> None:
            try:
                result = await work
            except Exception as error:  # whoever spawned it says what that means
                done(None, error)
            else:
                done(result, None)

        task = self.loop.create_task(finish())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def call_at(self, deadline: float, callback: Callable[[], None]) -> Callable[[], None]:
        handle = self.loop.call_later(max(0.0, deadline - time.monotonic()), callback)
        return handle.cancel

    async def resolve(self, host: str, port: int, proto: str) -> list[tuple[str, str, int]]:
        if asyncio.current_task(self.loop) is None:  # a script's first step is driven outside of any task
            await asyncio.sleep(0)
        return await self.resolver.resolve(host, port, proto)

    def local_address(self, ip: str) -> str:
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((ip, 9))  # UDP: nothing is sent, the kernel only picks the route
                return str(probe.getsockname()[0])
        except OSError as error:
            self._log.write(-1, f"<core>: no route to {ip}: {error}")
            return ""

    def alias_connection(self, number: int, port: int) -> bool:
        return self.tcp is not None and self.tcp.add_alias(number, port)

    def connection_alive(self, number: int) -> bool:
        return self.tcp is not None and self.tcp.alive(number)

    def close_connection(self, number: int) -> None:
        connection = self.tcp.connections.get(number) if self.tcp is not None else None
        if connection is not None:
            connection.close()

    def gate(self) -> Gate:
        return Gate(self.loop)

    async def execute(self, command: str) -> int:
        await asyncio.sleep(0)  # from here on we are inside a task
        process = await asyncio.create_subprocess_shell(command)
        return await process.wait()

    def sleep(self, seconds: float) -> Awaitable[None]:
        return asyncio.sleep(seconds)

    def in_thread(self, lane: str, call: Callable[[], T]) -> Awaitable[T]:
        worker = self._lanes.get(lane)
        if worker is None:
            worker = self._lanes[lane] = ThreadPoolExecutor(1, thread_name_prefix=f"olelo-{lane}")
        return self.loop.run_in_executor(worker, call)

    async def close(self) -> None:
        for worker in self._lanes.values():
            worker.shutdown(wait=False, cancel_futures=True)
        for task in list(self._tasks):
            task.cancel()
        for udp in self.udp.values():
            udp.close()
        self.udp.clear()
        if self.tcp is not None:
            await self.tcp.close()
