"""SIP, SIPS and TEL URIs (RFC 3261 section 19.1, RFC 3966)."""

from __future__ import annotations

from typing import Final

from olelo.sip.errors import MalformedHeader
from olelo.sip.octets import EQUALS, SEMICOLON
from olelo.sip.params import parse_params

#: Parsed URIs remembered; they come from the wire, so the memory must be bounded.
_CACHE_SIZE: Final = 8192
_MAX_PORT: Final = 65535
_HOST_BYTES: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")


class Uri:
    """A parsed URI. All parts are the bytes as written: nothing is unescaped. Values are shared: never change them.

    port 0 means none was given. params is raw, from the first `;` on without it; headers raw, after `?`.
    For tel URIs `user` is the number and `host` is empty.
    """

    __slots__ = ("_params", "headers", "host", "params", "password", "port", "raw", "scheme", "transport", "user")

    def __init__(
        self, raw: bytes, scheme: str, user: bytes, password: bytes, host: bytes, port: int, params: bytes, headers: bytes
    ) -> None:  # fmt: skip
        self.raw = raw
        self.scheme = scheme
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.params = params
        self.headers = headers
        self._params: dict[bytes, bytes | None] | None = None
        self.transport = ""
        if params:
            transport = self.param(b"transport")
            if transport:
                self.transport = transport.decode("latin-1").lower()

    @staticmethod
    def parse(data: bytes) -> Uri:
        """Parse a URI. Raises MalformedHeader (status 400; 416 for a scheme that is not sip, sips or tel)."""
        colon = data.find(b":")
        if colon <= 0:
            raise MalformedHeader(f"no scheme in URI {data[:64]!r}")
        scheme = data[:colon].lower()
        rest = data[colon + 1 :]
        if scheme == b"tel":
            number, _, params = rest.partition(b";")
            if not number:
                raise MalformedHeader("tel URI without a number")
            return Uri(data, "tel", number, b"", b"", 0, params, b"")
        if scheme not in (b"sip", b"sips"):
            raise MalformedHeader(f"URI scheme {scheme[:32]!r} is not supported", 416)
        # The user part may hold ; and ? (section 25.1), so look for @ first, but not beyond the headers' own.
        at = rest.find(b"@")
        user = password = b""
        if at >= 0:
            question = rest.find(b"?")
            if 0 <= question < at and SEMICOLON not in rest[:question] and EQUALS in rest[question:at]:
                at = -1  # sip:host?header=a@b
        if at >= 0:
            user, separator, password = rest[:at].partition(b":")
            if not user:
                raise MalformedHeader("URI has @ and no user before it")
            rest = rest[at + 1 :]
        rest, _, headers = rest.partition(b"?")
        hostport, _, params = rest.partition(b";")
        host, port = split_hostport(hostport)
        return Uri(data, scheme.decode("ascii"), user, password, host, port, params, headers)

    def param(self, name: bytes) -> bytes | None:
        """A URI parameter's value: b"" for one without value, None where it is missing. name in lower case."""
        if not self.params:
            return None
        if self._params is None:
            self._params = parse_params(self.params)
        if name not in self._params:
            return None
        return self._params[name] or b""

    @property
    def aor(self) -> bytes:
        """user@host, or the host alone."""
        return self.user + b"@" + self.host if self.user else self.host

    def __repr__(self) -> str:
        return f"<Uri {self.raw!r}>"


def split_hostport(data: bytes) -> tuple[bytes, int]:
    """`host[:port]` -> (host, port or 0); an IPv6 literal keeps its brackets. Raises MalformedHeader."""
    if data[:1] == b"[":
        end = data.find(b"]")
        if end < 0:
            raise MalformedHeader("IPv6 address without its ]")
        host, rest = data[: end + 1], data[end + 1 :]
        if rest and rest[:1] != b":":
            raise MalformedHeader("something stands between ] and the port")
        port = rest[1:]
        colon = bool(rest)
    else:
        host, mark, port = data.partition(b":")
        colon = bool(mark)
    host = host.strip()
    if not host:
        raise MalformedHeader("no host")
    if host[:1] != b"[" and not _HOST_BYTES.issuperset(host):
        raise MalformedHeader(f"bad host {host[:64]!r}")
    if not colon:
        return host, 0
    port = port.strip()
    if not port.isdigit() or len(port) > 5 or int(port) > _MAX_PORT:
        raise MalformedHeader(f"bad port {port[:16]!r}")
    return host, int(port)


_cache: Final[dict[bytes, Uri]] = {}


def parse_uri(data: bytes) -> Uri:
    """`Uri.parse`, remembered: the URIs of a call come again and again."""
    found = _cache.get(data)
    if found is None:
        found = Uri.parse(data)
        if len(_cache) >= _CACHE_SIZE:
            _cache.clear()
        _cache[data] = found
    return found
