"""Contact URIs hidden in others: encoded on the way out, decoded when requests come back to them."""

from __future__ import annotations

import base64
import binascii

from olelo.core.context import RouteContext
from olelo.core.module import FAILURE, ONREPLY, REQUEST, Const, Module, function, param
from olelo.modules.siputils.uris import without_param
from olelo.sip.errors import SipError
from olelo.sip.headers import CONTACT
from olelo.sip.message import Message
from olelo.sip.params import split_outside
from olelo.sip.uri import parse_uri

_PARTS = 6  # prefix, user, password, host, port, transport


class ContactFunctions(Module):
    """The part of siputils that works on Contact headers."""

    contact_flds_separator = param("*", "Character between the fields of an encoded contact.")

    def _spans(self, msg: Message, first_only: bool) -> list[tuple[int, int]]:
        """Where the URIs of Contact headers stand, between angle brackets or not. Raises MalformedHeader."""
        found = []
        for i, number in enumerate(msg.hids):
            if number != CONTACT:
                continue
            start, end = msg.value_span(i)
            value = msg.raw[start:end]
            if value == b"*":
                continue
            at = start
            for part in split_outside(value, 0x2C):
                found.append(_uri_span(part, at))
                at += len(part) + 1
            if first_only:
                break
        return found

    def _mark(self) -> bytes:
        return (self.contact_flds_separator[:1] or "*").encode("latin-1")

    @function("encode_contact", routes=REQUEST | ONREPLY)
    def encode_contact(self, ctx: RouteContext, prefix: Const, host: Const) -> int:
        """Write the URIs of the first Contact as sip:prefix*user*password*host*port*transport@host.
        Returns 1, -1 no Contact, -4 it cannot be read, below -20 a URI cannot be encoded."""
        msg = ctx.msg
        if CONTACT not in msg.hids:
            return -1
        mark = self._mark()
        try:
            for start, end in self._spans(msg, True):
                uri = parse_uri(msg.raw[start:end])
                fields = (
                    prefix.encode("latin-1"),
                    uri.user,
                    uri.password,
                    uri.host,
                    b"%d" % uri.port if uri.port else b"",
                    uri.param(b"transport") or b"",
                )
                msg.replace(start, end, b"sip:" + mark.join(fields) + b"@" + host.encode("latin-1"))
        except SipError:
            return -4
        return 1

    def _decoded(self, raw: bytes) -> bytes | int:
        """The URI that encode_contact() hid, or a code below -20."""
        colon, at = raw.find(b":") + 1, raw.find(b"@")
        if not colon:
            return -22
        if at < 0:
            return -23
        fields = raw[colon:at].split(self._mark())
        if len(fields) != _PARTS:
            return -24 if len(fields) > _PARTS else -26
        _, user, password, host, port, transport = fields
        if not host:
            return -2
        if password and not user:
            return -3
        out = raw[:colon]
        if user:
            out += user + (b":" + password if password else b"") + b"@"
        out += host + (b":" + port if port else b"") + (b";transport=" + transport if transport else b"")
        semicolon = raw.find(b";", at)
        return out + (raw[semicolon:] if semicolon >= 0 else b"")

    @function("decode_contact", routes=REQUEST)
    def decode_contact(self, ctx: RouteContext) -> int:
        """Turn an encoded `$ru` into the URI that it hides. Returns 1, negative where it hides none."""
        found = self._decoded(ctx.ruri)
        if isinstance(found, int):
            return found
        ctx.ruri = found
        ctx.ruri_used = False
        return 1

    @function("decode_contact_header", routes=REQUEST | FAILURE | ONREPLY)
    def decode_contact_header(self, ctx: RouteContext) -> int:
        """Decode the URIs of the first Contact. Returns 1, -1 no Contact, others where one hides nothing."""
        msg = ctx.msg
        if CONTACT not in msg.hids:
            return -1
        try:
            for start, end in self._spans(msg, True):
                found = self._decoded(msg.raw[start:end])
                if isinstance(found, int):
                    return found
                msg.replace(start, end, found)
        except SipError:
            return -4
        return 1

    # --- in a parameter -----------------------------------------------------------------------------------

    @function("contact_param_encode", "contact_param_encode_alias", routes=REQUEST | ONREPLY)
    def contact_param_encode(self, ctx: RouteContext, name: str, uri: str) -> int:
        """Replace the URIs of the first Contact by `uri`, with the old one in base64url as that parameter.
        Returns 1, -4 Contact cannot be read."""
        msg = ctx.msg
        try:
            for start, end in self._spans(msg, True):
                hidden = base64.urlsafe_b64encode(msg.raw[start:end]).rstrip(b"=")
                text = b"%b;%b=%b" % (uri.encode("latin-1"), name.encode("latin-1"), hidden)
                msg.replace(start, end, text if msg.raw[start - 1] == 0x3C else b"<" + text + b">")
        except SipError:
            return -4
        return 1

    @function("contact_param_decode", routes=REQUEST | ONREPLY)
    def contact_param_decode(self, ctx: RouteContext, name: str) -> int:
        """Put back what contact_param_encode() hid in Contact headers. Returns 1, also where nothing is; -1 bad URI."""
        msg = ctx.msg
        try:
            for start, end in self._spans(msg, False):
                found = _hidden(msg.raw[start:end], name)
                if found is not None:
                    msg.replace(start, end, found)
        except SipError:
            return -1
        return 1

    @function("contact_param_decode_ruri", routes=REQUEST)
    def contact_param_decode_ruri(self, ctx: RouteContext, name: str) -> int:
        """Put back into `$ru` what contact_param_encode() hid. Returns 1, also where nothing is; -1 bad URI."""
        try:
            found = _hidden(ctx.ruri, name)
        except SipError:
            return -1
        if found is not None:
            ctx.ruri = found
            ctx.ruri_used = False
        return 1

    @function("contact_param_rm", routes=REQUEST | ONREPLY)
    def contact_param_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove a parameter of the URIs in Contact headers. Returns 1, also where there is none; -1 bad URI."""
        msg = ctx.msg
        try:
            for start, end in self._spans(msg, False):
                changed = without_param(parse_uri(msg.raw[start:end]), name)
                if changed is not None:
                    msg.replace(start, end, changed)
        except SipError:
            return -1
        return 1

    @function("contact_param_check", routes=REQUEST | ONREPLY)
    def contact_param_check(self, ctx: RouteContext, name: str) -> int:
        """Has a URI in Contact headers this parameter? Returns 1 yes, -1 no, or a bad URI."""
        msg = ctx.msg
        wanted = name.lower().encode("latin-1")
        try:
            spans = self._spans(msg, False)
            return 1 if any(parse_uri(msg.raw[a:b]).param(wanted) is not None for a, b in spans) else -1
        except SipError:
            return -1


def _uri_span(part: bytes, at: int) -> tuple[int, int]:
    """Where the URI of one contact stands, whose text begins at an offset."""
    quote = part.rfind(b'">') if b'">' in part else -1
    start = part.find(b"<", part.find(b'"', part.find(b'"') + 1) if part.lstrip()[:1] == b'"' else 0)
    if start >= 0:
        end = part.find(b">", start)
        return at + start + 1, at + (end if end >= 0 else max(quote, len(part)))
    text = part.lstrip()
    start = len(part) - len(text)
    end = text.find(b";")
    return at + start, at + start + (end if end >= 0 else len(text.rstrip()))


def _hidden(raw: bytes, name: str) -> bytes | None:
    """The URI in a parameter of another one; None where there is none. Raises MalformedHeader."""
    value = parse_uri(raw).param(name.lower().encode("latin-1"))
    if not value:
        return None
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), b"-_", validate=True) or None
    except (binascii.Error, ValueError) as error:
        raise SipError(f"the parameter {name} is no base64url") from error
