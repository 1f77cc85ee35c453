"""TCP: listening, connecting, framing, and connections found again by number or address."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from olelo.core.params import CoreParams
from olelo.core.sockets import Destination, ListenSocket, Received
from olelo.sip.errors import SipError
from olelo.sip.stream import PING, StreamFramer

#: Bytes that may wait for a peer that does not read before its connection is closed. Kamailio's tcp_conn_wq_max is
#: 32 KiB by default; phones on bad lines need more.
MAX_QUEUE = 1024 * 1024
PONG = b"\r\n"
#: Kamailio's statistics of group tcp that count events, and what they count.
FIGURES = {
    "con_reset": "Connections that the peer reset.",
    "con_timeout": "Connections closed because nothing used them.",
    "connect_failed": "Connections that could not be opened.",
    "connect_success": "Connections opened by us.",
    "established": "Connections opened by either side.",
    "local_reject": "Connections refused because there were too many.",
    "passive_open": "Connections opened by peers.",
    "send_timeout": "Connections closed because the peer did not take what was sent in time.",
    "sendq_full": "Messages not sent because too much waited for the peer.",
}


class Connection(asyncio.Protocol):
    """One TCP connection, either way."""

    def __init__(self, owner: TcpTransport, listen: ListenSocket, number: int, target: tuple[str, int] | None) -> None:
        self.owner = owner
        self.listen = listen
        self.number = number
        self.target = target
        self.peer: tuple[str, int] = target or ("", 0)
        self.framer = StreamFramer(bool(owner.params.tcp_accept_no_cl))
        self.transport: asyncio.Transport | None = None
        self.queue: list[bytes] = []
        self.queued = 0
        self.last_used = 0.0
        self.state = "CONNECT" if target else "ACCEPT"

    # --- asyncio's side -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods alone
        self.transport = transport
        peer = transport.get_extra_info("peername")
        self.peer = (peer[0], peer[1])
        self.state = "OK"
        sock = transport.get_extra_info("socket")
        self.owner.tune(sock)
        self.owner.opened(self)
        for data in self.queue:
            transport.write(data)
        self.queue.clear()

    def data_received(self, data: bytes) -> None:
        self.last_used = self.owner.loop.time()
        try:
            messages = self.framer.feed(data)
        except SipError as error:
            self.owner.on_error(f"tcp {self.peer[0]}:{self.peer[1]}: {error}: connection closed")
            self.close()
            return
        for message in messages:
            if message is not PING:
                self.owner.receive(message, Received("tcp", self.peer[0], self.peer[1], self.listen, self.number))
            elif self.owner.params.tcp_crlf_ping:
                self.write(PONG)

    def connection_lost(self, error: Exception | None) -> None:
        self.state = "EOF"
        if isinstance(error, ConnectionResetError):
            self.owner.figures["con_reset"] += 1
        self.transport = None
        self.owner.closed(self)

    # --- ours ---------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> bool:
        """Send, or keep until the connection is up. False where too much waits already: the peer does not read."""
        self.last_used = self.owner.loop.time()
        if self.transport is None:
            self.queued += len(data)
            if self.queued > MAX_QUEUE:
                self.owner.figures["sendq_full"] += 1
                return False
            self.queue.append(data)
            return True
        if self.transport.get_write_buffer_size() > MAX_QUEUE:
            self.owner.figures["sendq_full"] += 1
            self.owner.on_error(f"tcp {self.peer[0]}:{self.peer[1]}: does not read: connection closed")
            self.close()
            return False
        self.transport.write(data)
        return True

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class TcpTransport:
    """All TCP connections of the server."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        params: CoreParams,
        receive: Callable[[bytes, Received], None],
        on_error: Callable[[str], None],
    ) -> None:
        self.loop = loop
        self.params = params
        self.receive = receive
        self.on_error = on_error
        self.connections: dict[int, Connection] = {}
        self.by_address: dict[tuple[str, int], Connection] = {}
        self.figures = dict.fromkeys(FIGURES, 0)
        self.on_closed: Callable[[int], None] = lambda number: None
        self._servers: list[asyncio.Server] = []
        self._number = 0
        self._connecting: set[asyncio.Task[Any]] = set()

    async def listen(self, sock: ListenSocket) -> None:
        """Listen on an address. Raises OSError where it cannot be had."""
        server = await self.loop.create_server(
            lambda: Connection(self, sock, self._next(), None),
            sock.host,
            sock.port,
            reuse_address=True,
            backlog=1024,
        )
        self._servers.append(server)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def tune(self, sock: socket.socket) -> None:
        params = self.params
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if params.tcp_keepalive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for value, option in (
                (params.tcp_keepidle, socket.TCP_KEEPIDLE),
                (params.tcp_keepintvl, socket.TCP_KEEPINTVL),
                (params.tcp_keepcnt, socket.TCP_KEEPCNT),
            ):
                if value:
                    sock.setsockopt(socket.IPPROTO_TCP, option, value)

    def opened(self, connection: Connection) -> None:
        if len(self.connections) >= self.params.tcp_max_connections:
            self.figures["local_reject"] += 1
            self.on_error(
                f"tcp: more than {self.params.tcp_max_connections} connections (tcp_max_connections): refused"
            )
            connection.close()
            return
        self.figures["established"] += 1
        self.figures["connect_success" if connection.target else "passive_open"] += 1
        connection.last_used = self.loop.time()
        self.connections[connection.number] = connection
        self.by_address[connection.peer] = connection

    def closed(self, connection: Connection) -> None:
        known = self.connections.pop(connection.number, None)
        if self.by_address.get(connection.peer) is connection:
            del self.by_address[connection.peer]
        if known is not None:
            self.on_closed(connection.number)

    def send(self, data: bytes, to: Destination) -> bool:
        """Send by the connection named, else by any to that address, else by a new one."""
        connection = self.connections.get(to.conn) if to.conn else None
        if connection is None:
            connection = self.by_address.get((to.ip, to.port))
        if connection is None:
            if self.params.tcp_no_connect:
                return False
            connection = self._connect(to)
        return connection.write(data)

    def _connect(self, to: Destination) -> Connection:
        connection = Connection(self, to.socket, self._next(), (to.ip, to.port))
        self.by_address[to.ip, to.port] = connection

        async def connect() -> None:
            try:
                async with asyncio.timeout(self.params.tcp_connect_timeout or 10):
                    await self.loop.create_connection(lambda: connection, to.ip, to.port, local_addr=self._local(to))
            except (OSError, TimeoutError) as error:
                self.figures["connect_failed"] += 1
                self.on_error(f"tcp: cannot connect to {to.ip}:{to.port}: {error or 'timed out'}")
                if self.by_address.get((to.ip, to.port)) is connection:
                    del self.by_address[to.ip, to.port]

        task = self.loop.create_task(connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return connection

    def _local(self, to: Destination) -> tuple[str, int] | None:
        return (to.socket.host, 0)

    def expire(self) -> None:
        """Close connections that nothing has used for tcp_connection_lifetime."""
        oldest = self.loop.time() - self.params.tcp_connection_lifetime
        for connection in list(self.connections.values()):
            if connection.last_used < oldest:
                self.figures["con_timeout"] += 1
                connection.close()

    def alive(self, number: int) -> bool:
        connection = self.connections.get(number)
        return connection is not None and connection.transport is not None

    def waiting_bytes(self) -> int:
        """Bytes that peers have not taken yet."""
        return sum(c.transport.get_write_buffer_size() if c.transport else c.queued for c in self.connections.values())

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._connecting:
            task.cancel()
        for connection in list(self.connections.values()):
            connection.close()
        await asyncio.sleep(0)
