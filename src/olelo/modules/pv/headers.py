"""Headers by name ($hdr $hdrc $hfl $hflc), and those whose URIs have variables: $ai $pu $di $re $rt, $expires."""

from __future__ import annotations

from olelo.core.context import RouteContext
from olelo.core.module import Module, variable
from olelo.core.operands import uri_or_none
from olelo.core.values import split_values
from olelo.modules.pv.common import Pair, by_key, text, text_or_null
from olelo.script.catalog import Getter, Value
from olelo.sip import headers as h
from olelo.sip.address import NameAddr
from olelo.sip.errors import SipError
from olelo.sip.message import Message

#: Headers whose values are lists, taken apart by $hfl and $hflc.
_LISTS = frozenset((h.VIA, h.ROUTE, h.RECORD_ROUTE, h.CONTACT))


def header_values(msg: Message, hid: int, name: bytes) -> list[bytes]:
    """One value per header line: by kind where the name is a known one, else by name; `*` means every header."""
    if name == b"*":
        return [msg.value(i) for i in range(len(msg.hids))]
    return msg.all(hid) if hid != h.OTHER else msg.named(name)


def pick(values: list[bytes], index: int) -> bytes | None:
    """The value at an index; negative ones count from the end."""
    try:
        return values[index]
    except IndexError:
        return None


class HeaderVariables(Module):
    """Variables of headers."""

    @variable("hdr", inner="required")
    def hdr(self, inner: str, index: int | str | None) -> Pair:
        """A header by name (any case, compact forms too), the first without index; [*] joins all with commas."""
        return _header_pair(inner, index, False)

    @variable("hfl", inner="required")
    def hfl(self, inner: str, index: int | str | None) -> Pair:
        """As $hdr, but Via, Route, Record-Route and Contact count by their values, not by lines."""
        return _header_pair(inner, index, True)

    @variable("hdrc", inner="required")
    def hdrc(self, inner: str, index: int | str | None) -> Pair:
        """Number of header lines with that name."""
        return _count_pair(inner, False)

    @variable("hflc", inner="required")
    def hflc(self, inner: str, index: int | str | None) -> Pair:
        """Number of values in the headers with that name."""
        return _count_pair(inner, True)

    @variable("ai", inner="optional", dynamic=False)
    def ai(self, inner: str, index: int | str | None) -> Pair:
        """URI of P-Asserted-Identity."""
        return _identity_pair(b"P-Asserted-Identity", _id_uri, index)

    @variable("pu", inner="optional", dynamic=False)
    def pu(self, inner: str, index: int | str | None) -> Pair:
        """URI of P-Preferred-Identity."""
        return _identity_pair(b"P-Preferred-Identity", _id_uri, index)

    @variable("pU", inner="optional", dynamic=False)
    def pU(self, inner: str, index: int | str | None) -> Pair:
        """User in P-Preferred-Identity."""
        return _identity_pair(b"P-Preferred-Identity", _id_user, index)

    @variable("pd", inner="optional", dynamic=False)
    def pd(self, inner: str, index: int | str | None) -> Pair:
        """Domain in P-Preferred-Identity."""
        return _identity_pair(b"P-Preferred-Identity", _id_domain, index)

    @variable("pn", inner="optional", dynamic=False)
    def pn(self, inner: str, index: int | str | None) -> Pair:
        """Display name in P-Preferred-Identity."""
        return _identity_pair(b"P-Preferred-Identity", _id_display, index)

    @variable("di")
    def di(self, ctx: RouteContext) -> Value:
        """URI of the first Diversion."""
        found = name_addr(ctx, b"Diversion")
        return None if found is None else text(found.uri)

    @variable("dir")
    def dir(self, ctx: RouteContext) -> Value:
        """Parameter reason of the first Diversion."""
        return _parameter(ctx, b"Diversion", b"reason")

    @variable("dip")
    def dip(self, ctx: RouteContext) -> Value:
        """Parameter privacy of the first Diversion."""
        return _parameter(ctx, b"Diversion", b"privacy")

    @variable("dic")
    def dic(self, ctx: RouteContext) -> Value:
        """Parameter counter of the first Diversion."""
        return _parameter(ctx, b"Diversion", b"counter")

    @variable("re")
    def re(self, ctx: RouteContext) -> Value:
        """URI of Remote-Party-ID."""
        found = name_addr(ctx, b"Remote-Party-ID")
        return None if found is None else text(found.uri)

    @variable("rt")
    def rt(self, ctx: RouteContext) -> Value:
        """URI of Refer-To."""
        found = name_addr(ctx, b"Refer-To")
        return None if found is None else text(found.uri)

    @variable("expires", inner="required", dynamic=False)
    def expires(self, inner: str, index: int | str | None) -> Pair:
        """Shortest (min) and longest (max) expiry of the contacts, or Expires."""
        return by_key("expires", _EXPIRES, inner)


def _name(inner: str) -> tuple[int, bytes]:
    name = inner.encode("latin-1")
    if not name.strip():
        raise ValueError("a header name is missing")
    if not name[:1].isalnum() and name[:1] not in b"_-.!%*+`~" or b" " in name or b'"' in name:
        raise ValueError(f"{inner!r} is no header name")
    return h.header_id(name), name


def _values(ctx: RouteContext, hid: int, name: bytes, lists: bool) -> list[bytes]:
    found = header_values(ctx.msg, hid, name)
    if lists and hid in _LISTS:
        return [value for line in found for value in split_values(line) if value != b"*" or hid != h.CONTACT]
    return found


def _header_pair(inner: str, index: int | str | None, lists: bool) -> Pair:
    hid, name = _name(inner)
    if index == "*":

        def get_all(ctx: RouteContext) -> Value:
            found = header_values(ctx.msg, hid, name)
            return b",".join(found).decode("latin-1") if found else None

        return get_all, None
    if isinstance(index, str):
        raise ValueError(f"[{index}] is no index of a header")
    at = index or 0
    if not lists and at == 0 and hid != h.OTHER:

        def get_first(ctx: RouteContext) -> Value:
            value = ctx.msg.first(hid)
            return None if value is None else value.decode("latin-1")

        return get_first, None

    def get(ctx: RouteContext) -> Value:
        return text(pick(_values(ctx, hid, name, lists), at))

    return get, None


def _count_pair(inner: str, lists: bool) -> Pair:
    hid, name = _name(inner)

    def get(ctx: RouteContext) -> Value:
        return len(_values(ctx, hid, name, lists))

    return get, None


def name_addr(ctx: RouteContext, name: bytes) -> NameAddr | None:
    """The first header of that name as a name-addr; None where it is missing or bad."""
    found = ctx.msg.named(name)
    if not found:
        return None
    try:
        return NameAddr.parse(found[0])
    except SipError:
        return None


def _parameter(ctx: RouteContext, name: bytes, key: bytes) -> Value:
    found = name_addr(ctx, name)
    return None if found is None else text(found.param(key))


def _id_uri(found: NameAddr) -> Value:
    return text(found.uri)


def _id_user(found: NameAddr) -> Value:
    uri = uri_or_none(found.uri)
    return None if uri is None else text_or_null(uri.user)


def _id_domain(found: NameAddr) -> Value:
    uri = uri_or_none(found.uri)
    return None if uri is None else text_or_null(uri.host)


def _id_display(found: NameAddr) -> Value:
    return text_or_null(found.display)


def _identity_pair(header: bytes, read: object, index: int | str | None) -> Pair:
    if isinstance(index, str):
        raise ValueError(f"[{index}] is no index here")
    at = max(index or 0, 0)
    reader = read
    assert callable(reader)

    def get(ctx: RouteContext) -> Value:
        found = [value for line in ctx.msg.named(header) for value in split_values(line)]
        if at >= len(found):
            return None
        try:
            value: Value = reader(NameAddr.parse(found[at]))
        except SipError:
            return None
        return value

    return get, None


def _expiry(ctx: RouteContext) -> list[int]:
    """All expiries that the message asks for; [] if it says nothing or something that is no number."""
    line = ctx.msg.first(h.EXPIRES)
    common: int | None = None
    if line is not None:
        if not line.isdigit():
            return []
        common = int(line)
    found: list[int] = []
    for value in ctx.msg.all(h.CONTACT):
        for each in split_values(value):
            if each == b"*":
                continue
            try:
                own = NameAddr.parse(each).param(b"expires")
            except SipError:
                return []
            if own:
                if not own.isdigit():
                    return []
                found.append(int(own))
            elif common is not None:
                found.append(common)
    if not found and common is not None:
        found.append(common)
    return found


def _expires_min(ctx: RouteContext) -> Value:
    found = _expiry(ctx)
    return min(found) if found else None


def _expires_max(ctx: RouteContext) -> Value:
    found = _expiry(ctx)
    return max(found) if found else None


_EXPIRES: dict[str, Getter] = {"min": _expires_min, "max": _expires_max}
