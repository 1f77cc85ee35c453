"""corex: $lsock, $cfg, and the transformations {sock.host}, {sock.port}, {sock.proto}, {sock.touri}."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from olelo.core.context import RouteContext
from olelo.core.lookup import find_socket, socket_by_name
from olelo.core.module import Module, variable
from olelo.core.sockets import PROTOCOLS, ListenSocket
from olelo.script.catalog import Getter, Setter, TransformSpec, Value

_Pair = tuple[Getter, Setter | None]


class SocketVariables(Module):
    """Variables and transformations about our sockets."""

    @variable("lsock", inner="required")
    def lsock(self, inner: str, index: int | str | None) -> _Pair:
        """A field of a socket found by a field: `match/value/field`, fields n name, l address, a advertised, i number."""
        parts = inner.split("/")
        if len(parts) != 3 or parts[0] not in ("n", "l", "a", "i") or parts[2][:1] not in ("n", "l", "a", "i"):
            raise ValueError(f"{inner!r} is not match/value/field with n, l, a or i")
        match, value, field = parts[0], parts[1], parts[2][0]

        def get(ctx: RouteContext) -> Value:
            found = self._find(match, value)
            return None if found is None else self._field(found, field)

        return get, None

    def _find(self, match: str, value: str) -> ListenSocket | None:
        sockets = self.engine.sockets
        if match == "n":
            return socket_by_name(self.engine, value)
        if match == "l":
            return find_socket(self.engine, value)
        if match == "i":
            number = int(value) if value.isdigit() else -1
            return sockets[number] if 0 <= number < len(sockets) else None
        for sock in sockets:
            if _advertised(sock) == value:
                return sock
        return None

    def _field(self, sock: ListenSocket, field: str) -> Value:
        if field == "n":
            return sock.name
        if field == "l":
            return sock.text
        if field == "a":
            return _advertised(sock)
        return self.engine.sockets.index(sock)

    @variable("atkv", inner="required", dynamic=False)
    def atkv(self, inner: str, index: int | str | None) -> _Pair:
        """Fields of a key-value event (type key val); there are no such events here, so $null."""
        if inner not in ("type", "key", "val", "gname"):
            raise ValueError(f"{inner!r} is not one of type, key, val, gname")

        def get(ctx: RouteContext) -> Value:
            return None

        return get, None

    def transforms(self) -> list[TransformSpec]:
        """{sock.*}: parts of `proto:host:port`."""
        return [
            TransformSpec("sock", name, _made(read), module="corex", doc=doc)
            for name, read, doc in (
                ("host", _host, "Host of proto:host:port."),
                ("port", _port, "Port of proto:host:port."),
                ("proto", _proto, "Transport of proto:host:port."),
                ("touri", _touri, "SIP URI of proto:host:port."),
            )
        ]


def _advertised(sock: ListenSocket) -> str:
    if (sock.via_host, sock.via_port) == (sock.host, sock.port):
        return ""
    return f"{sock.proto}:{sock.via_host}:{sock.via_port}"


def split_socket(text: str) -> tuple[str, str, str] | None:
    """(proto, host, port) as written in `[proto:]host[:port]`, None where it is no such thing."""
    proto = ""
    head, colon, rest = text.partition(":")
    if colon and head.lower() in PROTOCOLS:
        proto, text = head, rest
    if text.startswith("["):
        host, close, rest = text.partition("]")
        host += close
        if not close or (rest and not rest.startswith(":")):
            return None
        port = rest[1:]
    else:
        host, _, port = text.partition(":")
    if not host or (port and not port.isdigit()):
        return None
    return proto, host, port


def _host(parts: tuple[str, str, str]) -> str:
    return parts[1]


def _port(parts: tuple[str, str, str]) -> str:
    return parts[2]


def _proto(parts: tuple[str, str, str]) -> str:
    return parts[0]


def _touri(parts: tuple[str, str, str]) -> str:
    proto, host, port = parts
    return f"sip:{host}" + (f":{port}" if port else "") + (f";transport={proto}" if proto else "")


def _made(read: Callable[[tuple[str, str, str]], str]) -> Callable[[list[str | Getter]], Callable[[Any, Value], Value]]:
    def change(ctx: RouteContext, value: Value) -> Value:
        parts = None if value is None else split_socket(str(value))
        return "" if parts is None else read(parts)

    def make(args: list[str | Getter]) -> Callable[[Any, Value], Value]:
        return change

    return make
