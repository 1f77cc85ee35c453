"""The next address of a name after silence, 503, or a packet that cannot leave; the blocklist."""

from __future__ import annotations

import pytest

from modules.tm.kit import bed, said
from olelo.testing import Bed

ON = "use_dns_failover=yes\n"
RELAY = """
request_route { if (is_method("CANCEL")) { t_relay(); exit; } $du = "sip:gw.example.org"; t_relay(); }
"""


def two(config: str = RELAY, head: str = ON, third: bool = False, **options: object) -> Bed:
    """gw.example.org leads to bob, then to carol (and dave)."""
    net = Bed(
        head + 'loadmodule "tm.so"\nloadmodule "sl.so"\nloadmodule "tmx.so"\nloadmodule "pv.so"\nloadmodule "xlog.so"\n'
        'loadmodule "siputils.so"\nloadmodule "textops.so"\nloadmodule "kex.so"\n' + config,
        **options,  # type: ignore[arg-type]
    )
    for name in ("alice", "bob", "carol", "dave"):
        net.peer(name)
    addresses = [("udp", "192.0.2.2", 5060), ("udp", "192.0.2.3", 5060), ("udp", "192.0.2.4", 5060)]
    net.world.names["gw.example.org"] = addresses if third else addresses[:2]
    return net


def test_the_second_address_after_silence() -> None:
    net = two()
    alice, bob, carol = (net.peers[name] for name in ("alice", "bob", "carol"))
    call = alice.invite("sip:u@gw.example.org")
    alice.gets(100)
    first = bob.gets("INVITE")
    net.advance(29.9)
    assert not carol.inbox
    bob.inbox.clear()
    net.advance(0.2)
    second = carol.gets("INVITE")
    assert second.uri == first.uri == "sip:u@gw.example.org"
    assert second.header("Via").endswith(".1")
    assert first.header("Via").endswith(".0")
    second.reply(200)
    alice.gets(200)
    alice.ack(call)


@pytest.mark.parametrize(("head", "first_wins"), [(ON, False), ("use_dns_failover=no\n", True), ("", True)])
def test_the_second_address_after_503(head: str, first_wins: bool) -> None:
    net = two(head=head)
    alice, bob, carol = (net.peers[name] for name in ("alice", "bob", "carol"))
    call = alice.invite("sip:u@gw.example.org")
    alice.gets(100)
    bob.gets("INVITE").reply(503, "Busy")
    bob.gets("ACK")
    if first_wins:
        alice.gets(500)
        assert not carol.inbox
        return
    carol.gets("INVITE").reply(404)
    carol.gets("ACK")
    alice.gets(404)
    alice.ack(call)
    net.quiet()


def test_no_other_address_after_another_failure() -> None:
    net = two()
    alice, bob = net.peers["alice"], net.peers["bob"]
    alice.invite("sip:u@gw.example.org")
    alice.gets(100)
    bob.gets("INVITE").reply(486)
    bob.gets("ACK")
    alice.gets(486)
    assert not net.peers["carol"].inbox


@pytest.mark.parametrize(("codes", "status", "goes_on"), [
    ("code=486", 486, True), ("code=486", 487, False), ("class=5; code=403", 500, True), ("class=5;code=403", 403, True),
])  # fmt: skip
def test_further_codes(codes: str, status: int, goes_on: bool) -> None:
    net = two(f'modparam("tm", "failover_reply_codes", "{codes}")\n{RELAY}')
    net.peers["alice"].invite("sip:u@gw.example.org")
    net.peers["bob"].gets("INVITE").reply(status)
    assert bool(net.peers["carol"].inbox) is goes_on


def test_codes_that_are_none_are_refused() -> None:
    with pytest.raises(AssertionError, match="code=300"):
        two('modparam("tm", "failover_reply_codes", "code=200")\n' + RELAY)


def test_an_address_that_cannot_be_sent_to_is_passed_over() -> None:
    net = two(third=True)
    net.world.refuse = {("192.0.2.2", 5060), ("192.0.2.3", 5060)}
    alice, dave = net.peers["alice"], net.peers["dave"]
    alice.request("OPTIONS", "sip:u@gw.example.org")
    dave.gets("OPTIONS").reply(200)
    alice.gets(200)


def test_no_address_can_be_sent_to() -> None:
    net = two()
    net.world.refuse = {("192.0.2.2", 5060), ("192.0.2.3", 5060)}
    net.peers["alice"].request("OPTIONS", "sip:u@gw.example.org")
    net.peers["alice"].gets(477)


@pytest.mark.parametrize("off", ["t_set_disable_failover(1);", 't_relay_to("4"); exit;', 't_relay_to("0x05"); exit;'])
def test_switched_off_for_one_request(off: str) -> None:
    net = two(f'request_route {{ $du = "sip:gw.example.org"; {off} t_relay(); }}')
    alice, bob = net.peers["alice"], net.peers["bob"]
    alice.request("OPTIONS", "sip:u@gw.example.org")
    bob.gets("OPTIONS").reply(503)
    alice.gets(500)
    assert not net.peers["carol"].inbox


def test_a_cancelled_call_tries_no_further_address() -> None:
    net = two()
    alice, bob = net.peers["alice"], net.peers["bob"]
    call = alice.invite("sip:u@gw.example.org")
    alice.gets(100)
    bob.gets("INVITE").reply(180)
    alice.gets(180)
    alice.cancel(call)
    alice.gets(200)
    bob.gets("CANCEL").reply(200)
    bob.last.reply(503)
    assert not net.peers["carol"].inbox


def test_no_further_address_past_the_lifetime() -> None:
    net = two('modparam("tm", "max_inv_lifetime", 10000)\n' + RELAY)
    net.peers["alice"].invite("sip:u@gw.example.org")
    net.advance(11)
    net.peers["alice"].gets(100)
    net.peers["alice"].gets(408)
    assert not net.peers["carol"].inbox


def test_the_new_branch_has_the_old_ones_routes_and_attributes() -> None:
    net = two(
        """
        request_route {
            t_on_failure("F"); t_on_reply("R"); t_on_branch("B");
            setbflag(7);
            $du = "sip:gw.example.org";
            t_relay();
        }
        branch_route[B] { append_hf("X-B: 1\\r\\n"); }
        onreply_route[R] { xlog("$rs $T_branch_idx $bf\\n"); }
        failure_route[F] { xlog("failed $T_reply_code $T_branch_idx\\n"); }
        """
    )
    alice, bob, carol = (net.peers[name] for name in ("alice", "bob", "carol"))
    alice.invite("sip:u@gw.example.org")
    bob.gets("INVITE").reply(503)
    second = carol.gets("INVITE")
    assert second.header("X-B") == "1"
    second.reply(404)
    assert said(net) == ["503 0 128", "404 1 128", "failed 404 2"]


def test_made_anew_where_the_configuration_says_so() -> None:
    net = two(
        """
        modparam("tm", "reparse_on_dns_failover", 0)
        request_route {
            append_hf("X-R: 1\\r\\n");
            t_on_branch("B");
            $du = "sip:gw.example.org";
            t_relay();
            append_hf("X-Late: 1\\r\\n");
        }
        branch_route[B] { append_hf("X-B: 1\\r\\n"); $rU = "branch"; }
        """
    )
    alice, bob, carol = (net.peers[name] for name in ("alice", "bob", "carol"))
    alice.invite("sip:u@gw.example.org")
    bob.gets("INVITE").reply(503)
    second = carol.gets("INVITE")
    assert (second.uri, second.header("X-R"), second.header("X-B"), second.header("X-Late")) == (
        "sip:branch@gw.example.org", "1", "", "",
    )  # fmt: skip


@pytest.mark.parametrize(("reuse", "port"), [(0, 5070), (1, 5070)])
def test_the_receiving_socket_for_further_addresses(reuse: int, port: int) -> None:
    from olelo.core.sockets import ListenSocket, Received

    net = two(f'modparam("tm", "dns_reuse_rcv_socket", {reuse})\n{RELAY}')
    other = ListenSocket("udp", "192.0.2.100", 5070)
    net.engine.sockets.append(other)
    alice, bob, carol = (net.peers[name] for name in ("alice", "bob", "carol"))
    text = (
        b"OPTIONS sip:u@gw.example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKq\r\nFrom: <sip:a@x>;tag=1\r\n"
        b"To: <sip:u@x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n"
    )
    net.receiver.receive(text, Received("udp", *alice.address, other, 0))
    bob.gets("OPTIONS").reply(503)
    assert carol.gets("OPTIONS").header("Via").startswith(f"SIP/2.0/UDP 192.0.2.100:{port};")


def test_a_request_of_our_own_goes_on_as_well() -> None:
    net = two("request_route { exit; }")
    bob, carol = net.peers["bob"], net.peers["carol"]
    net.call("tm.t_uac_start", "OPTIONS", "sip:gw.example.org", ".", ".", "From: <sip:a@x>\r\nTo: <sip:b@x>\r\n")
    bob.gets("OPTIONS").reply(503)
    second = carol.gets("OPTIONS")
    assert len(second.headers("Via")) == 1
    second.reply(200)
    net.quiet()


def test_onsend_route_drops_the_first_address() -> None:
    net = two(RELAY + "onsend_route { if ($sndto(ip) == '192.0.2.2') drop; }".replace("'", '"'))
    alice, carol = net.peers["alice"], net.peers["carol"]
    alice.request("OPTIONS", "sip:u@gw.example.org")
    carol.gets("OPTIONS").reply(200)
    alice.gets(200)
    net.quiet()


def test_max_branches_ends_it() -> None:
    net = two(head=ON + "max_branches=1\n")
    alice, bob = net.peers["alice"], net.peers["bob"]
    alice.request("OPTIONS", "sip:u@gw.example.org")
    bob.gets("OPTIONS").reply(503)
    alice.gets(500)
    assert not net.peers["carol"].inbox


# --- branches that cannot be sent -----------------------------------------------------------------------------


def test_a_retransmission_that_cannot_leave_is_a_503() -> None:
    net = two(RELAY, head="")
    alice, bob = net.peers["alice"], net.peers["bob"]
    alice.request("OPTIONS", "sip:u@gw.example.org")
    bob.gets("OPTIONS")
    net.world.refuse = {bob.address}
    net.advance(0.6)
    alice.gets(503)
    net.quiet()


@pytest.mark.parametrize(("mode", "lines"), [(0, ["rc -1"]), (1, ["rc 1", "failed 408 1"])])
def test_failure_routes_of_branches_that_cannot_be_sent(mode: int, lines: list[str]) -> None:
    net = bed(
        f"""
        modparam("tm", "failure_exec_mode", {mode})
        request_route {{ t_on_failure("F"); t_relay(); xlog("rc $rc\\n"); }}
        failure_route[F] {{ xlog("failed $T_reply_code $T_branch_idx\\n"); }}
        """
    )
    alice, bob = net.peer("alice"), net.peer("bob")
    net.world.refuse = {bob.address}
    alice.request("OPTIONS", bob.uri)
    net.advance(31)
    assert said(net) == lines
    alice.gets(408 if mode else 477)
    assert not bob.inbox
    assert net.ladder.count("proxy -> bob: OPTIONS " + bob.uri) == 0


# --- the blocklist --------------------------------------------------------------------------------------------

BLOCK = "use_dst_blocklist=yes\n"


def test_a_destination_that_was_silent_is_left_alone() -> None:
    net = two(head=ON + BLOCK)
    alice, bob, carol = (net.peers[name] for name in ("alice", "bob", "carol"))
    alice.invite("sip:u@gw.example.org")
    net.advance(31)
    carol.gets("INVITE").reply(486)
    for peer in (bob, carol):
        peer.inbox.clear()
    net.peers["dave"].request("OPTIONS", "sip:u@gw.example.org")
    carol.gets("OPTIONS").reply(200)
    assert not bob.inbox
    net.advance(61)
    net.peers["dave"].request("OPTIONS", "sip:u@gw.example.org")
    assert bob.inbox


def test_a_destination_alone_on_the_list_is_an_error() -> None:
    net = two(head=BLOCK)
    alice, bob = net.peers["alice"], net.peers["bob"]
    net.world.refuse = {bob.address}
    alice.request("OPTIONS", "sip:u@gw.example.org")
    alice.gets(477)
    net.world.refuse = set()
    alice.request("OPTIONS", "sip:u@gw.example.org")
    alice.gets(477)
    alice.request("BYE", "sip:u@gw.example.org")  # blst_methods_lookup leaves out BYE
    bob.gets("BYE")


@pytest.mark.parametrize(("params", "retry", "seconds"), [
    ("", "", 0), ("", "Retry-After: 30", 30), ('modparam("tm", "blst_503_def_timeout", 10)', "", 10),
    ('modparam("tm", "blst_503_min_timeout", 20)', "Retry-After: 5", 20),
    ('modparam("tm", "blst_503_max_timeout", 7)', "Retry-After: 900 (soon);duration=3", 7),
])  # fmt: skip
def test_the_sender_of_a_503(params: str, retry: str, seconds: int) -> None:
    net = two(f'modparam("tm", "blst_503", 1)\n{params}\n{RELAY}', head=BLOCK)
    alice, bob = net.peers["alice"], net.peers["bob"]
    alice.request("OPTIONS", "sip:u@gw.example.org")
    bob.gets("OPTIONS").reply(503, "Busy", *([retry] if retry else []))
    alice.gets(500)
    left = [round(entry[3]) for entry in net.engine.blocklist.entries()]
    assert left == ([seconds] if seconds else [])
    if seconds:
        alice.request("OPTIONS", "sip:u@gw.example.org")
        alice.gets(477)
        net.advance(seconds)
    alice.request("OPTIONS", "sip:u@gw.example.org")
    bob.gets("OPTIONS")


def test_methods_whose_timeouts_count() -> None:
    net = two('modparam("tm", "blst_methods_add", 512)\n' + RELAY, head=BLOCK)
    alice = net.peers["alice"]
    alice.invite("sip:u@gw.example.org")
    net.advance(31)
    assert net.engine.blocklist.entries() == []
    alice.request("OPTIONS", "sip:u@gw.example.org")
    net.advance(31)
    assert [entry[:3] for entry in net.engine.blocklist.entries()] == [("udp", "192.0.2.2", 5060)]


@pytest.mark.parametrize("head", ["", BLOCK + "dst_blocklist_udp_imask=2\n"])
def test_nothing_is_noted_where_that_is_off(head: str) -> None:
    net = two(head=head)
    net.world.refuse = {net.peers["bob"].address}
    net.peers["alice"].request("OPTIONS", "sip:u@gw.example.org")
    net.peers["alice"].gets(477)
    assert net.engine.blocklist.entries() == []
