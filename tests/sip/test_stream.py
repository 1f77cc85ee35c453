"""Messages out of a byte stream: cut at every byte, pipelined, with keepalives, and with limits."""

from __future__ import annotations

import pytest

from olelo.sip.errors import MalformedMessage
from olelo.sip.stream import MAX_HEADERS, MAX_MESSAGE, PING, StreamFramer

ONE = b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 5\r\n\r\nhello"
TWO = b"BYE sip:y SIP/2.0\r\nCall-ID: 1\r\nl : 0\r\n\r\n"


def test_cut_at_every_byte() -> None:
    data = ONE + b"\r\n\r\n" + TWO + ONE
    for cut in range(len(data) + 1):
        framer = StreamFramer()
        assert framer.feed(data[:cut]) + framer.feed(data[cut:]) == [ONE, PING, TWO, ONE]


def test_byte_by_byte() -> None:
    framer = StreamFramer()
    found = [message for byte in ONE + TWO for message in framer.feed(bytes((byte,)))]
    assert found == [ONE, TWO]


@pytest.mark.parametrize(
    "data",
    [
        b"OPTIONS sip:x SIP/2.0\r\nTo: x\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nContent-Length: x\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nContent-Length: -5\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 9999999999\r\n\r\n",
        b"OPTIONS sip:x SIP/2.0\r\nContent-Length: %d\r\n\r\n" % MAX_MESSAGE,
        b"x" * (MAX_HEADERS + 1),
    ],
)
def test_a_stream_that_cannot_go_on(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        StreamFramer().feed(data)


def test_no_length_means_no_body_where_that_is_allowed() -> None:
    bare = b"OPTIONS sip:x SIP/2.0\r\nTo: x\r\n\r\n"
    assert StreamFramer(no_length=True).feed(bare + ONE) == [bare, ONE]


def test_whether_a_message_has_begun() -> None:
    framer = StreamFramer()
    for data, begun in ((b"\r\n", False), (b"\r\n", False), (b"OPT", False), (b"IONS sip:x", True)):
        framer.feed(data)
        assert framer.in_message is begun


def test_the_longest_message_may_be_less() -> None:
    framer = StreamFramer(longest=60)
    with pytest.raises(MalformedMessage, match="longer than 60"):
        framer.feed(b"OPTIONS sip:x SIP/2.0\r\nContent-Length: 61\r\n\r\n")


def test_a_flood_of_line_ends_costs_one_pass() -> None:
    assert StreamFramer().feed(b"\r\n" * 100_001 + b"x") == [PING] * 50_000
