"""siputils: questions about a message and its URIs, and answers to OPTIONS."""

from __future__ import annotations

import ipaddress
from email.utils import parsedate_to_datetime

from olelo.core.context import RouteContext
from olelo.core.engine import ERR
from olelo.core.module import BRANCH, FAILURE, REQUEST, Const, RouteKind, Value, function, param
from olelo.core.party import tag_of
from olelo.modules.siputils.charging import Charging
from olelo.modules.siputils.contacts import ContactFunctions
from olelo.modules.siputils.uris import UriFunctions, is_e164
from olelo.modules.sl import Sl
from olelo.sip.address import NameAddr, parse_addresses
from olelo.sip.errors import SipError
from olelo.sip.headers import DATE, RECORD_ROUTE, SUPPORTED, TO, VIA
from olelo.sip.octets import LESS
from olelo.sip.uri import parse_uri

#: Under this name authentication leaves the user (bytes) whose credentials it accepted in ctx.store.
AUTHORIZED = "authorized"
_OPTIONS = ("path", "gruu", "timer", "100rel", "outbound", "eventlist")


class Siputils(UriFunctions, ContactFunctions, Charging):
    """Questions about a message and its URIs, and answers to OPTIONS."""

    name = "siputils"
    needs = ("sl",)

    options_accept = param("*/*", "Accept in answers to OPTIONS.")
    options_accept_encoding = param("", "Accept-Encoding in answers to OPTIONS.")
    options_accept_language = param("en", "Accept-Language in answers to OPTIONS.")
    options_support = param("", "Supported in answers to OPTIONS.")
    rpid_prefix = param("", "What stands in Remote-Party-ID before the address.")
    rpid_suffix = param(";party=calling;id-type=subscriber;screen=yes", "What stands behind it.")
    rpid_avp = param("$avp(s:rpid)", "AVP with that address.")
    ring_timeout = param(0, "Seconds that ring_insert_callid() remembers a call.", deprecated="gone since Kamailio 5.5")

    def init(self) -> None:
        super().init()
        self._rpid = self.rpid_avp.removeprefix("$avp(").removesuffix(")").removeprefix("s:")

    # --- the message --------------------------------------------------------------------------------------

    @function("has_totag")
    def has_totag(self, ctx: RouteContext) -> int:
        """Has the To header a tag? Returns 1 yes, -1 no."""
        try:
            return 1 if tag_of(ctx.msg, TO) else -1
        except SipError:
            return -1

    @function("is_request")
    def is_request(self, ctx: RouteContext) -> int:
        """Returns 1 for requests, -1 for replies."""
        return 1 if ctx.msg.is_request else -1

    @function("is_reply")
    def is_reply(self, ctx: RouteContext) -> int:
        """Returns 1 for replies, -1 for requests."""
        return -1 if ctx.msg.is_request else 1

    @function("is_sip")
    def is_sip(self, ctx: RouteContext) -> int:
        """Is this a SIP message? Returns 1."""
        return 1

    @function("is_http")
    def is_http(self, ctx: RouteContext) -> int:
        """Is this an HTTP request? Returns -1: those have their own event route."""
        return -1

    @function("sip_parse_headers")
    def sip_parse_headers(self, ctx: RouteContext) -> int:
        """Look at all headers now. Returns 1: they are looked at when the message comes in."""
        return 1

    @function("is_first_hop")
    def is_first_hop(self, ctx: RouteContext, mode: int = 0) -> int:
        """Are we the first proxy: a request with one Via, or a reply whose topmost Record-Route is ours and which does
        not come from there? mode 1: names count, too, and loops are not looked for. Returns 1 yes, -1 no."""
        msg = ctx.msg
        if msg.is_request:
            try:
                return 1 if msg.hids.count(VIA) == 1 and len(msg.vias) == 1 else -1
            except SipError:
                return 1
        i = msg.index(RECORD_ROUTE)
        if i < 0:
            return 1
        try:
            uri = parse_uri(parse_addresses(msg.value(i))[0].uri)
        except (SipError, IndexError):
            return -1
        host = uri.host.decode("latin-1").strip("[]")
        if not mode:
            try:
                ipaddress.ip_address(host)
            except ValueError:
                return -1
        if not self.engine.is_myself(uri.host, uri.port, uri.transport):
            return -1
        rcv = ctx.rcv
        if not mode and (host, uri.port or 5060, uri.transport or "udp") == (rcv.ip, rcv.port, rcv.proto):
            return -1
        return 1

    @function("is_supported")
    def is_supported(self, ctx: RouteContext, option: Const) -> int:
        """Does Supported name this extension: path, gruu, timer, 100rel, outbound or eventlist? Returns 1 yes, -1 no."""
        wanted = option.lower()
        tags = [tag.strip().lower() for value in ctx.msg.all(SUPPORTED) for tag in value.split(b",")]
        return 1 if wanted in _OPTIONS and wanted.encode("latin-1") in tags else -1

    @function("is_user", routes=REQUEST | RouteKind.LOCAL)
    def is_user(self, ctx: RouteContext, user: str) -> int:
        """Is this the user whose credentials were accepted? To be called after authentication. Returns 1 yes, -1 no."""
        known = ctx.store.get(AUTHORIZED) if ctx.store is not None else None
        if known is None:
            self.engine.log(ERR, "siputils: is_user() without accepted credentials: authenticate first")
            return -1
        return 1 if known == user.encode("latin-1") else -1

    @function("hdr_date_check")
    def hdr_date_check(self, ctx: RouteContext, seconds: int) -> int:
        """Is the Date header not older than that? Returns 1 yes, -1 no or bad header, -4 older."""
        value = ctx.msg.first(DATE)
        if value is None:
            return -1
        try:
            sent = parsedate_to_datetime(value.decode("latin-1")).timestamp()
        except (ValueError, TypeError):
            return -1
        return -4 if int(self.engine.wall()) > sent + seconds else 1

    @function("options_reply", routes=REQUEST)
    def options_reply(self, ctx: RouteContext) -> int:
        """Answer an OPTIONS without user in its URI with 200 and what we can. Returns 1, -1 no such request."""
        if ctx.msg.method != "OPTIONS":
            return -1
        try:
            if parse_uri(ctx.ruri).user:
                return -1
        except SipError:
            return -1
        text = (
            f"Accept: {self.options_accept}\r\nAccept-Encoding: {self.options_accept_encoding}\r\n"
            f"Accept-Language: {self.options_accept_language}\r\nSupported: {self.options_support}\r\n"
        )
        ctx.reply_lines.append(text.encode("latin-1"))
        sl = self.engine.modules.get("sl")
        return sl.send_reply(ctx, 200, "OK") if isinstance(sl, Sl) else -1

    @function("ring_insert_callid", deprecated="gone since Kamailio 5.5")
    def ring_insert_callid(self, ctx: RouteContext) -> int:
        """Does nothing: Returns 1."""
        return 1

    # --- Remote-Party-ID ----------------------------------------------------------------------------------

    def _remote_party(self, ctx: RouteContext) -> str:
        values = ctx.avps.get(self._rpid) if ctx.avps else None
        value: Value = values[0] if values else None
        return value if isinstance(value, str) else ""

    @function("append_rpid_hf", routes=REQUEST | BRANCH | FAILURE)
    def append_rpid_hf(self, ctx: RouteContext, prefix: Const | None = None, suffix: Const | None = None) -> int:
        """Add Remote-Party-ID with the address in rpid_avp. Returns 1, -1 the AVP is not there."""
        party = self._remote_party(ctx)
        if not party:
            return -1
        before = self.rpid_prefix if prefix is None else prefix
        behind = self.rpid_suffix if suffix is None else suffix
        ctx.msg.append_header(f"Remote-Party-ID: {before}{party}{behind}\r\n".encode("latin-1"))
        return 1

    @function("is_rpid_user_e164", routes=REQUEST)
    def is_rpid_user_e164(self, ctx: RouteContext) -> int:
        """Is the user of the address in rpid_avp an E.164 number? Returns 1 yes, -1 no."""
        party = self._remote_party(ctx).encode("latin-1")
        try:
            uri = NameAddr.parse(party).uri if LESS in party else party
            return 1 if is_e164(parse_uri(uri).user.decode("latin-1"), self.e164_max_len) else -1
        except SipError:
            return -1


MODULE = Siputils
