"""siputils: contacts rewritten so that requests come back by us, and the way back."""

from __future__ import annotations

import base64
import binascii

from olelo.core.context import RouteContext
from olelo.core.module import REQUEST, Module, function, param
from olelo.script.catalog import RouteKind
from olelo.sip.address import STAR
from olelo.sip.errors import SipError
from olelo.sip.headers import CONTACT
from olelo.sip.uri import parse_uri

BOTH = REQUEST | RouteKind.ONREPLY


class ContactUris(Module):
    """Contact URIs, encoded and decoded."""

    contact_flds_separator = param("*", "Character between the parts of an encoded contact.")

    def _replace(self, ctx: RouteContext, old: bytes, new: bytes) -> bool:
        """Replace a URI within the Contact headers."""
        msg = ctx.msg
        for i, number in enumerate(msg.hids):
            if number == CONTACT:
                at = msg.lines[i].find(old)
                if at >= 0:
                    start = msg.start(i) + at
                    msg.replace(start, start + len(old), new)
                    return True
        return False

    def _uris(self, ctx: RouteContext) -> list[bytes]:
        try:
            return [contact.uri for contact in ctx.msg.contacts if contact is not STAR]
        except SipError:
            return []

    @function("encode_contact", routes=BOTH)
    def encode_contact(self, ctx: RouteContext, prefix: str, host: str) -> int:
        """sip:user:pass@ip:port;transport=x becomes sip:prefix*user*pass*ip*port*x@host. Returns 1, -1 no contact."""
        uris = self._uris(ctx)
        if not uris:
            return -1
        mark = self.contact_flds_separator[:1]
        for raw in uris:
            try:
                uri = parse_uri(raw)
            except SipError:
                return -1
            parts = [prefix, uri.user.decode("latin-1"), uri.password.decode("latin-1"), uri.host.decode("latin-1")]
            parts += [str(uri.port) if uri.port else "", uri.transport]
            self._replace(ctx, raw, f"sip:{mark.join(parts)}@{host}".encode("latin-1"))
        return 1

    def _decoded(self, raw: bytes) -> bytes | None:
        try:
            user = parse_uri(raw).user.decode("latin-1")
        except SipError:
            return None
        parts = user.split(self.contact_flds_separator[:1])
        if len(parts) != 6:
            return None
        _, name, password, host, port, transport = parts
        text = "sip:" + name + (":" + password if password else "") + ("@" if name else "") + host
        text += (":" + port if port else "") + (";transport=" + transport if transport else "")
        return text.encode("latin-1")

    @function("decode_contact", routes=REQUEST)
    def decode_contact(self, ctx: RouteContext) -> int:
        """Decode an encoded `$ru`. Returns 1, -1 where it is not encoded."""
        decoded = self._decoded(ctx.ruri)
        if decoded is None:
            return -1
        ctx.ruri = decoded
        ctx.ruri_used = False
        return 1

    @function("decode_contact_header", routes=BOTH)
    def decode_contact_header(self, ctx: RouteContext) -> int:
        """Decode encoded URIs in Contact. Returns 1, -1 where there is none."""
        done = -1
        for raw in self._uris(ctx):
            decoded = self._decoded(raw)
            if decoded is not None and self._replace(ctx, raw, decoded):
                done = 1
        return done

    @function("contact_param_encode", "contact_param_encode_alias", routes=BOTH)
    def contact_param_encode(self, ctx: RouteContext, name: str, address: str) -> int:
        """Contact URIs become `address;name=<the URI in base64url>`. Returns 1, -1 no contact."""
        uris = self._uris(ctx)
        for raw in uris:
            code = base64.urlsafe_b64encode(raw).rstrip(b"=")
            self._replace(ctx, raw, f"{address};{name}=".encode("latin-1") + code)
        return 1 if uris else -1

    def _from_param(self, raw: bytes, name: str) -> bytes | None:
        try:
            code = parse_uri(raw).param(name.lower().encode("latin-1"))
            return base64.urlsafe_b64decode(code + b"=" * (-len(code) % 4)) if code else None
        except (SipError, binascii.Error, ValueError):
            return None

    @function("contact_param_decode", routes=BOTH)
    def contact_param_decode(self, ctx: RouteContext, name: str) -> int:
        """Restore Contact URIs from that parameter. Returns 1, -1 where there is none."""
        done = -1
        for raw in self._uris(ctx):
            found = self._from_param(raw, name)
            if found is not None and self._replace(ctx, raw, found):
                done = 1
        return done

    @function("contact_param_decode_ruri", routes=REQUEST)
    def contact_param_decode_ruri(self, ctx: RouteContext, name: str) -> int:
        """Restore `$ru` from that parameter. Returns 1, -1 where there is none."""
        found = self._from_param(ctx.ruri, name)
        if found is None:
            return -1
        ctx.ruri = found
        ctx.ruri_used = False
        return 1

    @function("contact_param_rm", routes=BOTH)
    def contact_param_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove a parameter from Contact URIs. Returns 1 removed, -1 there was none."""
        import re

        pattern = rb"(?i);%b(=[^;?]*)?(?=[;?]|$)" % re.escape(name.encode("latin-1"))
        done = -1
        for raw in self._uris(ctx):
            changed, count = re.subn(pattern, b"", raw)
            if count and self._replace(ctx, raw, changed):
                done = 1
        return done

    @function("contact_param_check", routes=BOTH)
    def contact_param_check(self, ctx: RouteContext, name: str) -> int:
        """Has a Contact URI that parameter? Returns 1 yes, -1 no."""
        return 1 if any(self._has(raw, name.lower().encode("latin-1")) for raw in self._uris(ctx)) else -1

    def _has(self, raw: bytes, name: bytes) -> bool:
        try:
            return parse_uri(raw).param(name) is not None
        except SipError:
            return False
