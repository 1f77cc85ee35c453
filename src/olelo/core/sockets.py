"""Addresses of packets: our listening sockets, where a message came from, where one goes."""

from __future__ import annotations

PROTOCOLS = ("udp", "tcp", "tls", "sctp", "ws", "wss")
DEFAULT_PORT = {"udp": 5060, "tcp": 5060, "tls": 5061, "sctp": 5060, "ws": 80, "wss": 443}
STREAMS = frozenset(("tcp", "tls", "ws", "wss"))


class ListenSocket:
    """One address we listen on, with what is written about it on the wire, prepared once.

    host/port: where we listen; via_host/via_port: what we tell others (advertise). name: `listen ... name "x"`.
    """

    __slots__ = (
        "address",
        "host",
        "hostport",
        "name",
        "port",
        "proto",
        "sockname",
        "text",
        "uri",
        "via_head",
        "via_host",
        "via_port",
    )

    def __init__(
        self, proto: str, host: str, port: int, advertise: tuple[str, int] | None = None, name: str = ""
    ) -> None:
        self.proto = proto
        self.host = host
        self.port = port
        self.name = name
        self.via_host, self.via_port = advertise or (bracketed(host), port)
        if advertise and not advertise[1]:
            self.via_port = port
        #: "127.0.0.1:5060" as written in Via, Record-Route and Path
        self.hostport = f"{self.via_host}:{self.via_port}".encode("latin-1")
        #: up to the branch: b"Via: SIP/2.0/UDP 127.0.0.1:5060;branch="
        self.via_head = b"Via: SIP/2.0/%b %b;branch=" % (proto.upper().encode(), self.hostport)
        #: Kamailio's name of a socket: "udp:127.0.0.1:5060"
        self.text = f"{proto}:{bracketed(host)}:{port}"
        self.sockname = self.text
        self.uri = f"sip:{bracketed(host)}:{port}" + (f";transport={proto}" if proto != "udp" else "")
        self.address = (host, port)

    def __repr__(self) -> str:
        return f"<ListenSocket {self.text}>"


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

    __slots__ = ("conn", "ip", "port", "proto", "socket")

    def __init__(self, proto: str, ip: str, port: int, socket: ListenSocket, conn: int = 0) -> None:
        self.proto = proto
        self.ip = ip
        self.port = port
        self.socket = socket
        self.conn = conn

    @property
    def reliable(self) -> bool:
        return self.proto != "udp"

    def __repr__(self) -> str:
        return f"<Destination {self.proto}:{bracketed(self.ip)}:{self.port}>"


def bracketed(host: str) -> str:
    """An IPv6 literal in brackets; anything else as it is."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
