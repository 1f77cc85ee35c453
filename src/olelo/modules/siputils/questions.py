"""siputils: questions about a message or a value."""

from __future__ import annotations

from email.utils import mktime_tz, parsedate_tz

from olelo.core.context import RouteContext
from olelo.core.module import FAILURE, REQUEST, Module, function
from olelo.core.party import tag_of
from olelo.script.catalog import RouteKind
from olelo.sip.errors import SipError
from olelo.sip.headers import DATE, RECORD_ROUTE, SUPPORTED, TO, VIA, header_id
from olelo.sip.uri import Uri, parse_uri

#: Seconds in one E.164 number's longest form.
_E164_MIN, _E164_MAX = 2, 15
_OPTIONS = frozenset(("path", "100rel", "timer", "eventlist", "gruu", "outbound"))


def uri_or_none(text: str) -> Uri | None:
    try:
        return parse_uri(text.encode("latin-1"))
    except SipError:
        return None


def is_e164(text: str, longest: int = _E164_MAX) -> bool:
    """+ and 2 to 15 digits."""
    digits = text[1:]
    return text[:1] == "+" and digits.isascii() and digits.isdigit() and _E164_MIN <= len(digits) <= longest


class Questions(Module):
    """Questions about a message or a value."""

    @function("has_totag")
    def has_totag(self, ctx: RouteContext) -> int:
        """Has To a tag? Returns 1 yes, -1 no."""
        return 1 if tag_of(ctx.msg, TO) else -1

    @function("is_request")
    def is_request(self, ctx: RouteContext) -> int:
        """Is the message a request? Returns 1 yes, -1 no."""
        return 1 if ctx.msg.is_request else -1

    @function("is_reply")
    def is_reply(self, ctx: RouteContext) -> int:
        """Is the message a reply? Returns 1 yes, -1 no."""
        return -1 if ctx.msg.is_request else 1

    @function("is_sip")
    def is_sip(self, ctx: RouteContext) -> int:
        """Is the message SIP? Returns 1 yes, -1 no."""
        return 1 if ctx.msg.version == b"SIP/2.0" else -1

    @function("is_http")
    def is_http(self, ctx: RouteContext) -> int:
        """Is the message HTTP? Returns 1 yes, -1 no."""
        return 1 if ctx.msg.version.startswith(b"HTTP/") else -1

    @function("is_user", routes=REQUEST)
    def is_user(self, ctx: RouteContext, username: str) -> int:
        """Is this the user of the credentials that were checked? Returns 1 yes, -1 no."""
        found = ctx.store.get("authorized") if ctx.store else None
        return 1 if found is not None and found.username.decode("latin-1") == username else -1

    @function("is_e164", routes=REQUEST | FAILURE | RouteKind.LOCAL)
    def is_e164(self, ctx: RouteContext, value: str) -> int:
        """Is the value an E.164 number, + and 2 to 15 digits? Returns 1 yes, -1 no."""
        return 1 if is_e164(value) else -1

    @function("is_uri_user_e164")
    def is_uri_user_e164(self, ctx: RouteContext, value: str) -> int:
        """Is the user of a URI an E.164 number? Returns 1 yes, -1 no, or no URI."""
        uri = uri_or_none(value)
        return 1 if uri is not None and is_e164(uri.user.decode("latin-1")) else -1

    @function("is_uri")
    def is_uri(self, ctx: RouteContext, value: str) -> int:
        """Is the value a SIP, SIPS or TEL URI? Returns 1 yes, -1 no."""
        return 1 if uri_or_none(value) is not None else -1

    @function("is_tel_number")
    def is_tel_number(self, ctx: RouteContext, value: str) -> int:
        """Is the value digits, with a + before them or not? Returns 1 yes, -2 no."""
        digits = value.removeprefix("+")
        return 1 if digits.isascii() and digits.isdigit() else -2

    @function("is_numeric")
    def is_numeric(self, ctx: RouteContext, value: str) -> int:
        """Is the value digits alone? Returns 1 yes, -2 no."""
        return 1 if value.isascii() and value.isdigit() else -2

    @function("is_alphanum")
    def is_alphanum(self, ctx: RouteContext, value: str) -> int:
        """Is the value digits and ASCII letters? Returns 1 yes, -3 no."""
        return 1 if value.isascii() and value.isalnum() else -3

    @function("is_alphanumex")
    def is_alphanumex(self, ctx: RouteContext, value: str, more: str) -> int:
        """Is the value digits, ASCII letters and characters of the second argument? Returns 1 yes, -3 no."""
        good = bool(value) and all((c.isascii() and c.isalnum()) or c in more for c in value)
        return 1 if good else -3

    @function("is_gruu")
    def is_gruu(self, ctx: RouteContext, uri: str = "") -> int:
        """Is a URI (default `$ru`) a GRUU? Returns 1 public, 2 temporary, -1 no."""
        found = uri_or_none(uri) if uri else uri_or_none(ctx.ruri.decode("latin-1"))
        value = found.param(b"gr") if found is not None else None
        if value is None:
            return -1
        return 1 if value else 2

    @function("is_supported")
    def is_supported(self, ctx: RouteContext, option: str) -> int:
        """Is the option in Supported? Known ones: path 100rel timer eventlist gruu outbound. Returns 1 yes, -1 no."""
        wanted = option.lower()
        if wanted not in _OPTIONS:
            return -1
        words = {word.strip().lower() for line in ctx.msg.all(SUPPORTED) for word in line.split(b",")}
        return 1 if wanted.encode() in words else -1

    @function("is_first_hop")
    def is_first_hop(self, ctx: RouteContext, mode: int = 0) -> int:
        """Are we the first proxy on the way? Requests: one Via. Replies: the top Record-Route is ours, and (mode 0)
        the sender is not. Returns 1 yes, -1 no."""
        msg = ctx.msg
        if msg.is_request:
            return 1 if len(msg.all(VIA)) == 1 and len(msg.vias) == 1 else -1
        entries = msg.named(b"Record-Route") if RECORD_ROUTE in msg.hids else []
        if not entries:
            return -1
        from olelo.sip.address import parse_addresses

        try:
            uri = parse_uri(parse_addresses(entries[0])[0].uri)
        except (SipError, IndexError):
            return -1
        if not self.engine.is_myself(uri.host, uri.port or 5060):
            return -1
        if mode == 0:
            numeric = uri.host[:1] == b"[" or uri.host.replace(b".", b"").isdigit()
            if not numeric or uri.host.strip(b"[]").decode("latin-1") == ctx.rcv.ip:
                return -1
        return 1

    @function("cmp_uri")
    def cmp_uri(self, ctx: RouteContext, first: str, second: str) -> int:
        """Are two URIs the same (RFC 3261 section 19.1.4)? Returns 1 yes, -1 no."""
        a, b = uri_or_none(first), uri_or_none(second)
        return 1 if a is not None and b is not None and same_uri(a, b) else -1

    @function("cmp_aor")
    def cmp_aor(self, ctx: RouteContext, first: str, second: str) -> int:
        """Have two URIs the same user and host (and port)? Returns 1 yes, -1 no."""
        a, b = uri_or_none(first), uri_or_none(second)
        if a is None or b is None:
            return -1
        same = a.user == b.user and a.host.lower() == b.host.lower() and (a.port or 5060) == (b.port or 5060)
        return 1 if same else -1

    @function("cmp_hdr_name")
    def cmp_hdr_name(self, ctx: RouteContext, first: str, second: str) -> int:
        """Do two names mean the same header, compact forms included? Returns 1 yes, -1 no."""
        a, b = first.encode("latin-1"), second.encode("latin-1")
        number = header_id(a)
        return 1 if a.lower() == b.lower() or (number and number == header_id(b)) else -1

    @function("hdr_date_check")
    def hdr_date_check(self, ctx: RouteContext, seconds: int) -> int:
        """Is the Date header no older and no newer than this? Returns 1 yes, -1 no Date, or a bad one, -2 too far off."""
        value = ctx.msg.first(DATE)
        when = parsedate_tz(value.decode("latin-1")) if value else None
        if when is None:
            return -1
        return 1 if abs(self.engine.wall() - mktime_tz(when)) <= seconds else -2

    @function("sip_parse_headers")
    def sip_parse_headers(self, ctx: RouteContext) -> int:
        """Can all core headers be read? Returns 1 yes, -1 no."""
        try:
            _ = (ctx.msg.vias, ctx.msg.from_, ctx.msg.to, ctx.msg.cseq, ctx.msg.contacts)
        except SipError:
            return -1
        return 1


def same_uri(a: Uri, b: Uri) -> bool:
    """RFC 3261 section 19.1.4: user, host, port and those parameters that count."""
    if (a.scheme, a.user, a.password, a.host.lower(), a.port) != (b.scheme, b.user, b.password, b.host.lower(), b.port):
        return False
    for name in (b"transport", b"user", b"ttl", b"method", b"maddr"):
        left, right = a.param(name), b.param(name)
        if (left or b"").lower() != (right or b"").lower():
            return False
    return True
