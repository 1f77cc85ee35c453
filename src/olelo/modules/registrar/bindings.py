"""What a REGISTER asks for: its contacts, their expiry and q, checked (RFC 3261 section 10.3)."""

from __future__ import annotations

from typing import Final, NamedTuple

from mypy_extensions import mypyc_attr

from olelo.core.context import RouteContext
from olelo.core.methods import METHODS, OTHER_METHOD
from olelo.core.xavp import existing, fields
from olelo.modules.registrar.faults import (
    CONTACT_TOO_LONG,
    INVALID_Q,
    INVALID_REGID,
    LOW_EXPIRES,
    PARSE_CONTACT,
    STAR_CONTACT,
    STAR_EXPIRES,
    RegistrarFault,
)
from olelo.modules.registrar.params import RegistrarParams
from olelo.sip.address import NameAddr, parse_addresses
from olelo.sip.errors import SipError
from olelo.sip.headers import ALLOW, CONTACT, EXPIRES
from olelo.sip.octets import COLON

ALL_METHODS: Final = 0xFFFFFFFF
_MAX_RECEIVED: Final = 255
_MAX_DIGITS: Final = 10


class Wanted(NamedTuple):
    """One contact of a REGISTER. expires: absolute seconds, 0 asks for removal."""

    uri: str
    expires: int
    q: int
    instance: str
    reg_id: int
    methods: int
    received: str


@mypyc_attr(native_class=False)
class Bindings(RegistrarParams):
    """Reads a REGISTER."""

    def contacts_of(self, ctx: RouteContext) -> list[NameAddr] | None:
        """The contacts of a REGISTER, None for `*`. Raises RegistrarFault.

        As in Kamailio the last contact of a header comes first: of equal q it is tried first, and of one address named
        twice the first mention counts.
        """
        values = ctx.msg.all(CONTACT)
        if values and values[0][:1] == b"*":
            if self.expires_header(ctx) != 0:
                raise RegistrarFault(STAR_EXPIRES)
            if len(values) > 1 or values[0] != b"*":
                raise RegistrarFault(STAR_CONTACT)
            return None
        found: list[NameAddr] = []
        for value in values:
            if value[:1] == b"*":
                raise RegistrarFault(STAR_CONTACT)
            try:
                addresses = parse_addresses(value)
                for contact in addresses:
                    received = contact.param(b"received")
                    if len(contact.uri) > self.contact_max_size or len(received or b"") > _MAX_RECEIVED:
                        raise RegistrarFault(CONTACT_TOO_LONG)
                    if COLON not in contact.uri:
                        raise RegistrarFault(PARSE_CONTACT)
            except SipError as error:
                raise RegistrarFault(PARSE_CONTACT) from error
            if not addresses or value[-1:] == b",":
                raise RegistrarFault(PARSE_CONTACT)
            addresses.reverse()
            found += addresses
        return found

    def expires_header(self, ctx: RouteContext) -> int:
        """The Expires header in seconds; -1 where there is none, or no number (as Kamailio, which ignores it then)."""
        text = ctx.msg.first(EXPIRES)
        return -1 if text is None else _seconds(text)

    def expires_of(self, ctx: RouteContext, contact: NameAddr, now: int, vary: bool) -> int:
        """When a contact's binding ends: absolute seconds, 0 for removal. Raises RegistrarFault (423)."""
        wish = self.cfg_int(ctx, "expires")
        spread = 0
        if wish is not None and wish >= 0:
            seconds = wish
        else:
            text = contact.param(b"expires")
            spread = self.expires_range
            seconds = _seconds(text) if text else self.expires_header(ctx)
            if seconds < 0:
                seconds, spread = self.default_expires, self.default_expires_range
        if seconds == 0:
            return 0
        if seconds < self.min_expires:
            if self.min_expires_mode:
                raise RegistrarFault(LOW_EXPIRES)
            seconds = self.min_expires
        if vary and spread:
            lowest = seconds - seconds * spread // 100
            chance = self.engine.services.random_bytes(1)[0] % 100
            seconds = max(lowest + (seconds - lowest) * chance // 100, self.min_expires)
        if self.max_expires:
            seconds = min(seconds, self.max_expires)
        return now + seconds

    def q_of(self, ctx: RouteContext, contact: NameAddr) -> int:
        wish = self.cfg_int(ctx, "q")
        if wish is not None:
            if not 0 <= wish <= 1000:
                raise RegistrarFault(INVALID_Q)
            return wish
        text = contact.param(b"q")
        if not text:
            return self.default_q
        return parse_q(text)

    def reg_id_of(self, contact: NameAddr) -> int:
        text = contact.param(b"reg-id")
        if not text or not contact.param(b"+sip.instance"):
            return 0
        if not text.isdigit() or int(text) == 0:
            raise RegistrarFault(INVALID_REGID)
        return int(text)

    def wanted(self, ctx: RouteContext, contact: NameAddr, now: int, vary: bool, use_reg_id: bool) -> Wanted:
        """All that one contact asks for. Raises RegistrarFault."""
        methods = contact.param(b"methods")
        if methods is not None:
            mask = methods_mask(methods.strip(b'"'))
        elif ctx.msg.index(ALLOW) >= 0:
            mask = methods_mask(b",".join(ctx.msg.all(ALLOW)))
        else:
            mask = ALL_METHODS
        received = contact.param(b"received")
        return Wanted(
            contact.uri.decode("latin-1"),
            self.expires_of(ctx, contact, now, vary),
            self.q_of(ctx, contact),
            unquoted(contact.param(b"+sip.instance") or b"").decode("latin-1"),
            self.reg_id_of(contact) if use_reg_id else 0,
            mask,
            unquoted(received).decode("latin-1") if received else self.received_from_avp(ctx),
        )

    def received_from_avp(self, ctx: RouteContext) -> str:
        """The source address that the script left in received_avp."""
        return self.from_avp(ctx, self.received_avp)

    def from_avp(self, ctx: RouteContext, written: str) -> str:
        """The value of an AVP as text, "" where it has none. written: as in the parameter, `$avp(x)`."""
        name = written.removeprefix("$avp(").rstrip(")").removeprefix("s:").removeprefix("i:")
        values = ctx.avps.get(name) if name and ctx.avps else None
        return str(values[0]) if values else ""

    # --- the xavp with wishes for one call ----------------------------------------------------------------

    def cfg_value(self, ctx: RouteContext, name: str) -> object:
        """A member of the xavp_cfg xavp, None where there is none."""
        if not self.xavp_cfg:
            return None
        found = fields(existing(ctx), self.xavp_cfg)
        return found.get(name) if found is not None else None

    def cfg_int(self, ctx: RouteContext, name: str) -> int | None:
        value = self.cfg_value(ctx, name)
        return value if isinstance(value, int) else None

    def cfg_str(self, ctx: RouteContext, name: str) -> str | None:
        value = self.cfg_value(ctx, name)
        return value if isinstance(value, str) and value else None


def _seconds(text: bytes) -> int:
    """A number of seconds below 2**32 (RFC 3261 section 20.19); -1 where it is none."""
    if not text.isdigit() or len(text) > _MAX_DIGITS or int(text) > 0xFFFFFFFF:
        return -1
    return int(text)


def parse_q(text: bytes) -> int:
    """A q value in thousandths (RFC 3261 section 20.10). Raises RegistrarFault where it is none, or over 1."""
    whole, dot, rest = text.partition(b".")
    if (whole and not whole.isdigit()) or (rest and not rest.isdigit()) or not (whole or rest) or (dot and not rest):
        raise RegistrarFault(INVALID_Q)
    thousandths = int(whole or b"0") * 1000 + int(rest[:3].ljust(3, b"0"))
    if thousandths > 1000:
        raise RegistrarFault(INVALID_Q)
    return thousandths


def methods_mask(text: bytes) -> int:
    mask = 0
    for name in text.split(b","):
        word = name.strip().decode("latin-1").upper()
        if word:
            mask |= METHODS.get(word, OTHER_METHOD)
    return mask


def unquoted(text: bytes) -> bytes:
    return text[1:-1] if len(text) > 1 and text[:1] == b'"' == text[-1:] else text
