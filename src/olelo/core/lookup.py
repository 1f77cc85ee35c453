"""Finding one of our sockets by how it is written: `udp:10.0.0.1:5060`, `10.0.0.1`, `tcp:[2001:db8::1]:5080`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.core.sockets import PROTOCOLS, ListenSocket

if TYPE_CHECKING:
    from olelo.core.engine import Engine


def parse_phostport(text: str) -> tuple[str, str, int]:
    """(proto or "", host without brackets, port or 0) of `[proto:]host[:port]`. Raises: ValueError."""
    proto = ""
    head, colon, rest = text.partition(":")
    if colon and head.lower() in PROTOCOLS:
        proto, text = head.lower(), rest
    if text.startswith("["):
        host, close, rest = text[1:].partition("]")
        if not close or (rest and not rest.startswith(":")):
            raise ValueError(f"{text!r} is no address")
        port_text = rest[1:]
    elif text.count(":") == 1:
        host, _, port_text = text.partition(":")
    else:
        host, port_text = text, ""
    if not host or (port_text and not (port_text.isascii() and port_text.isdigit())):
        raise ValueError(f"{text!r} is no address")
    port = int(port_text) if port_text else 0
    if port > 65535:
        raise ValueError(f"port {port} is too large")
    return proto, host, port


def find_socket(engine: Engine, text: str) -> ListenSocket | None:
    """Our socket written as `[proto:]host[:port]` (its own or advertised address), None where there is none.

    Without a transport UDP is tried first; without a port any will do.
    """
    try:
        proto, host, port = parse_phostport(text)
    except ValueError:
        return None
    host = host.lower()
    for wanted in (proto,) if proto else PROTOCOLS:
        for sock in engine.sockets:
            if sock.proto != wanted or port not in (0, sock.port, sock.via_port):
                continue
            if host in (sock.host.lower(), sock.via_host.lower().strip("[]")):
                return sock
    return None


def socket_by_name(engine: Engine, name: str) -> ListenSocket | None:
    """Our socket that was given this name (`listen .. name "x"`)."""
    for sock in engine.sockets:
        if sock.name and sock.name == name:
            return sock
    return None
