"""More of configs/tm.cfg: requests of the server's own, answers by the script, spirals, retransmissions, PRACK, 491."""

from __future__ import annotations

from differential.cases_tm import accept, call, refuse
from differential.peers import SDP, Peer
from differential.play import Scene, case
from differential.sip import Message

# --- requests of the server's own -----------------------------------------------------------------------------


def uac(s: Scene, method: str) -> tuple[Peer, Message]:
    """alice asks for a request of the server's own to bob."""
    alice, bob = s.parties_named("alice", "bob")
    alice.request("MESSAGE", f"sip:x@127.0.0.1:{s.port}", [("X-Do", "uac"), ("X-Method", method), ("X-A", bob.contact)])
    incoming = bob.expect(method)
    alice.expect(202)
    bob.came[-1] = bob.came[-1].replace(incoming.get("Call-ID"), "masked").replace(incoming.get("From"), "masked")
    return bob, incoming


@case("tm")
def uac_options(s: Scene) -> None:
    bob, incoming = uac(s, "OPTIONS")
    bob.reply(incoming, 200)
    s.wait(0.6)


@case("tm")
def uac_changed_uri(s: Scene) -> None:
    bob, incoming = uac(s, "INFO")
    bob.reply(incoming, 404)
    s.wait(0.6)


@case("tm")
def uac_changed_body(s: Scene) -> None:
    bob, incoming = uac(s, "REFER")
    bob.reply(incoming, 202)


@case("tm")
def uac_dropped(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    alice.request(
        "MESSAGE", f"sip:x@127.0.0.1:{s.port}", [("X-Do", "uac"), ("X-Method", "PUBLISH"), ("X-A", bob.contact)]
    )
    alice.expect(202)


@case("tm")
def uac_with_everything_given(s: Scene) -> None:
    alice, bob, carol = s.parties_named("alice", "bob", "carol")
    headers = [("X-Do", "uac-body"), ("X-A", bob.contact), ("X-B", carol.contact)]
    alice.request("MESSAGE", f"sip:x@127.0.0.1:{s.port}", headers)
    carol.reply(carol.expect("MESSAGE"), 200)
    alice.expect(202)


@case("tm")
def uac_return_codes(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    alice.request("MESSAGE", f"sip:x@127.0.0.1:{s.port}", [("X-Do", "uac-bad"), ("X-A", bob.contact)])
    alice.expect(202)


def masked(peer: Peer, incoming: Message, what: str) -> None:
    peer.expect(what)
    peer.came[-1] = peer.came[-1].replace(incoming.get("Call-ID"), "masked").replace(incoming.get("From"), "masked")


@case("tm")
def uac_invite_refused(s: Scene) -> None:
    bob, incoming = uac(s, "INVITE")
    bob.reply(incoming, 486)
    masked(bob, incoming, "ACK")


@case("tm")
def uac_invite_answered(s: Scene) -> None:
    bob, incoming = uac(s, "INVITE")
    bob.reply(incoming, 180)
    bob.reply(incoming, 200, [("Record-Route", f"<sip:127.0.0.1:{bob.port};lr>")], body=SDP)
    masked(bob, incoming, "ACK")
    bob.reply(incoming, 200, [("Record-Route", f"<sip:127.0.0.1:{bob.port};lr>")], body=SDP)
    masked(bob, incoming, "ACK")


@case("tm")
def uac_invite_rings_too_long(s: Scene) -> None:
    bob, incoming = uac(s, "INVITE")
    bob.reply(incoming, 180)
    masked(bob, incoming, "CANCEL")
    bob.reply(incoming, 200)
    masked(bob, incoming, "ACK")


# --- answers by the script ------------------------------------------------------------------------------------


@case("tm")
def script_answers_an_invite(s: Scene) -> None:
    alice, invite = call(s, "answer")
    alice.expect(180)
    final = alice.expect(200)
    alice.send(invite)
    alice.expect(200)
    alice.within("ACK", invite, final)
    s.wait(0.7)


@case("tm")
def script_answers_and_nobody_acknowledges(s: Scene) -> None:
    alice, _ = call(s, "answer")
    alice.expect(200)
    alice.expect(200)


@case("tm")
def script_answers_and_the_caller_cancels(s: Scene) -> None:
    alice, invite = call(s, "answer")
    final = alice.expect(200)
    alice.within("ACK", invite, final)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")


@case("tm")
def script_drops_the_transaction(s: Scene) -> None:
    alice, invite = call(s, "t-drop")
    s.wait(0.1)
    alice.send(invite)
    s.wait(0.1)


# --- other ways out -------------------------------------------------------------------------------------------


@case("tm")
def relay_to_udp(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "to-udp", bob)
    accept(s, bob, alice, invite)


@case("tm")
def relay_to_with_flags(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "to-proxy", bob)
    accept(s, bob, alice, invite)


@case("tm")
def forward_nonack(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "forward-nonack", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def replicated_message(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "replicate", bob, method="MESSAGE")
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(480)
    s.wait(0.6)


@case("tm")
def spiral(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "spiral", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")


@case("tm")
def spiral_refused(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "spiral", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def spiral_cancelled(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "spiral", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def reply_status_changed_to_another_class(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "reply-class", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(183)
    bob.reply(incoming, 404)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(603))


@case("tm")
def reply_header_added_to_a_failure(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "reply-class", bob)
    refuse(bob, 486, reason="Very Busy")
    alice.ack_negative(invite, alice.expect(486))


# --- retransmissions ------------------------------------------------------------------------------------------


@case("tm")
def invite_again_before_any_answer(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    alice.expect(100)
    alice.send(invite)
    alice.expect(100)
    bob.reply(incoming, 486)
    bob.expect("ACK")
    final = alice.expect(486)
    alice.send(invite)
    alice.expect(486)
    alice.ack_negative(invite, final)


@case("tm")
def invite_again_without_100(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "no100", bob)
    incoming = bob.expect("INVITE")
    alice.send(invite)
    s.wait(0.1)
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.send(invite)
    alice.expect(180)
    bob.reply(incoming, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")
    alice.send(invite)
    alice.expect(200)


@case("tm")
def message_again(s: Scene) -> None:
    bob = s.party("bob")
    alice, message = call(s, "plain", bob, method="MESSAGE")
    incoming = bob.expect("MESSAGE")
    alice.send(message)
    s.wait(0.05)
    bob.reply(incoming, 100)
    bob.reply(incoming, 200)
    alice.expect(200)
    alice.send(message)
    alice.expect(200)
    bob.reply(incoming, 200)


@case("tm")
def failure_again_and_again(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = refuse(bob, 486)
    final = alice.expect(486)
    bob.reply(incoming, 486)
    bob.expect("ACK")
    bob.reply(incoming, 404)
    alice.ack_negative(invite, final)
    alice.ack_negative(invite, final)


@case("tm")
def ack_of_a_failure_is_late(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    refuse(bob, 486)
    final = alice.expect(486)
    alice.expect(486)
    alice.ack_negative(invite, final)
    s.wait(1.2)


@case("tm")
def cancel_overtakes_the_invite(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    invite = alice.make(
        "INVITE",
        "sip:them@example.org",
        [("X-Do", "plain"), ("X-A", bob.contact)],
        SDP,
        uri=f"sip:them@127.0.0.1:{s.port}",
    )
    cancel = (
        invite.without("Contact", "Content-Type", "X-Do", "X-A")
        .with_header("CSeq", "1 CANCEL")
        .with_header("X-A", bob.contact)
    )
    cancel.start, cancel.body = f"CANCEL {invite.uri} SIP/2.0", ""
    alice.send(cancel)
    bob.reply(bob.expect("CANCEL"), 481)
    alice.expect(481)
    alice.send(invite)
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def reply_without_a_transaction(s: Scene) -> None:
    bob = s.party("bob")
    alice, _ = call(s, "plain", bob, method="MESSAGE")
    incoming = bob.expect("MESSAGE")
    branch = incoming.get("Via").partition("branch=")[2]
    reply = bob.make_reply(incoming, 200)
    reply.headers = [(name, value.replace(branch, "z9hG4bK-stranger")) for name, value in reply.headers]
    bob.send(reply)
    alice.expect(200)
    bob.reply(incoming, 486)
    alice.expect(486)


# --- within a call --------------------------------------------------------------------------------------------


@case("tm")
def prack_flow(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 183, [("Require", "100rel"), ("RSeq", "1")], body=SDP)
    progress = alice.expect(183)
    prack = alice.make_within("PRACK", invite, progress)
    alice.send(prack.with_header("RAck", "1 1 INVITE"))
    bob.reply(bob.expect("PRACK"), 200)
    alice.expect(200, "PRACK")
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 200)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")


@case("tm")
def glare_491(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    answer = bob.reply(incoming, 200, body=SDP)
    final = alice.expect(200)
    alice.within("ACK", invite, final)
    bob.expect("ACK")
    theirs = bob.within("INVITE", incoming, answer, 9)
    at_alice = alice.expect("INVITE")
    ours = alice.within("INVITE", invite, final, 2)
    at_bob = bob.expect("INVITE")
    alice.reply(at_alice, 491)
    alice.expect("ACK")
    bob.ack_negative(theirs, bob.expect(491))
    bob.reply(at_bob, 491)
    bob.expect("ACK")
    alice.ack_negative(ours, alice.expect(491))


@case("tm")
def bye_while_ringing(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    ringing = alice.expect(180)
    alice.within("BYE", invite, ringing)
    bob.reply(bob.expect("BYE"), 200)
    alice.expect(200, "BYE")
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def two_early_dialogs_of_one_branch(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "plain", bob)
    incoming = bob.expect("INVITE")
    for tag in ("one", "two"):
        ringing = bob.make_reply(incoming, 180)
        bob.send(ringing.with_header("To", incoming.get("To") + f";tag={tag}-bob-tag"))
        alice.expect(180)
    for tag in ("one", "two"):
        final = bob.make_reply(incoming, 200)
        bob.send(final.with_header("To", incoming.get("To") + f";tag={tag}-bob-tag"))
        alice.within("ACK", invite, alice.expect(200))
        bob.expect("ACK")
