"""Transactions: failure routes and their new branches, forking, timers, CANCEL at various moments; see configs/tm.cfg."""

from __future__ import annotations

from differential.peers import SDP, Peer
from differential.play import Scene, case
from differential.sip import Message


def call(s: Scene, what: str, *targets: Peer, method: str = "INVITE") -> tuple[Peer, Message]:
    """alice's request, and where the script may send it: X-A, X-B and X-C."""
    alice = s.party("alice")
    headers = [("X-Do", what)] + [(f"X-{mark}", peer.contact) for mark, peer in zip("ABC", targets, strict=False)]
    body = SDP if method == "INVITE" else ""
    return alice, alice.request(method, "sip:them@example.org", headers, body, uri=f"sip:them@127.0.0.1:{s.port}")


def refuse(peer: Peer, status: int, extra: tuple[tuple[str, str], ...] = (), reason: str = "") -> Message:
    """The peer gets an INVITE, refuses it, and gets the ACK."""
    incoming = peer.expect("INVITE")
    peer.reply(incoming, status, extra, reason=reason)
    peer.expect("ACK")
    return incoming


def accept(s: Scene, peer: Peer, alice: Peer, invite: Message) -> None:
    """The peer gets an INVITE and takes it; the ACK comes through."""
    peer.reply(peer.expect("INVITE"), 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    peer.expect("ACK")


# --- failure_route ----------------------------------------------------------------------------------------


@case("tm")
def tm_serial_sees_the_answer(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial", bob, carol)
    refuse(bob, 486)
    accept(s, carol, alice, invite)


@case("tm")
def tm_serial_fails_twice(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial", bob, carol)
    refuse(bob, 302, (("Contact", "<sip:else@127.0.0.1:9>"),))
    refuse(carol, 404)
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_serial_after_silence(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial-short", bob, carol)
    bob.expect("INVITE")
    accept(s, carol, alice, invite)


@case("tm")
def tm_serial_after_ringing(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial-short", bob, carol)
    ringing = bob.expect("INVITE")
    bob.reply(ringing, 180)
    alice.expect(180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(ringing, 487)
    bob.expect("ACK")
    accept(s, carol, alice, invite)


@case("tm")
def tm_serial_late_200_of_the_first(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial-short", bob, carol)
    ringing = bob.expect("INVITE")
    bob.reply(ringing, 180)
    alice.expect(180)
    bob.reply(bob.expect("CANCEL"), 200)
    second = carol.expect("INVITE")
    carol.reply(second, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    carol.expect("ACK")
    bob.reply(ringing, 200, body=SDP)
    alice.expect(200)


@case("tm")
def tm_late_answer_to_a_given_up_branch(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial-short", bob, carol)
    silent = bob.expect("INVITE")
    second = carol.expect("INVITE")
    bob.reply(silent, 404)
    bob.expect("ACK")
    carol.reply(second, 486)
    carol.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_late_ringing_of_a_given_up_branch(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial-short", bob, carol)
    silent = bob.expect("INVITE")
    second = carol.expect("INVITE")
    bob.reply(silent, 180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(silent, 487)
    bob.expect("ACK")
    carol.reply(second, 486)
    carol.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_failure_route_answers_200(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "fail-200", bob)
    refuse(bob, 486)
    alice.within("ACK", invite, alice.expect(200))


@case("tm")
def tm_failure_route_answers_200_to_a_message(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "fail-200", bob, method="MESSAGE")
    bob.reply(bob.expect("MESSAGE"), 503)
    alice.expect(200)


@case("tm")
def tm_failure_route_sends_183_and_forwards(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fail-early", bob, carol)
    refuse(bob, 486)
    alice.expect(183)
    accept(s, carol, alice, invite)


@case("tm")
def tm_failure_route_forks(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "fail-append", bob, carol, dave)
    refuse(bob, 486)
    carol.reply(carol.expect("INVITE"), 180)
    alice.expect(180)
    refuse(dave, 503)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    cancel = carol.expect("CANCEL")
    carol.reply(cancel, 200)


@case("tm")
def tm_failure_route_without_a_new_uri(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "fail-no-ruri", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def tm_failure_route_cannot_forward(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "fail-bad", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def tm_drop_replies(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "drop-replies", bob, carol)
    refuse(bob, 404)
    refuse(carol, 503)
    alice.ack_negative(invite, alice.expect(500))


@case("tm")
def tm_drop_no_replies(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "drop-none", bob, carol)
    refuse(bob, 404)
    refuse(carol, 503)
    alice.ack_negative(invite, alice.expect(404))


@case("tm")
def tm_drop_the_last_replies(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "drop-last", bob, carol, dave)
    refuse(bob, 404)
    refuse(carol, 486)
    refuse(dave, 503)
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_drop_replies_and_no_new_branch(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "drop-and-nothing", bob)
    refuse(bob, 404)
    alice.ack_negative(invite, alice.expect(500))


@case("tm")
def tm_flags_in_reply_and_failure_routes(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "flags", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(480))


# --- forking ----------------------------------------------------------------------------------------------


@case("tm")
def tm_fork_sees_the_best(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "fork", bob, carol, dave)
    refuse(bob, 503)
    refuse(carol, 415)
    refuse(dave, 403)
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_fork_6xx_ends_the_others(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "fork", bob, carol, dave)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    three = dave.expect("INVITE")
    bob.reply(one, 180)
    alice.expect(180)
    carol.reply(two, 404)
    carol.expect("ACK")
    dave.reply(three, 600)
    dave.expect("ACK")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(one, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_fork_6xx_as_any_other(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fork-no6", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 180)
    alice.expect(180)
    carol.reply(two, 603)
    carol.expect("ACK")
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")


@case("tm")
def tm_fork_6xx_and_a_silent_branch(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fork-plain", bob, carol)
    silent = bob.expect("INVITE")
    refuse(carol, 600)
    bob.reply(silent, 180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(silent, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(600))


@case("tm")
def tm_fork_both_answer_200(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fork-plain", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")
    carol.reply(two, 200, body=SDP)
    second = alice.expect(200)
    alice.within("ACK", invite, second)
    carol.expect("ACK")
    bob.reply(one, 200, body=SDP)
    alice.expect(200)


@case("tm")
def tm_fork_200_and_late_failure(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fork-plain", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")
    carol.reply(two, 486)
    carol.expect("ACK")


@case("tm")
def tm_fork_late_ringing_after_200(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fork-plain", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")
    carol.reply(two, 180)
    carol.reply(carol.expect("CANCEL"), 200)
    carol.reply(two, 487)
    carol.expect("ACK")


@case("tm")
def tm_fork_aggregated_challenges(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fork-plain", bob, carol)
    refuse(bob, 407, (("Proxy-Authenticate", 'Digest realm="b", nonce="1"'),), "Proxy")
    refuse(carol, 401, (("WWW-Authenticate", 'Digest realm="c", nonce="2"'), ("X-Other", "1")), "Who")
    alice.ack_negative(invite, alice.expect(401))


@case("tm")
def tm_fork_of_a_message_2xx_wins(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, _ = call(s, "fork-plain", bob, carol, method="MESSAGE")
    one, two = bob.expect("MESSAGE"), carol.expect("MESSAGE")
    bob.reply(one, 202)
    alice.expect(202)
    carol.reply(two, 200)
    s.wait(0.1)


@case("tm")
def tm_fork_of_a_message_6xx(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, _ = call(s, "fork-plain", bob, carol, method="MESSAGE")
    one, two = bob.expect("MESSAGE"), carol.expect("MESSAGE")
    bob.reply(one, 603)
    s.wait(0.05)
    carol.reply(two, 200)
    alice.expect(200)


@case("tm")
def tm_fork_timeout_then_serial(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "timeout-failure-fork", bob, carol, dave)
    refuse(carol, 486)
    refuse(dave, 404)
    alice.ack_negative(invite, alice.expect(487))


# --- branch-failure routes ---------------------------------------------------------------------------------


@case("tm")
def tm_branch_failure_adds_a_branch(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "fork-bf", bob, carol, dave)
    ringing = bob.expect("INVITE")
    bob.reply(ringing, 180)
    alice.expect(180)
    refuse(carol, 486)
    accept(s, dave, alice, invite)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(ringing, 487)
    bob.expect("ACK")


@case("tm")
def tm_branch_failure_of_the_only_branch(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "bf", bob, carol, dave)
    refuse(bob, 486)
    refuse(dave, 404)
    alice.ack_negative(invite, alice.expect(404))


@case("tm")
def tm_branch_failure_that_adds_nothing(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "bf", bob, carol, dave)
    refuse(bob, 404)
    alice.ack_negative(invite, alice.expect(404))


@case("tm")
def tm_branch_failure_after_silence(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "bf-silent", bob, carol, dave)
    bob.expect("INVITE")
    refuse(dave, 404)
    alice.ack_negative(invite, alice.expect(404))


# --- branch_route -------------------------------------------------------------------------------------------


@case("tm")
def tm_branch_route_edits_are_the_branchs_own(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "branch", bob, carol, dave)
    refuse(bob, 486)
    refuse(carol, 486)
    refuse(dave, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def tm_record_route_parameters_of_one_branch(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "rr-branch", bob, carol, dave)
    refuse(bob, 486)
    refuse(carol, 486)
    refuse(dave, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def tm_saved_edits(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "lumps", bob, carol)
    refuse(bob, 486)
    refuse(carol, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def tm_edits_after_relay(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "lumps-late", bob, carol)
    s.wait(0.05)
    refuse(bob, 486)
    refuse(carol, 486)
    alice.ack_negative(invite, alice.expect(486))


# --- return codes and answers by the script ------------------------------------------------------------------


@case("tm")
def tm_return_codes(s: Scene) -> None:
    alice, invite = call(s, "codes")
    alice.ack_negative(invite, alice.expect(480))


@case("tm")
def tm_forward_to_nowhere_then_somewhere(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "bad-then-good", bob)
    accept(s, bob, alice, invite)


@case("tm")
def tm_forward_to_nowhere_then_answer(s: Scene) -> None:
    alice, invite = call(s, "bad-then-reply")
    alice.ack_negative(invite, alice.expect(499))


@case("tm")
def tm_forward_to_a_broken_uri(s: Scene) -> None:
    alice, invite = call(s, "bad-uri")
    final = alice.receive(1)
    while final is not None and final.status == 100:
        final = alice.receive(1)
    if final is not None:
        alice.ack_negative(invite, final)


@case("tm")
def tm_no_internal_reply(s: Scene) -> None:
    alice, invite = call(s, "no-internal")
    alice.ack_negative(invite, alice.expect(498))


@case("tm")
def tm_relay_twice(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "twice", bob)
    accept(s, bob, alice, invite)


@case("tm")
def tm_reply_after_relay(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "reply-after-relay", bob)
    alice.ack_negative(invite, alice.expect(480))
    bob.reply(bob.expect("INVITE"), 180)
    bob.expect("CANCEL")


@case("tm")
def tm_released(s: Scene) -> None:
    alice, _ = call(s, "release")
    s.wait(0.1)


@case("tm")
def tm_redirect(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "redirect", bob, carol)
    alice.ack_negative(invite, alice.expect(302))


@case("tm")
def tm_redirect_stateless(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "redirect-stateless", bob, carol)
    alice.ack_negative(invite, alice.expect(302))


# --- serial forking by q --------------------------------------------------------------------------------------


@case("tm")
def tm_contacts_one_after_the_other(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "contacts", bob, carol, dave)
    refuse(carol, 486)
    refuse(dave, 404)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(480))


@case("tm")
def tm_contacts_of_equal_q(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "contacts-equal", bob, carol, dave)
    one, two = carol.expect("INVITE"), dave.expect("INVITE")
    carol.reply(one, 486)
    carol.expect("ACK")
    dave.reply(two, 486)
    dave.expect("ACK")
    accept(s, bob, alice, invite)


# --- suspended transactions -----------------------------------------------------------------------------------


@case("tm")
def tm_suspended_and_relayed(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "suspend", bob)
    accept(s, bob, alice, invite)


@case("tm")
def tm_suspended_and_refused_later(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "suspend", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def tm_suspended_and_answered(s: Scene) -> None:
    alice, invite = call(s, "suspend-reply")
    alice.ack_negative(invite, alice.expect(480))


@case("tm")
def tm_suspended_and_nothing_done(s: Scene) -> None:
    alice, invite = call(s, "suspend-nothing")
    alice.ack_negative(invite, alice.expect(500))


@case("tm")
def tm_suspended_for_ever(s: Scene) -> None:
    alice, invite = call(s, "suspend-timeout")
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def tm_suspended_for_ever_with_a_failure_route(s: Scene) -> None:
    alice, invite = call(s, "suspend-timeout-failure")
    alice.ack_negative(invite, alice.expect(487))
