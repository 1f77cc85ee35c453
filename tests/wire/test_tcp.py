"""TCP with real sockets: limits, peers that do not read, do not write, never end or reset, and what that does to others."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import pytest

from olelo.core.params import CoreParams
from olelo.core.sockets import CLOSE_AFTER, FORCED, NO_CONNECT, Destination, ListenSocket, Received
from olelo.net.connection import Connection
from olelo.net.tcp import TcpTransport

pytestmark = pytest.mark.wire

MESSAGE = b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n"
SECONDS = 10.0


class Server:
    """A transport that listens on a free port; what it receives and complains about."""

    def __init__(self, **params: int | str) -> None:
        self.params = CoreParams()
        for name, value in params.items():
            self.params.set(name, value)
        self.messages: list[tuple[bytes, Received]] = []
        self.errors: list[str] = []
        self.unsent: list[bytes] = []
        self.transport = TcpTransport(asyncio.get_running_loop(), self.params, self.receive, self.errors.append)
        self.transport.on_unsent = self.unsent.append
        self.socket = ListenSocket("tcp", "127.0.0.1", free_port())

    def receive(self, data: bytes, rcv: Received) -> None:
        self.messages.append((data, rcv))

    def to(self, port: int, conn: int = 0, flags: int = 0) -> Destination:
        return Destination("tcp", "127.0.0.1", port, self.socket, conn, flags)

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.socket.port)

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop run until something is so."""
        async with asyncio.timeout(SECONDS):
            while not condition():
                await asyncio.sleep(0)

    @property
    def only(self) -> Connection:
        (connection,) = self.transport.connections.values()
        return connection


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port whose listener takes no more connections: the next attempt gets no answer."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield int(listener.getsockname()[1])


@asynccontextmanager
async def listening(**params: int | str) -> AsyncIterator[Server]:
    server = Server(**params)
    await server.transport.listen(server.socket)
    try:
        yield server
    finally:
        await server.transport.close()


def play(scene: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scene())  # type: ignore[arg-type]


def test_messages_in_pieces_and_many_at_once() -> None:
    async def scene() -> None:
        async with listening() as server:
            _, out = await server.client()
            for at in range(0, len(MESSAGE), 7):
                out.write(MESSAGE[at : at + 7])
                await out.drain()
            out.write(MESSAGE * 200)
            await server.until(lambda: len(server.messages) == 201)
            assert {data for data, _ in server.messages} == {MESSAGE}
            assert server.messages[0][1].conn == server.only.number
            out.close()
            await server.until(lambda: not server.transport.connections)
            assert server.transport.by_address == {}

    play(scene)


def test_keepalives_are_answered_in_their_place() -> None:
    async def scene() -> None:
        async with listening() as server:
            reader, out = await server.client()
            out.write(b"\r\n\r\n" * 3 + MESSAGE)
            assert await reader.readexactly(6) == b"\r\n" * 3
            out.close()
        async with listening(tcp_crlf_ping=0) as server:
            reader, out = await server.client()
            out.write(b"\r\n\r\n" + MESSAGE)
            await server.until(lambda: server.messages)
            server.only.write(b"x")
            assert await reader.readexactly(1) == b"x"
            out.close()

    play(scene)


@pytest.mark.parametrize(
    "data",
    [
        b"OPTIONS sip:x SIP/2.0\r\nContent-Length: none\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 999999999\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nFrom: x\r\n\r\n",
        b"x" * 70_000,
    ],
)
def test_a_stream_that_cannot_go_on_is_closed_and_no_other(data: bytes) -> None:
    async def scene() -> None:
        async with listening() as server:
            _, other = await server.client()
            reader, out = await server.client()
            out.write(data)
            async with asyncio.timeout(SECONDS):
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await reader.readexactly(1)
            other.write(MESSAGE)
            await server.until(lambda: server.messages)
            assert len(server.errors) == 1
            assert "connection closed" in server.errors[0]
            other.close()
            out.close()

    play(scene)


def test_a_longer_message_than_tcp_rd_buf_size_is_refused() -> None:
    async def scene() -> None:
        async with listening(tcp_rd_buf_size=1000) as server:
            _, out = await server.client()
            out.write(b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 2000\r\n\r\n")
            await server.until(lambda: server.errors)
            assert "longer than 1000" in server.errors[0]
            out.close()

    play(scene)


def test_more_than_the_allowed_connections_are_refused_with_one_line() -> None:
    async def scene() -> None:
        async with listening(tcp_max_connections=5) as server:
            clients = [await server.client() for _ in range(50)]
            await server.until(lambda: sum(map(server.transport.figures.get, ("established", "local_reject"))) == 50)
            await server.until(lambda: len(server.transport.connections) == 5)
            assert len(server.errors) == 1
            for _, out in clients:
                out.close()
            await server.until(lambda: not server.transport.connections)
            _, out = await server.client()
            out.write(MESSAGE)
            await server.until(lambda: server.messages)
            out.close()

    play(scene)


def test_one_address_gets_no_more_than_its_share() -> None:
    async def scene() -> None:
        async with listening(tcp_accept_iplimit=3) as server:
            clients = [await server.client() for _ in range(6)]
            await server.until(lambda: sum(map(server.transport.figures.get, ("established", "local_reject"))) == 6)
            assert len(server.transport.connections) == 3
            assert "tcp_accept_iplimit" in server.errors[0]
            for _, out in clients:
                out.close()
            await server.until(lambda: not server.transport.connections)
            _, out = await server.client()
            await server.until(lambda: server.transport.connections)
            out.close()

    play(scene)


def test_connections_are_closed_when_their_time_is_over() -> None:
    """Unused for its lifetime; a message that is not ended; a peer that does not read."""

    async def scene() -> None:
        async with listening(tcp_connection_lifetime=120) as server:
            for data, seconds in ((b"", 121.0), (b"OPTIONS sip:x", 21.0)):
                _, out = await server.client()
                await server.until(lambda: server.transport.connections)
                connection = server.only
                out.write(data)
                if data:
                    await server.until(lambda: server.only.framer.in_message)
                now = server.transport.loop.time()
                connection.check(now + seconds - 2)
                assert server.transport.connections
                connection.check(now + seconds)
                await server.until(lambda: not server.transport.connections)
                out.close()
            assert len(server.errors) == 1
            assert "tcp_msg_read_timeout" in server.errors[0]

    play(scene)


def test_a_peer_that_does_not_read_is_closed_and_stops_nobody() -> None:
    async def scene() -> None:
        async with listening(tcp_conn_wq_max=100_000) as server:
            _, lazy = await server.client()
            await server.until(lambda: server.transport.connections)
            connection = server.only
            lazy.transport.pause_reading()  # type: ignore[attr-defined]
            sent = 0
            while connection.write(b"y" * 50_000):
                sent += 1
                assert sent < 2000
            await server.until(lambda: not server.transport.connections)
            assert "does not read" in server.errors[0]
            reader, out = await server.client()
            out.write(MESSAGE)
            await server.until(lambda: server.messages)
            assert server.transport.send(b"back", server.to(1, server.messages[0][1].conn))
            assert await reader.readexactly(4) == b"back"
            out.close()
            lazy.close()

    play(scene)


def test_a_peer_that_reads_too_slowly_is_closed_after_tcp_send_timeout() -> None:
    async def scene() -> None:
        async with listening(tcp_send_timeout=10) as server:
            _, lazy = await server.client()
            await server.until(lambda: server.transport.connections)
            connection = server.only
            lazy.transport.pause_reading()  # type: ignore[attr-defined]
            for _ in range(200):
                connection.write(b"y" * 50_000)
                if connection.transport is None or connection.transport.get_write_buffer_size() > 200_000:
                    break
            now = server.transport.loop.time()
            connection.check(now)
            connection.check(now + 9)
            assert not server.errors
            connection.check(now + 11)
            await server.until(lambda: not server.transport.connections)
            assert "tcp_send_timeout" in server.errors[0]
            lazy.close()

    play(scene)


def test_peers_that_reset_while_we_write_harm_nobody() -> None:
    async def scene() -> None:
        async with listening() as server:
            for _ in range(50):
                sock = socket.create_connection(("127.0.0.1", server.socket.port))
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.sendall(MESSAGE)
                before = len(server.messages)
                await server.until(lambda before=before: len(server.messages) > before)  # type: ignore[misc]
                sock.close()  # with a reset
                server.transport.send(b"z" * 10_000, server.to(1, server.messages[-1][1].conn))
                server.transport.send(b"z" * 10_000, server.to(1, server.messages[-1][1].conn))
            await server.until(lambda: not server.transport.connections)
            assert server.transport.by_address == {}

    play(scene)


def test_connecting() -> None:
    async def scene() -> None:
        async with listening() as server, listening() as peer:
            assert server.transport.send(b"one", server.to(peer.socket.port, flags=FORCED)) is True
            assert server.transport.send(MESSAGE[3:], server.to(peer.socket.port)) is True  # it waits with the first
            await peer.until(lambda: peer.transport.connections and server.transport.connections)
            assert server.transport.send(MESSAGE, server.to(peer.socket.port)) is True
            await peer.until(lambda: len(peer.messages) == 2)
            assert len(peer.transport.connections) == 1
            assert server.transport.send(MESSAGE, server.to(peer.socket.port, flags=CLOSE_AFTER)) is True
            await peer.until(lambda: len(peer.messages) == 3 and not peer.transport.connections)
            await server.until(lambda: not server.transport.connections)
            assert server.transport.send(MESSAGE, server.to(peer.socket.port, flags=NO_CONNECT)) is False
            assert server.errors == []

    play(scene)


def test_a_port_of_this_host_where_nobody_listens_is_refused_at_once() -> None:
    async def scene() -> None:
        async with listening() as server:
            assert server.transport.send(MESSAGE, server.to(free_port())) is False
            assert "cannot connect" in server.errors[0]
            assert "refused" in server.errors[0]
            assert server.transport.by_address == {}
            assert not server.transport._connecting
            assert server.transport.figures["connect_failed"] == 1
            assert server.unsent == []
        async with listening(tcp_no_connect=1) as server:
            assert server.transport.send(MESSAGE, server.to(free_port())) is False

    play(scene)


def test_what_waited_for_a_connection_that_never_was_comes_back() -> None:
    async def scene() -> None:
        async with listening() as server:
            with full_backlog() as port:
                server.params.tcp_connect_timeout = 0.01  # type: ignore[assignment]
                assert server.transport.send(b"one", server.to(port)) is True  # nobody knows yet
                assert server.transport.send(b"two", server.to(port)) is True
                await server.until(lambda: server.errors)
            assert "timed out" in server.errors[0]
            assert server.unsent == [b"one", b"two"]
            assert server.transport.by_address == {}
            assert server.transport.figures["connect_failed"] == 1
            await server.until(lambda: not server.transport._connecting)

    play(scene)


def test_what_waited_for_one_connection_too_many_comes_back() -> None:
    async def scene() -> None:
        async with listening() as server, listening() as peer:
            assert server.transport.send(MESSAGE, server.to(peer.socket.port)) is True
            server.params.tcp_max_connections = 0
            await server.until(lambda: server.unsent)
            assert server.unsent == [MESSAGE]
            await peer.until(lambda: peer.transport.figures["established"] and not peer.transport.connections)
            assert peer.messages == []
            assert server.transport.by_address == {}

    play(scene)


def test_what_has_left_does_not_come_back() -> None:
    async def scene() -> None:
        async with listening() as server, listening() as peer:
            assert server.transport.send(MESSAGE, server.to(peer.socket.port)) is True
            await peer.until(lambda: peer.messages)
            peer.only.close()  # with no answer
            await server.until(lambda: not server.transport.connections)
            assert server.unsent == []

    play(scene)


def test_an_alias_is_another_way_to_find_a_connection() -> None:
    async def scene() -> None:
        async with listening() as server:
            reader, out = await server.client()
            out.write(MESSAGE)
            await server.until(lambda: server.messages)
            number = server.messages[0][1].conn
            assert server.transport.add_alias(number, 5060) is True
            assert server.transport.send(b"found", server.to(5060)) is True
            assert await reader.readexactly(5) == b"found"
            out.close()
            await server.until(lambda: not server.transport.connections)
            assert server.transport.by_address == {}
            assert server.transport.add_alias(number, 5060) is False

    play(scene)


def test_connecting_from_the_port_that_we_listen_on() -> None:
    async def scene() -> None:
        async with listening(tcp_reuse_port=1) as server, listening() as peer:
            server.transport.send(MESSAGE, server.to(peer.socket.port))
            await peer.until(lambda: peer.messages)
            assert peer.messages[0][1].port == server.socket.port

    play(scene)


def test_what_the_type_of_service_says() -> None:
    async def scene() -> None:
        async with listening(tos=0x28) as server, listening() as peer:
            server.transport.send(MESSAGE, server.to(peer.socket.port))
            await server.until(lambda: server.transport.connections and peer.transport.connections)
            transport = server.only.transport
            assert transport is not None
            sock = transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 0x28

    play(scene)
