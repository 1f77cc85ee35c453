"""Parameters of tm that change what goes over the wire; see configs/tm-modes.cfg and configs/tm-modes-two.cfg."""

from __future__ import annotations

from differential.cases_tm import accept, call, refuse
from differential.peers import SDP, Peer
from differential.play import Scene, case
from differential.sip import Message


@case("tm-modes")
def mode_silent_timeout(s: Scene) -> None:
    bob = s.party("bob")
    call(s, "plain", bob)
    s.wait(1.2)


@case("tm-modes")
def mode_timeout_with_a_failure_route_is_not_silent(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial", bob, carol)
    alice.ack_negative(invite, alice.expect(408))


@case("tm-modes")
def mode_timeout_of_two_branches_is_not_silent(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "plain", bob, carol)
    alice.ack_negative(invite, alice.expect(408))


@case("tm-modes")
def mode_cancel_at_once(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    alice.send(cancel_with_reason(alice, invite))
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


def cancel_with_reason(alice: Peer, invite: Message) -> Message:
    cancel = alice.make("CANCEL", "sip:x").without("Contact")
    cancel.start = f"CANCEL {invite.uri} SIP/2.0"
    for name in ("Via", "From", "To", "Call-ID"):
        cancel = cancel.with_header(name, invite.get(name))
    return cancel.with_header("Reason", "Q.850;cause=16")


@case("tm-modes")
def mode_503_stays_503(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    refuse(bob, 503, (("Retry-After", "3"),))
    alice.ack_negative(invite, alice.expect(503))


@case("tm-modes")
def mode_challenges_are_not_put_together(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "plain", bob, carol)
    refuse(bob, 407, (("Proxy-Authenticate", 'Digest realm="b", nonce="1"'),), "Proxy")
    refuse(carol, 401, (("WWW-Authenticate", 'Digest realm="c", nonce="2"'),), "Who")
    alice.ack_negative(invite, alice.expect(401))


@case("tm-modes")
def mode_100_is_relayed(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 100)
    s.wait(0.05)
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("tm-modes")
def mode_redirect_with_flags_and_path(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "redirect", bob, carol)
    alice.ack_negative(invite, alice.expect(302))


@case("tm-modes")
def mode_stateless_redirect_with_flags(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "redirect-stateless", bob, carol)
    alice.ack_negative(invite, alice.expect(302))


@case("tm-modes")
def mode_all_answers_are_kept(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "serial", bob, carol)
    refuse(bob, 404)
    refuse(carol, 486)
    alice.ack_negative(invite, alice.expect(404))


@case("tm-modes")
def mode_unmatched_cancel_is_forwarded(s: Scene) -> None:
    bob = s.party("bob")
    alice = s.party("alice")
    alice.send(alice.make("CANCEL", bob.contact).without("Contact"))
    cancel = bob.expect("CANCEL")
    bob.reply(cancel, 481)
    alice.expect(481)


@case("tm-modes")
def mode_cancel_from_the_received_invite(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "plain", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 180)
    alice.expect(180)
    carol.reply(two, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(one, 487)
    bob.expect("ACK")


@case("tm-modes")
def mode_defaults_of_t_reply(s: Scene) -> None:
    alice, invite = call(s, "default")
    alice.ack_negative(invite, alice.expect(499))


@case("tm-modes")
def mode_reason_of_100(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    accept(s, bob, alice, invite)


@case("tm-modes-two")
def mode_cancel_fakes_a_487(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    alice.ack_negative(invite, alice.expect(487))
    bob.reply(incoming, 180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")


@case("tm-modes-two")
def mode_cancel_fakes_a_487_for_the_silent_one(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "failure", bob, carol)
    ringing = bob.expect("INVITE")
    carol.expect("INVITE")
    bob.reply(ringing, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(ringing, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(480))


@case("tm-modes-two")
def mode_6xx_blocks_nothing(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "plain", bob, carol)
    refuse(bob, 603)
    accept(s, carol, alice, invite)


@case("tm-modes-two")
def mode_repeated_180_restarts_no_timer(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    for _ in range(2):
        s.wait(0.25)
        bob.reply(incoming, 180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(408))


@case("tm-modes-two")
def mode_a_higher_answer_restarts_the_timer(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    s.wait(0.45)
    bob.reply(incoming, 183)
    s.wait(0.45)
    bob.reply(incoming, 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("tm-modes-two")
def mode_faked_408_loses(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "plain", bob, carol)
    ringing = carol.expect("INVITE")
    carol.reply(ringing, 180)
    alice.expect(180)
    s.wait(0.62)  # bob has timed out by now
    carol.reply(ringing, 486)
    carol.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("tm-modes-two")
def mode_answers_of_the_last_step_are_dropped(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "serial", bob, carol, dave)
    refuse(bob, 404)
    refuse(carol, 405)
    refuse(dave, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm-modes-two")
def mode_unmatched_cancel_is_dropped(s: Scene) -> None:
    bob = s.party("bob")
    alice = s.party("alice")
    alice.send(alice.make("CANCEL", bob.contact).without("Contact"))
    s.wait(0.1)


@case("tm-modes-two")
def mode_late_200_becomes_the_answer(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "plain", bob, carol)
    one, two = bob.expect("INVITE"), carol.expect("INVITE")
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")
    carol.reply(two, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    carol.expect("ACK")
    alice.send(invite)
    alice.expect(200)


@case("tm-modes-two")
def mode_no_100(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm-modes-two")
def mode_extra_headers_in_ack_and_cancel(s: Scene) -> None:
    bob = s.party("bob")
    alice = s.party("alice")
    headers = [("X-A", bob.contact), ("X-Keep-1", "one"), ("x-KEEPER", "two"), ("X-Other", "three")]
    invite = alice.request("INVITE", "sip:them@example.org", headers, SDP, uri=f"sip:them@127.0.0.1:{s.port}")
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm-modes-two")
def mode_reply_of_another_call_id(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "plain", bob, method="MESSAGE")
    incoming = bob.expect("MESSAGE")
    bob.send(bob.make_reply(incoming, 404).with_header("Call-ID", "another"))
    bob.send(bob.make_reply(incoming, 200).with_header("Call-ID", "another"))
    alice.expect(200)
    bob.reply(incoming, 202)
    alice.expect(202)


@case("tm-modes-two")
def mode_stray_replies(s: Scene) -> None:
    bob = s.party("bob")
    alice = s.party("alice")
    alice.request("MESSAGE", bob.contact, [("X-Do", "stray")])
    incoming = bob.expect("MESSAGE")
    bob.reply(incoming, 404)
    bob.reply(incoming, 200)
    alice.expect(200)


@case("tm-modes-two")
def mode_no_precheck(s: Scene) -> None:
    bob = s.party("bob")
    alice = s.party("alice")
    message = alice.request("MESSAGE", "sip:x@127.0.0.1", [("X-Do", "precheck"), ("X-A", bob.contact)])
    incoming = bob.expect("MESSAGE")
    bob.reply(incoming, 200)
    alice.expect(200)
    alice.send(message)
    alice.expect(200)
