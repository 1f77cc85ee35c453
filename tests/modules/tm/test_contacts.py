"""t_load_contacts, t_next_contacts, t_next_contact_flow: serial forking by q."""

from __future__ import annotations

import pytest

from modules.tm.kit import bed, said
from olelo.testing import ConfigurationError

CONFIG = """
modparam("tm", "contacts_avp", "tm_contacts")
modparam("tm", "contact_flows_avp", "tm_contact_flows")
request_route {
    append_branch("sip:b@192.0.2.2", "0.5");
    append_branch("sip:c@192.0.2.3", "0.5");
    append_branch("sip:d@192.0.2.4", "0.9");
    xlog("load $(ru): ");
    t_load_contacts(MODE);
    xlog("$branch(count) $xavp(tm_contacts=>uri)\\n");
    route(NEXT);
}
route[NEXT] {
    if (!t_next_contacts()) { xlog("rc $rc\\n"); return; }
    xlog("$ru $branch(count)\\n");
    t_on_failure("F");
    t_relay();
}
failure_route[F] { route(NEXT); }
"""


def test_steps_of_equal_q_highest_first() -> None:
    net = bed(CONFIG.replace("MODE", "0").replace('xlog("load $(ru): ");', ""))
    alice, a, b, c, d = (net.peer(n) for n in ("alice", "b", "c", "d", "a"))
    alice.request("OPTIONS", "sip:a@192.0.2.5")
    c.gets("OPTIONS").reply(404)  # the peer at 192.0.2.4
    for peer in (a, b):  # both with q 0.5
        peer.gets("OPTIONS").reply(404)
    d.gets("OPTIONS").reply(404)  # the Request-URI without q comes last
    alice.gets(404)
    assert said(net)[1:] == ["sip:d@192.0.2.4 <null>", "sip:c@192.0.2.3 1", "sip:a@192.0.2.5 <null>", "rc -2"]
    net.quiet()


def test_by_lot_each_has_its_own_turn_and_those_without_q_come_last() -> None:
    net = bed(CONFIG.replace("MODE", "1").replace('xlog("load $(ru): ");', ""))
    peers = [net.peer(n) for n in ("alice", "b", "c", "d", "a")]
    peers[0].request("OPTIONS", "sip:a@192.0.2.5")
    order = []
    for _ in range(4):
        [peer] = [peer for peer in peers[1:] if peer.inbox]
        order.append(peer.name)
        peer.gets("OPTIONS").reply(404)
    assert sorted(order[:3]) == ["b", "c", "d"]
    assert order[3] == "a"
    peers[0].gets(404)


@pytest.mark.parametrize("call", ["t_load_contacts()", "t_next_contacts()", "t_load_contacts(2)"])
def test_without_the_parameter_or_with_a_bad_mode(call: str) -> None:
    head = 'modparam("tm", "contacts_avp", "x") modparam("tm", "contact_flows_avp", "y")' if "2" in call else ""
    net = bed(f'{head} request_route {{ append_branch("sip:b@192.0.2.2"); {call}; xlog("$rc\\n"); }}')
    net.peer("alice").request("OPTIONS", "sip:x@proxy")
    assert said(net) == ["-1"]


def test_a_single_destination_stays() -> None:
    net = bed(
        """
        modparam("tm", "contacts_avp", "x")
        modparam("tm", "contact_flows_avp", "y")
        request_route { t_load_contacts(); xlog("$rc\\n"); t_next_contacts(); xlog("$rc\\n"); t_relay(); }
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", bob.uri)
    bob.gets("OPTIONS")
    assert said(net) == ["1", "-2"]


def test_flows_of_one_instance_are_tried_one_after_the_other() -> None:
    net = bed(
        """
        modparam("tm", "contacts_avp", "cs")
        modparam("tm", "contact_flows_avp", "flows")
        request_route {
            $xavp(cs=>instance) = "<urn:1>"; $xavp(cs[0]=>q_flag) = 1; $xavp(cs[0]=>flags) = 0;
            $xavp(cs[0]=>uri) = "sip:b2@192.0.2.3";
            $xavp(cs=>instance) = "<urn:1>"; $xavp(cs[0]=>q_flag) = 0; $xavp(cs[0]=>flags) = 0;
            $xavp(cs[0]=>uri) = "sip:b1@192.0.2.2";
            t_next_contacts();
            xlog("$ru $branch(count) $xavp(flows=>uri) $xavp(cs=>uri)\\n");
            t_on_branch_failure("flow");
            t_relay();
        }
        event_route[tm:branch-failure:flow] {
            t_next_contact_flow();
            xlog("$rc\\n");
            if ($rc == 1) { t_on_branch_failure("flow"); t_relay(); }
        }
        """
    )
    alice, one, two = net.peer("alice"), net.peer("one"), net.peer("two")
    alice.request("OPTIONS", "sip:b@proxy")
    one.gets("OPTIONS").reply(430)
    two.gets("OPTIONS").reply(430)
    alice.gets(430)
    assert said(net) == ["sip:b1@192.0.2.2 <null> sip:b2@192.0.2.3 <null>", "1", "-2"]


def test_contacts_without_flows_are_refused_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="contact_flows_avp"):
        bed('modparam("tm", "contacts_avp", "x") request_route { exit; }')
