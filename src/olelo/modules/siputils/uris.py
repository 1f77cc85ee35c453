"""URIs checked and changed: the Request-URI's parameters, telephone numbers, comparisons."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import BRANCH, FAILURE, REQUEST, Const, Module, RouteKind, function, param
from olelo.script.catalog import PvRef
from olelo.sip.errors import SipError
from olelo.sip.headers import header_id
from olelo.sip.uri import Uri, parse_uri

ON_REQUEST = REQUEST | BRANCH | FAILURE
_MAX_URI = 1024
#: Parameters that make a URI another one (RFC 3261 section 19.1.4).
_TELLING = frozenset(("user", "ttl", "method", "maddr"))
_SEPARATORS = str.maketrans("", "", "-.()")


def uri_params(uri: Uri) -> list[tuple[str, str]]:
    """(name, value) of a URI's parameters, in their order; quotes around values left out."""
    found = []
    for part in uri.params.decode("latin-1").split(";"):
        name, _, value = part.partition("=")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        if name.strip():
            found.append((name.strip(), value))
    return found


def is_e164(user: str, most: int = 15) -> bool:
    """A plus and 2 to `most` digits."""
    return 2 < len(user) < most + 2 and user[0] == "+" and user[1:].isdecimal() and user.isascii()


class UriFunctions(Module):
    """The part of siputils that works on URIs and numbers."""

    e164_max_len = param(15, "Most digits of an E.164 number.")

    # --- parameters of the Request-URI --------------------------------------------------------------------

    def _ruri(self, ctx: RouteContext) -> Uri | None:
        try:
            return parse_uri(ctx.ruri)
        except SipError:
            return None

    @function("uri_param", routes=ON_REQUEST)
    def uri_param(self, ctx: RouteContext, name: str, value: str | None = None) -> int:
        """Has `$ru` a parameter of that name with this value (without a value, if none is given)? Case counts.
        Returns 1 yes, -1 no."""
        uri = self._ruri(ctx)
        for known, text in uri_params(uri) if uri is not None else ():
            if known == name:
                return 1 if text == (value or "") else -1
        return -1

    @function("uri_param_any", routes=ON_REQUEST)
    def uri_param_any(self, ctx: RouteContext, name: str) -> int:
        """Has `$ru` a parameter of that name (in any case)? Returns 1 yes, -1 no."""
        uri = self._ruri(ctx)
        return 1 if uri is not None and any(n.lower() == name.lower() for n, _ in uri_params(uri)) else -1

    @function("get_uri_param", routes=REQUEST | RouteKind.LOCAL)
    def get_uri_param(self, ctx: RouteContext, name: Const, result: PvRef) -> int:
        """Put the value of a parameter of `$ru` into a variable. Returns 1, -1 there is none."""
        uri = self._ruri(ctx)
        for known, text in uri_params(uri) if uri is not None else ():
            if known == name and result.set is not None:
                result.set(ctx, text)
                return 1
        return -1

    @function("add_uri_param", routes=REQUEST)
    def add_uri_param(self, ctx: RouteContext, text: Const) -> int:
        """Add a parameter to `$ru`, before its headers. Returns 1, -1 no usable URI."""
        if not text:
            return 1
        uri = self._ruri(ctx)
        data = text.encode("latin-1")
        if uri is None or len(ctx.ruri) + len(data) + 1 > _MAX_URI:
            return -1
        if uri.headers:
            at = len(ctx.ruri) - len(uri.headers) - 1
            ctx.ruri = ctx.ruri[:at] + b";" + data + ctx.ruri[at:]
        else:
            ctx.ruri += b";" + data
        ctx.ruri_used = False
        return 1

    @function("uri_param_rm", routes=ON_REQUEST)
    def uri_param_rm(self, ctx: RouteContext, name: str) -> int:
        """Remove a parameter from `$ru`. Returns 1, also where there is none; -1 no usable URI."""
        uri = self._ruri(ctx)
        if uri is None:
            return -1
        changed = without_param(uri, name)
        if changed is not None:
            ctx.ruri = changed
            ctx.ruri_used = False
        return 1

    # --- URIs ---------------------------------------------------------------------------------------------

    @function("is_uri")
    def is_uri(self, ctx: RouteContext, text: str) -> int:
        """Is this a URI? Returns 1 yes, -1 no."""
        try:
            parse_uri(text.encode("latin-1"))
        except SipError:
            return -1
        return 1

    @function("is_gruu")
    def is_gruu(self, ctx: RouteContext, text: str | None = None) -> int:
        """Is the URI (`$ru`, if none is given) a GRUU (RFC 5627)? Returns 1 public, 2 temporary, -1 no."""
        try:
            value = parse_uri(ctx.ruri if text is None else text.encode("latin-1")).param(b"gr")
        except SipError:
            return -1
        return -1 if value is None else 1 if value else 2

    @function("tel2sip", "tel2sip2", routes=ON_REQUEST | RouteKind.ONREPLY)
    def tel2sip(self, ctx: RouteContext, uri: str, host: str, result: PvRef) -> int:
        """Make a SIP URI with this host of a tel URI. Returns 1, 2 it is no tel URI, -1 the variable is read-only."""
        if uri[:4].lower() != "tel:":
            return 2
        if result.set is None:
            return -1
        number, semicolon, rest = uri[4:].partition(";")
        result.set(ctx, f"sip:{(number.translate(_SEPARATORS) + semicolon + rest).lower()}@{host};user=phone")
        return 1

    @function("set_uri_user")
    def set_uri_user(self, ctx: RouteContext, uri: PvRef, user: PvRef) -> int:
        """Change the user of the URI in a variable; an empty one takes it away. Returns 1, -1 no URI, or too long."""
        return self._set_part(ctx, uri, user, host=False)

    @function("set_uri_host")
    def set_uri_host(self, ctx: RouteContext, uri: PvRef, host: PvRef) -> int:
        """Change the host of the URI in a variable. Returns 1, -1 no URI, or no host."""
        return self._set_part(ctx, uri, host, host=True)

    def _set_part(self, ctx: RouteContext, uri: PvRef, value: PvRef, *, host: bool) -> int:
        text, new = uri.get(ctx), value.get(ctx)
        if not isinstance(text, str) or not text or not isinstance(new, str) or uri.set is None:
            return -1
        if len(text) + len(new) > _MAX_URI:
            return -1
        colon = text.find(":") + 1
        if not colon:
            return -1
        at = text.find("@", colon)
        if host:
            if not new:
                return -1
            start = at + 1 if at >= 0 else colon
            end = min((i for i in (text.find(c, start) for c in ":;?") if i >= 0), default=len(text))
            changed = text[:start] + new + text[end:]
        elif not new:
            if at < 0:
                return 1
            changed = text[:colon] + text[at + 1 :]
        else:
            changed = f"{text[:colon]}{new}@{text[at + 1 if at >= 0 else colon :]}"
        uri.set(ctx, changed)
        return 1

    # --- numbers ------------------------------------------------------------------------------------------

    @function("is_e164", routes=REQUEST | FAILURE | RouteKind.LOCAL)
    def is_e164(self, ctx: RouteContext, value: PvRef) -> int:
        """Is the variable an E.164 number: a plus and digits? Returns 1 yes, -1 no."""
        text = value.get(ctx)
        return 1 if isinstance(text, str) and is_e164(text, self.e164_max_len) else -1

    @function("is_uri_user_e164")
    def is_uri_user_e164(self, ctx: RouteContext, uri: PvRef) -> int:
        """Is the user of the URI in a variable an E.164 number? Returns 1 yes, -1 no."""
        text = uri.get(ctx)
        if not isinstance(text, str) or ":" not in text:
            return -1
        user, at, _ = text.partition(":")[2].partition("@")
        return 1 if at and is_e164(user, self.e164_max_len) else -1

    @function("is_tel_number")
    def is_tel_number(self, ctx: RouteContext, text: str) -> int:
        """Digits, or a plus, a digit that is not 0, and digits? Returns 1 yes, -2 no."""
        digits = text[1:] if text[:1] == "+" else text
        if text[:1] == "+" and digits[:1] == "0":
            return -2
        return 1 if digits.isascii() and digits.isdecimal() else -2

    @function("is_numeric")
    def is_numeric(self, ctx: RouteContext, text: str) -> int:
        """Digits alone? Returns 1 yes, -2 no."""
        return 1 if text.isascii() and text.isdecimal() else -2

    @function("is_alphanum")
    def is_alphanum(self, ctx: RouteContext, text: str) -> int:
        """Letters and digits alone? Returns 1 yes, -2 nothing at all, -3 no."""
        return self.is_alphanumex(ctx, text, "")

    @function("is_alphanumex")
    def is_alphanumex(self, ctx: RouteContext, text: str, more: str) -> int:
        """Letters, digits and these characters alone? Returns 1 yes, -2 nothing at all, -3 no."""
        if not text:
            return -2
        return 1 if all((c.isascii() and c.isalnum()) or c in more for c in text) else -3

    # --- comparisons --------------------------------------------------------------------------------------

    @function("cmp_uri")
    def cmp_uri(self, ctx: RouteContext, a: str, b: str) -> int:
        """Are two URIs equal (RFC 3261 section 19.1.4; headers do not count)? Returns 1 yes, -1 no, -2 one is no URI."""
        return self._compare(a, b, whole=True)

    @function("cmp_aor")
    def cmp_aor(self, ctx: RouteContext, a: str, b: str) -> int:
        """Have two URIs the same address of record: user, host and port? Returns 1 yes, -1 no, -2 one is no URI."""
        return self._compare(a, b, whole=False)

    def _compare(self, a: str, b: str, whole: bool) -> int:
        if a == b:
            return 1
        try:
            one, two = parse_uri(a.encode("latin-1")), parse_uri(b.encode("latin-1"))
        except SipError:
            return -2
        if (one.user, one.host.lower()) != (two.user, two.host.lower()):
            return -1
        if not whole:
            return 1 if one.port == two.port or {one.port, two.port} == {0, 5060} else -1
        if (one.scheme, one.port, one.password) != (two.scheme, two.port, two.password):
            return -1
        mine, theirs = ({n.lower(): v.lower() for n, v in uri_params(uri)} for uri in (one, two))
        if not mine or not theirs:  # as Kamailio: these count where the other URI has no parameters at all
            return -1 if _TELLING & {*mine, *theirs} else 1
        return 1 if all(theirs.get(name, value) == value for name, value in mine.items()) else -1

    @function("cmp_hdr_name")
    def cmp_hdr_name(self, ctx: RouteContext, a: str, b: str) -> int:
        """Are two names of headers the same, in any case? Returns 1 yes, -1 the first is greater, -2 the second."""
        one, two = a.lower().encode("latin-1"), b.lower().encode("latin-1")
        if one == two or (header_id(one) and header_id(one) == header_id(two)):
            return 1
        return -1 if one > two else -2


def without_param(uri: Uri, name: str) -> bytes | None:
    """A URI without a parameter (name in any case); None where it has none of that name."""
    wanted = name.lower().encode("latin-1")
    at = uri.raw.find(b";", uri.raw.find(b"@") + 1)
    end = len(uri.raw) - len(uri.headers) - 1 if uri.headers else len(uri.raw)
    while at >= 0:
        stop = uri.raw.find(b";", at + 1, end)
        last = stop if stop >= 0 else end
        if uri.raw[at + 1 : last].partition(b"=")[0].strip().lower() == wanted:
            return uri.raw[:at] + uri.raw[last:]
        at = stop
    return None
