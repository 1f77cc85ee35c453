"""Branches added to a running transaction, flags in their Via, and suspended replies that come again."""

from __future__ import annotations

import pytest

from modules.tm.kit import bed, said
from olelo.testing import Bed

JOIN = """
request_route {
    if (is_method("MESSAGE")) {
        append_branch("sip:c@192.0.2.3");
        append_branch("$hdr(X-Also)");
        t_cell_append_branches("$hdr(X-I)", "$hdr(X-L)");
        xlog("rc $rc\\n");
        exit;
    }
    append_hf("X-R: 1\\r\\n");
    t_on_branch("B");
    t_newtran();
    xlog("$T(id_index) $T(id_label)\\n");
    t_relay();
    append_hf("X-Late: 1\\r\\n");
}
branch_route[B] { append_hf("X-B: $T_branch_idx\\r\\n"); }
"""


def joined(net: Bed, also: str) -> None:
    index, label = said(net)[0].split()
    net.peers["alice"].request("MESSAGE", "sip:x@proxy", f"X-I: {index}", f"X-L: {label}", f"X-Also: {also}")


def test_branches_join_a_transaction() -> None:
    net = bed(JOIN)
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.invite(bob.uri)
    alice.gets(100)
    bob.gets("INVITE").reply(180)
    alice.gets(180)
    joined(net, bob.uri)  # bob is there already
    added = carol.gets("INVITE")
    assert (added.uri, added.header("X-R"), added.header("X-B"), added.header("X-Late")) == (
        "sip:c@192.0.2.3",
        "1",
        "1",
        "",
    )
    added.reply(200)
    alice.gets(200)
    bob.gets("CANCEL")
    assert said(net)[1:] == ["rc 1"]


@pytest.mark.parametrize("status", [200, 404, 603])
def test_nothing_joins_an_answered_transaction(status: int) -> None:
    net = bed(JOIN)
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.invite(bob.uri)
    bob.gets("INVITE").reply(status)
    joined(net, "sip:d@192.0.2.4")
    assert said(net)[1:] == ["rc -1"]
    carol.nothing()


def test_nothing_joins_what_is_not_there() -> None:
    net = bed(JOIN)
    alice = net.peer("alice")
    alice.request("MESSAGE", "sip:x@proxy", "X-I: 1", "X-L: 2", "X-Also: sip:d@192.0.2.4")
    assert said(net) == ["rc -1"]


def test_nothing_joins_twice() -> None:
    net = bed(JOIN)
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.invite(bob.uri)
    joined(net, bob.uri)
    joined(net, bob.uri)
    carol.gets("INVITE")
    assert said(net)[1:] == ["rc 1", "rc -1"]
    carol.nothing()


def test_flags_in_the_via_of_one_branch() -> None:
    net = bed(
        """
        request_route { append_branch("sip:c@192.0.2.3"); t_on_branch("B"); t_on_reply("R"); t_on_failure("F"); t_relay(); }
        branch_route[B] {
            t_vbflag_is_set("5"); $var(a) = $rc;
            if ($T_branch_idx == 0) { t_vbflag_set("5"); t_vbflag_set("1"); t_vbflag_reset("1"); }
            t_vbflag_set("32"); $var(b) = $rc;
            t_vbflag_is_set("5"); xlog("$var(a) $var(b) $rc\\n");
        }
        onreply_route[R] { t_vbflag_is_set("5"); xlog("reply $rc\\n"); }
        failure_route[F] { t_vbflag_is_set("5"); xlog("failed $rc\\n"); }
        """
    )
    alice, bob, carol = net.peer("alice"), net.peer("bob"), net.peer("carol")
    alice.request("OPTIONS", bob.uri)
    first, second = bob.gets("OPTIONS"), carol.gets("OPTIONS")
    assert first.header("Via").endswith(".0;kvf=20")
    assert second.header("Via").endswith(".1")
    first.reply(404)
    second.reply(486)
    alice.gets(404)
    assert said(net) == ["-1 -1 1", "-1 -1 -1", "reply 1", "reply -1", "failed 1"]


SUSPENDED = """
request_route {
    if (is_method("MESSAGE")) { t_continue("$hdr(X-I)", "$hdr(X-L)", "GO"); exit; }
    t_on_reply("R");
    t_relay();
}
onreply_route[R] {
    t_is_retr_async_reply(); $var(rc) = $rc;
    xlog("$T(id_index) $T(id_label) $rs $var(rc)\\n");
    if ($rs == 200 && $var(rc) < 0) t_suspend();
}
route[GO] { append_hf("X-Go: 1\\r\\n"); }
"""


def test_a_suspended_reply_that_comes_again_waits_as_well() -> None:
    net = bed(SUSPENDED)
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite(bob.uri)
    alice.gets(100)
    incoming = bob.gets("INVITE")
    incoming.reply(200)
    incoming.reply(200)
    alice.nothing()
    index, label, *_ = said(net)[0].split()
    alice.request("MESSAGE", "sip:x@proxy", f"X-I: {index}", f"X-L: {label}")
    assert alice.gets(200).header("X-Go") == "1"
    alice.ack(call)
    assert [line.split()[2:] for line in said(net)] == [["200", "-1"], ["200", "1"]]
    assert len(alice.inbox) == 0
