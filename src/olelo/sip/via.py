"""The Via header (RFC 3261 section 20.42, rport of RFC 3581)."""

from __future__ import annotations

from olelo.sip.errors import MalformedHeader
from olelo.sip.params import parse_params
from olelo.sip.uri import split_hostport


class Via:
    """One Via value. port 0: none given. rport: None not asked for, 0 asked for and empty, else its value."""

    __slots__ = ("_params", "branch", "host", "maddr", "params", "port", "raw", "received", "rport", "transport")

    def __init__(self, raw: bytes, transport: bytes, host: bytes, port: int, params: bytes) -> None:
        self.raw = raw
        self.transport = transport
        self.host = host
        self.port = port
        self.params = params
        found = parse_params(params) if params else {}
        self._params = found
        self.branch = found.get(b"branch") or b""
        self.received = found.get(b"received") or b""
        self.maddr = found.get(b"maddr") or b""
        self.rport: int | None = None
        if b"rport" in found:
            text = found[b"rport"] or b"0"
            if not text.isdigit() or int(text) > 65535:
                raise MalformedHeader("Via: bad rport")
            self.rport = int(text)

    @staticmethod
    def parse(data: bytes) -> Via:
        """Parse one value. Raises MalformedHeader."""
        head, _, params = data.partition(b";")
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
        return Via(data, protocol[2].upper(), host, port, params)

    def param(self, name: bytes) -> bytes | None:
        """A parameter's value: b"" without value, None where it is missing."""
        if name not in self._params:
            return None
        return self._params[name] or b""
