"""The line protocol of the old FIFO."""

from __future__ import annotations

import pytest

from olelo.core.module import Many
from olelo.rpc.fifo import FifoError, FifoRequest, LineFramer, encode_fault, encode_reply, parse_request


def test_request() -> None:
    assert parse_request(":core.echo:reply\na b\nc\\nd\\\\") == FifoRequest("core.echo", "reply", ["a b", "c\nd\\"])
    assert parse_request(":core.ps:") == FifoRequest("core.ps", "", [])


@pytest.mark.parametrize(
    "text",
    ["core.ps:", ":core.ps", "::r", ":core.ps:../x", ":core.ps:a/b", ":core.ps:a\\b", ":x:r\nbad \\q", ":x:r\n\\"],
)
def test_bad_requests(text: str) -> None:
    with pytest.raises(FifoError):
        parse_request(text)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_framing(size: int) -> None:
    stream = b":a:r\n1\n2\n\n\n:b:r\r\nx\r\n\r\n:c:"
    framer = LineFramer()
    found = [text for at in range(0, len(stream), size) for text in framer.feed(stream[at : at + size])]
    assert [parse_request(text).args for text in found] == [["1", "2"], ["x"]]


def test_a_request_without_end_is_refused() -> None:
    with pytest.raises(FifoError):
        LineFramer().feed(b"x" * 70000)


def test_replies() -> None:
    assert encode_reply(None) == b"200 OK\n"
    assert encode_reply(Many((1, "a\nb", 2.0, 2.5))) == b"200 OK\n1\na\\nb\n2\n2.500000\n"
    assert encode_reply({"a": "x,y:z", "b": 2}) == b"200 OK\na:x\\cy\\oz,b:2\n"
    assert encode_reply({"a": {"b": 1}}) == b"200 OK\na:,b:1\n"
    assert encode_fault(400, "no such counter\n") == b"400 no such counter\n"
