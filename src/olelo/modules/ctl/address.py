"""Addresses of control sockets: `[proto:]host[:port]` or `[proto:]path` (module ctl, parameters binrpc and fifo)."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Port of tcp and udp control sockets where none is written.
DEFAULT_PORT = 2049
#: Directory of the default socket, as long as `-Y` does not say otherwise.
RUN_DIR = "/run/kamailio"
SOCKET_NAME = "kamailio_ctl"

BINRPC = "binrpc"
FIFO_LINES = "fifo"

UNIX_STREAM = "unix_stream"
UNIX_DGRAM = "unix_dgram"
TCP = "tcp"
UDP = "udp"
FIFO = "fifo"

_TRANSPORTS = {
    "tcp": TCP,
    "udp": UDP,
    "unix": UNIX_STREAM,
    "unixs": UNIX_STREAM,
    "unixd": UNIX_DGRAM,
    "fifo": FIFO,
}
_HOST_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:.%]+\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?\Z")


@dataclass(slots=True, frozen=True)
class ControlAddress:
    """Where to listen. payload: BINRPC or FIFO_LINES; name: path, or host ("*" for all); port 0 for paths."""

    payload: str
    transport: str
    name: str
    port: int = 0

    @property
    def is_path(self) -> bool:
        return self.transport in (UNIX_STREAM, UNIX_DGRAM, FIFO)


def default_address(run_dir: str = RUN_DIR) -> str:
    return f"unix:{run_dir.rstrip('/')}/{SOCKET_NAME}"


def parse_address(text: str, payload: str = BINRPC) -> ControlAddress:
    """Read an address as the ctl module and kamcmd do; raises ValueError(text).

    Without a protocol: a text with a slash is a path (unix stream; FIFO for the line protocol), `host:port` is UDP.
    No host is every address; port 0 is the default port.
    """
    proto, colon, rest = text.partition(":")
    transport = _TRANSPORTS.get(proto.lower()) if colon else None
    if transport is None:
        rest = text
        if payload == FIFO_LINES and "/" in text:
            transport = FIFO
        elif "/" in text:
            transport = UNIX_STREAM
        else:
            transport = UDP
    if transport == FIFO and payload == BINRPC:
        raise ValueError(f"binrpc cannot be spoken over a fifo: {text!r}")
    if transport in (UNIX_STREAM, UNIX_DGRAM, FIFO):
        if not rest:
            raise ValueError(f"no path in control address {text!r}")
        return ControlAddress(payload, transport, rest)
    match = _HOST_PORT.match(rest)
    if match is None or not text:
        raise ValueError(f"bad control address {text!r}")
    host, port = match["host"].strip("[]"), match["port"]
    if port is None and host.isdigit():
        host, port = "*", host
    number = int(port or 0) or DEFAULT_PORT
    if number > 65535:
        raise ValueError(f"bad port in control address {text!r}")
    return ControlAddress(payload, transport, host or "*", number)
