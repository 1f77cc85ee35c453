"""Rewriting the Request-URI: what rewrite*/set*, prefix, strip, userphone and assignments to $ru, $rU, $rd, $rp do.

Each function changes `ctx.ruri` and returns 1, or -1 where the URI is bad or would grow too long. A scheme is kept,
except that a tel URI becomes a sip URI with user=phone when it is given a host.
"""

from __future__ import annotations

from typing import Final

from olelo.core.context import RouteContext
from olelo.sip.errors import SipError
from olelo.sip.octets import SEMICOLON
from olelo.sip.uri import Uri, parse_uri

#: Longest URI that may be made, bytes.
MAX_URI: Final = 1024


def parsed(ctx: RouteContext) -> Uri | None:
    """The Request-URI taken apart; None where it is bad."""
    try:
        return parse_uri(ctx.ruri)
    except SipError:
        return None


def _is_tel(uri: Uri) -> bool:
    return uri.scheme == "tel"


def is_phone(uri: Uri) -> bool:
    """A sip URI with user=phone: its user is a telephone number, whose parameters are no part of it."""
    return uri.params.find(b"user=") >= 0 and uri.param(b"user") == b"phone"


def user_of(uri: Uri) -> bytes:
    """The user as scripts see it: a telephone number without its parameters."""
    user = uri.user
    if SEMICOLON in user and is_phone(uri):
        return user.partition(b";")[0]
    return user


def scheme_of(uri: Uri) -> str:
    """The scheme as scripts see it: user=phone makes a sip URI a tel one."""
    if is_phone(uri):
        return "tels" if uri.scheme == "sips" else "tel"
    return uri.scheme


def _put(ctx: RouteContext, text: bytes) -> int:
    if len(text) > MAX_URI:
        return -1
    ctx.ruri = text
    ctx.ruri_used = False
    return 1


def _join(scheme: str, userinfo: bytes, rest: bytes) -> bytes:
    at = b"@" if userinfo and rest and rest[:1] not in b";?" else b""
    return scheme.encode() + b":" + userinfo + at + rest


def _tail(uri: Uri, params: bytes | None = None) -> bytes:
    given = uri.params if params is None else params
    tail = b";" + given if given else b""
    return tail + (b"?" + uri.headers if uri.headers else b"")


def _hostport(uri: Uri) -> bytes:
    return uri.host + (b":%d" % uri.port if uri.port else b"")


def set_uri(ctx: RouteContext, text: bytes) -> int:
    """Replace the whole URI; it is checked when it is next taken apart, as in Kamailio."""
    return _put(ctx, text)


def set_user(ctx: RouteContext, user: bytes) -> int:
    """Replace the user; an empty one removes user and password."""
    uri = parsed(ctx)
    return -1 if uri is None else _with_userinfo(ctx, uri, _userinfo(uri, user))


def set_userpass(ctx: RouteContext, userpass: bytes) -> int:
    """Replace user and password by `user:password`."""
    uri = parsed(ctx)
    return -1 if uri is None else _with_userinfo(ctx, uri, userpass)


def prefix(ctx: RouteContext, text: bytes) -> int:
    """Put text in front of the user."""
    uri = parsed(ctx)
    return -1 if uri is None else _with_userinfo(ctx, uri, _userinfo(uri, text + user_of(uri)))


def strip(ctx: RouteContext, count: int) -> int:
    """Remove the first `count` characters of the user; all of it where it is shorter."""
    uri = parsed(ctx)
    return -1 if uri is None else _with_userinfo(ctx, uri, _userinfo(uri, user_of(uri)[count:]))


def strip_tail(ctx: RouteContext, count: int) -> int:
    """Remove the last `count` characters of the user; all of it where it is shorter."""
    uri = parsed(ctx)
    if uri is None:
        return -1
    user = user_of(uri)
    return _with_userinfo(ctx, uri, _userinfo(uri, user[: max(len(user) - count, 0)]))


def _with_userinfo(ctx: RouteContext, uri: Uri, userinfo: bytes) -> int:
    if _is_tel(uri):
        return _put(ctx, uri.scheme.encode() + b":" + userinfo + _tail(uri))
    return _put(ctx, _join(uri.scheme, userinfo, _hostport(uri) + _tail(uri)))


def _userinfo(uri: Uri, user: bytes) -> bytes:
    """User, password and the parameters of a telephone number, in the order in which they are written."""
    info = user + (b":" + uri.password if user and uri.password else b"")
    return info + uri.user[len(user_of(uri)) :]


def _sip_scheme(uri: Uri) -> str:
    return "sips" if uri.scheme == "sips" else "sip"


def _with_host(ctx: RouteContext, uri: Uri, hostport: bytes, params: bytes) -> int:
    if not _is_tel(uri):
        return _put(ctx, _join(uri.scheme, _userinfo(uri, user_of(uri)), hostport + _tail(uri, params)))
    # the number's parameters belong to the user part of the sip URI (RFC 3261 section 19.1.6)
    info = _userinfo(uri, user_of(uri)) + (b";" + uri.params if uri.params else b"")
    return _put(ctx, _join(_sip_scheme(uri), info, hostport + b";user=phone" + _tail(uri, b"")))


def set_host(ctx: RouteContext, host: bytes) -> int:
    """Replace the host; port and parameters stay."""
    uri = parsed(ctx)
    if uri is None:
        return -1
    return _with_host(ctx, uri, host + (b":%d" % uri.port if uri.port else b""), uri.params)


def set_hostport(ctx: RouteContext, hostport: bytes) -> int:
    """Replace host and port by `host[:port]`; parameters stay."""
    uri = parsed(ctx)
    return -1 if uri is None else _with_host(ctx, uri, hostport, uri.params)


def set_hostporttrans(ctx: RouteContext, hostport: bytes) -> int:
    """Replace host, port and transport by `host[:port][;transport=x]`; other parameters stay."""
    uri = parsed(ctx)
    if uri is None:
        return -1
    kept = [each for each in uri.params.split(b";") if each and not each.lower().startswith(b"transport=")]
    return _with_host(ctx, uri, hostport, b";".join(kept))


def set_port(ctx: RouteContext, port: bytes) -> int:
    """Replace the port; an empty one removes it. Not possible for tel URIs."""
    uri = parsed(ctx)
    if uri is None or _is_tel(uri):
        return -1
    hostport = uri.host + (b":" + port if port else b"")
    return _put(ctx, _join(uri.scheme, _userinfo(uri, user_of(uri)), hostport + _tail(uri)))


def userphone(ctx: RouteContext) -> int:
    """Add user=phone, unless it is there or the URI is a tel URI."""
    uri = parsed(ctx)
    if uri is None:
        return -1
    if _is_tel(uri) or uri.param(b"user") == b"phone":
        return 1
    params = uri.params + (b";" if uri.params else b"") + b"user=phone"
    return _put(ctx, _join(uri.scheme, _userinfo(uri, user_of(uri)), _hostport(uri) + _tail(uri, params)))
