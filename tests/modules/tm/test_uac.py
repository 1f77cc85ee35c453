"""Requests of our own: what leaves, what event_route[tm:local-request] may change, ACKs, and what callers are told."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from modules.tm.kit import bed, said
from olelo.core.module import Many, RpcFault
from olelo.core.services import UacRequest
from olelo.modules.tm import Tm
from olelo.sip.message import Message
from olelo.testing import Bed

HEADERS = "From: sip:me@x\r\nTo: <sip:you@y>\r\nX-H: !! $$ 1\r\n"
NOTHING = "request_route { exit; }"


def asked(net: Bed, command: str, *args: str) -> list[Any]:
    """Ask; the list gets the reply, or the fault, when it comes."""
    came: list[Any] = []
    reply = net.call(command, *args)
    if isinstance(reply, Awaitable):
        net.world.spawn(reply, lambda result, error: came.append(error or result))
    else:
        came.append(reply)
    return came


def test_the_request_as_it_leaves() -> None:
    net = bed(NOTHING)
    bob = net.peer("bob")
    assert asked(net, "tm.t_uac_start", "OPTIONS", bob.uri, ".", ".", HEADERS + "Content-Type: a/b\r\n", "hello") == [
        None
    ]
    sent = bob.gets("OPTIONS")
    lines = [line.split(b":")[0] for line in sent.msg.lines]
    assert lines == [
        b"Via", b"To", b"From", b"CSeq", b"Call-ID", b"Max-Forwards", b"Content-Length", b"User-Agent", b"X-H", b"Content-Type",
    ]  # fmt: skip
    assert sent.header("From").startswith("<sip:me@x>;tag=")
    assert sent.header("To") == "<sip:you@y>"
    assert sent.header("CSeq") == "10 OPTIONS"
    assert sent.header("X-H") == "192.0.2.100:5060 $$ 1"
    assert sent.msg.body == b"hello"
    net.advance(0.6)
    bob.gets("OPTIONS")  # it is repeated until it is answered
    sent.reply(200)
    net.advance(10)
    bob.nothing()


def test_headers_of_the_operator_are_taken() -> None:
    net = bed(NOTHING)
    bob = net.peer("bob")
    headers = (
        'From: "Me" <sip:me@x>;tag=7\r\nTo: <sip:you@y>\r\nCall-ID: mine\r\nCSeq: 3 OPTIONS\r\nMax-Forwards: 5\r\n'
    )
    asked(net, "tm.t_uac_start_hex", "OPTIONS", "sip:u@elsewhere", bob.uri, ".", headers + "c: a/b\r\n", "6869")
    sent = bob.gets("OPTIONS")
    assert sent.uri == "sip:u@elsewhere"
    assert sent.header("From") == '"Me" <sip:me@x>;tag=7'
    assert (sent.header("Call-ID"), sent.header("CSeq")) == ("mine", "3 OPTIONS")
    assert sent.headers("Max-Forwards") == ["5"]
    assert sent.msg.body == b"hi"


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        (("OPTIONS",), "too few parameters (1/5)"),
        (("", "sip:a@b", ".", ".", HEADERS), "Empty method"),
        (("OPTIONS", "foo", ".", ".", HEADERS), 'Invalid request uri "foo"'),
        (("OPTIONS", "sip:a@b", "foo", ".", HEADERS), 'Invalid next-hop uri "foo"'),
        (("OPTIONS", "sip:a@b", ".", "[::1", HEADERS), 'Invalid send socket "[::1"'),
        (("OPTIONS", "sip:a@b", ".", "1.2.3.4:5", HEADERS), 'No local socket for "1.2.3.4:5"'),
        (("OPTIONS", "sip:a@b", ".", ".", "X: y\r\n"), "To missing"),
        (("OPTIONS", "sip:a@b", ".", ".", "To: <sip:a@b>\r\n"), "From missing"),
        (("OPTIONS", "sip:a@b", ".", ".", "garbage"), "Invalid headers"),
        (("OPTIONS", "sip:a@b", ".", ".", HEADERS, "body"), "Content-Type missing"),
        (("OPTIONS", "sip:a@b", ".", ".", HEADERS + "c: a/b\r\nl: 4\r\n", "body"), "Content-Length disallowed"),
        (("OPTIONS", "sip:a@b", ".", ".", HEADERS + "CSeq: 3 INVITE\r\n"), "CSeq method mismatch"),
        (("OPTIONS", "sip:a@b", ".", ".", HEADERS + "CSeq: x OPTIONS\r\n"), "Non-numerical CSeq"),
    ],
)
def test_what_is_refused(args: tuple[str, ...], fault: str) -> None:
    with pytest.raises(RpcFault) as caught:
        bed(NOTHING).call("tm.t_uac_start", *args)
    assert (caught.value.code, caught.value.text) == (400, fault)


def test_a_destination_that_cannot_be_reached() -> None:
    net = bed(NOTHING)
    net.world.refuse.add(("192.0.2.2", 5060))
    with pytest.raises(RpcFault) as caught:
        net.call("tm.t_uac_start", "OPTIONS", "sip:192.0.2.2", ".", ".", HEADERS)
    assert caught.value.text == "Unfortunately error on sending to next hop occurred (477/RPC/UAC)"
    assert net.call("tm.stats")["current"] == 0  # type: ignore[index]


def test_waiting_for_the_answer() -> None:
    net = bed(NOTHING)
    bob = net.peer("bob")
    came = asked(net, "tm.t_uac_wait", "INVITE", bob.uri, ".", ".", HEADERS)
    bob.gets("INVITE").reply(180)
    assert came == []
    final = bob.reply(bob.last, 200, "Fine", "Record-Route: <sip:192.0.2.1;lr>")
    [reply] = came
    assert isinstance(reply, Many)
    assert reply[:5] == (200, "Fine", bob.uri, "sip:192.0.2.1;lr", "Route: <sip:192.0.2.1;lr>")
    assert reply[5] == final.partition(b"\r\n")[2].decode()
    ack = bob.gets("ACK")  # the first route is bob's own address
    assert (ack.uri, ack.header("Route"), ack.header("CSeq")) == (bob.uri, "<sip:192.0.2.1;lr>", "10 ACK")
    bob.send(final)
    bob.gets("ACK")  # each repetition of the 2xx is acknowledged
    assert len(came) == 1
    net.quiet()


def test_waiting_for_nobody() -> None:
    net = bed(NOTHING)
    came = asked(net, "tm.t_uac_wait", "OPTIONS", "sip:192.0.2.9", ".", ".", HEADERS)
    block = asked(net, "tm.t_uac_wait_block", "OPTIONS", "sip:192.0.2.9", ".", ".", HEADERS)
    net.advance(31)
    assert came == [(408, "Request Timeout", "", "", "", "")]
    assert block == [{"code": 408, "text": "Request Timeout"}]


def test_wait_block_gives_code_and_text() -> None:
    net = bed(NOTHING)
    bob = net.peer("bob")
    came = asked(net, "tm.t_uac_wait_block", "OPTIONS", bob.uri, ".", ".", HEADERS)
    bob.gets("OPTIONS").reply(404, "Nope")
    assert came == [{"code": 404, "text": "Nope"}]


def test_wait_block_gives_up_after_80_seconds() -> None:
    net = bed('modparam("tm", "fr_inv_timer", 120000)\n' + NOTHING)
    bob = net.peer("bob")
    came = asked(net, "tm.t_uac_wait_block", "INVITE", bob.uri, ".", ".", HEADERS)
    bob.gets("INVITE").reply(180)
    net.advance(79)
    assert came == []
    net.advance(2)
    [fault] = came
    assert (fault.code, fault.text) == (500, "No response")


def test_no_ack_means_no_ack_until_it_is_asked_for() -> None:
    net = bed(
        """
        request_route { exit; }
        event_route[tm:local-request] { xlog("$T(id_index) $T(id_label)\\n"); }
        """
    )
    bob = net.peer("bob")
    asked(net, "tm.t_uac_start_noack", "INVITE", bob.uri, ".", ".", HEADERS)
    bob.gets("INVITE").reply(200)
    bob.nothing()
    index, label = (int(text) for text in said(net)[0].split())
    tm = net.engine.modules["tm"]
    assert isinstance(tm, Tm)
    tx = tm.by_number(index, label)
    assert tx is not None
    assert tm.ack_later(tx, b"X-Mine: 1\r\n", b"sdp")
    ack = bob.gets("ACK")
    assert (ack.header("X-Mine"), ack.msg.body) == ("1", b"sdp")


def test_local_request_route_changes_the_request() -> None:
    net = bed(
        """
        request_route { exit; }
        event_route[tm:local-request] {
            xlog("$rm $ru $du $fu $si:$sp\\n");
            append_hf("X-L: 1\\r\\n");
            $ru = "sip:changed@example.org";
            $du = "sip:192.0.2.2:5060;transport=tcp";
            t_on_reply("LR");
        }
        onreply_route[LR] { xlog("$rs $T_req($ru)\\n"); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    asked(net, "tm.t_uac_start", "OPTIONS", alice.uri, ".", ".", HEADERS)
    sent = bob.gets("OPTIONS")
    assert (sent.uri, sent.header("X-L")) == ("sip:changed@example.org", "1")
    assert sent.header("Via").startswith("SIP/2.0/TCP 192.0.2.100;branch=z9hG4bK")
    sent.reply(200)
    assert said(net) == [
        f"OPTIONS {alice.uri} {alice.uri} sip:me@x 192.0.2.100:5060",
        "200 <null>",
    ]
    net.quiet()


def test_local_request_route_drops_the_request() -> None:
    net = bed("request_route { exit; } event_route[tm:local-request] { drop; }")
    bob = net.peer("bob")
    with pytest.raises(RpcFault) as caught:
        net.call("tm.t_uac_start", "OPTIONS", bob.uri, ".", ".", HEADERS)
    assert caught.value.text == "No error (0/RPC/UAC)"
    assert net.call("tm.list") == ()
    net.quiet()


def test_local_ack_sent_route() -> None:
    net = bed('request_route { exit; } event_route[tm:local-ack-sent] { xlog("$rm $cs\\n"); }')
    bob = net.peer("bob")
    asked(net, "tm.t_uac_start", "INVITE", bob.uri, ".", ".", HEADERS)
    bob.gets("INVITE").reply(200)
    bob.gets("ACK")
    assert said(net) == ["ACK 10"]


def test_t_uac_send() -> None:
    net = bed(
        """
        request_route {
            t_uac_send("MESSAGE", "sip:bob@192.0.2.2", "", "",
                "From: <sip:$fU@x>\\r\\nTo: sip:b@y\\r\\nContent-Type: text/plain\\r\\n", "hi $fU");
            xlog("rc $rc\\n");
            t_uac_send("MESSAGE", "nonsense", "", "", "", "");
            xlog("rc $rc\\n");
        }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:x@proxy")
    sent = bob.gets("MESSAGE")
    assert (sent.msg.body, sent.header("To")) == (b"hi alice", "<sip:b@y>")
    assert said(net) == ["rc 1", "rc -1"]


def test_modules_are_told_of_the_answer_once_and_of_names_that_lead_nowhere() -> None:
    net = bed(NOTHING)
    bob = net.peer("bob")
    came: list[tuple[int, Message | None]] = []

    def request(uri: str) -> UacRequest:
        return UacRequest("OPTIONS", uri.encode(), b"sip:a@x", b"sip:b@x", done=lambda *answer: came.append(answer))

    assert net.engine.tm is not None
    assert net.engine.tm.local_request(request(bob.uri))
    bob.gets("OPTIONS").reply(200)
    bob.reply(bob.last, 200)
    assert [status for status, reply in came if reply is not None] == [200]
    came.clear()
    net.world.lookup_time = 1.0
    assert net.engine.tm.local_request(request("sip:nowhere.invalid"))
    assert came == []
    net.advance(1.5)
    assert came == [(478, None)]
    assert not net.engine.tm.local_request(request("sip:192.0.2.9;transport=tls"))


def test_attributes_of_a_request() -> None:
    net = bed(NOTHING)
    bob = net.peer("bob")
    for mode, want in (("mode=start", [None]), ("", [None]), ("reply=wait;", [Many((200, "OK", "", "", "", ""))])):
        came = asked(net, "tm.t_uac_attrs", mode, "OPTIONS", bob.uri, ".", ".", HEADERS)
        bob.gets("OPTIONS").reply(200, "OK")
        if mode.startswith("reply"):
            assert came[0][:2] == want[0][:2]
        else:
            assert came == want
    came = asked(
        net,
        "tm.t_uac_attrs",
        "mode=block;rpflags=1",
        "OPTIONS",
        bob.uri,
        ".",
        ".",
        HEADERS + "Content-Type: a/b\r\n",
        "6869",
    )
    sent = bob.gets("OPTIONS")
    assert sent.msg.body == b"hi"
    sent.reply(404, "Gone")
    assert came == [{"code": 404, "text": "Gone"}]


def test_timers_of_one_request() -> None:
    net = bed(NOTHING)
    bob = net.peer("bob")
    came = asked(
        net,
        "tm.t_uac_attrs",
        "mode=block;fr_timeout=700;fr_inv_timeout=900;cbflags=noack",
        "INVITE",
        bob.uri,
        ".",
        ".",
        HEADERS,
    )
    net.advance(0.8)
    assert came == [{"code": 408, "text": "Request Timeout"}]
    bob.inbox.clear()
    came = asked(net, "tm.t_uac_attrs", "mode=block;fr_timeout=700;cbflags=noack", "INVITE", bob.uri, ".", ".", HEADERS)
    bob.gets("INVITE").reply(200, "OK")
    bob.nothing()
    assert came == [{"code": 200, "text": "OK"}]


@pytest.mark.parametrize("attributes", ["mode=never", "colour=red", "cbflags=ack", "fr_timeout=soon"])
def test_attributes_that_do_not_exist(attributes: str) -> None:
    net = bed(NOTHING)
    with pytest.raises(RpcFault):
        net.call("tm.t_uac_attrs", attributes, "OPTIONS", "sip:x", ".", ".", HEADERS)
    with pytest.raises(RpcFault, match="too few"):
        net.call("tm.t_uac_attrs", "mode=start", "OPTIONS", "sip:x", ".", ".")
