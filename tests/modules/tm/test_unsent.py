"""Requests that were taken for a TCP connection which never came to be: they fail when that is known, not by fr_timer."""

from __future__ import annotations

import pytest

from modules.tm.kit import bed, said
from olelo.core.services import UacRequest
from olelo.sip.message import Message
from olelo.testing import Bed

TCP = ";transport=tcp"
ROUTES = """
request_route {
    if (is_method("CANCEL|ACK")) { t_relay(); exit; }
    t_on_failure("F");
    $du = "sip:192.0.2.2;transport=tcp";
    t_relay();
    xlog("relayed $rc\\n");
}
failure_route[F] {
    xlog("failed $T_reply_code $T(reply_type) $T_branch_idx\\n");
    if (t_branch_timeout()) xlog("timeout\\n");
    if (t_branch_replied()) xlog("replied\\n");
    if ($rU == "second") { $du = "sip:192.0.2.3"; t_relay(); }
}
"""


def unreachable(config: str, *peers: str, after: float = 0.5) -> Bed:
    """alice, bob (192.0.2.2), carol (192.0.2.3), dave; packets to those named come back after that many seconds."""
    net = bed(config)
    for name in ("alice", "bob", "carol", "dave"):
        net.peer(name)
    net.world.unreachable = {net.peers[name].address for name in peers}
    net.world.refusal_time = after
    return net


@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_the_failure_route_runs_when_the_refusal_is_known(method: str) -> None:
    net = unreachable(ROUTES, "bob")
    alice = net.peers["alice"]
    call = alice.request(method, "sip:first@proxy")
    if method == "INVITE":
        alice.gets(100)
    net.advance(0.4)
    assert said(net) == ["relayed 1"]
    alice.nothing()
    net.advance(0.2)
    assert said(net) == ["relayed 1", "failed 503 1 1"]
    alice.gets(503)
    if method == "INVITE":
        alice.ack(call)
    net.advance(60)
    net.quiet()
    assert len(net.world.sent) == (2 if method == "INVITE" else 1)  # nothing, no CANCEL or ACK either, went to bob


def test_the_failure_route_goes_elsewhere() -> None:
    net = unreachable(ROUTES, "bob")
    alice, carol = net.peers["alice"], net.peers["carol"]
    call = alice.invite("sip:second@proxy")
    alice.gets(100)
    net.advance(0.6)
    carol.gets("INVITE").reply(200)
    alice.gets(200)
    alice.ack(call)
    net.advance(60)
    assert said(net)[:2] == ["relayed 1", "failed 503 1 1"]


def test_the_next_address_of_the_name() -> None:
    config = """
    use_dns_failover=yes
    use_dst_blocklist=yes
    request_route { t_on_failure("F"); $du = "sip:gw.example.org"; t_relay(); }
    failure_route[F] { xlog("failed $T_reply_code\\n"); }
    """
    net = bed(config, names={"gw.example.org": [("tcp", f"192.0.2.{n}", 5060) for n in (2, 3)]})
    for name in ("alice", "bob", "carol"):
        net.peer(name)
    alice, bob, carol = (net.peers[name] for name in ("alice", "bob", "carol"))
    net.world.unreachable = {bob.address}
    alice.request("OPTIONS", "sip:u@gw.example.org")
    carol.nothing()
    net.advance(0)
    first = carol.gets("OPTIONS")
    assert first.header("Via").endswith(".1")
    first.reply(503)
    alice.gets(500)  # the only answer there is: the address that was not reached has none
    assert said(net) == ["failed 503"]
    assert [entry[:3] for entry in net.engine.blocklist.entries()] == [("tcp", "192.0.2.2", 5060)]
    alice.request("OPTIONS", "sip:u@gw.example.org")
    carol.gets("OPTIONS").reply(200)
    alice.gets(200)


def test_no_address_of_the_name_is_there() -> None:
    net = bed(
        'use_dns_failover=yes\nrequest_route { $du = "sip:gw.example.org"; t_relay(); }',
        names={"gw.example.org": [("tcp", f"192.0.2.{n}", 5060) for n in (2, 3, 4)]},
    )
    alice = net.peer("alice")
    net.world.unreachable = {("192.0.2.2", 5060), ("192.0.2.4", 5060)}
    net.world.refuse = {("192.0.2.3", 5060)}
    net.world.refusal_time = 1.0
    alice.request("OPTIONS", "sip:u@gw.example.org")
    net.advance(1.9)
    alice.nothing()
    net.advance(0.2)
    alice.gets(503)


def test_the_other_branches_go_on() -> None:
    net = unreachable(
        """
        request_route {
            $ru = "sip:u@192.0.2.2;transport=tcp";
            append_branch("sip:u@192.0.2.3");
            t_relay();
        }
        """,
        "bob",
    )
    alice, carol = net.peers["alice"], net.peers["carol"]
    alice.request("OPTIONS", "sip:u@proxy")
    net.advance(1)
    alice.nothing()
    carol.gets("OPTIONS").reply(404)
    alice.gets(404)


def test_a_cancelled_call_ends_with_487() -> None:
    net = unreachable(ROUTES, "bob")
    alice = net.peers["alice"]
    call = alice.invite("sip:first@proxy")
    alice.gets(100)
    alice.cancel(call)
    alice.gets(200)
    net.advance(0.6)
    alice.gets(487)
    alice.ack(call)
    net.quiet()


def test_a_request_of_our_own() -> None:
    net = unreachable("request_route { exit; }", "bob")
    came: list[tuple[int, Message | None]] = []
    uri = (net.peers["bob"].uri + TCP).encode()
    assert net.engine.tm is not None
    assert net.engine.tm.local_request(
        UacRequest("OPTIONS", uri, b"sip:a@x", b"sip:b@x", done=lambda *answer: came.append(answer))
    )
    assert came == []
    net.advance(0.6)
    assert came == [(503, None)]
    net.advance(60)
    assert len(came) == 1


def test_what_else_can_come_back_fails_nothing() -> None:
    """Answers, packets of the script, requests that were answered meanwhile or went another way."""
    net = unreachable(ROUTES)
    alice, bob = net.peers["alice"], net.peers["bob"]
    alice.request("OPTIONS", "sip:first@proxy")
    sent = bob.gets("OPTIONS")
    packet = sent.msg.raw
    for data in (b"", b"\r\n\r\n", b"junk", packet.replace(b"OPTIONS sip:", b"OPTIONS sips:", 1)):
        net.engine.send_failed(data)
    reply = sent.reply(200)
    alice.gets(200)
    net.engine.send_failed(reply)
    net.engine.send_failed(packet)
    net.advance(60)
    net.engine.send_failed(packet)
    net.quiet()
    assert said(net) == ["relayed 1"]
    assert not [text for level, text in net.world.lines if level < 0 and "<script>" not in text]
