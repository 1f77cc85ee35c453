"""The Via header (RFC 3261 section 20.42, rport of RFC 3581)."""

from __future__ import annotations

from typing import Final

from olelo.sip.errors import MalformedHeader
from olelo.sip.octets import QUOTE, SEMICOLON
from olelo.sip.params import parse_params
from olelo.sip.uri import split_hostport

#: Protocols with senders remembered ("SIP/2.0/UDP 192.0.2.1:5060"); they come from the wire, so with a bound.
_CACHE_SIZE: Final = 8192
_heads: Final[dict[bytes, tuple[bytes, bytes, int]]] = {}


class Via:
    """One Via value. port 0: none given. rport: None not asked for, 0 asked for and empty, else its value."""

    __slots__ = ("_params", "branch", "host", "maddr", "params", "port", "raw", "received", "rport", "transport")

    def __init__(self, raw: bytes, transport: bytes, host: bytes, port: int, params: bytes) -> None:
        self.raw = raw
        self.transport = transport
        self.host = host
        self.port = port
        self.params = params
        self.rport: int | None = None
        if params[:7] == b"branch=" and SEMICOLON not in params and QUOTE not in params:
            # What nearly every Via looks like; `branch` first and alone.
            self._params: dict[bytes, bytes | None] = {}
            self.branch = params[7:].rstrip()
            self.received = self.maddr = b""
            return
        found = parse_params(params) if params else {}
        self._params = found
        self.branch = found.get(b"branch") or b""
        self.received = found.get(b"received") or b""
        self.maddr = found.get(b"maddr") or b""
        if b"rport" in found:
            text = found[b"rport"] or b"0"
            if not text.isdigit() or len(text) > 5 or int(text) > 65535:
                raise MalformedHeader("Via: bad rport")
            self.rport = int(text)

    @staticmethod
    def parse(data: bytes) -> Via:
        """Parse one value. Raises MalformedHeader."""
        head, _, params = data.partition(b";")
        known = _heads.get(head)
        if known is not None:
            return Via(data, known[0], known[1], known[2], params)
        words = head.split(None, 1)
        if len(words) != 2:
            # Blanks are allowed around the slashes of the protocol.
            words = head.replace(b" /", b"/").replace(b"/ ", b"/").split(None, 1)
        if len(words) == 2 and words[0].count(b"/") != 2:
            words = head.replace(b" /", b"/").replace(b"/ ", b"/").replace(b"\t/", b"/").split(None, 1)
        if len(words) != 2:
            raise MalformedHeader("Via: no sent-by")
        protocol = words[0].split(b"/")
        if len(protocol) != 3 or protocol[0].upper() != b"SIP" or protocol[1] != b"2.0" or not protocol[2]:
            raise MalformedHeader(f"Via: bad protocol {words[0][:32]!r}")
        host, port = split_hostport(words[1].strip())
        if len(_heads) >= _CACHE_SIZE:
            _heads.clear()
        _heads[head] = (protocol[2].upper(), host, port)
        return Via(data, protocol[2].upper(), host, port, params)

    def param(self, name: bytes) -> bytes | None:
        """A parameter's value: b"" without value, None where it is missing."""
        if name == b"branch" and self.branch:
            return self.branch
        if name not in self._params:
            return None
        return self._params[name] or b""
