"""tmx: suspended transactions, acting on other transactions, variables."""

from __future__ import annotations

from modules.tm.kit import bed, said
from olelo.testing import Bed

WAITING = """
request_route {
    if (is_method("MESSAGE")) { t_continue("$hdr(X-I)", "$hdr(X-L)", "GO"); xlog("$rc\\n"); exit; }
    append_branch("sip:carol@192.0.2.3");
    t_suspend();
    xlog("$T(id_index) $T(id_label)\\n");
}
route[GO] { xlog("go $ru $rm\\n"); if ($rU != "mute") t_relay(); }
"""


def go_on(net: Bed, name: str = "waker") -> None:
    """Somebody asks for t_continue of the transaction that was suspended last."""
    index, label = said(net)[0].split()
    net.peers["alice"].request("MESSAGE", "sip:x@proxy", f"X-I: {index}", f"X-L: {label}")


def test_a_suspended_request_goes_on_with_its_destinations() -> None:
    net = bed(WAITING)
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.invite(bob.uri)
    alice.gets(100)
    net.advance(3)
    bob.nothing()
    go_on(net)
    bob.gets("INVITE").reply(200)
    carol.gets("INVITE")
    alice.gets(200)
    assert said(net)[1:] == [f"go {bob.uri} INVITE", "1"]


def test_a_second_t_continue_finds_nothing() -> None:
    net = bed(WAITING)
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    go_on(net)
    go_on(net)
    assert said(net)[-1] == "-1"


def test_a_resumed_route_that_does_nothing_is_answered() -> None:
    net = bed(WAITING)
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:mute@192.0.2.2")
    go_on(net)
    assert alice.gets(500).msg.reason == b"I'm terribly sorry, server error occurred (1/TM)"


def test_nobody_goes_on_with_a_suspended_request() -> None:
    net = bed(
        """
        request_route { t_on_failure("F"); t_suspend(); }
        failure_route[F] { xlog("$T_reply_code\\n"); t_reply("504", "Nobody"); }
        """
    )
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy")
    net.advance(31)
    assert alice.gets(504).msg.reason == b"Nobody"
    assert said(net) == ["408"]


def test_a_suspended_reply_goes_on_when_it_may() -> None:
    net = bed(
        """
        request_route {
            if (is_method("MESSAGE")) { t_continue("$hdr(X-I)", "$hdr(X-L)", "GO"); exit; }
            t_on_reply("R"); t_relay();
        }
        onreply_route[R] { xlog("$T(id_index) $T(id_label)\\n"); t_suspend(); }
        route[GO] { xlog("go $rs $T_reply_code\\n"); append_hf("X-Late: 1\\r\\n"); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(200)
    alice.nothing()
    net.advance(2)
    go_on(net)
    assert alice.gets(200).header("X-Late") == "1"
    assert said(net)[1] == "go 200 200"


def test_t_drop_ends_script_and_transaction() -> None:
    net = bed('request_route { t_newtran(); t_drop("404"); xlog("not reached\\n"); }')
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy")
    net.advance(10)
    assert said(net) == []
    alice.nothing()
    assert net.call("tm.list") == ()


FORKED = """
request_route { append_branch("sip:carol@192.0.2.3"); t_on_reply("R"); t_relay(); }
onreply_route[R] { if ($rs == 183) { t_cancel_branches("MODE"); xlog("$rc $T_branch_idx\\n"); } }
"""


def cancelled(mode: str) -> list[str]:
    net = bed(FORKED.replace("MODE", mode))
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.invite(bob.uri)
    bob.gets("INVITE").reply(180)
    carol.gets("INVITE").reply(183)
    assert said(net) == ["1 1"]
    return [peer.name for peer in (bob, carol) if any(packet.msg.method == "CANCEL" for packet in peer.inbox)]


def test_t_cancel_branches() -> None:
    assert cancelled("all") == ["bob", "carol"]
    assert cancelled("others") == ["bob"]
    assert cancelled("this") == ["carol"]


def test_t_cancel_callid_and_t_reply_callid() -> None:
    net = bed(
        """
        request_route {
            if (is_method("MESSAGE")) { t_cancel_callid("c1", "1", "3", "603"); xlog("$rc\\n"); exit; }
            if (is_method("INFO")) { t_reply_callid("c1", "1", "480", "Gone"); xlog("$rc\\n"); exit; }
            t_relay();
        }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("MESSAGE", "sip:x@proxy")
    alice.request("INFO", "sip:x@proxy")
    alice.request("INVITE", bob.uri, call_id="c1")
    alice.gets(100)
    bob.gets("INVITE").reply(180)
    alice.gets(180)
    alice.request("MESSAGE", "sip:x@proxy")
    assert bob.gets("CANCEL").header("Reason") == "SIP;cause=603"
    alice.request("INFO", "sip:x@proxy")
    assert alice.gets(480).msg.reason == b"Gone"
    assert said(net) == ["-1", "-1", "1", "1"]


def test_variables_in_each_kind_of_route() -> None:
    net = bed(
        """
        request_route {
            xlog("req $T_branch_idx $T_reply_code [$T_reply_reason] [$T_reply_ruid]\\n");
            t_on_branch("B"); t_on_reply("R"); t_on_failure("F"); t_relay();
        }
        branch_route[B] { xlog("branch $T_branch_idx $T_reply_code\\n"); }
        reply_route { xlog("reply $T_branch_idx $T_reply_code $T_req($rU)\\n"); }
        onreply_route[R] { xlog("onreply $T_branch_idx $T_reply_code $T_reply_reason $T_reply_last $T_branch(uri) $T_req($rU)\\n"); }
        failure_route[F] { xlog("failure $T_reply_code $T_reply_reason $T_reply_last $T_rpl($rs) $T_branch(uri) $T(reply_type)\\n"); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@192.0.2.2")
    bob.gets("OPTIONS").reply(404, "Nope")
    assert said(net) == [
        "req 0 0 [] []",
        "branch 0 0",
        "reply -1 404 bob",
        "onreply 0 404 Nope 404 sip:bob@192.0.2.2 bob",
        "failure 404 Nope  404 <null> 0",
    ]


def test_the_invite_of_a_cancel() -> None:
    net = bed(
        """
        request_route {
            if (is_method("CANCEL")) { xlog("$T_inv($rm) $T_inv($hdr(X-Mark))\\n"); t_relay(); exit; }
            xlog("[$T_inv($rm)]\\n"); t_relay();
        }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri, "X-Mark: here")
    alice.cancel(call)
    assert said(net) == ["[<null>]", "INVITE here"]


def test_statistics() -> None:
    net = bed('request_route { if (is_method("INFO")) { t_newtran(); t_reply("404", "No"); exit; } t_relay(); }')
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(200)
    alice.request("INFO", "sip:x@proxy")
    numbers = dict(net.engine.stats.group("tmx"))
    assert numbers == {
        "UAS_transactions": 2, "UAC_transactions": 0, "2xx_transactions": 1, "3xx_transactions": 0,
        "4xx_transactions": 1, "5xx_transactions": 0, "6xx_transactions": 0, "inuse_transactions": 2,
        "active_transactions": 0, "rpl_received": 1, "rpl_absorbed": 0, "rpl_generated": 1, "rpl_relayed": 1, "rpl_sent": 2,
    }  # fmt: skip


def test_a_retransmission_while_the_first_is_worked_on() -> None:
    net = bed(
        """
        request_route {
            if (t_precheck_trans()) { xlog("seen\\n"); t_check_trans(); exit; }
            t_relay();
        }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    sent = alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS").reply(200)
    alice.gets(200)
    alice.send(sent.sent)
    alice.gets(200)
    assert said(net) == ["seen"]
