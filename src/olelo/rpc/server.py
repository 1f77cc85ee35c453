"""The control sockets: binrpc over unix stream, unix datagram, TCP and UDP, and the line protocol, also over a FIFO.

Opening is synchronous (a bad address stops the start), everything after is one task per stream client, so that a slow
client delays nobody. Limits: `MAX_CONNECTIONS` stream clients, `MAX_REQUEST` bytes a request, `SEND_TIMEOUT` seconds
for a client to take its reply; one that is silent for `IDLE_TIMEOUT` seconds loses its place when places run out.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import stat
from collections.abc import Callable, Coroutine
from typing import Any

from olelo.core.module import RpcFault
from olelo.modules.ctl import ControlOptions
from olelo.modules.ctl.address import FIFO, FIFO_LINES, TCP, UNIX_STREAM, ControlAddress
from olelo.rpc import binrpc, fifo
from olelo.rpc.registry import JSON_METHOD, Registry

MAX_CONNECTIONS = 128
BACKLOG = 128
SEND_TIMEOUT = 10.0
IDLE_TIMEOUT = 120.0
READ_SIZE = 65536
#: Where reply FIFOs of the line protocol are looked for, and how often they are tried, this many seconds apart.
REPLY_DIR = "/tmp/"
REPLY_RETRIES = 4
REPLY_WAIT = 0.08

Log = Callable[[str], None]


class Client:
    """One stream connection."""

    __slots__ = ("address", "last_seen", "ours", "peer", "sock", "task")

    def __init__(self, address: ControlAddress, sock: socket.socket, now: float) -> None:
        self.address = address
        self.sock = sock
        self.last_seen = now
        self.task: asyncio.Task[None] | None = None
        if address.transport == TCP:
            peer, ours = sock.getpeername(), sock.getsockname()
            self.peer = (str(peer[0]), str(peer[1]))
            self.ours = (str(ours[0]), str(ours[1]))
        else:
            self.peer = ("<anonymous unix socket>", "")
            self.ours = (address.name, "")


class ControlServer:
    """Open control sockets over one registry. Use inside a running event loop; `close()` removes the sockets' files."""

    def __init__(self, registry: Registry, options: ControlOptions | None = None, log: Log | None = None) -> None:
        self.registry = registry
        self.options = options or ControlOptions()
        self.reply_dir = REPLY_DIR
        self._log = log or logging.getLogger("olelo.rpc").error
        self._loop = asyncio.get_running_loop()
        self._listening: list[tuple[ControlAddress, int, Callable[[], None]]] = []
        self._clients: dict[int, Client] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what ctl.* shows ---------------------------------------------------------------------------------------------

    def listening(self) -> list[ControlAddress]:
        return [address for address, _, _ in self._listening]

    def connections(self) -> list[tuple[ControlAddress, tuple[str, str], tuple[str, str]]]:
        return [(client.address, client.peer, client.ours) for client in self._clients.values()]

    # --- opening and closing ------------------------------------------------------------------------------------------

    def open(self, address: ControlAddress) -> None:
        """Listen on an address; raises OSError with the address in its text."""
        try:
            if address.transport == FIFO:
                self._open_fifo(address)
            else:
                self._open_socket(address)
        except OSError as error:
            raise OSError(f"cannot open control address {address.name}: {error.strerror or error}") from error

    def close(self) -> None:
        for client in list(self._clients.values()):
            self._drop(client)
        for task in list(self._tasks):
            task.cancel()
        for address, descriptor, shut in self._listening:
            self._loop.remove_reader(descriptor)
            shut()
            if address.is_path:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(address.name)
        self._listening.clear()

    def _open_socket(self, address: ControlAddress) -> None:
        kind = socket.SOCK_STREAM if address.transport in (UNIX_STREAM, TCP) else socket.SOCK_DGRAM
        where: Any = address.name
        if address.is_path:
            sock = socket.socket(socket.AF_UNIX, kind)
        else:
            host = None if address.name == "*" else address.name
            family = socket.AF_INET if host is None else socket.AF_UNSPEC
            found = socket.getaddrinfo(host, address.port, family, kind, flags=socket.AI_PASSIVE)[0]
            where = found[4]
            sock = socket.socket(found[0], kind)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.setblocking(False)
            if address.is_path:
                self._bind_path(sock, address.name)
            else:
                sock.bind(where)
            if kind == socket.SOCK_STREAM:
                sock.listen(BACKLOG)
        except BaseException:
            sock.close()
            raise
        ready = self._accept if kind == socket.SOCK_STREAM else self._datagram
        self._loop.add_reader(sock.fileno(), ready, address, sock)
        self._listening.append((address, sock.fileno(), sock.close))

    def _bind_path(self, sock: socket.socket, path: str) -> None:
        _remove_stale(path, stat.S_ISSOCK)
        before = os.umask(0o777 & ~self.options.mode)  # never open for a moment to more than `mode` allows
        try:
            sock.bind(path)
        finally:
            os.umask(before)
        self._own(path)

    def _own(self, path: str) -> None:
        os.chmod(path, self.options.mode)
        if self.options.uid != -1 or self.options.gid != -1:
            os.chown(path, self.options.uid, self.options.gid)

    def _open_fifo(self, address: ControlAddress) -> None:
        _remove_stale(address.name, stat.S_ISFIFO)
        os.mkfifo(address.name, self.options.mode)
        self._own(address.name)
        reader = os.open(address.name, os.O_RDONLY | os.O_NONBLOCK)
        keeper = os.open(address.name, os.O_WRONLY | os.O_NONBLOCK)  # so that the reader never sees the end

        def shut() -> None:
            os.close(reader)
            os.close(keeper)

        self._loop.add_reader(reader, self._fifo_ready, reader, fifo.LineFramer())
        self._listening.append((address, reader, shut))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._log(f"control connection failed: {task.exception()!r}")

    # --- stream clients -----------------------------------------------------------------------------------------------

    def _accept(self, address: ControlAddress, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._log(f"control address {address.name}: accept failed: {error.strerror}")
            return
        sock.setblocking(False)
        if len(self._clients) >= MAX_CONNECTIONS and not self._make_room():
            self._log(f"maximum number of control connections exceeded: {len(self._clients)}/{MAX_CONNECTIONS}")
            sock.close()
            return
        try:
            client = Client(address, sock, self._loop.time())
        except OSError:  # gone between accept and now
            sock.close()
            return
        self._clients[sock.fileno()] = client
        client.task = self._spawn(self._serve(client))

    def _make_room(self) -> bool:
        oldest = min(self._clients.values(), key=lambda client: client.last_seen)
        if self._loop.time() - oldest.last_seen < IDLE_TIMEOUT:
            return False
        self._drop(oldest)
        return True

    def _drop(self, client: Client) -> None:
        self._clients.pop(client.sock.fileno(), None)
        if client.task is not None:
            client.task.cancel()

    async def _serve(self, client: Client) -> None:
        descriptor = client.sock.fileno()
        framer = fifo.LineFramer() if client.address.payload == FIFO_LINES else binrpc.Framer()
        try:
            while True:
                data = await self._loop.sock_recv(client.sock, READ_SIZE)
                if not data:
                    return
                client.last_seen = self._loop.time()
                try:
                    requests: list[Any] = list(framer.feed(data))
                except fifo.FifoError as error:
                    await self._send(client, fifo.encode_fault(400, str(error)))
                    return
                except binrpc.BinrpcError as error:
                    await self._send(client, binrpc.encode_fault(400, f"bad request: {error}", 0))
                    return
                for request in requests:
                    if isinstance(request, str):
                        await self._send(client, (await self._line_reply(request))[1])
                    else:
                        await self._send(client, await self._packet_reply(request))
        except (ConnectionError, TimeoutError):
            return  # the client left, or does not take its reply
        finally:
            if self._clients.get(descriptor) is client:
                del self._clients[descriptor]
            client.sock.close()

    async def _send(self, client: Client, data: bytes) -> None:
        async with asyncio.timeout(SEND_TIMEOUT):
            await self._loop.sock_sendall(client.sock, data)

    # --- datagrams and FIFOs ------------------------------------------------------------------------------------------

    def _datagram(self, address: ControlAddress, sock: socket.socket) -> None:
        try:
            data, sender = sock.recvfrom(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._log(f"control address {address.name}: {error.strerror}")
            return
        if len(self._tasks) < 2 * MAX_CONNECTIONS:
            self._spawn(self._answer_datagram(address, sock, data, sender))

    async def _answer_datagram(self, address: ControlAddress, sock: socket.socket, data: bytes, sender: Any) -> None:
        if address.payload == FIFO_LINES:
            text = data.decode("latin-1").replace("\r\n", "\n").rstrip("\n")
            reply = (await self._line_reply(text))[1]
        else:
            reply = await self._packet_reply(data)
        if not sender:
            return  # a unix client that is bound to no name cannot be answered
        try:
            sock.sendto(reply, sender)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                self._log(f"control address {address.name}: reply of {len(reply)} bytes is too big for a datagram")
            else:
                self._log(f"control address {address.name}: cannot answer: {error.strerror}")

    def _fifo_ready(self, reader: int, framer: fifo.LineFramer) -> None:
        try:
            requests = framer.feed(os.read(reader, READ_SIZE))
        except BlockingIOError:
            return
        except fifo.FifoError as error:
            self._log(f"control fifo: {error}")
            return
        for request in requests:
            self._spawn(self._answer_fifo(request))

    async def _answer_fifo(self, text: str) -> None:
        name, reply = await self._line_reply(text)
        if not name:
            return
        path = self.reply_dir + name
        descriptor = await self._open_reply(path)
        if descriptor < 0:
            return
        try:
            _check_reply_fifo(descriptor, path)
            async with asyncio.timeout(SEND_TIMEOUT):
                while reply:
                    try:
                        reply = reply[os.write(descriptor, reply) :]
                    except BlockingIOError:
                        await asyncio.sleep(0.01)
        except TimeoutError:
            self._log(f"control fifo: {path} was not read in time")
        except OSError as error:
            self._log(f"control fifo: {path}: {error.strerror or error}")
        finally:
            os.close(descriptor)

    async def _open_reply(self, path: str) -> int:
        for attempt in range(REPLY_RETRIES + 1):
            try:
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            except OSError as error:
                if error.errno != errno.ENXIO or attempt == REPLY_RETRIES:
                    self._log(f"control fifo: cannot open reply fifo {path}: {error.strerror}")
                    return -1
            await asyncio.sleep(REPLY_WAIT)  # the client has not opened its end yet
        return -1

    # --- requests -----------------------------------------------------------------------------------------------------

    async def _packet_reply(self, data: bytes) -> bytes:
        """The reply packet to one request packet, whatever the request is."""
        cookie = 0
        try:
            header = binrpc.read_header(data)
            cookie = header[1] if header is not None else 0
            method, args = binrpc.request_parts(binrpc.decode(data))
        except binrpc.BinrpcError as error:
            return binrpc.encode_fault(400, f"bad request: {error}", cookie)
        try:
            reply = await self.registry.answer(method, args, autoconvert=self.options.autoconversion)
            if method == JSON_METHOD:  # one text of any length: the limits are for Kamailio's buffers
                return binrpc.encode_reply(reply, cookie)
            return binrpc.encode_reply(reply, cookie, self.options.max_body, self.options.max_struct)
        except RpcFault as fault:
            return binrpc.encode_fault(fault.code, fault.text, cookie)
        except binrpc.BinrpcError as error:
            self._log(f"reply of {method} is too large (ctl: binrpc_max_body_size, binrpc_struct_max_body_size)")
            return binrpc.encode_fault(500, f"Internal server error processing reply: {error}", cookie)

    async def _line_reply(self, text: str) -> tuple[str, bytes]:
        """(name of the reply FIFO, reply) of one request of the line protocol."""
        try:
            request = fifo.parse_request(text)
        except fifo.FifoError as error:
            self._log(f"control fifo: {error}")
            return "", fifo.encode_fault(400, str(error))
        if self.registry.get(request.method) is None:
            return request.reply, fifo.encode_fault(500, f"Command '{request.method}' not found")
        try:
            reply = await self.registry.answer(request.method, request.args, autoconvert=True)
        except RpcFault as fault:
            return request.reply, fifo.encode_fault(fault.code, fault.text)
        return request.reply, fifo.encode_reply(reply)


def _remove_stale(path: str, expected: Callable[[int], bool]) -> None:
    """Remove what a former run left at a path; anything but a socket (or FIFO) there is an error."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not expected(mode):
        raise FileExistsError(errno.EEXIST, "a file is in the way")
    os.unlink(path)


def _check_reply_fifo(descriptor: int, path: str) -> None:
    """Refuse to write into anything but a FIFO that has this one name."""
    opened = os.fstat(descriptor)
    if not stat.S_ISFIFO(opened.st_mode):
        raise OSError("not a fifo")
    named = os.lstat(path)
    if opened.st_nlink > 1 or (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
        raise OSError("the fifo has another name")
