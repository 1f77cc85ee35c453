"""Core operands and `myself`."""

from __future__ import annotations

import pytest
from pv_kit import Desk, request

from olelo.core.operands import ONSEND, Outgoing, core_operands, myself
from olelo.core.sockets import Destination


def test_operands_of_a_request() -> None:
    desk = Desk()
    ctx = desk.context(request())
    values = {name: get(ctx) for name, get in core_operands().items()}
    assert values == {
        "method": "INVITE",
        "uri": "sip:alice@example.org:5080;transport=udp?x=y",
        "status": "sip:alice@example.org:5080;transport=udp?x=y",
        "from_uri": "sip:bob@biloxi.example",
        "to_uri": "sip:alice@example.org",
        "src_ip": "127.0.0.2",
        "dst_ip": "127.0.0.1",
        "src_port": 5070,
        "dst_port": 5060,
        "proto": "udp",
        "af": "INET",
        "msg:len": len(ctx.msg.raw),
        "max_len": 65535,
        "snd_ip": None,
        "snd_port": None,
        "snd_proto": None,
        "snd_af": None,
        "to_ip": None,
        "to_port": None,
    }


def test_operands_of_a_reply_and_of_a_packet_about_to_leave() -> None:
    desk = Desk()
    ctx = desk.context(b"SIP/2.0 404 Not Found\r\nCSeq: 1 BYE\r\nFrom: <broken\r\n\r\n")
    get = core_operands()
    assert (get["uri"](ctx), get["status"](ctx), get["method"](ctx)) == ("404", "404", "BYE")
    assert (get["from_uri"](ctx), get["to_uri"](ctx)) == (None, None)
    ctx.store = {ONSEND: Outgoing(b"12345", Destination("udp", "2001:db8::5", 5090, desk.socket))}
    names = ("snd_ip", "snd_port", "snd_proto", "snd_af", "to_ip", "to_port", "msg:len")
    assert [get[name](ctx) for name in names] == ["127.0.0.1", 5060, "udp", "INET6", "2001:db8::5", 5090, 5]


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("sip:x@127.0.0.1", True),
        ("sip:x@127.0.0.1:5060", True),
        ("sip:x@127.0.0.1:5061", False),
        ("sip:x@127.0.0.1;transport=tls", False),
        ("sip:x@home.example", True),
        ("sip:x@HOME.example:7777", True),
        ("sip:x@other.example", False),
        ("127.0.0.1", True),
        ("home.example", True),
        ("tel:+1", False),
        ("sip:", False),
        ("", False),
    ],
)
def test_myself(text: str, ours: bool) -> None:
    desk = Desk()
    desk.engine.add_alias(b"home.example")
    assert myself(desk.context(request()), text) is ours
