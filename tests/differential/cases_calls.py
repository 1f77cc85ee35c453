"""Calls with one callee: set-up, answer, retransmissions, requests within the call, CANCEL, failures."""

from __future__ import annotations

from differential.peers import SDP, Peer
from differential.play import Scene, case
from differential.sip import Message


def answered(alice: Peer, bob: Peer) -> tuple[Message, Message, Message, Message]:
    """An answered call: the INVITE and the 200 as each party has them (alice's two, then bob's two)."""
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    answer = bob.reply(incoming, 200, body=SDP)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")
    return invite, ok, incoming, answer


@case("proxy")
def call_and_caller_hangs_up(s: Scene) -> None:
    alice, bob = s.pair()
    invite, ok, _, _ = answered(alice, bob)
    alice.within("BYE", invite, ok)
    bob.reply(bob.expect("BYE"), 200)
    alice.expect(200, "BYE")


@case("proxy")
def call_and_callee_hangs_up(s: Scene) -> None:
    alice, bob = s.pair()
    _, _, incoming, answer = answered(alice, bob)
    bob.within("BYE", incoming, answer)
    alice.reply(alice.expect("BYE"), 200)
    bob.expect(200, "BYE")


@case("proxy")
def unregistered_callee(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    invite = alice.invite(bob.aor)
    alice.ack_negative(invite, alice.expect(404))


@case("proxy")
def no_user_in_the_uri(s: Scene) -> None:
    alice = s.party("alice")
    alice.invite(s.server)
    alice.expect(484)


@case("proxy")
def busy(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("proxy")
def busy_retransmitted_by_the_callee(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    final = bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))
    bob.send(final)
    bob.expect("ACK")


@case("proxy")
def busy_without_ack_is_retransmitted(s: Scene) -> None:
    alice, bob = s.pair()
    alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    alice.expect(486)
    alice.expect(486)


@case("proxy")
def no_answer_at_all(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    alice.ack_negative(invite, alice.expect(408))


@case("proxy")
def rings_and_nobody_answers(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    cancel = bob.expect("CANCEL")
    bob.reply(cancel, 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(408))


@case("proxy")
def dead_callee(s: Scene) -> None:
    alice, bob = s.pair()
    alice.register("<sip:nobody@127.0.0.1:9>", aor=bob.aor.replace("bob", "carol"))
    invite = alice.invite(bob.aor.replace("bob", "carol"))
    alice.ack_negative(invite, alice.expect(408))


@case("proxy")
def dead_callee_message(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:nobody@127.0.0.1:9>")
    alice.request("MESSAGE", alice.aor, body="anyone?")
    alice.expect(408)


@case("proxy")
def invite_retransmitted_before_180(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    alice.expect(100)
    alice.send(invite)
    alice.expect(100)
    bob.reply(incoming, 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("proxy")
def invite_retransmitted_after_180(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.send(invite)
    alice.expect(180)
    bob.reply(incoming, 603)
    alice.ack_negative(invite, alice.expect(603))
    alice.send(invite)


@case("proxy")
def invite_retransmitted_after_200(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 200, body=SDP)
    alice.expect(200)
    alice.send(invite)
    s.wait(0.1)


@case("proxy")
def ok_retransmitted(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    answer = bob.reply(bob.expect("INVITE"), 200, body=SDP)
    alice.expect(200)
    bob.send(answer)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")


@case("proxy")
def ack_retransmitted(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 200, body=SDP)
    ack = alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")
    alice.send(ack)
    bob.expect("ACK")


@case("proxy")
def bye_retransmitted(s: Scene) -> None:
    alice, bob = s.pair()
    invite, ok, _, _ = answered(alice, bob)
    bye = alice.within("BYE", invite, ok)
    incoming = bob.expect("BYE")
    alice.send(bye)
    bob.reply(incoming, 200)
    alice.expect(200, "BYE")
    alice.send(bye)
    alice.expect(200, "BYE")


@case("proxy")
def reinvite_from_both_sides(s: Scene) -> None:
    alice, bob = s.pair()
    invite, ok, incoming, answer = answered(alice, bob)
    again = alice.within("INVITE", invite, ok, 2)
    bob.reply(bob.expect("INVITE"), 200, body=SDP)
    alice.expect(200, "INVITE")
    alice.within("ACK", again, ok)
    bob.expect("ACK")
    bob.within("INVITE", incoming, answer, 1)
    alice.reply(alice.expect("INVITE"), 488)
    bob.expect(488)


@case("proxy")
def update_and_info(s: Scene) -> None:
    alice, bob = s.pair()
    invite, ok, incoming, answer = answered(alice, bob)
    alice.within("UPDATE", invite, ok, 2)
    bob.reply(bob.expect("UPDATE"), 200)
    alice.expect(200, "UPDATE")
    bob.within("INFO", incoming, answer, 1)
    alice.reply(alice.expect("INFO"), 481)
    bob.expect(481, "INFO")


@case("proxy")
def within_a_dialog_without_routes(s: Scene) -> None:
    alice, bob = s.pair()
    invite, ok, _, _ = answered(alice, bob)
    alice.send(alice.make_within("BYE", invite, ok).without("Route"))
    s.wait(0.1)


@case("proxy")
def ack_of_a_2xx_without_routes(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 200, body=SDP)
    ok = alice.expect(200, "INVITE")
    alice.send(alice.make_within("ACK", invite, ok).without("Route"))
    s.wait(0.1)


@case("proxy")
def stray_bye_to_the_server(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make("BYE", alice.aor).with_header("To", f"<{alice.aor}>;tag=alice-old-tag"))
    alice.expect(404)


@case("proxy")
def cancel_before_180(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    alice.expect(100)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(incoming, 180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("proxy")
def cancel_after_180(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("proxy")
def cancel_retransmitted(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    cancel = alice.cancel(invite)
    alice.expect(200, "CANCEL")
    alice.send(cancel)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    alice.ack_negative(invite, alice.expect(487))


@case("proxy")
def cancel_of_nothing(s: Scene) -> None:
    alice, bob = s.pair()
    alice.cancel(alice.make("INVITE", bob.aor))
    s.wait(0.1)


@case("proxy")
def cancel_too_late(s: Scene) -> None:
    alice, bob = s.pair()
    invite, _, _, _ = answered(alice, bob)
    alice.cancel(invite)
    s.wait(0.1)


@case("proxy")
def cancel_crosses_200(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200, "INVITE"))
    bob.expect("ACK")


@case("proxy")
def cancel_and_callee_is_silent(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 180)
    alice.expect(180)
    alice.cancel(invite)
    bob.expect("CANCEL")
    alice.ack_negative(invite, alice.expect(487))


@case("proxy")
def early_media_183(s: Scene) -> None:
    alice, bob = s.pair()
    alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 183, body=SDP)
    alice.expect(183)
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 200, body=SDP)
    alice.expect(200)


@case("proxy")
def prack(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor, [("Supported", "100rel")])
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 183, [("Require", "100rel"), ("RSeq", "1")])
    early = alice.expect(183)
    alice.send(alice.make_within("PRACK", invite, early).with_header("RAck", "1 1 INVITE"))
    bob.reply(bob.expect("PRACK"), 200)
    alice.expect(200, "PRACK")
    bob.reply(incoming, 486)
    alice.expect(486)


@case("proxy")
def redirected_by_the_callee(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 302, [("Contact", "<sip:else@127.0.0.9>")])
    alice.ack_negative(invite, alice.expect(302))


@case("proxy")
def challenged_by_the_callee(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    challenge = 'Digest realm="b", nonce="0123"'
    bob.reply(bob.expect("INVITE"), 407, [("Proxy-Authenticate", challenge)], reason="Proxy Authentication Required")
    alice.ack_negative(invite, alice.expect(407))


@case("proxy")
def callee_says_503(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 503, [("Retry-After", "5")])
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(500))


@case("proxy")
def a_second_final_is_ignored(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))
    bob.reply(incoming, 603)
    bob.reply(incoming, 180)
    s.wait(0.1)


@case("proxy")
def ack_to_a_local_negative(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    invite = alice.invite(bob.aor)
    final = alice.expect(404)
    alice.ack_negative(invite, final)
    alice.ack_negative(invite, final)
    alice.quiet(0.7)


@case("proxy")
def reply_without_transaction(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    request = alice.make("OPTIONS", bob.aor)
    forged = bob.make_reply(request, 200)
    forged.headers.insert(0, ("Via", f"SIP/2.0/UDP 127.0.0.1:{s.port};branch=z9hG4bK-alice-none"))
    bob.send(forged)
    s.wait(0.1)


@case("proxy")
def reply_with_a_foreign_via(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.send(bob.make_reply(alice.make("OPTIONS", bob.aor), 200))
    s.wait(0.1)
