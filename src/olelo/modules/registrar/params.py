"""The parameters of registrar, and addresses of record made from URIs."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from olelo.core.module import Module, param
from olelo.modules.registrar.faults import AOR_PARSE, AOR_TOO_LONG, UNESCAPE, RegistrarFault
from olelo.modules.usrloc import Usrloc
from olelo.sip.errors import SipError
from olelo.sip.octets import PERCENT
from olelo.sip.uri import parse_uri

_MAX_USER = 128
_MAX_DOMAIN = 128
_MAX_AOR = 256
_ESCAPE = 2
_CONTROLS = frozenset((*range(32), 127))
_HEX = frozenset(b"0123456789abcdefABCDEF")
#: Addresses of record remembered by URI; the URIs come from the wire, so with a bound.
_CACHE_SIZE = 8192


def _not_negative(value: int) -> None:
    if value < 0:
        raise ValueError("cannot be negative")


def _percent(value: int) -> None:
    if not 0 <= value <= 100:
        raise ValueError("is a percentage from 0 to 100")


def unescaped(user: bytes) -> bytes:
    """A user part without its escapes (RFC 3261 section 19.1.2).

    Raises RegistrarFault where one is none, or stands for a control character. Those of UTF-8 are taken.
    """
    parts = user.split(b"%")
    for part in parts[1:]:
        if len(part) < _ESCAPE or not _HEX.issuperset(part[:_ESCAPE]) or int(part[:_ESCAPE], 16) in _CONTROLS:
            raise RegistrarFault(UNESCAPE)
    return unquote_to_bytes(user)


class RegistrarParams(Module):
    """REGISTER: bindings saved, looked up, removed."""

    name = "registrar"
    needs = ("usrloc",)
    event_routes = ("usrloc:contact-expired",)
    statistics = {}

    default_expires = param(3600, "Seconds of a binding that names none.", check=_not_negative)
    default_expires_range = param(0, "Percentage by which that is shortened at random.", check=_percent)
    expires_range = param(0, "Percentage by which asked-for times are shortened at random.", check=_percent)
    min_expires = param(60, "Shortest time granted, in seconds; 0: none.", check=_not_negative)
    max_expires = param(0, "Longest time granted, in seconds; 0: none.", check=_not_negative)
    min_expires_mode = param(0, "1: a shorter time is refused with 423 instead of lengthened.")
    default_q = param(-1, "q in thousandths of a contact that names none; -1: unset.")
    append_branches = param(1, "1: lookup() makes a branch of each further contact.")
    case_sensitive = param(0, "1: users are told apart by case.")
    realm_prefix = param("", "Prefix that is cut off domains.")
    received_param = param("received", "Parameter of a Contact in replies with the address it came from; empty: none.")
    received_avp = param("", "AVP with that address as URI (set by nathelper's fix_nated_register).")
    max_contacts = param(0, "Contacts of one address of record at most; 0: no limit.", check=_not_negative)
    retry_after = param(0, "Seconds in Retry-After of 5xx answers; 0: none.", check=_not_negative)
    method_filtering = param(0, "1: lookup() passes over contacts whose Allow lacks the method.")
    use_path = param(0, "1: Path headers are saved and used (RFC 3327).")
    path_mode = param(2, "Path without support by the phone: 0 ignore it, 1 refuse nothing but show it, 2 answer 420.")
    path_use_received = param(0, "1: the received parameter of the first Path URI is the contact's.")
    path_check_local = param(0, "1: skip a first Path URI that is our own.")
    gruu_enabled = param(1, "1: GRUUs are given to phones that support them (RFC 5627).")
    outbound_mode = param(0, "RFC 5626: 0 no, 1 supported, 2 required.")
    regid_mode = param(0, "reg-id: 0 as RFC 5626 says, 1 always used.")
    flow_timer = param(0, "Seconds in the Flow-Timer header; 0: none.", check=_not_negative)
    contact_max_size = param(512, "Longest contact URI in bytes.")
    xavp_cfg = param("", "xavp with values for one call: expires, q, max_contacts, socket, match_*.")
    xavp_rcd = param("", "xavp that lookup() fills with the record's details.")
    xavp_rcd_mask = param(0, "Bits of details to leave out: 1 ruid, 2 contact, 4 expires, 8 received, 16 path.")
    event_callback = param("", "Function of an embedded interpreter for expired contacts.", noop=True)
    reg_callid_avp = param(
        "",
        "AVP with the Call-ID that registered() looks for.",
        deprecated="use xavp_cfg with match_callid (Kamailio 4.3)",
    )
    lookup_filter_mode = param(0, "Bits: 1 by branch flags in xavp_cfg, 2 by living TCP connection.")
    use_expired_contacts = param(0, "1: lookup() takes expired contacts, too.")
    sock_mode = param(0, "1: save the advertised address as socket.")
    sock_flag = param(-1, "Message flag: the socket is taken from a header.")
    sock_hdr_name = param("", "That header's name.")

    usrloc: Usrloc
    _aors: dict[bytes, str]

    def aor_of(self, uri: bytes) -> str:
        """The address of record of a URI: user, or user@domain with usrloc's use_domain. Raises RegistrarFault."""
        known = self._aors.get(uri)
        if known is None:
            known = self._aor_of(uri)
            if len(self._aors) >= _CACHE_SIZE:
                self._aors.clear()
            self._aors[uri] = known
        return known

    def _aor_of(self, uri: bytes) -> str:
        try:
            parsed = parse_uri(uri)
        except SipError as error:
            raise RegistrarFault(AOR_PARSE) from error
        user, host = parsed.user, parsed.host
        if len(user) > _MAX_USER or len(host) > _MAX_DOMAIN or len(user) + len(host) + 1 > _MAX_AOR:
            raise RegistrarFault(AOR_TOO_LONG)
        if PERCENT in user:
            user = unescaped(user)
        name = user.decode("latin-1")
        if not self.usrloc.use_domain:
            return name if self.case_sensitive else name.lower()
        domain = host.decode("latin-1").removeprefix(self.realm_prefix).lower()
        if not self.case_sensitive:
            name = name.lower()
        return f"{name}@{domain}" if name else domain
