"""The checks of sanity_check(), one function each.

A check gets the message and returns None where it is good, else the answer: (status, reason), or SILENT where no
answer can be given. The texts are Kamailio's, so that what clients log stays the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from olelo.core.party import uri_of
from olelo.sip.address import parse_addresses
from olelo.sip.digest import Credentials
from olelo.sip.errors import SipError
from olelo.sip.headers import (
    AUTHORIZATION,
    CALL_ID,
    CONTACT,
    CONTENT_LENGTH,
    CSEQ,
    EXPIRES,
    FROM,
    PROXY_AUTHORIZATION,
    TO,
    VIA,
)
from olelo.sip.message import Message
from olelo.sip.params import split_outside
from olelo.sip.uri import parse_uri

Fault = tuple[int, bytes]
Check = Callable[[Message], Fault | None]
#: The message fails, and nothing can be answered.
SILENT: Fault = (0, b"")

RURI_VERSION: Final = 1
RURI_SCHEME: Final = 2
REQUIRED_HEADERS: Final = 4
VIA_VERSION: Final = 8
VIA_PROTOCOL: Final = 16
CSEQ_METHOD: Final = 32
CSEQ_VALUE: Final = 64
LENGTH: Final = 128
EXPIRES_VALUE: Final = 256
PROXY_REQUIRE: Final = 512
PARSE_URIS: Final = 1024
DIGEST: Final = 2048
DUPLICATE_TAGS: Final = 4096
CREDENTIALS: Final = 8192
VIA_HEADER: Final = 16384
MAX_CHECKS: Final = 32768
URI_RURI: Final = 1
URI_FROM: Final = 2
URI_TO: Final = 4
URI_CONTACT: Final = 8
MAX_URI_CHECKS: Final = 16
_MAX_UINT: Final = 4294967296


def requests_only(msg: Message) -> Fault | None:
    """Checks of a request line fail for replies, which have none."""
    return None if msg.is_request else SILENT


def ruri(msg: Message) -> Fault | None:
    """The Request-URI can be read."""
    if not msg.is_request:
        return SILENT
    try:
        parse_uri(msg.ruri)
    except SipError:
        return 400, b"Bad Request URI"
    return None


def required_headers(msg: Message) -> Fault | None:
    """Via, From, To, Call-ID and CSeq are there, the last four once."""
    count = msg.hids.count
    if count(FROM) == 1 and count(TO) == 1 and count(CALL_ID) == 1 and count(CSEQ) == 1 and VIA in msg.hids:
        return None
    return SILENT


def via_header(msg: Message) -> Fault | None:
    """The topmost Via can be read."""
    try:
        _ = msg.via
    except SipError:
        return SILENT
    return None


def _cseq(msg: Message) -> list[bytes] | None:
    """CSeq's number and method as written; None where it does not have both."""
    if CSEQ not in msg.hids:
        return None
    line = msg.lines[msg.hids.index(CSEQ)]
    words = line[line.find(b":") + 1 :].split()
    return words if len(words) == 2 else None


def cseq_method(msg: Message) -> Fault | None:
    """The methods in CSeq and request line are the same."""
    words = _cseq(msg)
    return SILENT if words is None or not msg.is_request else _wrong_method(words[1], msg)


def cseq_value(msg: Message) -> Fault | None:
    """The number in CSeq is one, below 2**32."""
    words = _cseq(msg)
    return SILENT if words is None else _wrong_number(words[0])


def cseq(msg: Message) -> Fault | None:
    """Both, for masks that ask for both: nearly all do."""
    words = _cseq(msg)
    if words is None or not msg.is_request:
        return SILENT
    return _wrong_method(words[1], msg) or _wrong_number(words[0])


def _wrong_method(word: bytes, msg: Message) -> Fault | None:
    if word.decode("latin-1") != msg.method:
        return 400, b"CSeq method does not match request method"
    return None


def _wrong_number(word: bytes) -> Fault | None:
    if not word.isdigit() or len(word) > 10 or int(word) > _MAX_UINT:
        return 400, b"CSeq number is illegal"
    return None


def content_length(msg: Message) -> Fault | None:
    """Content-Length, if there is one, is the body's length."""
    i = msg.index(CONTENT_LENGTH)
    if i < 0:
        return None
    line = msg.lines[i]
    text = line[line.find(b":") + 1 :].strip()
    if not text.isdigit() or len(text) > 9:
        return SILENT
    if int(text) != len(msg.raw) - msg.body_at:
        return 400, b"Content-Length mis-match"
    return None


def expires(msg: Message) -> Fault | None:
    """Expires, if there is one, is a number below 2**32."""
    if EXPIRES not in msg.hids:
        return None
    words = msg.value(msg.index(EXPIRES)).split(None, 1)
    if not words:
        return 400, b"Bad Expires Header"
    text = words[0]
    if not text.isdigit() or len(text) > 10 or int(text) > _MAX_UINT:
        return 400, b"Expires value is illegal"
    return None


def from_uri(msg: Message) -> Fault | None:
    """The URI in From can be read."""
    try:
        parse_uri(uri_of(msg, FROM))
    except SipError:
        return (400, b"Invalid From Header") if FROM in msg.hids else SILENT
    return None


def to_uri(msg: Message) -> Fault | None:
    """The URI in To can be read."""
    try:
        parse_uri(uri_of(msg, TO))
    except SipError:
        return (400, b"Ivalid To Header") if TO in msg.hids else SILENT
    return None


def contact_uri(msg: Message) -> Fault | None:
    """Contact headers can be read, and so can a URI of the first one: the last, as in Kamailio."""
    if CONTACT not in msg.hids:
        return None
    try:
        _ = msg.contacts
        value = msg.value(msg.index(CONTACT))
        contacts = parse_addresses(value) if value != b"*" else []
    except SipError:
        return 400, b"Bad Contact Header"
    if contacts:
        try:
            parse_uri(contacts[-1].uri)
        except SipError:
            return 400, b"Bad Contact URI"
    return None


def duplicate_tags(msg: Message) -> Fault | None:
    """From and To have one tag at most."""
    try:
        parties = ((msg.from_, b"Many From Tag Params"), (msg.to, b"Many To Tag Params"))
        for party, reason in parties:
            if party.params.lower().count(b"tag") > 1:
                names = [part.partition(b"=")[0].strip().lower() for part in split_outside(party.params, 0x3B)]
                if names.count(b"tag") > 1:
                    return 400, reason
    except SipError:
        return SILENT
    return None


def digest(msg: Message) -> Fault | None:
    """All credentials are Digest, and complete."""
    return _credentials(msg, False)


def credentials(msg: Message) -> Fault | None:
    """All Digest credentials are complete; other schemes are passed over."""
    return _credentials(msg, True)


def _credentials(msg: Message, others: bool) -> Fault | None:
    for number in (AUTHORIZATION, PROXY_AUTHORIZATION):
        if number not in msg.hids:
            continue
        for value in msg.all(number):
            scheme, _, rest = value.partition(b" ")
            if scheme.lower() != b"digest" or not rest.strip():
                return None if others else SILENT
            try:
                found = Credentials.parse(value)
            except SipError:
                return 400, b"Bad Auth Header"
            if not all(name in found.params for name in (b"username", b"realm", b"nonce", b"uri", b"response")):
                return 400, b"Bad Auth Credentials"
            for name, reason in (
                (b"username", b"Auth Empty User"),
                (b"nonce", b"Auth Empty Nonce"),
                (b"response", b"Auth Empty Response"),
            ):
                if not found.get(name):
                    return 400, reason
    return None


def plan(checks: int, uri_checks: int, proxy_require: Check) -> tuple[Check, ...]:
    """The checks that a pair of masks asks for, in their order; each once."""
    uris = [(URI_RURI, ruri), (URI_FROM, from_uri), (URI_TO, to_uri), (URI_CONTACT, contact_uri)]
    found: list[Check] = []
    both = checks & CSEQ_METHOD and checks & CSEQ_VALUE
    for bit, check in (
        (RURI_VERSION, requests_only),  # the parser refuses other versions
        (RURI_SCHEME, ruri),
        (REQUIRED_HEADERS, required_headers),
        (VIA_HEADER, via_header),
        (CSEQ_METHOD, cseq if both else cseq_method),
        (CSEQ_VALUE, cseq if both else cseq_value),
        (LENGTH, content_length),
        (EXPIRES_VALUE, expires),
        (PROXY_REQUIRE, proxy_require),
        *((PARSE_URIS, check) for mask, check in uris if mask & uri_checks),
        (DIGEST, digest),
        (CREDENTIALS, credentials),
        (DUPLICATE_TAGS, duplicate_tags),
    ):
        if checks & bit and check not in found:
            found.append(check)
    return tuple(found)


def first_fault(msg: Message, steps: tuple[Check, ...]) -> Fault | None:
    """What the first check that fails has to say."""
    for check in steps:
        fault = check(msg)
        if fault is not None:
            return fault
    return None
