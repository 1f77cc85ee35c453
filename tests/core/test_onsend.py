"""onsend_route: for which packets it runs, what it sees, what a drop does."""

from __future__ import annotations

import pytest

from olelo.testing import Bed

CONFIG = """
{params}
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "tm.so"
loadmodule "sl.so"
request_route {{ {script} }}
onsend_route {{ {onsend} }}
"""
SAY = 'xlog("out $rm $sndto(ip):$sndto(port) $sndto(sproto)\\n");'


def bed(script: str, onsend: str = SAY, params: str = "") -> Bed:
    return Bed(CONFIG.format(script=script, onsend=onsend, params=params))


def said(net: Bed) -> list[str]:
    return [line.partition("out ")[2].strip() for line in net.log if "out " in line]


@pytest.mark.parametrize("send", ["forward();", "t_relay();"])
def test_requests_that_are_forwarded(send: str) -> None:
    net = bed('$du = "sip:192.0.2.2:5060";' + send)
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    bob.gets("OPTIONS").reply(200)
    alice.gets(200)
    assert said(net) == ["OPTIONS 192.0.2.2:5060 udp"]


@pytest.mark.parametrize("send", ["forward();", "t_relay();"])
def test_replies_with_onsend_route_reply(send: str) -> None:
    net = bed('$du = "sip:192.0.2.2:5060";' + send, params="onsend_route_reply=yes")
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    bob.gets("OPTIONS").reply(200)
    alice.gets(200)
    assert said(net) == ["OPTIONS 192.0.2.2:5060 udp", "OPTIONS 192.0.2.1:5060 udp"]


def test_not_for_our_own_answers() -> None:
    net = bed('sl_send_reply("404", "Not here");', params="onsend_route_reply=yes")
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    alice.gets(404)
    assert said(net) == []


def test_a_dropped_request_does_not_leave() -> None:
    net = bed('$du = "sip:192.0.2.2:5060"; forward(); sl_reply_error();', "drop;")
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    bob.nothing()
    assert alice.gets(500).msg.reason == b"No error (0/SL)"


@pytest.mark.parametrize("send", ["forward();", "t_relay();"])
def test_a_dropped_reply_does_not_leave(send: str) -> None:
    params = 'onsend_route_reply=yes\nloadmodule "siputils.so"'
    net = bed('$du = "sip:192.0.2.2:5060";' + send, "if (is_reply()) drop;", params)
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    bob.gets("OPTIONS").reply(200)
    alice.nothing()
    net.advance(40.0)
    alice.nothing()


def test_exit_and_return_let_it_pass() -> None:
    net = bed('$du = "sip:192.0.2.2:5060"; forward();', "return 0;")
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    bob.gets("OPTIONS")


def test_the_acknowledgement_of_an_answer_passes_through_it_too() -> None:
    net = bed('$du = "sip:192.0.2.2:5060"; t_relay();')
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri)
    bob.gets("INVITE").reply(200)
    alice.gets(100)
    alice.gets(200)
    alice.ack(call)
    bob.gets("ACK")
    assert [line.split()[0] for line in said(net)] == ["INVITE", "ACK"]
