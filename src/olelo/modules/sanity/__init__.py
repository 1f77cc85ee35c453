"""sanity: is a request well formed? If not, it is answered, and the script ends (or goes on, with autodrop 0)."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import FAILURE, ONREPLY, REQUEST, Module, function, param
from olelo.core.reply import reply_stateless
from olelo.sip.address import STAR
from olelo.sip.digest import Credentials
from olelo.sip.errors import SipError
from olelo.sip.headers import (
    AUTHORIZATION,
    CONTENT_LENGTH,
    EXPIRES,
    PROXY_AUTHORIZATION,
    PROXY_REQUIRE,
)
from olelo.sip.message import Message
from olelo.sip.params import split_outside
from olelo.sip.uri import parse_uri

# Bits of the first argument of sanity_check().
VERSION, SCHEME, REQUIRED, VIA_VERSION, VIA_PROTOCOL = 1, 2, 4, 8, 16
CSEQ_METHOD, CSEQ_VALUE, LENGTH, EXPIRES_VALUE, PROXY_REQUIRED = 32, 64, 128, 256, 512
URIS, DIGEST, DUPLICATE_TAGS, AUTHORIZED, VIA1 = 1024, 2048, 4096, 8192, 16384
# Bits of the second.
URI_REQUEST, URI_FROM, URI_TO, URI_CONTACT = 1, 2, 4, 8

_ONCE = (2, 3, 4, 5)  # From, To, Call-ID, CSeq may stand once
_NO_ANSWER = (0, b"")
_GOOD = None
Verdict = tuple[int, bytes] | None


class Sanity(Module):
    """Checks of a request's form, with the answer that a bad one gets."""

    name = "sanity"

    default_checks = param(999, "Checks (bits) where the script names none.")
    uri_checks = param(7, "URIs to check (bits): 1 Request-URI, 2 From, 4 To, 8 Contact.")
    proxy_require = param("", "Extensions that may be in Proxy-Require, separated by commas.")
    autodrop = param(1, "1: a failed check ends the script; 0: sanity_check() returns -1.")
    noreply = param(0, "1: no answer; sanity_reply() sends it.")
    size_checks = param(0, "Bits of size limits.", noop=True)
    size_message = param(0, "Longest message.", noop=True)
    size_header = param(0, "Longest header.", noop=True)
    size_headers = param(0, "Longest header part.", noop=True)
    size_body = param(0, "Longest body.", noop=True)
    size_method = param(0, "Longest method.", noop=True)
    size_ruri = param(0, "Longest Request-URI.", noop=True)
    size_from_uri = param(0, "Longest From URI.", noop=True)
    size_to_uri = param(0, "Longest To URI.", noop=True)
    size_contact_uri = param(0, "Longest Contact URI.", noop=True)
    size_route_uri = param(0, "Longest Route URI.", noop=True)
    size_path_uri = param(0, "Longest Path URI.", noop=True)
    size_pai_uri = param(0, "Longest P-Asserted-Identity URI.", noop=True)

    def init(self) -> None:
        self._extensions = frozenset(
            word.strip().lower().encode("latin-1") for word in self.proxy_require.split(",") if word.strip()
        )

    @function("sanity_check", routes=REQUEST | ONREPLY | FAILURE)
    def sanity_check(self, ctx: RouteContext, msg_checks: int = -1, uri_checks: int = -1) -> int:
        """Check a request; a bad one is answered. Returns 1 good; 0 bad (the script ends), -1 bad with autodrop 0.

        msg_checks bits: 1 version, 2 scheme of the Request-URI, 4 From, To, Call-ID and CSeq once, 32 CSeq method,
        64 CSeq number, 128 Content-Length, 256 Expires, 512 Proxy-Require, 1024 URIs (which: uri_checks), 2048 digest
        credentials, 4096 one tag each, 8192 Authorization present, 16384 Via.
        """
        checks = self.default_checks if msg_checks < 0 else msg_checks
        verdict = self._check(ctx, checks, self.uri_checks if uri_checks < 0 else uri_checks)
        if verdict is _GOOD:
            return 1
        if verdict is not _NO_ANSWER:
            if self.noreply:
                if ctx.store is None:
                    ctx.store = {}
                ctx.store["sanity"] = verdict
            else:
                self._answer(ctx, verdict)
        return 0 if self.autodrop else -1

    @function("sanity_reply", routes=REQUEST | ONREPLY | FAILURE)
    def sanity_reply(self, ctx: RouteContext) -> int:
        """Send the answer that a failed check left (with noreply). Returns 1 sent, -1 there is none."""
        verdict = ctx.store.pop("sanity", None) if ctx.store else None
        if verdict is None:
            return -1
        self._answer(ctx, verdict)
        return 1

    def _answer(self, ctx: RouteContext, verdict: tuple[int, bytes]) -> None:
        tm = self.engine.tm
        sl = self.engine.modules.get("sl")
        if ctx.msg.method == "ACK":
            return
        if tm is not None and tm.has_transaction(ctx):
            tm.reply(ctx, *verdict)
        elif sl is not None:
            sl.send(ctx, *verdict)  # type: ignore[attr-defined]
        else:
            reply_stateless(ctx, *verdict, self.engine.new_id().encode())

    # --- the checks, in Kamailio's order ------------------------------------------------------------------

    def _check(self, ctx: RouteContext, checks: int, uris: int) -> Verdict:
        msg = ctx.msg
        if checks & VERSION and msg.version != b"SIP/2.0":
            return 505, b"Version Not Supported (R-URI)"
        try:
            parsed = parse_uri(ctx.ruri)
        except SipError as error:
            parsed = None
            if checks & SCHEME:
                return (
                    (416, b"Unsupported URI Scheme in Request URI")
                    if error.status == 416
                    else (400, b"Bad Request URI")
                )
        hids = msg.hids
        if checks & REQUIRED and len(hids) > 4:
            for number in _ONCE:
                if hids.count(number) != 1:
                    return _NO_ANSWER
        if checks & (CSEQ_METHOD | CSEQ_VALUE):
            verdict = self._cseq(msg, checks)
            if verdict is not _GOOD:
                return verdict
        if checks & LENGTH and CONTENT_LENGTH in hids:
            try:
                if msg.content_length != len(msg.raw) - msg.body_at:
                    return 400, b"Content-Length mis-match"
            except SipError:
                return 400, b"Content-Length Failure"
        if checks & EXPIRES_VALUE and EXPIRES in hids:
            value = msg.first(EXPIRES) or b""
            if not value:
                return 400, b"Missing number in Expires header"
            if not value.isdigit() or int(value) > 0xFFFFFFFF:
                return 400, b"Expires value is illegal"
        if checks & PROXY_REQUIRED and PROXY_REQUIRE in hids:
            verdict = self._proxy_require(ctx)
            if verdict is not _GOOD:
                return verdict
        if checks & URIS:
            if uris & URI_REQUEST and parsed is None:
                return 400, b"Bad Request URI"
            verdict = self._uris(msg, uris)
            if verdict is not _GOOD:
                return verdict
        if checks & (DIGEST | DUPLICATE_TAGS | AUTHORIZED):
            return self._credentials(msg, checks)
        return _GOOD

    def _cseq(self, msg: Message, checks: int) -> Verdict:
        words = (msg.first(5) or b"").split()
        if checks & CSEQ_METHOD:
            if len(words) < 2:
                return 400, b"Missing method in CSeq header"
            if words[1] != msg.method.encode("latin-1"):
                return 400, b"CSeq method does not match request method"
        if checks & CSEQ_VALUE and (not words or not words[0].isdigit() or int(words[0]) > 0xFFFFFFFF):
            return 400, b"CSeq number is illegal"
        return _GOOD

    def _proxy_require(self, ctx: RouteContext) -> Verdict:
        for line in ctx.msg.all(PROXY_REQUIRE):
            for word in line.split(b","):
                name = word.strip()
                if name.lower() not in self._extensions:
                    ctx.reply_lines.append(b"Unsupported: " + name + b"\r\n")
                    return 420, b"Bad Proxy Require Extension"
        return _GOOD

    def _uris(self, msg: Message, uris: int) -> Verdict:
        if uris & URI_FROM:
            try:
                parse_uri(msg.from_.uri)
            except SipError:
                return 400, b"Invalid From Header"
        if uris & URI_TO:
            try:
                parse_uri(msg.to.uri)
            except SipError:
                return 400, b"Ivalid To Header"  # as Kamailio spells it: this is what peers see
        if uris & URI_CONTACT:
            try:
                contacts = msg.contacts
            except SipError:
                return 400, b"Bad Contact Header"
            if contacts and contacts[0] is not STAR:
                try:
                    parse_uri(contacts[0].uri)
                except SipError:
                    return 400, b"Bad Contact URI"
        return _GOOD

    def _credentials(self, msg: Message, checks: int) -> Verdict:
        lines = [*msg.all(AUTHORIZATION), *msg.all(PROXY_AUTHORIZATION)]
        if checks & AUTHORIZED and not lines:
            return _NO_ANSWER
        for line in lines if checks & (DIGEST | AUTHORIZED) else ():
            try:
                found = Credentials.parse(line)
            except SipError:
                return 400, b"Bad Auth Header"
            if not found.username:
                return 400, b"Auth Empty User"
            if not found.nonce:
                return 400, b"Auth Empty Nonce"
            if not found.response:
                return 400, b"Auth Empty Response"
        if checks & DUPLICATE_TAGS:
            for party, text in ((msg.from_, b"Many From Tag Params"), (msg.to, b"Many To Tag Params")):
                names = [part.partition(b"=")[0].strip().lower() for part in split_outside(party.params, 0x3B)]
                if names.count(b"tag") > 1:
                    return 400, text
        return _GOOD


MODULE = Sanity
