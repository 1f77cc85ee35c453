"""Bytes by chance: what is read of them is right or refused with an error of this room; nothing else is ever raised."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from olelo.sip.address import parse_addresses
from olelo.sip.errors import SipError
from olelo.sip.message import Message
from olelo.sip.stream import StreamFramer
from olelo.sip.uri import parse_uri

GOOD = (
    b"INVITE sip:bob@example.com;lr SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport, SIP/2.0/TCP a\r\n"
    b'From: "A, B" <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: 1@a\r\nCSeq: 1 INVITE\r\n'
    b"Contact: <sip:alice@192.0.2.1>;expires=5, *\r\nRoute: <sip:p;lr>, <sip:q>\r\nMax-Forwards: 70\r\n"
    b"Content-Type: multipart/mixed;boundary=x\r\nContent-Length: 4\r\n\r\nbody"
)
PROPERTIES = (*("via", "vias", "from_", "to", "cseq", "call_id", "contacts", "routes", "content_length", "body"),)


@st.composite
def damaged(draw: Callable[[st.SearchStrategy[bytes]], bytes]) -> bytes:
    """A good message with some of its bytes cut out, repeated or replaced."""
    data = GOOD
    for _ in range(draw(st.integers(1, 4))):  # type: ignore[arg-type, call-overload]
        at = draw(st.integers(0, len(data)))  # type: ignore[arg-type]
        end = draw(st.integers(at, min(len(data), at + 30)))  # type: ignore[arg-type]
        pieces = st.sampled_from(
            [b"", b"\r\n", b"\r\n ", b"<", b'"', b";", b",", b"\x00", b"\xff", b":", b"[", b"%zz", b"9" * 30]
        )
        data = data[:at] + draw(pieces) + data[end:]  # type: ignore[operator, index]
    return data


def read(data: bytes) -> None:
    try:
        msg = Message.parse(data)
    except SipError:
        return
    for name in PROPERTIES:
        try:
            getattr(msg, name)
        except SipError:
            continue


@settings(max_examples=1500)
@given(damaged())
def test_a_damaged_message(data: bytes) -> None:
    read(data)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    read(data)


@pytest.mark.parametrize("parse", [parse_uri, parse_addresses], ids=["uri", "addresses"])
def test_any_value(parse: Callable[[bytes], object]) -> None:
    @settings(max_examples=600)
    @given(st.one_of(st.binary(max_size=60), st.text('sip:@;<>"[]%=?&,. 19a', max_size=40).map(str.encode)))
    def check(data: bytes) -> None:
        try:
            parse(data)
        except SipError:
            return

    check()


@settings(max_examples=400)
@given(damaged(), st.integers(0, 700))
def test_a_stream(data: bytes, cut: int) -> None:
    framer = StreamFramer()
    try:
        found = framer.feed(data[:cut]) + framer.feed(data[cut:])
    except SipError:
        return
    for one in found:
        read(one)
