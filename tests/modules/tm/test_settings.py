"""Parameters and t_set_* functions, by what they do on the wire."""

from __future__ import annotations

import pytest

from modules.tm.kit import bed, said
from olelo.testing import Bed, Peer

RELAY = 'request_route { if (is_method("CANCEL")) { t_relay(); exit; } SET; t_relay(); }'


def ringing(script: str, head: str = "") -> tuple[Bed, Peer, Peer]:
    """A call that rings at bob's."""
    net = bed(head + RELAY.replace("SET;", script))
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.invite(bob.uri)
    bob.gets("INVITE").reply(180)
    return net, alice, bob


def until_408(net: Bed, alice: Peer, most: int) -> int:
    """Whole seconds until alice has a 408."""
    for second in range(1, most):
        net.advance(1.0)
        if any(packet.status == 408 for packet in alice.inbox):
            return second
    raise AssertionError("no 408")


@pytest.mark.parametrize(
    ("script", "head", "seconds"),
    [
        ("", "", 120),
        ("", 'modparam("tm", "fr_inv_timer", 20000)', 20),
        ("t_set_fr(10000);", "", 10),
        ("t_set_fr(10000); t_reset_fr();", "", 120),
        ("t_set_max_lifetime(30000, 5000);", "", 30),
        ("t_newtran(); t_set_fr(15000, 1000);", "", 15),
    ],
)
def test_how_long_a_phone_may_ring(script: str, head: str, seconds: int) -> None:
    net, alice, bob = ringing(script, head)
    found = until_408(net, alice, 130)
    assert seconds <= found <= seconds + 1
    assert any(packet.msg.method == "CANCEL" for packet in bob.inbox)


def test_t_set_fr_of_a_negative_time_fails() -> None:
    net = bed('request_route { t_set_fr("-5"); xlog("$rc\\n"); }')
    net.peer("alice").request("OPTIONS", "sip:x@proxy")
    assert said(net) == ["-1"]


def test_retransmission_times() -> None:
    net = bed(RELAY.replace("SET", "t_set_retr(100, 200)"))
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    net.advance(1.02)
    assert len(bob.inbox) == 1 + 5  # after 0.1, then each 0.2 s


def test_no_100() -> None:
    net = bed(RELAY.replace("SET", "t_set_auto_inv_100(0)"))
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.invite(bob.uri)
    bob.gets("INVITE")
    alice.nothing()


def test_the_reason_of_the_100() -> None:
    net = bed('modparam("tm", "auto_inv_100_reason", "wait")\n' + RELAY.replace("SET;", ""))
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.invite(bob.uri)
    assert alice.gets(100).msg.reason == b"wait"


@pytest.mark.parametrize(("value", "reason"), [(1, 'SIP;cause=200;text="Call completed elsewhere"'), (0, "")])
def test_local_cancel_reason(value: int, reason: str) -> None:
    net = bed(
        f'modparam("tm", "local_cancel_reason", {value})\n'
        + 'request_route { append_branch("sip:carol@192.0.2.3"); t_relay(); }'
    )
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.invite(bob.uri)
    bob.gets("INVITE").reply(180)
    carol.gets("INVITE").reply(200)
    assert bob.gets("CANCEL").header("Reason") == reason


@pytest.mark.parametrize(("script", "cancelled"), [("", True), ("t_set_disable_6xx(1);", False)])
def test_a_6xx_cancels_the_others(script: str, cancelled: bool) -> None:
    net = bed(f'request_route {{ append_branch("sip:carol@192.0.2.3"); {script} t_relay(); }}')
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.invite(bob.uri)
    bob.gets("INVITE").reply(180)
    carol.gets("INVITE").reply(603)
    assert any(packet.msg.method == "CANCEL" for packet in bob.inbox) is cancelled


@pytest.mark.parametrize(("script", "passed"), [("", True), ("t_set_no_e2e_cancel_reason(1);", False)])
def test_the_reason_of_a_cancel_is_passed_on(script: str, passed: bool) -> None:
    net = bed(RELAY.replace("SET;", script))
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri)
    bob.gets("INVITE").reply(180)
    alice.cancel(call, "Reason: SIP;cause=600")
    assert (bob.gets("CANCEL").header("Reason") == "SIP;cause=600") is passed


@pytest.mark.parametrize(("mode", "arrives"), [(0, True), (1, True), (2, False)])
def test_a_cancel_without_its_invite(mode: int, arrives: bool) -> None:
    net = bed(f'modparam("tm", "unmatched_cancel", {mode})\nrequest_route {{ t_relay(); }}')
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("CANCEL", bob.uri)
    assert bool(bob.inbox) is arrives


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_where_the_ack_of_a_local_2xx_goes(mode: int) -> None:
    net = bed(f'modparam("tm", "local_ack_mode", {mode})\nrequest_route {{ exit; }}')
    a, b, c = net.peer("a"), net.peer("b"), net.peer("c")
    net.call("tm.t_uac_start", "INVITE", a.uri, ".", ".", "From: sip:me@x\r\nTo: sip:you@y\r\n")
    data = a.gets("INVITE").reply(180, "Answer").replace(b"180 Answer", b"200 OK").replace(b"<sip:a@", b"<sip:b@")
    data = data.replace(b"Contact: <sip:b@192.0.2.1:5060>", b"Contact: <sip:b@192.0.2.2:5060>")
    c.send(data)  # another interface of a's answers
    [peer] = [peer for peer in (a, b, c) if peer.inbox]
    assert peer is (b, a, c)[mode]
    assert peer.gets("ACK").uri == b.uri


def test_extra_headers_of_ack_and_cancel() -> None:
    net = bed(
        'modparam("tm", "ac_extra_hdrs", "my")\nrequest_route { append_branch("sip:carol@192.0.2.3"); t_relay(); }'
    )
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.invite(bob.uri, "My-A: 1", "MY-B: 2", "Other: 3")
    bob.gets("INVITE").reply(180)
    carol.gets("INVITE").reply(603)
    for packet in (carol.gets("ACK"), bob.gets("CANCEL")):
        assert (packet.header("My-A"), packet.header("My-B"), packet.header("Other")) == ("1", "2", "")
