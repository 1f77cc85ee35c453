"""A blocking binrpc client, for `olelo cmd` and `kamcmd`."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import tempfile
from typing import Any

from olelo.modules.ctl.address import TCP, UNIX_DGRAM, UNIX_STREAM, ControlAddress
from olelo.rpc import binrpc

TIMEOUT = 10.0
#: Largest reply that is taken, in bytes.
MAX_REPLY = 64 * 1024 * 1024


class ClientError(Exception):
    """No answer: the text says what failed, in kamcmd's words."""


class Client:
    """One connection to a control socket. `ask` raises ClientError; a fault is a packet like any other."""

    def __init__(
        self, address: ControlAddress, *, timeout: float = TIMEOUT, reply: str = "", reply_dir: str = ""
    ) -> None:
        """reply: path to bind to for unix datagrams; reply_dir: directory in which to make one up."""
        self.address = address
        self._bound = ""
        kind = socket.SOCK_STREAM if address.transport in (UNIX_STREAM, TCP) else socket.SOCK_DGRAM
        self._stream = kind == socket.SOCK_STREAM
        if address.is_path:
            self._sock = socket.socket(socket.AF_UNIX, kind)
            self._sock.settimeout(timeout)
            try:
                if address.transport == UNIX_DGRAM:
                    self._bind(reply, reply_dir)
                self._sock.connect(address.name)
            except OSError as error:
                self.close()
                raise ClientError(
                    f"connect_unix_sock: connect({address.name}): {error.strerror or error} [{error.errno}]"
                ) from None
        else:
            self._connect_host(kind, timeout)

    def _connect_host(self, kind: int, timeout: float) -> None:
        host = "127.0.0.1" if self.address.name == "*" else self.address.name
        try:
            found = socket.getaddrinfo(host, self.address.port, type=kind)[0]
        except OSError:
            raise ClientError(f"could not resolve {host}") from None
        self._sock = socket.socket(found[0], kind)
        self._sock.settimeout(timeout)
        try:
            self._sock.connect(found[4])
        except OSError as error:
            self.close()
            raise ClientError(f"connect: {error.strerror or error}") from None

    def _bind(self, reply: str, reply_dir: str) -> None:
        path = reply or os.path.join(
            reply_dir or tempfile.gettempdir(), f"olelo_{os.getpid()}_{random.getrandbits(32):x}"
        )
        self._sock.bind(path)
        self._bound = path

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._sock.close()
        if self._bound:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._bound)
            self._bound = ""

    def ask(self, method: str, args: list[Any]) -> binrpc.Packet:
        cookie = random.getrandbits(31)
        try:
            self._sock.sendall(binrpc.encode_request(method, args, cookie))
        except OSError as error:
            raise ClientError(f"send packet failed: {error.strerror or error} ({error.errno})") from None
        try:
            packet = binrpc.decode(self._read())
        except TimeoutError:
            raise ClientError("read reply failed: no answer in time") from None
        except OSError as error:
            raise ClientError(f"read reply failed: {error.strerror or error} ({error.errno})") from None
        except binrpc.BinrpcError as error:
            raise ClientError(f"while parsing the reply: {error}") from None
        if packet.cookie != cookie:
            raise ClientError("cookie does not match")
        if packet.kind == binrpc.REQUEST:
            raise ClientError("not a reply")
        return packet

    def _read(self) -> bytes:
        if not self._stream:
            return self._sock.recv(65535)
        framer = binrpc.Framer(MAX_REPLY)
        while True:
            data = self._sock.recv(65536)
            if not data:
                raise ClientError("read reply failed: the server closed the connection")
            found = framer.feed(data)
            if found:
                return found[0]


def typed(word: str) -> int | float | str:
    """An argument as kamcmd types it: a number where it reads as one, `s:` in front keeps it a string."""
    try:
        number = int(word) if word == word.strip() and "_" not in word else None
    except ValueError:
        number = None
    if number is not None:
        return number
    try:
        return float(word) if word == word.strip() and "_" not in word else word
    except ValueError:
        text = word[2:] if word.startswith("s:") else word
    # the command line gives text; on the wire a character is a byte
    return text.encode("utf-8", "surrogateescape").decode("latin-1")
