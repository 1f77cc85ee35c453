"""Names of headers: numbers to index them by, compact forms (RFC 3261 section 7.3.3), values of a line."""

from __future__ import annotations

from typing import Final

OTHER: Final = 0
VIA: Final = 1
FROM: Final = 2
TO: Final = 3
CALL_ID: Final = 4
CSEQ: Final = 5
CONTACT: Final = 6
MAX_FORWARDS: Final = 7
ROUTE: Final = 8
RECORD_ROUTE: Final = 9
CONTENT_LENGTH: Final = 10
CONTENT_TYPE: Final = 11
EXPIRES: Final = 12
PATH: Final = 13
SUPPORTED: Final = 14
REQUIRE: Final = 15
PROXY_REQUIRE: Final = 16
UNSUPPORTED: Final = 17
ALLOW: Final = 18
USER_AGENT: Final = 19
SERVER: Final = 20
AUTHORIZATION: Final = 21
PROXY_AUTHORIZATION: Final = 22
WWW_AUTHENTICATE: Final = 23
PROXY_AUTHENTICATE: Final = 24
EVENT: Final = 25
REFER_TO: Final = 26
DIVERSION: Final = 27
P_ASSERTED_IDENTITY: Final = 28
P_PREFERRED_IDENTITY: Final = 29
REMOTE_PARTY_ID: Final = 30
PRIVACY: Final = 31
SUBJECT: Final = 32
ACCEPT: Final = 33
DATE: Final = 34
RETRY_AFTER: Final = 35
REASON: Final = 36
MIN_EXPIRES: Final = 37
SESSION_EXPIRES: Final = 38
CONTENT_DISPOSITION: Final = 39
CONTENT_ENCODING: Final = 40
IDENTITY: Final = 41
SERVICE_ROUTE: Final = 42

#: Canonical spelling by number.
NAMES: Final[dict[int, bytes]] = {
    VIA: b"Via",
    FROM: b"From",
    TO: b"To",
    CALL_ID: b"Call-ID",
    CSEQ: b"CSeq",
    CONTACT: b"Contact",
    MAX_FORWARDS: b"Max-Forwards",
    ROUTE: b"Route",
    RECORD_ROUTE: b"Record-Route",
    CONTENT_LENGTH: b"Content-Length",
    CONTENT_TYPE: b"Content-Type",
    EXPIRES: b"Expires",
    PATH: b"Path",
    SUPPORTED: b"Supported",
    REQUIRE: b"Require",
    PROXY_REQUIRE: b"Proxy-Require",
    UNSUPPORTED: b"Unsupported",
    ALLOW: b"Allow",
    USER_AGENT: b"User-Agent",
    SERVER: b"Server",
    AUTHORIZATION: b"Authorization",
    PROXY_AUTHORIZATION: b"Proxy-Authorization",
    WWW_AUTHENTICATE: b"WWW-Authenticate",
    PROXY_AUTHENTICATE: b"Proxy-Authenticate",
    EVENT: b"Event",
    REFER_TO: b"Refer-To",
    DIVERSION: b"Diversion",
    P_ASSERTED_IDENTITY: b"P-Asserted-Identity",
    P_PREFERRED_IDENTITY: b"P-Preferred-Identity",
    REMOTE_PARTY_ID: b"Remote-Party-ID",
    PRIVACY: b"Privacy",
    SUBJECT: b"Subject",
    ACCEPT: b"Accept",
    DATE: b"Date",
    RETRY_AFTER: b"Retry-After",
    REASON: b"Reason",
    MIN_EXPIRES: b"Min-Expires",
    SESSION_EXPIRES: b"Session-Expires",
    CONTENT_DISPOSITION: b"Content-Disposition",
    CONTENT_ENCODING: b"Content-Encoding",
    IDENTITY: b"Identity",
    SERVICE_ROUTE: b"Service-Route",
}

#: Compact forms by number.
COMPACT: Final[dict[int, bytes]] = {
    VIA: b"v",
    FROM: b"f",
    TO: b"t",
    CALL_ID: b"i",
    CONTACT: b"m",
    CONTENT_LENGTH: b"l",
    CONTENT_TYPE: b"c",
    SUPPORTED: b"k",
    EVENT: b"o",
    REFER_TO: b"r",
    SUBJECT: b"s",
    SESSION_EXPIRES: b"x",
    CONTENT_ENCODING: b"e",
    IDENTITY: b"y",
}

_LOWER: Final = {name.lower(): number for number, name in NAMES.items()}
_LOWER.update({name: number for number, name in COMPACT.items()})
# The spellings that occur on the wire are found without making a lower-case copy.
SEEN: Final[dict[bytes, int]] = {**{name: number for number, name in NAMES.items()}, **_LOWER}
SEEN.update({name.upper(): number for name, number in _LOWER.items()})
SEEN.update({b"Call-Id": CALL_ID, b"Cseq": CSEQ})


def header_id(name: bytes) -> int:
    """The number of a header's name, in any case, long or compact; OTHER for names this table does not have."""
    found = SEEN.get(name)
    if found is None:
        found = _LOWER.get(name.lower(), OTHER)
    return found


def same_name(name: bytes) -> frozenset[bytes]:
    """All lower-case spellings of a header's name: itself, and its compact or long form."""
    number = header_id(name)
    if number == OTHER:
        return frozenset((name.lower(),))
    return frozenset(spelling for spelling, known in _LOWER.items() if known == number)
