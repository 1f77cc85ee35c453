"""name-addr and addr-spec with parameters: From, To, Contact, Route and their like (RFC 3261 section 20.10)."""

from __future__ import annotations

from typing import Final

from olelo.sip.errors import MalformedHeader
from olelo.sip.octets import COMMA, GREATER, QUOTE, SEMICOLON, SPACE
from olelo.sip.params import parse_params, split_outside


class NameAddr:
    """One address. display as written (with its quotes); uri without angle brackets; params raw, after the URI's `>`."""

    __slots__ = ("_params", "display", "params", "raw", "uri")

    def __init__(self, raw: bytes, display: bytes, uri: bytes, params: bytes) -> None:
        self.raw = raw
        self.display = display
        self.uri = uri
        self.params = params
        self._params: dict[bytes, bytes | None] | None = None

    @staticmethod
    def parse(data: bytes) -> NameAddr:
        """Parse one value. Raises MalformedHeader."""
        text = data.strip()
        if text[:1] == b'"':
            end = _quoted_end(text)
            start = text.find(b"<", end)
            if start < 0 or text[end:start].strip():
                raise MalformedHeader("no <URI> after the display name")
        else:
            start = text.find(b"<")
        if start < 0:
            # addr-spec: everything after the first ; belongs to the header, not to the URI (section 20).
            uri, _, params = text.partition(b";")
            uri = uri.rstrip()
            if not uri or SPACE in uri or GREATER in uri:
                raise MalformedHeader(f"bad address {text[:64]!r}")
            return NameAddr(data, b"", uri, params)
        end = text.find(b">", start)
        if end < 0:
            raise MalformedHeader("< without >")
        uri = text[start + 1 : end].strip()
        if not uri:
            raise MalformedHeader("empty <>")
        rest = text[end + 1 :].lstrip()
        if rest and rest[:1] != b";":
            raise MalformedHeader(f"something follows the address: {rest[:32]!r}")
        return NameAddr(data, text[:start].strip(), uri, rest[1:])

    def param(self, name: bytes) -> bytes | None:
        """A header parameter's value: b"" without value, None where it is missing. Raises MalformedHeader."""
        if not self.params:
            return None
        if self._params is None:
            self._params = parse_params(self.params)
        if name not in self._params:
            return None
        return self._params[name] or b""

    @property
    def tag(self) -> bytes:
        """The tag parameter; b"" where there is none."""
        params = self.params
        if params[:4] == b"tag=" and SEMICOLON not in params and QUOTE not in params:
            return params[4:].rstrip()
        return self.param(b"tag") or b""

    def __repr__(self) -> str:
        return f"<NameAddr {self.raw!r}>"


#: `Contact: *`
STAR: Final = NameAddr(b"*", b"", b"*", b"")


def _quoted_end(text: bytes) -> int:
    """The offset behind a quoted string that starts at 0. Raises MalformedHeader."""
    index = 1
    while True:
        quote = text.find(b'"', index)
        if quote < 0:
            raise MalformedHeader("a quoted string has no end")
        backslashes = 0
        while text[quote - 1 - backslashes : quote - backslashes] == b"\\":
            backslashes += 1
        if backslashes % 2 == 0:
            return quote + 1
        index = quote + 1


def parse_addresses(data: bytes) -> list[NameAddr]:
    """All addresses of a comma-separated value, in order. Raises MalformedHeader."""
    if COMMA not in data:
        return [NameAddr.parse(data)] if data.strip() else []
    return [NameAddr.parse(part) for part in split_outside(data, 0x2C) if part.strip()]
