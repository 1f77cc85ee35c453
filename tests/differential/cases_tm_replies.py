"""Still configs/tm.cfg: what onreply routes see and do, CANCEL at various moments, and timers that end."""

from __future__ import annotations

from differential.cases_tm import call, refuse
from differential.peers import SDP
from differential.play import Scene, case

# --- onreply_route ------------------------------------------------------------------------------------------


@case("tm")
def tm_reply_route_sees_and_drops(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "reply", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 100)
    bob.reply(incoming, 183)
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 404)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(404))


@case("tm")
def tm_reply_route_and_a_repeated_200(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "reply", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 200, body=SDP)
    final = alice.expect(200)
    bob.reply(incoming, 200, body=SDP)
    alice.expect(200)
    alice.within("ACK", invite, final)
    bob.expect("ACK")


@case("tm")
def tm_reply_route_dropped_183_starts_no_timer(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "reply", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 183)
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def tm_reply_route_of_a_message(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "reply", bob, method="MESSAGE")
    incoming = bob.expect("MESSAGE")
    bob.reply(incoming, 200)
    alice.expect(200)
    bob.reply(incoming, 200)
    s.wait(0.1)


@case("tm")
def tm_reply_route_of_two_branches(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "reply-fork", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 180)
    alice.expect(180)
    carol.reply(two, 486)
    carol.expect("ACK")
    bob.reply(one, 480)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(480))


@case("tm")
def tm_reply_route_cancels_the_others(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "reply-cancel-others", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    carol.reply(two, 180)
    alice.expect(180)
    bob.reply(one, 183)
    alice.expect(183)
    carol.reply(carol.expect("CANCEL"), 200)
    carol.reply(two, 487)
    carol.expect("ACK")
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")


@case("tm")
def tm_reply_route_cancels_this_one(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "reply-cancel-others", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    carol.reply(two, 180)
    alice.expect(180)
    bob.reply(one, 182)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(one, 487)
    bob.expect("ACK")
    carol.reply(two, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    carol.expect("ACK")


@case("tm")
def tm_reply_route_cancels_all(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "reply-cancel-others", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    carol.reply(two, 180)
    alice.expect(180)
    bob.reply(one, 181)
    bob.reply(bob.expect("CANCEL"), 200)
    carol.reply(carol.expect("CANCEL"), 200)
    bob.reply(one, 487)
    bob.expect("ACK")
    carol.reply(two, 487)
    carol.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_reply_route_answers_itself(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "reply-in-reply", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 183)
    alice.ack_negative(invite, alice.expect(480))
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")


@case("tm")
def tm_reply_route_answers_instead(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "reply-in-reply", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(484))


# --- CANCEL -------------------------------------------------------------------------------------------------


@case("tm")
def tm_cancel_before_any_answer(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "serial", bob)
    incoming = bob.expect("INVITE")
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(incoming, 100)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_cancel_with_reasons(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fork-plain", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 180)
    alice.expect(180)
    carol.reply(two, 183)
    alice.expect(183)
    cancel = alice.make("CANCEL", "sip:x")
    headers = [("Via", invite.get("Via")), ("Max-Forwards", "70"), ("From", invite.get("From"))]
    headers += [("To", invite.get("To")), ("Call-ID", invite.get("Call-ID")), ("CSeq", "1 CANCEL")]
    headers += [("Reason", 'SIP;cause=200;text="elsewhere"'), ("Reason", "Q.850;cause=16")]
    cancel.start, cancel.headers = f"CANCEL {invite.uri} SIP/2.0", headers
    alice.send(cancel)
    alice.expect(200, "CANCEL")
    for peer, incoming in ((bob, one), (carol, two)):
        peer.reply(peer.expect("CANCEL"), 200)
        peer.reply(incoming, 487)
        peer.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_cancel_after_200(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "serial", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 200, body=SDP)
    final = alice.expect(200)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    alice.within("ACK", invite, final)
    bob.expect("ACK")


@case("tm")
def tm_cancel_after_failure(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "fork-plain", bob)
    refuse(bob, 486)
    final = alice.expect(486)
    alice.ack_negative(invite, final)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")


@case("tm")
def tm_cancel_crosses_200(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "fork-plain", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")


@case("tm")
def tm_cancel_nobody_answers(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "short", bob)
    bob.expect("INVITE")
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_cancel_one_refused_one_rings(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fork-plain", bob, carol)
    refuse(bob, 404)
    two = carol.expect("INVITE")
    carol.reply(two, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    carol.reply(carol.expect("CANCEL"), 200)
    carol.reply(two, 487)
    carol.expect("ACK")
    alice.ack_negative(invite, alice.expect(404))


@case("tm")
def tm_cancel_twice(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "fork-plain", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_cancel_of_a_suspended_request(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "suspend-cancel", bob)
    alice.expect(100)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    alice.ack_negative(invite, alice.expect(487))


# --- timers -------------------------------------------------------------------------------------------------


@case("tm")
def tm_no_answer_within_fr_timer(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "short", bob)
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def tm_no_answer_after_ringing(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "short", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def tm_no_answer_and_a_failure_route(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "short-failure", bob)
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def tm_no_answer_to_a_message(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "short-failure", bob, method="MESSAGE")
    alice.expect(487)


@case("tm")
def tm_provisional_answer_to_a_message(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "short", bob, method="MESSAGE")
    bob.reply(bob.expect("MESSAGE"), 183)
    alice.expect(183)
    alice.expect(408)


@case("tm")
def tm_end_of_life(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "life", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def tm_end_of_life_of_a_message(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "life", bob, method="MESSAGE")
    alice.expect(408)


@case("tm")
def tm_own_retransmission_intervals(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "retr", bob, method="MESSAGE")
    alice.expect(408)


@case("tm")
def tm_no_100(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "no100", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def tm_failure_without_an_ack(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "fork-plain", bob)
    refuse(bob, 486)
    alice.expect(486)
    alice.expect(486)
