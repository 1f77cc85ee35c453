"""Credentials of the request: $au $ar $ad $aU $aa $adu $adn $adc $adr $ado, and the user for accounting $Au $AU."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, variable
from olelo.core.operands import from_uri_bytes, uri_or_none
from olelo.modules.pv.common import text_or_null
from olelo.script.catalog import Value
from olelo.sip import headers as h
from olelo.sip.digest import Credentials
from olelo.sip.errors import SipError


def credentials(ctx: RouteContext) -> Credentials | None:
    """Of Proxy-Authorization, else Authorization; None in ACK and CANCEL, without them, or where they are bad."""
    msg = ctx.msg
    if msg.method in ("ACK", "CANCEL"):
        return None
    value = msg.first(h.PROXY_AUTHORIZATION)
    if value is None:
        value = msg.first(h.AUTHORIZATION)
    if value is None:
        return None
    try:
        return Credentials.parse(value)
    except SipError:
        return None


#: Key in `ctx.store` of the credentials (Credentials) that an authentication module has looked at.
AUTHORIZED = "authorized"


def authorized(ctx: RouteContext) -> Credentials | None:
    """Credentials that were checked and found good; only these count for $Au and $AU."""
    return ctx.store.get(AUTHORIZED) if ctx.store else None


def _user_part(username: bytes) -> bytes:
    return username.partition(b"@")[0]


def _given(value: bytes) -> Value:
    return value.decode("latin-1")


class CredentialVariables(Module):
    """Variables of the digest credentials."""

    @variable("aU")
    def aU(self, ctx: RouteContext) -> Value:
        """The username as given."""
        found = credentials(ctx)
        return None if found is None else _given(found.username)

    @variable("au")
    def au(self, ctx: RouteContext) -> Value:
        """The username without a domain."""
        found = credentials(ctx)
        return None if found is None else _given(_user_part(found.username))

    @variable("ad")
    def ad(self, ctx: RouteContext) -> Value:
        """The domain in the username."""
        found = credentials(ctx)
        return None if found is None else _given(found.username.partition(b"@")[2])

    @variable("ar")
    def ar(self, ctx: RouteContext) -> Value:
        """The realm."""
        found = credentials(ctx)
        return None if found is None else _given(found.realm)

    @variable("adu")
    def adu(self, ctx: RouteContext) -> Value:
        """The digest URI."""
        found = credentials(ctx)
        return None if found is None else text_or_null(found.get(b"uri"))

    @variable("aa")
    def aa(self, ctx: RouteContext) -> Value:
        """The algorithm as given."""
        found = credentials(ctx)
        return None if found is None else _given(found.get(b"algorithm"))

    @variable("adn")
    def adn(self, ctx: RouteContext) -> Value:
        """The nonce."""
        found = credentials(ctx)
        return None if found is None else _given(found.get(b"nonce"))

    @variable("adc")
    def adc(self, ctx: RouteContext) -> Value:
        """The cnonce."""
        found = credentials(ctx)
        return None if found is None else _given(found.get(b"cnonce"))

    @variable("adr")
    def adr(self, ctx: RouteContext) -> Value:
        """The response."""
        found = credentials(ctx)
        return None if found is None else _given(found.get(b"response"))

    @variable("ado")
    def ado(self, ctx: RouteContext) -> Value:
        """The opaque value."""
        found = credentials(ctx)
        return None if found is None else _given(found.get(b"opaque"))

    @variable("AU")
    def AU(self, ctx: RouteContext) -> Value:
        """User for accounting: of the credentials that authentication has looked at, else of From."""
        found = authorized(ctx)
        if found is not None and _user_part(found.username):
            return _given(_user_part(found.username))
        uri = uri_or_none(from_uri_bytes(ctx) or b"")
        return None if uri is None else _given(uri.user)

    @variable("Au")
    def Au(self, ctx: RouteContext) -> Value:
        """`user@domain` for accounting: of the credentials that authentication has looked at (their realm, where the user
        name has no domain), else of From."""
        found = authorized(ctx)
        if found is not None and _user_part(found.username):
            user, _, domain = found.username.partition(b"@")
            domain = domain or found.realm
            return _given(user + b"@" + domain if domain else user)
        uri = uri_or_none(from_uri_bytes(ctx) or b"")
        return None if uri is None else _given(uri.user + b"@" + uri.host)
