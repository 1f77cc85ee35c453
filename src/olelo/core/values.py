"""Values that headers hold: lists, and digest credentials."""

from __future__ import annotations

from olelo.sip.errors import MalformedHeader
from olelo.sip.params import split_outside, unquote

_BLANKS = b" \t\r\n"
_COMMA = 0x2C


def split_values(line: bytes) -> list[bytes]:
    """The values of a header line that is a comma-separated list; commas in quotes or <> do not count.

    A line with a quote that has no end is one value.
    """
    try:
        parts = split_outside(line, _COMMA)
    except MalformedHeader:
        return [line]
    return [value for value in (part.strip(_BLANKS) for part in parts) if value]


class Credentials:
    """Digest credentials of Authorization or Proxy-Authorization (RFC 7616 section 3.4), quotes taken off."""

    __slots__ = ("_params",)

    def __init__(self, params: dict[bytes, bytes]) -> None:
        self._params = params

    @staticmethod
    def parse(value: bytes) -> Credentials:
        """Raises MalformedHeader where the scheme is not Digest."""
        scheme, _, rest = value.strip().partition(b" ")
        if scheme.lower() != b"digest":
            raise MalformedHeader(f"credentials of scheme {scheme[:16]!r}")
        params: dict[bytes, bytes] = {}
        for part in split_outside(rest, _COMMA):
            name, equals, given = part.partition(b"=")
            if equals:
                params.setdefault(name.strip().lower(), unquote(given.strip()))
        return Credentials(params)

    def param(self, name: bytes) -> bytes:
        """A parameter by its name in lower case, b"" where it is missing."""
        return self._params.get(name, b"")

    @property
    def username(self) -> bytes:
        return self.param(b"username")

    @property
    def realm(self) -> bytes:
        return self.param(b"realm")

    @property
    def uri(self) -> bytes:
        return self.param(b"uri")
