"""One TCP connection: what comes in is cut into messages, what goes out waits within limits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from olelo.core.sockets import ListenSocket, Received
from olelo.sip.errors import SipError
from olelo.sip.stream import MAX_MESSAGE, PING, StreamFramer

if TYPE_CHECKING:
    from olelo.net.tcp import TcpTransport

#: Bytes that may wait for a peer that does not read before its connection is closed. Kamailio's tcp_conn_wq_max is
#: 32 KiB by default; phones on bad lines need more. What a configuration says goes before it.
MAX_QUEUE = 1024 * 1024
PONG = b"\r\n"


class Connection(asyncio.Protocol):
    """One TCP connection, either way."""

    def __init__(self, owner: TcpTransport, listen: ListenSocket, number: int, target: tuple[str, int] | None) -> None:
        params = owner.params
        self.owner = owner
        self.listen = listen
        self.number = number
        self.target = target
        self.peer: tuple[str, int] = target or ("", 0)
        self.aliases: tuple[tuple[str, int], ...] = ()
        longest = params.tcp_rd_buf_size if "tcp_rd_buf_size" in params.given else MAX_MESSAGE
        self.framer = StreamFramer(bool(params.tcp_accept_no_cl), longest)
        self.transport: asyncio.Transport | None = None
        self.queue: list[bytes] = []
        self.queued = 0
        self.most = params.tcp_conn_wq_max if "tcp_conn_wq_max" in params.given else MAX_QUEUE
        self.last_used = 0.0
        self.ending = False
        self.state = "CONNECT" if target else "ACCEPT"
        self._begun = 0.0  # when the message began that is not complete yet
        self._stuck = 0.0  # since when the peer has not read
        self._stuck_at = 0

    # --- asyncio's side -----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods alone
        self.transport = transport
        peer = transport.get_extra_info("peername")
        if peer is None:  # it was gone before we came to it
            transport.abort()
            return
        self.peer = (peer[0], peer[1])
        self.state = "OK"
        try:
            self.owner.tune(transport.get_extra_info("socket"))
        except OSError as error:  # reset meanwhile; the loop will tell
            self.owner.on_error(f"tcp {self.peer[0]}:{self.peer[1]}: {error}")
        self.owner.opened(self)
        if transport.is_closing():  # there are too many; connection_lost() gives back what waits
            return
        for data in self.queue:
            transport.write(data)
        self.queue.clear()
        if self.ending:
            transport.close()

    def data_received(self, data: bytes) -> None:
        owner = self.owner
        self.last_used = owner.loop.time()
        try:
            messages = self.framer.feed(data)
        except SipError as error:
            owner.on_error(f"tcp {self.peer[0]}:{self.peer[1]}: {error}: connection closed")
            self.close()
            return
        if self.framer.in_message:
            if not self._begun or messages:
                self._begun = self.last_used
        else:
            self._begun = 0.0
        pongs = 0
        for message in messages:
            if message is PING:
                pongs += 1
                continue
            if pongs:
                self._pong(pongs)
                pongs = 0
            owner.receive(message, Received("tcp", self.peer[0], self.peer[1], self.listen, self.number))
        if pongs:
            self._pong(pongs)

    def connection_lost(self, error: Exception | None) -> None:
        self.state = "EOF"
        if isinstance(error, ConnectionResetError):
            self.owner.figures["con_reset"] += 1
        self.transport = None
        self.owner.closed(self)
        self.give_back()

    # --- ours ---------------------------------------------------------------------------------------------

    def _pong(self, count: int) -> None:
        if self.owner.params.tcp_crlf_ping:
            self.write(PONG * count)

    def write(self, data: bytes) -> bool:
        """Send, or keep until the connection is up. False where it is gone, or too much waits: the peer does not read."""
        owner = self.owner
        self.last_used = owner.loop.time()
        transport = self.transport
        if transport is None:
            self.queued += len(data)
            if self.queued > self.most or self.state != "CONNECT":
                owner.figures["sendq_full"] += self.queued > self.most
                return False
            self.queue.append(data)
            return True
        if transport.is_closing():
            return False
        if transport.get_write_buffer_size() > self.most or owner.waiting > owner.params.tcp_wq_max:
            owner.figures["sendq_full"] += 1
            owner.on_error(f"tcp {self.peer[0]}:{self.peer[1]}: does not read: connection closed")
            self.close()
            return False
        transport.write(data)
        return True

    def give_back(self) -> None:
        """Tell of everything that still waits for the connection, which will never be."""
        queue, self.queue = self.queue, []
        for data in queue:
            self.owner.on_unsent(data)

    def check(self, now: float) -> int:
        """Close the connection if its time is over. Returns how many bytes wait on it."""
        params = self.owner.params
        transport = self.transport
        if transport is None:
            return 0
        waiting = transport.get_write_buffer_size()
        reason = ""
        if not waiting:
            self._stuck = 0.0
        elif not self._stuck or waiting < self._stuck_at:
            self._stuck = now
        elif now - self._stuck > params.tcp_send_timeout > 0:
            reason = "does not read (tcp_send_timeout)"
            self.owner.figures["send_timeout"] += 1
        self._stuck_at = waiting
        if self._begun and now - self._begun > params.tcp_msg_read_timeout > 0:
            reason = "does not end its message (tcp_msg_read_timeout)"
        if reason:
            self.owner.on_error(f"tcp {self.peer[0]}:{self.peer[1]}: {reason}: connection closed")
            self.close()
        elif now - self.last_used > params.tcp_connection_lifetime >= 0:
            self.owner.figures["con_timeout"] += 1
            self.close()
        return waiting

    def close(self) -> None:
        """End it at once; what waits is lost."""
        if self.transport is not None:
            self.transport.abort()

    def end(self) -> None:
        """End it when all that waits has been sent."""
        self.ending = True
        if self.transport is not None:
            self.transport.close()
