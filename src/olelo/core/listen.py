"""The addresses we listen on: what `listen` lines, -l and core parameters ask for, as sockets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from olelo.core.engine import Engine
from olelo.core.sockets import DEFAULT_PORT, PROTOCOLS, ListenSocket
from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Config, Listen, LoadModule, Pos

#: Transports that there are sockets for.
TRANSPORTS = ("udp", "tcp")
_ADDRESS = re.compile(r"(?:(\w+):)?(\([^)]*\)|\[[^]]*\]|[^:()\[\]]*)(?::(\d+))?")


def check_listens(config: Config, diag: Diagnostics) -> None:
    """Say which `listen` lines nothing will listen for. Kamailio too leaves those of TLS and SCTP out where the module
    is not loaded (or for TLS, without enable_tls), without a word; where the module is, its line has the error."""
    loaded = {item.name for item in config.items if isinstance(item, LoadModule)}
    for item in config.items:
        if not isinstance(item, Listen) or not item.proto or item.proto in TRANSPORTS:
            continue
        place = f"listen={item.proto}:{item.host}" + (f":{item.port}" if item.port else "")
        if item.proto in ("ws", "wss"):
            stream = "tcp" if item.proto == "ws" else "tls"
            diag.error(
                "unknown-transport",
                f"{place}: WebSocket has no listen line of its own",
                item.pos,
                hint=f"listen={stream}:{item.host}, module websocket, and ws_handle_handshake() in event_route[xhttp:request]",
            )
        elif item.proto not in loaded:
            diag.warning("no-effect", f"{place} is not listened on: module {item.proto} is not loaded", item.pos)


def parse_option(text: str) -> list[Listen]:
    """The addresses of one -l: `[proto:]address[:port][/advertised[:port]]`, several in brackets. Raises ValueError."""
    place, slash, advertised = text.partition("/")
    match = _ADDRESS.fullmatch(place.strip())
    if match is None or not match[2].strip() or (match[1] and match[1].lower() not in PROTOCOLS):
        raise ValueError(f"bad address {text!r}, must be [proto:]address[:port][/advertised]")
    if int(match[3] or 0) > 65535:
        raise ValueError(f"port {match[3]} is too large")
    host, port = "", 0
    if slash:
        found = _ADDRESS.fullmatch(advertised)
        if found is None or found[1] or not found[2] or found[2].startswith("("):
            raise ValueError(f"bad advertised address {advertised!r}, must be address[:port]")
        host, port = found[2], int(found[3] or 0)
    names = match[2].strip("()").split(",") if match[2].startswith("(") else [match[2]]
    pos = Pos("command line", 1, 1)
    return [
        Listen(pos, (match[1] or "").lower(), name.strip(), int(match[3] or 0), host, port)
        for name in names
        if name.strip()
    ]


def is_address(host: str) -> bool:
    """Is this an IP address, and not the name of a host or interface?"""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def make_sockets(engine: Engine, addresses: Mapping[str, list[str]]) -> list[ListenSocket]:
    """The listening sockets that the `listen` lines and core parameters ask for.

    addresses: name of an interface or host -> its IP addresses, and "" -> all non-loopback ones plus loopback as last
    resort. Without a `listen` line Kamailio listens on every interface, UDP and TCP, on `port`.
    """
    params = engine.params
    sockets: list[ListenSocket] = []

    def add(proto: str, host: str, item: Listen | None) -> None:
        port = (item.port if item else 0) or (params.port if proto != "tls" else 0) or DEFAULT_PORT[proto]
        advertise = None
        if item is not None and item.advertise_host:
            advertise = (item.advertise_host, item.advertise_port)
        if not any((s.proto, s.host, s.port) == (proto, host, port) for s in sockets):
            everywhere = (params.advertised_address, params.advertised_port)
            sockets.append(ListenSocket(proto, host, port, advertise, item.name if item else "", everywhere))

    def protos(item: Listen | None) -> list[str]:
        if item is not None and item.proto:
            return [item.proto] if item.proto in TRANSPORTS else []
        return list(TRANSPORTS)

    listens: list[Listen | None] = [*engine.listens] or [None]
    for item in listens:
        host = (item.host if item else "").strip("[]")
        if host in ("", "*"):
            hosts = addresses.get("", ["127.0.0.1"])
        else:
            hosts = addresses.get(host, [host])
        for proto in protos(item):
            if proto == "tcp" and params.disable_tcp:
                continue
            for one in hosts:
                add(proto, one, item)
    return sockets
