"""t_relay: what is forwarded, what is answered when nothing can be, and what is released at the end of the script."""

from __future__ import annotations

from typing import Any

import pytest

from modules.tm.kit import bed, said


def test_a_call_goes_through_and_back() -> None:
    net = bed("request_route { t_relay(); }")
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri)
    alice.gets(100)
    bob.gets("INVITE").reply(180)
    alice.gets(180)
    bob.last.reply(200)
    alice.gets(200)
    alice.ack(call)
    bob.gets("ACK")
    net.quiet()


def test_a_failed_relay_is_answered_when_the_script_ends() -> None:
    net = bed('request_route { $du = "sip:192.0.2.9;transport=tls"; t_relay(); xlog("rc $rc\\n"); }')
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    answer = alice.gets(500)
    assert answer.msg.reason == b"I'm terribly sorry, server error occurred (7/TM)"
    assert said(net) == ["rc -7"]
    net.quiet()


def test_the_scripts_own_answer_goes_before_that() -> None:
    net = bed(
        'request_route { $du = "sip:192.0.2.9;transport=tls"; if (!t_relay()) t_reply("503", "mine"); }',
    )
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    assert alice.gets(503).msg.reason == b"mine"
    net.quiet()


def test_a_second_try_goes_before_that() -> None:
    net = bed(
        'request_route { $du = "sip:192.0.2.9;transport=tls"; if (!t_relay()) { $du = "sip:192.0.2.2"; $ru = $ru; t_relay(); } }'
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    bob.gets("OPTIONS").reply(200)
    alice.gets(200)
    net.quiet()


def test_without_internal_replies_the_script_gets_minus_4() -> None:
    net = bed(
        'request_route { $du = "sip:192.0.2.9;transport=tls"; t_set_disable_internal_reply(1); t_relay(); xlog("rc $rc\\n"); }'
    )
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    assert said(net) == ["rc -4"]
    net.quiet()
    assert "released" in net.log[-1]


def test_a_transaction_that_is_neither_answered_nor_forwarded_is_released() -> None:
    net = bed("request_route { t_newtran(); }")
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    assert net.call("tm.stats")["waiting"] == 1  # type: ignore[index]
    net.advance(5.1)
    assert net.call("tm.stats")["current"] == 0  # type: ignore[index]
    net.quiet()


def test_a_destination_that_cannot_be_sent_to() -> None:
    net = bed("request_route { t_relay(); }")
    alice, bob = net.peer("alice"), net.peer("bob")
    net.world.refuse.add(bob.address)
    alice.request("OPTIONS", bob.uri)
    assert alice.gets(477).msg.reason == b"Unfortunately error on sending to next hop occurred (477/TM)"
    net.quiet()


def test_one_of_two_branches_cannot_be_sent() -> None:
    net = bed('request_route { append_branch("sip:carol@192.0.2.3"); t_relay(); }')
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    net.world.refuse.add(bob.address)
    alice.request("OPTIONS", bob.uri)
    carol.gets("OPTIONS").reply(404)
    alice.gets(404)
    net.quiet()


def test_a_name_that_does_not_resolve() -> None:
    net = bed("request_route { t_relay(); }")
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:bob@nowhere.invalid")
    assert alice.gets(478).msg.reason == b"Unresolvable destination (478/TM)"
    net.quiet()


def test_onsend_route_sees_the_packet_and_may_drop_it() -> None:
    net = bed(
        """
        request_route { append_branch("sip:carol@192.0.2.3"); t_relay(); }
        onsend_route { xlog("to $snd(ip):$snd(port)\\n"); if (to_ip == 192.0.2.2) drop; }
        """
    )
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.request("OPTIONS", bob.uri)
    carol.gets("OPTIONS").reply(200)
    alice.gets(200)
    assert said(net) == ["to 192.0.2.2:5060", "to 192.0.2.3:5060"]
    net.quiet()


def test_onsend_route_that_drops_everything_fails_the_relay() -> None:
    net = bed("request_route { t_relay(); } onsend_route { drop; }")
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    alice.gets(477)
    net.quiet()


def test_relay_to_host_and_port_keeps_the_transport_of_the_request() -> None:
    net = bed('request_route { t_relay("192.0.2.2", "5060"); }')
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:x@elsewhere;transport=udp", proto="tcp")
    assert "SIP/2.0/TCP" in bob.gets("OPTIONS").header("Via")


def test_a_replica_is_answered_to_nobody() -> None:
    net = bed('request_route { t_replicate("sip:192.0.2.2:5060"); sl_send_reply("200", "OK"); }')
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("REGISTER", "sip:proxy")
    alice.gets(200)
    bob.gets("REGISTER").reply(200)
    net.quiet()


def test_timers_from_avps_are_seconds() -> None:
    net = bed(
        """
        modparam("tm", "fr_timer_avp", "$avp(i:705)")
        modparam("tm", "fr_inv_timer_avp", "$avp(inv)")
        request_route { $avp(i:705) = 2; $avp(inv) = "3"; t_relay(); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    net.advance(1.9)
    alice.nothing()
    net.advance(0.2)
    alice.gets(408)
    bob.inbox.clear()
    alice.invite(bob.uri)
    alice.gets(100)
    bob.gets("INVITE").reply(180)
    alice.gets(180)
    net.advance(2.9)
    alice.nothing()
    net.advance(0.2)
    bob.gets("CANCEL")
    alice.gets(408)


def test_a_replicated_request_may_be_answered_here() -> None:
    net = bed(
        """
        request_route { t_newtran(); t_replicate("sip:192.0.2.2"); t_reply("480", "Kept"); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("MESSAGE", "sip:u@proxy")
    bob.gets("MESSAGE").reply(200)
    assert alice.gets(480).msg.reason == b"Kept"
    net.quiet()


def test_a_replicated_request_that_comes_again_gets_nothing() -> None:
    net = bed('request_route { t_replicate("sip:192.0.2.2"); }')
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.request("MESSAGE", "sip:u@proxy")
    bob.gets("MESSAGE").reply(200)
    alice.send(call.sent)
    net.quiet()


def test_forward_nonack_needs_a_transaction_and_sends_no_100() -> None:
    net = bed(
        """
        request_route {
            if ($rU == "new") t_newtran();
            $ru = "sip:192.0.2.2";
            t_forward_nonack_uri();
            if ($rc < 0) sl_send_reply("500", "No");
        }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.invite("sip:old@proxy")
    alice.gets(500)
    alice.invite("sip:new@proxy")
    bob.gets("INVITE").reply(180)
    alice.gets(180)
    net.quiet()


def test_a_timer_that_fails_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    net = bed("request_route { t_relay(); }")
    tm = net.engine.modules["tm"]
    alice, bob = net.peer("alice"), net.peer("bob")
    for name in ("one", "two"):
        alice.request("MESSAGE", bob.uri, call_id=name)
    real = type(tm).go_on

    def fails_for_one(self: object, tx: Any, *rest: object) -> None:
        if tx.request.call_id == b"one":
            raise RuntimeError("oh")
        real(self, tx, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(type(tm), "go_on", fails_for_one)
    net.advance(40.0)
    alice.gets(408)
    assert [line for line in net.log if "a timer of" in line and "RuntimeError: oh" in line]
