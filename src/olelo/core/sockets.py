"""Addresses of packets: our listening sockets, where a message came from, where one goes."""

from __future__ import annotations

from typing import Final

PROTOCOLS: Final = ("udp", "tcp", "tls", "sctp", "ws", "wss")
DEFAULT_PORT: Final = {"udp": 5060, "tcp": 5060, "tls": 5061, "sctp": 5060, "ws": 80, "wss": 443}
# Bits of `Destination.flags`, all about streams: the script forced the socket; use a connection that is there or
# none; close the connection when the packet is sent.
FORCED: Final = 1
NO_CONNECT: Final = 2
CLOSE_AFTER: Final = 4
STREAMS: Final = frozenset(("tcp", "tls", "ws", "wss"))


class ListenSocket:
    """One address we listen on, with what is written about it on the wire, prepared once.

    host/port: where we listen. via_host/via_port: what `listen ... advertise` says of it, else the same; None: not
    said. name: `listen ... name "x"`. Which address stands where, as in Kamailio: Via takes the core parameters
    advertised_address and advertised_port first, the listen line's advertise next; the Record-Route of the socket that
    sends takes the listen line's first; the one of the socket that received takes the listen line's alone.
    """

    __slots__ = (
        "address",
        "advertise_port",
        "advertised",
        "host",
        "hostport",
        "name",
        "port",
        "proto",
        "recorded_in",
        "recorded_out",
        "sockname",
        "text",
        "transport",
        "uri",
        "via_head",
        "via_host",
        "via_port",
    )

    def __init__(
        self,
        proto: str,
        host: str,
        port: int,
        advertise: tuple[str, int] | None = None,
        name: str = "",
        everywhere: tuple[str, int] = ("", 0),
    ) -> None:
        """everywhere: the core parameters advertised_address and advertised_port."""
        self.proto = proto
        self.host = host
        self.port = port
        self.name = name
        own = bracketed(host)
        self.advertised = advertise is not None
        self.advertise_port = advertise[1] if advertise else 0
        self.via_host = bracketed(advertise[0]) if advertise else own
        self.via_port = self.advertise_port or port
        self.transport = b";transport=" + (b"ws" if proto == "wss" else proto.encode()) if proto != "udp" else b""
        #: "127.0.0.1:5060" as written in Via
        self.hostport = self.place(everywhere[0] or self.via_host, everywhere[1] or self.advertise_port)
        #: up to the branch: b"Via: SIP/2.0/UDP 127.0.0.1:5070;branch="
        self.via_head = via_head(proto, self.hostport)
        #: what Record-Route says of the socket, with its transport, as the one that sends and as the one that received
        self.recorded_out = self.recorded(everywhere)
        self.recorded_in = self.via_host.encode("latin-1")
        if self.via_port != 5060:
            self.recorded_in += b":%d" % self.via_port
        self.recorded_in += self.transport
        #: Kamailio's name of a socket: "udp:127.0.0.1:5060"
        self.text = f"{proto}:{own}:{port}"
        self.sockname = self.text
        self.uri = f"sip:{own}:{port}" + (f";transport={proto}" if proto != "udp" else "")
        self.address = (host, port)

    def place(self, host: str, port: int) -> bytes:
        """host[:port] with a port that somebody advertises (0: nobody): our own stands there only where it is not 5060."""
        if not port:
            if self.port == 5060:
                return host.encode("latin-1")
            port = self.port
        return f"{host}:{port}".encode("latin-1")

    def recorded(self, other: tuple[str, int]) -> bytes:
        """Our place in Record-Route as the socket that sends. other: an address ("" none) and a port (0 none) that stand
        where the listen line advertises none."""
        host = self.via_host if self.advertised or not other[0] else other[0]
        return self.place(host, self.advertise_port or other[1]) + self.transport

    def __repr__(self) -> str:
        return f"<ListenSocket {self.text}>"


def via_head(proto: str, hostport: bytes) -> bytes:
    """Our Via line up to the branch."""
    return b"Via: SIP/2.0/%b %b;branch=" % (proto.upper().encode(), hostport)


class Received:
    """Where a message came from: transport, sender's address, our socket, and for streams the connection's number."""

    __slots__ = ("conn", "ip", "port", "proto", "socket")

    def __init__(self, proto: str, ip: str, port: int, socket: ListenSocket, conn: int = 0) -> None:
        self.proto = proto
        self.ip = ip
        self.port = port
        self.socket = socket
        self.conn = conn


class Destination:
    """Where a packet goes: transport, an IP address (never a name), port, the socket it leaves by.

    conn: the connection to use for streams while it lives (0: any to that address, else a new one).
    """

    __slots__ = ("conn", "flags", "ip", "port", "proto", "socket")

    def __init__(self, proto: str, ip: str, port: int, socket: ListenSocket, conn: int = 0, flags: int = 0) -> None:
        self.proto = proto
        self.ip = ip
        self.port = port
        self.socket = socket
        self.conn = conn
        self.flags = flags

    @property
    def reliable(self) -> bool:
        return self.proto != "udp"

    def __repr__(self) -> str:
        return f"<Destination {self.proto}:{bracketed(self.ip)}:{self.port}>"


def bracketed(host: str) -> str:
    """An IPv6 literal in brackets; anything else as it is."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
