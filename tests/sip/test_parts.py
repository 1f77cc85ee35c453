"""URIs, Via, addresses, parameters, digest headers, multipart bodies."""

from __future__ import annotations

import pytest

from olelo.sip import digest
from olelo.sip.address import NameAddr, parse_addresses
from olelo.sip.digest import Credentials, challenge
from olelo.sip.errors import MalformedHeader
from olelo.sip.multipart import parse_multipart
from olelo.sip.params import parse_params, split_outside, unquote
from olelo.sip.uri import Uri, parse_uri
from olelo.sip.via import Via


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"sip:bob@example.com", ("sip", b"bob", b"", b"example.com", 0, b"", b"")),
        (
            b"SIPS:bob:pw@example.com:5061;transport=tls",
            ("sips", b"bob", b"pw", b"example.com", 5061, b"transport=tls", b""),
        ),
        (b"sip:example.com?a=b@c", ("sip", b"", b"", b"example.com", 0, b"", b"a=b@c")),
        (b"sip:[2001:db8::1]:5060;lr", ("sip", b"", b"", b"[2001:db8::1]", 5060, b"lr", b"")),
        (b"sip:1;x=y@h;p=1?H=v", ("sip", b"1;x=y", b"", b"h", 0, b"p=1", b"H=v")),
        (b"sip:a%20b@h", ("sip", b"a%20b", b"", b"h", 0, b"", b"")),
        (b"tel:+1-201-555;phone-context=x", ("tel", b"+1-201-555", b"", b"", 0, b"phone-context=x", b"")),
    ],
)
def test_uris(text: bytes, parts: tuple[object, ...]) -> None:
    uri = parse_uri(text)
    assert (uri.scheme, uri.user, uri.password, uri.host, uri.port, uri.params, uri.headers) == parts
    assert parse_uri(text) is uri  # remembered


@pytest.mark.parametrize(
    "text",
    [b"", b"bob", b":x", b"sip:", b"sip:@host", b"sip:bob@", b"sip:h:port", b"sip:h:70000", b"sip:[::1", b"sip:[::1]x", b"tel:",
     b"sip:a b@c d", b"http://x", b"sip:h:"],
)  # fmt: skip
def test_bad_uris(text: bytes) -> None:
    with pytest.raises(MalformedHeader):
        Uri.parse(text)


def test_an_unknown_scheme_is_416() -> None:
    with pytest.raises(MalformedHeader) as caught:
        parse_uri(b"isbn:2983792873")
    assert caught.value.status == 416


def test_uri_parameters() -> None:
    uri = parse_uri(b"sip:a@b;LR;transport=TCP;x=1;x=2")
    assert (uri.param(b"lr"), uri.param(b"x"), uri.param(b"y"), uri.transport) == (b"", b"1", None, "tcp")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"SIP/2.0/UDP h:5070;branch=z9hG4bKx", (b"UDP", b"h", 5070, b"z9hG4bKx", None, b"")),
        (b"SIP / 2.0 / TCP [::1];rport;received=1.2.3.4;branch=b", (b"TCP", b"[::1]", 0, b"b", 0, b"1.2.3.4")),
        (b"sip/2.0/udp h;rport=99;branch=b;maddr=m", (b"UDP", b"h", 0, b"b", 99, b"")),
        (b"SIP/2.0/UDP  h  ;branch=b ", (b"UDP", b"h", 0, b"b", None, b"")),
    ],
)
def test_via(text: bytes, parts: tuple[object, ...]) -> None:
    via = Via.parse(text)
    assert (via.transport, via.host, via.port, via.branch, via.rport, via.received) == parts


@pytest.mark.parametrize(
    "text",
    [b"", b"SIP/2.0/UDP", b"SIP/3.0/UDP h", b"HTTP/1.1/TCP h", b"SIP/2.0/UDP h;rport=x", b"SIP/2.0/UDP h;rport=70000"],
)
def test_bad_via(text: bytes) -> None:
    with pytest.raises(MalformedHeader):
        Via.parse(text)


@pytest.mark.parametrize(
    ("text", "display", "uri", "tag"),
    [
        (b"<sip:a@b>;tag=1", b"", b"sip:a@b", b"1"),
        (b"sip:a@b;tag=1;x", b"", b"sip:a@b", b"1"),
        (b'"q \\" < , ;" <sip:a@b;lr>;Tag=T', b'"q \\" < , ;"', b"sip:a@b;lr", b"T"),
        (b"Bob Smith <sip:a@b> ; tag=1", b"Bob Smith", b"sip:a@b", b"1"),
        (b'<sip:a@b>;x="a;tag=no";tag=yes', b"", b"sip:a@b", b"yes"),
    ],
)
def test_addresses(text: bytes, display: bytes, uri: bytes, tag: bytes) -> None:
    found = NameAddr.parse(text)
    assert (found.display, found.uri, found.tag) == (display, uri, tag)


@pytest.mark.parametrize("text", [b"", b"<sip:a@b", b"<>", b'"a <sip:x@y>', b"<sip:a@b> junk", b'"a" sip:b@c'])
def test_bad_addresses(text: bytes) -> None:
    with pytest.raises(MalformedHeader):
        NameAddr.parse(text)


def test_commas_in_quotes_and_brackets_do_not_separate() -> None:
    found = parse_addresses(b'"A, B" <sip:a,b@c>, <sip:d@e>;x="1,2" , sip:f@g')
    assert [address.uri for address in found] == [b"sip:a,b@c", b"sip:d@e", b"sip:f@g"]


def test_parameters() -> None:
    assert parse_params(b'A=1; b ;c="x;y";a=2;') == {b"a": b"1", b"b": None, b"c": b'"x;y"'}
    with pytest.raises(MalformedHeader):
        parse_params(b"=1")
    with pytest.raises(MalformedHeader):
        split_outside(b'"open', 0x2C)
    assert (unquote(b'"a\\"b\\\\"'), unquote(b"plain"), unquote(b'"')) == (b'a"b\\', b"plain", b'"')


def test_credentials_keep_everything_and_refuse_what_is_said_twice() -> None:
    found = Credentials.parse(b'Digest username="a\\"b", realm="r,1", nonce=n, NC=00000001, auts="x==", odd=1')
    assert (found.scheme, found.username, found.realm, found.nonce, found.nc) == (
        b"Digest",
        b'a"b',
        b"r,1",
        b"n",
        b"00000001",
    )
    assert (found.auts, found.params[b"odd"], found.qop) == (b"x==", b"1", b"")
    for bad in (b"", b"Digest", b"Digest ", b"Digest a", b'Digest a="x', b"Digest a=1, A=2", b"Digest =1"):
        with pytest.raises(MalformedHeader):
            Credentials.parse(bad)


def test_the_response_of_rfc_2617_section_3_5() -> None:
    found = Credentials.parse(
        b'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html",'
        b' qop=auth, nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1"'
    )
    key = digest.ha1(b"Mufasa", b"testrealm@host.com", b"Circle Of Life")
    assert digest.response(key, b"GET", found) == found.response


def test_a_challenge_quotes_what_is_to_be_quoted() -> None:
    text = challenge({"realm": b'a"b', "nonce": b"n\r\nX: y", "algorithm": b"MD5", "stale": b"true"})
    assert text == b'Digest realm="a\\"b", nonce="nX: y", algorithm=MD5, stale=true'
    assert Credentials.parse(text).realm == b'a"b'


def test_multipart() -> None:
    body = b"pre\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b  \r\n\r\nplain\r\n--b--\r\nafter"
    parts = parse_multipart(b'multipart/mixed;boundary="b"', body)
    assert [(part.content_type, part.content) for part in parts] == [
        (b"application/sdp", b"v=0"),
        (b"text/plain", b"plain"),
    ]
    for kind, data in (
        (b"text/plain", body),
        (b"multipart/mixed", body),
        (b"multipart/mixed;boundary=x", body),
        (b"multipart/mixed;boundary=b", body[:40]),
    ):
        with pytest.raises(MalformedHeader):
            parse_multipart(kind, data)
