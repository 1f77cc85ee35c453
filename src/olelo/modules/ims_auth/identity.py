"""Who a request says it is from: credentials of a realm, private identity (IMPI), public identity (IMPU)."""

from __future__ import annotations

from olelo.sip.digest import Credentials
from olelo.sip.errors import SipError
from olelo.sip.headers import AUTHORIZATION, PROXY_AUTHORIZATION
from olelo.sip.message import Message
from olelo.sip.uri import parse_uri

ANONYMOUS = "anonymous.invalid"  # RFC 3323 section 4.1.1.3


class Claim:
    """What a request claims, not yet checked. Text is latin-1, as in scripts.

    impi: private identity as Kamailio finds it: the user name of the realm's credentials if it has a domain (or is an
    IMSI alone), else the public identity without `sip:`. impu: `sip:user@domain` of To (of From for a proxy), without
    port and parameters, or `tel:number`. user, domain: its parts; domain is "" for tel.
    """

    __slots__ = ("credentials", "domain", "impi", "impu", "proxy", "realm", "user")

    def __init__(
        self, credentials: Credentials | None, impi: str, impu: str, user: str, domain: str, realm: str, proxy: bool
    ) -> None:
        self.credentials = credentials
        self.impi = impi
        self.impu = impu
        self.user = user
        self.domain = domain
        self.realm = realm
        self.proxy = proxy

    @property
    def anonymous(self) -> bool:
        """A caller who hides; nobody registers that way."""
        return self.proxy and self.domain == ANONYMOUS


def find_credentials(msg: Message, realm: str, proxy: bool) -> Credentials | None:
    """The Digest credentials of a realm (in any case); those that cannot be read are passed over."""
    wanted = realm.lower().encode("latin-1")
    for value in msg.all(PROXY_AUTHORIZATION if proxy else AUTHORIZATION):
        try:
            found = Credentials.parse(value)
        except SipError:
            continue
        if found.scheme.lower() == b"digest" and found.realm.lower() == wanted:
            return found
    return None


def claim_of(msg: Message, realm: str, proxy: bool) -> Claim | None:
    """The claim of a request; None where To (or From) holds no public identity."""
    try:
        uri = parse_uri((msg.from_ if proxy else msg.to).uri)
    except SipError:
        return None
    user, domain = uri.user.decode("latin-1"), uri.host.decode("latin-1").lower()
    if not user:
        return None
    impu = f"tel:{user}" if uri.scheme == "tel" else f"sip:{user}@{domain}"
    credentials = find_credentials(msg, realm, proxy)
    impi = impu.partition(":")[2]
    if credentials is not None:
        name = credentials.username.decode("latin-1")
        if "@" in name or looks_like_imsi(name):
            impi = name
    return Claim(credentials, impi, impu, user, domain, realm, proxy)


def looks_like_imsi(text: str) -> bool:
    """14 or 15 digits."""
    return len(text) in (14, 15) and text.isascii() and text.isdigit()


def msisdn_of(user: str) -> str | None:
    """The digits of a telephone number, with or without plus and the separators of RFC 3966; None if it is none."""
    digits = user.removeprefix("+").translate(_SEPARATORS)
    return digits if 3 <= len(digits) <= 15 and digits.isascii() and digits.isdigit() else None


_SEPARATORS = {ord(each): None for each in "-.()"}
