"""Digest headers: credentials that come, challenges that go, and the response between them (RFC 7616, RFC 2617, RFC 3310)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from olelo.sip.errors import MalformedHeader
from olelo.sip.params import split_outside, unquote

_HASHES: Final = {b"MD5": "md5", b"SHA-256": "sha256", b"SHA-512-256": "sha512_256"}
#: Longest credentials looked at: the longest seen in the field (AKA with auts and integrity) are below 1 KiB.
MAX_CREDENTIALS: Final = 8192


class Credentials:
    """The value of an Authorization or Proxy-Authorization header.

    Values are unquoted; one that is missing is b"". `params` holds all of them, unknown ones too, names in lower case.
    """

    __slots__ = ("params", "scheme")

    def __init__(self, scheme: bytes, params: dict[bytes, bytes]) -> None:
        self.scheme = scheme
        self.params = params

    @staticmethod
    def parse(value: bytes) -> Credentials:
        """Parse a header's value. Raises MalformedHeader: no scheme, no parameters, a quoted string without end, or one
        parameter given twice (which of two would be checked is for attackers to choose)."""
        if len(value) > MAX_CREDENTIALS:
            raise MalformedHeader("credentials are too long")
        scheme, _, rest = value.strip().partition(b" ")
        if not scheme or not rest.strip():
            raise MalformedHeader("credentials without parameters")
        params: dict[bytes, bytes] = {}
        for part in split_outside(rest, 0x2C):
            name, equals, text = part.partition(b"=")
            name, text = name.strip().lower(), text.strip()
            if not name and not equals:
                continue
            if not name or not text:
                raise MalformedHeader(f"bad parameter {part.strip()[:32]!r} in credentials")
            if name in params:
                raise MalformedHeader(f"{name.decode('latin-1')[:32]} stands twice in credentials")
            params[name] = unquote(text)
        return Credentials(scheme, params)

    def get(self, name: bytes) -> bytes:
        return self.params.get(name, b"")

    @property
    def username(self) -> bytes:
        return self.get(b"username")

    @property
    def realm(self) -> bytes:
        return self.get(b"realm")

    @property
    def nonce(self) -> bytes:
        return self.get(b"nonce")

    @property
    def uri(self) -> bytes:
        return self.get(b"uri")

    @property
    def response(self) -> bytes:
        return self.get(b"response")

    @property
    def algorithm(self) -> bytes:
        return self.get(b"algorithm")

    @property
    def cnonce(self) -> bytes:
        return self.get(b"cnonce")

    @property
    def opaque(self) -> bytes:
        return self.get(b"opaque")

    @property
    def qop(self) -> bytes:
        return self.get(b"qop")

    @property
    def nc(self) -> bytes:
        return self.get(b"nc")

    @property
    def auts(self) -> bytes:
        """RFC 3310 section 3.4: the resynchronisation token, still in base64 (or as the phone wrote it)."""
        return self.get(b"auts")


def is_known(algorithm: bytes) -> bool:
    """Whether this is a hash that `ha1` and `response` can make."""
    return algorithm.upper() in _HASHES


def quoted(value: bytes) -> bytes:
    """A quoted string: quotes and backslashes escaped, line ends refused by dropping them."""
    clean = value.replace(b"\r", b"").replace(b"\n", b"").replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b'"' + clean + b'"'


def challenge(params: Mapping[str, bytes], scheme: bytes = b"Digest") -> bytes:
    """The value of a WWW-Authenticate or Proxy-Authenticate header. algorithm and stale go without quotes
    (RFC 7616 section 3.3), everything else in them, in the order given."""
    parts = []
    for name, value in params.items():
        plain = name in ("algorithm", "stale")
        parts.append(name.encode("ascii") + b"=" + (value if plain else quoted(value)))
    return scheme + b" " + b", ".join(parts)


def ha1(username: bytes, realm: bytes, password: bytes, algorithm: bytes = b"MD5") -> bytes:
    """H(username:realm:password) in hexadecimal."""
    return _digest(algorithm, b":".join((username, realm, password)))


def response(
    ha1_hex: bytes,
    method: bytes,
    credentials: Credentials,
    *,
    algorithm: bytes = b"MD5",
    body: bytes = b"",
) -> bytes:
    """The response that right credentials carry, in hexadecimal (RFC 7616 section 3.4.1).

    Raises MalformedHeader for a qop or algorithm that nobody defined.
    """
    base = algorithm.upper()
    if base.endswith(b"-SESS"):
        base = base[:-5]
        ha1_hex = _digest(base, b":".join((ha1_hex, credentials.nonce, credentials.cnonce)))
    qop = credentials.qop.lower()
    a2 = method + b":" + credentials.uri
    if qop == b"auth-int":
        a2 += b":" + _digest(base, body)
    elif qop not in (b"", b"auth"):
        raise MalformedHeader(f"unknown qop {qop[:16]!r}")
    ha2 = _digest(base, a2)
    if not qop:
        return _digest(base, b":".join((ha1_hex, credentials.nonce, ha2)))
    return _digest(base, b":".join((ha1_hex, credentials.nonce, credentials.nc, credentials.cnonce, qop, ha2)))


def _digest(algorithm: bytes, data: bytes) -> bytes:
    name = _HASHES.get(algorithm.upper())
    if name is None:
        raise MalformedHeader(f"unknown digest algorithm {algorithm[:24]!r}")
    return hashlib.new(name, data, usedforsecurity=False).hexdigest().encode("ascii")
