"""Messages: the index, lazy values, edits; whole, with bare line ends, folded, and with anything behind them."""

from __future__ import annotations

import pytest

from olelo.sip import headers as h
from olelo.sip.address import STAR
from olelo.sip.errors import MalformedHeader, MalformedMessage
from olelo.sip.message import MAX_HEADERS, Message

INVITE = (
    b"INVITE sip:bob@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKa\r\n"
    b"v: SIP/2.0/TCP 192.0.2.2;branch=z9hG4bKb, SIP/2.0/UDP 192.0.2.3;branch=z9hG4bKc\r\n"
    b'From: "A, B" <sip:alice@example.com>;tag=1\r\n'
    b"t: <sip:bob@example.com>\r\n"
    b"I: x@y\r\n"
    b"CSEQ:   7 INVITE \r\n"
    b"m: <sip:a@192.0.2.1>;q=0.5, <sip:b@192.0.2.1>\r\n"
    b"X-Odd :  kept  as it is\r\n"
    b"Subject: one\r\n two\r\n\tthree\r\n"
    b"Content-Length: 4\r\n"
    b"\r\nbody"
)


def test_values_are_found_under_long_and_compact_names_in_any_case() -> None:
    msg = Message.parse(INVITE)
    assert (msg.method, msg.ruri, msg.call_id) == ("INVITE", b"sip:bob@example.com", b"x@y")
    assert [via.branch for via in msg.vias] == [b"z9hG4bKa", b"z9hG4bKb", b"z9hG4bKc"]
    assert (msg.from_.tag, msg.from_.display, msg.to.tag) == (b"1", b'"A, B"', b"")
    assert (msg.cseq.number, msg.cseq.method) == (7, "INVITE")
    assert [contact.uri for contact in msg.contacts] == [b"sip:a@192.0.2.1", b"sip:b@192.0.2.1"]
    assert (msg.content_length, msg.body) == (4, b"body")


def test_unknown_headers_and_folds_keep_their_bytes() -> None:
    msg = Message.parse(INVITE)
    i = msg.find_named(b"x-odd")[0]
    assert msg.line(i) == b"X-Odd :  kept  as it is\r\n"
    assert msg.named(b"Subject") == [b"one two three"]
    assert msg.line(msg.find_named(b"s")[0]) == b"Subject: one\r\n two\r\n\tthree\r\n"
    assert msg.apply_edits() == INVITE


def test_bare_line_feeds_are_accepted_and_kept() -> None:
    data = INVITE.replace(b"\r\n", b"\n")
    msg = Message.parse(data)
    assert (msg.call_id, msg.body, msg.apply_edits()) == (b"x@y", b"body", data)
    assert msg.named(b"Subject") == [b"one two three"]


@pytest.mark.parametrize("data", [INVITE, INVITE.replace(b"\r\n", b"\n"), INVITE.replace(b" two\r\n\tthree\r\n", b"")])
def test_every_header_stands_where_the_index_says(data: bytes) -> None:
    msg = Message.parse(data)
    lines = [msg.line(i) for i in range(len(msg.hids))]
    assert data == data[: msg.headers_at] + b"".join(lines) + data[msg.ends[-1] : msg.body_at] + msg.body
    for i in range(len(msg.hids)):
        start, end = msg.value_span(i)
        assert (msg.start(i), msg.end(i)) == (msg.starts[i], msg.ends[i])
        assert b" ".join(data[start:end].split()) == b" ".join(msg.value(i).split())


def test_a_reply_has_its_method_from_cseq() -> None:
    msg = Message.parse(b"SIP/2.0 180 Ringing there\r\nCSeq: 1 INVITE\r\n\r\n")
    assert (msg.is_request, msg.status, msg.reason, msg.method) == (False, 180, b"Ringing there", "INVITE")
    assert Message.parse(b"SIP/2.0 200 \r\nTo: x\r\n\r\n").reason == b""


def test_empty_lines_before_the_first_are_skipped() -> None:
    assert Message.parse(b"\r\n\r\n" + INVITE).method == "INVITE"


def test_a_star_contact() -> None:
    assert Message.parse(b"REGISTER sip:x SIP/2.0\r\nContact: *\r\n\r\n").contacts == [STAR]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\r\n", b"INVITE", b"INVITE sip:x SIP/2.0", b"INVITE sip:x SIP/2.0\r\n", b"INVITE sip:x SIP/2.0\r\nTo: x",
        b"INVITE sip:x\r\n\r\n", b"INVITE  sip:x SIP/2.0\r\n\r\n", b"INVITE sip:a b SIP/2.0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
        b"SIP/2.0 20 OK\r\n\r\n", b"SIP/2.0 abc OK\r\n\r\n", b"SIP/2.0 2000 OK\r\n\r\n", b"SIP/2.0 099 No\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\nno colon here\r\n\r\n", b"INVITE sip:x SIP/2.0\r\n: no name\r\n\r\n",
        b"INVITE sip:x SIP/2.0\r\n" + b"A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"INVITE sip:x SIP/2.0\n" + b"A: b\n" * (MAX_HEADERS + 2) + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        Message.parse(data)


@pytest.mark.parametrize(
    ("header", "attribute"),
    [
        (b"CSeq: x INVITE", "cseq"), (b"CSeq: 1", "cseq"), (b"CSeq: 4294967296 INVITE", "cseq"),
        (b"Via: SIP/2.0/UDP", "via"), (b"Via: nonsense", "via"), (b"Via: SIP/2.0/UDP host:99999", "via"),
        (b"From: <sip:a@b", "from_"), (b'From: "x <sip:a@b>', "from_"), (b"To: <>", "to"), (b"To:", "to"),
        (b"Contact: <sip:a", "contacts"), (b"Content-Length: many", "content_length"), (b"Content-Length: -1", "content_length"),
    ],
)  # fmt: skip
def test_bad_values_are_found_when_they_are_asked_for(header: bytes, attribute: str) -> None:
    msg = Message.parse(b"OPTIONS sip:x SIP/2.0\r\n" + header + b"\r\n\r\n")
    with pytest.raises(MalformedHeader) as caught:
        getattr(msg, attribute)
    assert 400 <= caught.value.status < 700


def test_edits_show_on_the_wire_and_not_in_what_is_read() -> None:
    msg = Message.parse(INVITE)
    msg.replace(*msg.value_span(msg.index(h.CALL_ID)), b"new")
    msg.prepend_header(b"First: 1\r\n")
    msg.prepend_header(b"Second: 2\r\n")
    msg.append_header(b"Last: 9\r\n")
    msg.remove_header(msg.index(h.CONTACT))
    assert msg.call_id == b"x@y"
    again = Message.parse(msg.apply_edits())
    assert [again.name(i) for i in (0, 1, len(again.hids) - 1)] == [b"First", b"Second", b"Last"]
    assert (again.call_id, again.index(h.CONTACT), again.body) == (b"new", -1, b"body")


def test_an_edit_inside_what_another_removes_is_dropped() -> None:
    msg = Message.parse(INVITE)
    i = msg.index(h.CONTACT)
    start, end = msg.value_span(i)
    msg.remove_header(i)
    msg.replace(start + 1, end - 1, b"lost")
    assert b"lost" not in msg.apply_edits()


@pytest.mark.parametrize("name", ["From", "t", "Call-ID", "CSEQ", "Max-Forwards", "Content-Length"])
def test_a_header_that_may_stand_once_may_not_stand_twice(name: str) -> None:
    whole = (
        b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z\r\nVia: SIP/2.0/UDP d\r\nFrom: <sip:e@f>;tag=1\r\nTo: <sip:a@b>\r\n"
        b"Call-ID: x\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
    )
    good = Message.parse(whole)
    for _ in range(2):  # looked at, and remembered
        good.check_core_headers()
    twice = Message.parse(whole.replace(b"\r\n\r\n", b"\r\n%b: 1\r\n\r\n" % name.encode()))
    for _ in range(2):
        with pytest.raises(MalformedMessage, match="more than one"):
            twice.check_core_headers()
