"""The Path header of a REGISTER (RFC 3327)."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from olelo.modules.registrar.faults import PARSE_PATH, RegistrarFault
from olelo.sip.address import parse_addresses
from olelo.sip.errors import SipError
from olelo.sip.headers import PATH
from olelo.sip.message import Message
from olelo.sip.uri import parse_uri


def path_vector(msg: Message, with_received: bool) -> tuple[str, str]:
    """(all Path values joined by commas, received URI of the first one where it is asked for). Raises RegistrarFault."""
    lines = msg.all(PATH)
    if not lines:
        return "", ""
    joined = b",".join(lines)
    try:
        first = parse_addresses(joined)[0]
        uri = parse_uri(first.uri)
        if uri.param(b"lr") is None:  # strict routers are not supported (RFC 3327 section 5.1)
            raise RegistrarFault(PARSE_PATH)
        text = uri.param(b"received") if with_received else None
    except (SipError, IndexError) as error:
        raise RegistrarFault(PARSE_PATH) from error
    return joined.decode("latin-1"), unquote_to_bytes(text).decode("latin-1") if text else ""


def first_hop(path: str) -> bytes:
    """The URI of a path vector's first entry: where the request goes next. b"" where it cannot be read."""
    try:
        return parse_addresses(path.encode("latin-1"))[0].uri
    except (SipError, IndexError):
        return b""
