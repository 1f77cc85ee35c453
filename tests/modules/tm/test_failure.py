"""failure_route, branch-failure routes and onreply_route: what they see, and what they can do."""

from __future__ import annotations

from modules.tm.kit import bed, said

SERIAL = """
request_route {
    if (is_method("ACK")) { t_relay(); exit; }
    setflag(5); setbflag(3);
    $avp(x) = "one"; $xavp(a=>b) = "two"; $var(v) = "three";
    t_on_failure("F"); t_on_reply("R");
    $du = "sip:192.0.2.2";
    $ru = "sip:new@example.org";
    append_hf("X-A: 1\\r\\n");
    t_relay();
}
onreply_route[R] { $avp(y) = "reply"; setbflag(4); setflag(6); }
failure_route[F] {
    xlog("$ru $du $bf $mf $avp(x) $avp(y) $xavp(a=>b) $var(v) $T_reply_code $T_reply_reason $T_rpl($rs) $T(reply_type) $T_branch_idx\\n");
    if (t_check_status("486")) {
        $xavp(n=>m) = "nn";
        $du = "sip:192.0.2.3";
        $ru = "sip:second@example.org";
        append_hf("X-F: 1\\r\\n");
        t_on_failure("G");
        t_relay();
    }
}
failure_route[G] { xlog("$ru $du $xavp(n=>m) $T_reply_code\\n"); }
"""


def test_what_a_failure_route_sees_is_what_was_forwarded() -> None:
    net = bed(SERIAL)
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    call = alice.invite("sip:u@elsewhere")
    alice.gets(100)
    bob.gets("INVITE").reply(486, "Busy")
    bob.gets("ACK")
    second = carol.gets("INVITE")
    assert second.uri == "sip:second@example.org"
    assert (second.header("X-A"), second.header("X-F")) == ("1", "1")
    second.reply(404, "Gone")
    carol.gets("ACK")
    alice.gets(404)
    alice.ack(call)
    assert said(net) == [
        "sip:new@example.org sip:192.0.2.2 24 96 one reply two three 486 Busy 486 0 1",
        "sip:new@example.org sip:192.0.2.2 nn 404",
    ]
    net.quiet()


def test_a_failure_route_that_cannot_forward_leaves_the_old_answer() -> None:
    net = bed(
        """
        request_route { t_on_failure("F"); t_relay(); }
        failure_route[F] { $ru = "sip:x@192.0.2.9;transport=tls"; t_relay(); xlog("rc $rc\\n"); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(503, "Busy")
    assert alice.gets(500).msg.reason == b"Service Unavailable"
    assert said(net) == ["rc -1"]
    net.quiet()


def test_dropped_answers_leave_the_reason_why_there_is_no_new_branch() -> None:
    net = bed(
        """
        request_route { t_on_failure("F"); t_relay(); }
        failure_route[F] { t_drop_replies(); $ru = "sip:x@nowhere.invalid"; t_relay(); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(404)
    assert alice.gets(478).msg.reason == b"Unresolvable destination (478/TM)"
    net.quiet()


def test_a_failure_route_may_answer() -> None:
    net = bed(
        """
        request_route { t_on_failure("F"); t_relay(); }
        failure_route[F] { if (t_branch_timeout() && !t_branch_replied()) t_reply("480", "Nobody"); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    net.advance(31)
    assert alice.gets(480).msg.reason == b"Nobody"


def test_a_branch_failure_route_adds_a_branch_while_others_ring() -> None:
    net = bed(
        """
        request_route { append_branch("sip:carol@192.0.2.3"); t_on_branch_failure("one"); t_relay(); }
        event_route[tm:branch-failure:one] {
            xlog("$T_reply_code of $T_branch_idx\\n");
            if ($T_reply_code == 430) { append_branch("sip:dave@192.0.2.4"); t_relay(); }
        }
        """
    )
    alice, bob, carol, dave = (net.peer(name) for name in ("alice", "bob", "carol", "dave"))
    alice.invite(bob.uri)
    alice.gets(100)
    carol.gets("INVITE").reply(180)
    alice.gets(180)
    bob.gets("INVITE").reply(430)
    bob.gets("ACK")
    dave.gets("INVITE").reply(200)
    alice.gets(200)
    carol.gets("CANCEL").reply(200)
    assert said(net) == ["430 of 0"]


def test_the_branch_of_a_branch_failure_can_be_used_again() -> None:
    net = bed(
        """
        request_route { t_on_branch_failure("again"); t_relay(); }
        event_route[tm:branch-failure:again] { if (t_reuse_branch()) { append_hf("X-Again: 1\\r\\n"); t_relay(); } }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(503)
    again = bob.gets("OPTIONS")
    assert (again.uri, again.header("X-Again")) == (bob.uri, "1")
    again.reply(200)
    alice.gets(200)
    net.quiet()


def test_onreply_route_drops_a_provisional_answer_but_not_a_final_one() -> None:
    net = bed('request_route { t_on_reply("R"); t_relay(); } onreply_route[R] { drop; }')
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.invite(bob.uri)
    alice.gets(100)
    bob.gets("INVITE").reply(180)
    alice.nothing()
    bob.last.reply(200)
    alice.gets(200)


def test_reply_route_that_drops_keeps_the_reply_from_its_transaction() -> None:
    net = bed("request_route { t_relay(); } reply_route { if ($rs == 404) drop; }")
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(404)
    alice.nothing()


def test_reply_route_may_answer_by_the_transaction() -> None:
    net = bed('request_route { t_relay(); } reply_route { if ($rs == 404) { t_reply("410", "Gone"); } }')
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(404)
    alice.gets(410)
    net.quiet()


def test_a_reply_without_a_transaction_meets_on_sl_reply() -> None:
    net = bed(
        """
        modparam("tm", "on_sl_reply", "stray")
        request_route { forward(); }
        onreply_route[stray] { xlog("stray $rs\\n"); if ($rs == 404) drop; }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(404)
    alice.nothing()
    bob.last.reply(200)
    alice.gets(200)
    assert said(net) == ["stray 404", "stray 200"]


def test_local_answers_run_their_event_route() -> None:
    net = bed(
        """
        request_route { t_newtran(); t_reply("404", "Not here"); }
        event_route[tm:local-response] { xlog("$rs $rm $si\\n"); }
        """
    )
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy")
    alice.gets(404)
    assert said(net) == ["404 OPTIONS 192.0.2.1"]


def test_the_caller_gives_up() -> None:
    net = bed('request_route { if (is_method("CANCEL")) { t_relay_cancel(); exit; } t_relay(); }')
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri)
    alice.gets(100)
    bob.gets("INVITE").reply(180)
    invited = bob.last
    alice.gets(180)
    alice.cancel(call, 'Reason: SIP;cause=200;text="Call completed elsewhere"')
    assert alice.gets(200).msg.reason == b"canceling"
    assert bob.gets("CANCEL").header("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    bob.last.reply(200)
    invited.reply(487)
    bob.gets("ACK")
    alice.gets(487)
    net.quiet()


def test_a_call_that_never_rang_is_answered_here_when_it_is_cancelled() -> None:
    net = bed('request_route { if (is_method("CANCEL")) { t_relay(); exit; } t_newtran(); t_suspend(); }')
    alice = net.peer("alice")
    call = alice.invite("sip:x@proxy")
    alice.gets(100)
    alice.cancel(call)
    assert alice.gets(487).msg.reason == b"Request canceled"
    assert alice.gets(200).msg.reason == b"ok -- no more pending branches"
