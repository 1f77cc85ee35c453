"""Sources of selects that are headers, and the parts of URIs, name-addrs, Vias and credentials."""

from __future__ import annotations

from collections.abc import Callable

from olelo.core.context import RouteContext
from olelo.core.operands import uri_or_none
from olelo.core.values import split_values
from olelo.script.catalog import Getter, Value
from olelo.sip import headers as h
from olelo.sip.address import NameAddr
from olelo.sip.digest import Credentials
from olelo.sip.errors import SipError
from olelo.sip.uri import Uri

#: A part of a select with its index.
Part = tuple[str, int | None]
#: Gives the text that parts are taken of.
Source = Callable[[RouteContext], bytes | None]

#: Selects that are one header: the header's number, and its name where it has none.
HEADERS: dict[str, tuple[int, bytes]] = {
    name: (h.header_id(wire), wire)
    for name, wire in {
        "call_id": b"Call-ID",
        "expires": b"Expires",
        "max_forwards": b"Max-Forwards",
        "content_type": b"Content-Type",
        "content_length": b"Content-Length",
        "subject": b"Subject",
        "organization": b"Organization",
        "priority": b"Priority",
        "session_expires": b"Session-Expires",
        "min_se": b"Min-SE",
        "user_agent": b"User-Agent",
        "sip_if_match": b"SIP-If-Match",
        "date": b"Date",
        "identity": b"Identity",
        "identity_info": b"Identity-Info",
        "event": b"Event",
    }.items()
}


def text(value: bytes | None) -> Value:
    return None if value is None else value.decode("latin-1")


def bad(rest: list[Part]) -> ValueError:
    return ValueError(f"the select has no part {rest[0][0]!r}" if rest else "the select needs another part")


def _first(wire: bytes) -> Source:
    def source(ctx: RouteContext) -> bytes | None:
        for line in ctx.msg.named(wire):
            found = split_values(line)
            if found:
                return found[0]
        return None

    return source


#: Selects that are a header with addresses, and the header's name.
WHOLE: dict[str, bytes] = {
    "from": b"From",
    "f": b"From",
    "to": b"To",
    "t": b"To",
    "contact": b"Contact",
    "m": b"Contact",
    "refer_to": b"Refer-To",
    "remote_party_id": b"Remote-Party-ID",
    "rpid": b"Remote-Party-ID",
    "record_route": b"Record-Route",
    "rr": b"Record-Route",
}
NAME_ADDRS: dict[str, Source] = {name: _first(wire) for name, wire in WHOLE.items()}
NAME_ADDRS["m"] = NAME_ADDRS["contact"]


# --- name-addr ---


def name_addr_part(source: Source, rest: list[Part]) -> Getter:
    """`uri`(..), `name`, `tag`, `params`(.x), and a contact's own parameters."""
    if not rest:
        return lambda ctx: text(source(ctx))
    key, more = rest[0][0], rest[1:]
    if key == "uri":

        def uri_source(ctx: RouteContext) -> bytes | None:
            found = _name_addr(source, ctx)
            return None if found is None or found.uri == b"*" else found.uri

        return uri_part(uri_source, more)
    if key == "name":
        if more:
            raise bad(more)
        absent = "" if source is NAME_ADDRS["contact"] else None

        def get_name(ctx: RouteContext) -> Value:
            found = _name_addr(source, ctx)
            if found is None or found.uri == b"*":
                return None
            return text(found.display) if found.display else absent

        return get_name
    if key == "params":
        if not more:
            return lambda ctx: _params(_name_addr(source, ctx))
        key, more = more[0][0], more[1:]
    if more:
        raise bad(more)
    if key not in _OWN_PARAMETERS and rest[0][0] != "params":
        raise bad(rest)
    wanted = (b"+sip.instance" if key == "instance" else key.encode("latin-1")).lower()
    return lambda ctx: _parameter(_name_addr(source, ctx), wanted)


_OWN_PARAMETERS = frozenset(("tag", "q", "expires", "methods", "received", "instance"))


def _name_addr(source: Source, ctx: RouteContext) -> NameAddr | None:
    value = source(ctx)
    if value is None:
        return None
    try:
        return NameAddr.parse(value)
    except SipError:
        return None


def _params(found: NameAddr | None) -> Value:
    return text(found.params) if found is not None and found.params else None


def _parameter(found: NameAddr | None, name: bytes) -> Value:
    return text(found.param(name)) if found is not None else None


# --- URIs ---


def _hostport(uri: Uri) -> Value:
    if not uri.host:
        return None
    return f"{uri.host.decode('latin-1')}:{uri.port or (5061 if uri.scheme == 'sips' else 5060)}"


def _rn_user(uri: Uri) -> Value:
    """The routing number in the user part's parameters, else the user."""
    for piece in uri.user.split(b";")[1:]:
        if piece.lower().startswith(b"rn="):
            return text(piece[3:])
    return text(uri.user.split(b";")[0])


_URI: dict[str, Callable[[Uri], Value]] = {
    "type": lambda uri: uri.scheme,
    "user": lambda uri: text(uri.user) if uri.user else None,
    "rn_user": _rn_user,
    "pwd": lambda uri: text(uri.password) if uri.password else None,
    "host": lambda uri: text(uri.host),
    "port": lambda uri: str(uri.port) if uri.port else None,
    "hostport": _hostport,
    "transport": lambda uri: uri.transport or ("tls" if uri.scheme == "sips" else "udp"),
}


def uri_part(source: Source, rest: list[Part]) -> Getter:
    """`type user rn_user pwd host port hostport transport params`(.x), or the whole URI."""
    if not rest:
        return lambda ctx: text(source(ctx))
    key, more = rest[0][0], rest[1:]
    if key == "params":
        return _uri_params(source, more)
    read = _URI.get(key)
    if read is None or more:
        raise bad(rest if read is None else more)
    found = read

    def get(ctx: RouteContext) -> Value:
        value = source(ctx)
        uri = uri_or_none(value) if value else None
        return None if uri is None else found(uri)

    return get


def _uri_params(source: Source, rest: list[Part]) -> Getter:
    if len(rest) > 1:
        raise bad(rest[1:])
    name = rest[0][0].encode("latin-1") if rest else b""

    def get(ctx: RouteContext) -> Value:
        value = source(ctx)
        uri = uri_or_none(value) if value else None
        if uri is None:
            return None
        return text(uri.param(name)) if name else text(uri.params) if uri.params else None

    return get


# --- Via ---


def via_part(index: int | None, rest: list[Part]) -> Getter:
    """`@via[n]`: the n-th Via (1 is the topmost, -1 the last) and its parts."""
    at = index if index is not None else 1
    if at == 0:
        raise ValueError("Vias count from 1")
    number = at - 1 if at > 0 else at

    def source(ctx: RouteContext) -> bytes | None:
        found = [each for line in ctx.msg.all(h.VIA) for each in split_values(line)]
        return found[number] if -len(found) <= number < len(found) else None

    if not rest:
        return lambda ctx: text(source(ctx))
    key, more = rest[0][0], rest[1:]
    if key == "params" and more:
        key, more = more[0][0], more[1:]
    elif key not in _VIA:
        raise bad(rest)
    if more:
        raise bad(more)
    return lambda ctx: _via_value(source(ctx), key)


_VIA = frozenset(
    ("name", "version", "transport", "host", "port", "comment", "branch", "received", "rport", "i", "alias")
)


def _via_value(value: bytes | None, key: str) -> Value:
    """One part of `SIP/2.0/UDP host:port;params`."""
    if value is None:
        return None
    head, _, params = value.partition(b";")
    protocol, _, sent_by = head.strip().partition(b" ")
    words = [word.strip() for word in protocol.split(b"/")]
    if key in ("name", "version", "transport"):
        number = ("name", "version", "transport").index(key)
        return text(words[number]) if number < len(words) else None
    sent_by = sent_by.strip()
    close = sent_by.find(b"]") + 1
    colon = sent_by.find(b":", close)
    if key == "host":
        return text(sent_by[:colon].strip() if colon >= 0 else sent_by)
    if key == "port":
        return text(sent_by[colon + 1 :].strip()) if colon >= 0 else None
    wanted = key.encode("latin-1").lower()
    for piece in params.split(b";"):
        name, _, given = piece.strip().partition(b"=")
        if name.strip().lower() == wanted:
            return text(given.strip()) or None
    return None


# --- credentials ---

_CREDENTIALS = frozenset(
    ("username", "realm", "nonce", "uri", "cnonce", "nc", "response", "opaque", "algorithm", "qop")
)


def credentials_part(name: str, rest: list[Part]) -> Getter:
    """`@authorization["realm"].username.user` and the like; without a realm the first header is taken."""
    hid = h.PROXY_AUTHORIZATION if name.startswith("proxy") else h.AUTHORIZATION
    realm = b""
    if rest and rest[0][0] not in _CREDENTIALS:
        realm, rest = rest[0][0].encode("latin-1"), rest[1:]
    if not rest:
        return lambda ctx: text(_credentials_line(ctx, hid, realm))
    key = rest[0][0]
    if key not in _CREDENTIALS:
        raise bad(rest)
    side = ""
    if key == "username" and len(rest) == 2 and rest[1][0] in ("user", "domain"):
        side = rest[1][0]
    elif len(rest) > 1:
        raise bad(rest[1:])
    wanted = key.encode("latin-1")

    def get(ctx: RouteContext) -> Value:
        line = _credentials_line(ctx, hid, realm)
        if line is None:
            return None
        value = Credentials.parse(line).get(wanted)
        if side:
            user, _, domain = value.partition(b"@")
            value = user if side == "user" else domain
        return text(value) or None

    return get


def _credentials_line(ctx: RouteContext, hid: int, realm: bytes) -> bytes | None:
    """The first header with usable credentials (for that realm)."""
    for line in ctx.msg.all(hid):
        try:
            found = Credentials.parse(line)
        except SipError:
            continue
        if not realm or found.realm == realm:
            return line
    return None
