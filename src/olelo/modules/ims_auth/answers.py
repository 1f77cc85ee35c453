"""What goes back to the phone: challenges, refusals, Authentication-Info."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from olelo.core.context import RouteContext
from olelo.modules.ims_auth import aka
from olelo.modules.ims_auth.held import Held
from olelo.modules.ims_auth.params import ImsAuthParams
from olelo.sip.digest import Credentials, ha1, quoted, response
from olelo.sip.errors import SipError
from olelo.sip.headers import CONTACT, EXPIRES, PATH

if TYPE_CHECKING:
    from olelo.modules.tm.functions import Tm

RETRY_AFTER = 5  # seconds, where a later attempt will do


class Answers(ImsAuthParams):
    """The part of ims_auth that answers, always by the request's transaction, so that a retransmission gets the same
    challenge again and not a new one."""

    @property
    def tm(self) -> Tm:
        return cast("Tm", self.engine.modules["tm"])

    def refuse(self, ctx: RouteContext, status: int, reason: str, *lines: bytes) -> None:
        """Answer once, with header lines for this answer alone. Path goes back as it came, which the reference does."""
        before = len(ctx.reply_lines)
        ctx.reply_lines += lines
        msg = ctx.msg
        ctx.reply_lines += [b"Path: " + value + b"\r\n" for value in msg.all(PATH)]
        self.tm.reply(ctx, status, reason.encode("latin-1"))
        del ctx.reply_lines[before:]

    def send_challenge(self, ctx: RouteContext, held: Held, proxy: bool, stale: bool) -> None:
        """401 or 407 with a held challenge."""
        qop = self.invite_qop if ctx.msg.method == "INVITE" else self.registration_qop
        parts = [
            b"realm=" + quoted(held.realm.encode("latin-1")),
            b"nonce=" + quoted(held.nonce),
            b"algorithm=" + held.algorithm.encode("latin-1"),
        ]
        if stale:
            parts.append(b"stale=true")
        if self.is_trusted(ctx.rcv.ip):
            ck, ik = aka.session_keys(held.algorithm, held.ck, held.ik)
            parts += [b'ck="' + ck.hex().encode() + b'"', b'ik="' + ik.hex().encode() + b'"']
        if qop:
            parts.append(b"qop=" + quoted(qop.encode("latin-1")))
        name = b"Proxy" if proxy else b"WWW"
        line = name + b"-Authenticate: Digest " + b", ".join(parts) + b"\r\n"
        status, reason = (407, "Proxy Authentication Required") if proxy else (401, "Unauthorized")
        self.refuse(ctx, status, reason, line)

    def add_authentication_info(self, ctx: RouteContext, held: Held, credentials: Credentials) -> None:
        """Authentication-Info (RFC 7616 section 3.5) for the answer that the script will send.

        rspauth proves that we know RES too. nextnonce is the same nonce, if it may be used again; no other is made up,
        because each nonce has a vector of its own. Without qop there is nothing to prove with.
        """
        if not credentials.qop or max_expires(ctx) == 0:
            return
        h_a1 = ha1(credentials.username, credentials.realm, held.password)
        rspauth = response(h_a1, b"", credentials)
        fields = [
            b"qop=" + credentials.qop,
            b'rspauth="' + rspauth + b'"',
            b"cnonce=" + quoted(credentials.cnonce),
            b"nc=" + credentials.nc,
        ]
        if held.uses <= self.max_nonce_reuse:
            fields.insert(0, b"nextnonce=" + quoted(held.nonce))
        ctx.reply_lines.append(b"Authentication-Info: " + b",".join(fields) + b"\r\n")


def max_expires(ctx: RouteContext) -> int:
    """The longest time that a REGISTER asks for, of Expires and its contacts; -1 where none is named."""
    msg = ctx.msg
    text = msg.first(EXPIRES)
    found = int(text) if text is not None and text.isdigit() else -1
    if msg.index(CONTACT) >= 0:
        try:
            contacts = msg.contacts
            values = [contact.param(b"expires") for contact in contacts]
        except SipError:
            return found
        found = max([found, *(int(value) for value in values if value and value.isdigit())])
    return found
