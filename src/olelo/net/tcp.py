"""TCP: listening, connecting, and connections found again by number or address. One connection: connection.py."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

from olelo.core.params import CoreParams
from olelo.core.sockets import CLOSE_AFTER, FORCED, NO_CONNECT, Destination, ListenSocket, Received
from olelo.net.connection import Connection

#: Linux's option to bind an address that the host does not have (yet); the socket module has no name for it.
_IP_FREEBIND = 15
#: Seconds between two looks at connections that nothing uses, that do not read, or that never end a message.
EXPIRE_EVERY = 5.0
#: Seconds between two log lines about connections that were refused: whoever opens thousands must not fill the disk.
QUIET = 1.0
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
        self.waiting = 0  # bytes that wait on all connections, as of the last look
        self.on_closed: Callable[[int], None] = lambda number: None
        self.on_unsent: Callable[[bytes], None] = lambda data: None  # a packet that send() took has not left
        self._accepted: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []
        self._number = 0
        self._connecting: set[asyncio.Task[Any]] = set()
        self._complained = -QUIET

    async def listen(self, sock: ListenSocket) -> None:
        """Listen on an address. Raises OSError where it cannot be had."""
        params = self.params
        ours = socket.socket(socket.AF_INET6 if ":" in sock.host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if params.tcp_reuse_port:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            prepare(ours, params)
            ours.bind((sock.host, sock.port))
            server = await self.loop.create_server(
                lambda: Connection(self, sock, self._next(), None), sock=ours, backlog=max(1, params.tcp_listen_backlog)
            )
        except OSError:
            ours.close()
            raise
        self._servers.append(server)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def tune(self, sock: socket.socket) -> None:
        params = self.params
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        set_tos(sock, params.tos)
        if params.tcp_keepalive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for value, option in (
                (params.tcp_keepidle, socket.TCP_KEEPIDLE),
                (params.tcp_keepintvl, socket.TCP_KEEPINTVL),
                (params.tcp_keepcnt, socket.TCP_KEEPCNT),
            ):
                if value:
                    sock.setsockopt(socket.IPPROTO_TCP, option, value)

    # --- what connections tell ----------------------------------------------------------------------------

    def opened(self, connection: Connection) -> None:
        """A connection is up. It is closed at once where there are too many, of all or (accepted) of its address."""
        ip = connection.peer[0]
        params = self.params
        refused = ""
        if len(self.connections) >= params.tcp_max_connections:
            refused = f"more than {params.tcp_max_connections} connections (tcp_max_connections)"
        elif connection.target is None and self._accepted.get(ip, 0) >= params.tcp_accept_iplimit > 0:
            refused = f"more than {params.tcp_accept_iplimit} connections of {ip} (tcp_accept_iplimit)"
        if refused:
            now = self.loop.time()
            if now - self._complained >= QUIET:
                self._complained = now
                self.on_error(f"tcp: {refused}: refused")
            self.figures["local_reject"] += 1
            connection.close()
            return
        self.figures["established"] += 1
        self.figures["connect_success" if connection.target else "passive_open"] += 1
        if connection.target is None:
            self._accepted[ip] = self._accepted.get(ip, 0) + 1
        connection.last_used = self.loop.time()
        self.connections[connection.number] = connection
        self.by_address[connection.peer] = connection

    def closed(self, connection: Connection) -> None:
        known = self.connections.pop(connection.number, None)
        for address in (connection.peer, *connection.aliases):
            if self.by_address.get(address) is connection:
                del self.by_address[address]
        if known is None:
            return
        if connection.target is None:
            ip = connection.peer[0]
            left = self._accepted.get(ip, 1) - 1
            if left:
                self._accepted[ip] = left
            else:
                self._accepted.pop(ip, None)
        self.on_closed(connection.number)

    # --- sending ------------------------------------------------------------------------------------------

    def send(self, data: bytes, to: Destination) -> bool:
        """Send by the connection named, else by any to that address, else by a new one."""
        connection = self.connections.get(to.conn) if to.conn else None
        if connection is None:
            connection = self.by_address.get((to.ip, to.port))
        if connection is None:
            if self.params.tcp_no_connect or to.flags & NO_CONNECT:
                return False
            if len(self.connections) + len(self._connecting) >= self.params.tcp_max_connections:
                self.on_error(f"tcp: no connection to {to.ip}:{to.port}: there are tcp_max_connections")
                return False
            connecting = self._connect(to)
            if connecting is None:
                return False
            connection = connecting
        sent = connection.write(data)
        if to.flags & CLOSE_AFTER:
            connection.end()
        return sent

    def _connect(self, to: Destination) -> Connection | None:
        """Open a connection; what is sent meanwhile waits. None where the kernel knows at once that it cannot be had: no
        route, or a port of this host on which nobody listens."""
        sock = None
        try:
            sock = self._socket(to)
            code = sock.connect_ex((to.ip, to.port))
            if code == errno.EINPROGRESS:  # this host's own refusals are here by now
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except OSError as error:
            self._not_connected(to, sock, error)
            return None
        connection = Connection(self, to.socket, self._next(), (to.ip, to.port))
        self.by_address[to.ip, to.port] = connection
        task = self.loop.create_task(self._finish(connection, sock, to))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return connection

    async def _finish(self, connection: Connection, sock: socket.socket, to: Destination) -> None:
        """Wait until the peer has taken the connection, and start it."""
        try:
            async with asyncio.timeout(self.params.tcp_connect_timeout or 10):
                await self.loop.sock_connect(sock, (to.ip, to.port))  # goes on with the attempt under way
                await self.loop.create_connection(lambda: connection, sock=sock)
        except (OSError, TimeoutError) as error:
            self._not_connected(to, sock, error)
            if self.by_address.get((to.ip, to.port)) is connection:
                del self.by_address[to.ip, to.port]
            connection.state = "BAD"
            connection.give_back()

    def _not_connected(self, to: Destination, sock: socket.socket | None, error: Exception) -> None:
        self.figures["connect_failed"] += 1
        if sock is not None:
            sock.close()
        self.on_error(f"tcp: cannot connect to {to.ip}:{to.port}: {str(error) or 'timed out'}")

    def _socket(self, to: Destination) -> socket.socket:
        """A socket to connect with. The kernel picks its address, unless the script forced a socket or the
        configuration names one. Raises OSError."""
        ipv6 = ":" in to.ip
        sock = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            params = self.params
            source = params.tcp_source_ipv6 if ipv6 else params.tcp_source_ipv4
            if params.tcp_reuse_port:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((to.socket.host, to.socket.port))
            elif to.flags & FORCED:
                sock.bind((to.socket.host, 0))
            elif source:
                sock.bind((str(source), 0))
        except OSError:
            sock.close()
            raise
        return sock

    def add_alias(self, number: int, port: int) -> bool:
        """Send to that port of the connection's peer over it, too. False where it is gone."""
        connection = self.connections.get(number)
        if connection is None:
            return False
        address = (connection.peer[0], port)
        if address not in self.by_address:  # never take an address away from who has it
            self.by_address[address] = connection
            connection.aliases = (*connection.aliases, address)
        return True

    # --- the clock ----------------------------------------------------------------------------------------

    def expire(self) -> None:
        """Close connections that nothing has used for tcp_connection_lifetime, whose peers do not read, or that leave
        a message unfinished."""
        now = self.loop.time()
        waiting = 0
        for connection in list(self.connections.values()):
            waiting += connection.check(now)
        self.waiting = waiting

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


def prepare(sock: socket.socket, params: CoreParams) -> None:
    """What a listening socket gets before it is bound. Raises OSError."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if params.ip_free_bind:
        sock.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
    set_tos(sock, params.tos)


def set_tos(sock: socket.socket, tos: int) -> None:
    """Set the type of service of what a socket sends (parameter tos); a system that does not let us is no reason to
    stop."""
    with contextlib.suppress(OSError, struct.error):
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
