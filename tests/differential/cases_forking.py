"""A user with two or three contacts: everybody is called at once, and one answer goes back."""

from __future__ import annotations

from differential.peers import SDP, Peer
from differential.play import Scene, case
from differential.sip import Message


def forked(s: Scene, *names: str) -> tuple[Peer, Message, list[Peer], list[Message]]:
    """A caller, its INVITE, and the parties that are contacts of bob's, each with the INVITE it received."""
    alice, first = s.party("alice"), s.party("bob")
    phones = [first] + [s.party(name) for name in names]
    for number, phone in enumerate(phones):
        phone.register(f"<{phone.contact}>;q=0.{9 - number}", aor=first.aor)
    invite = alice.invite(first.aor)
    return alice, invite, phones, [phone.expect("INVITE") for phone in phones]


@case("proxy")
def fork_two_and_the_first_wins(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    bob.reply(one, 180)
    alice.expect(180)
    mobile.reply(two, 180)
    alice.expect(180)
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")
    mobile.reply(mobile.expect("CANCEL"), 200)
    mobile.reply(two, 487)
    mobile.expect("ACK")


@case("proxy")
def fork_three_and_the_last_wins(s: Scene) -> None:
    alice, invite, (bob, desk, mobile), (one, two, three) = forked(s, "desk", "mobile")
    bob.reply(one, 486)
    bob.expect("ACK")
    desk.reply(two, 180)
    alice.expect(180)
    mobile.reply(three, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    desk.reply(desk.expect("CANCEL"), 200)
    desk.reply(two, 487)
    desk.expect("ACK")


@case("proxy")
def fork_two_all_busy(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    bob.reply(one, 486)
    bob.expect("ACK")
    mobile.reply(two, 486)
    mobile.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("proxy")
def fork_three_and_the_best_failure(s: Scene) -> None:
    alice, invite, (bob, desk, mobile), (one, two, three) = forked(s, "desk", "mobile")
    bob.reply(one, 503)
    bob.expect("ACK")
    desk.reply(two, 404)
    desk.expect("ACK")
    mobile.reply(three, 480)
    mobile.expect("ACK")
    alice.ack_negative(invite, alice.expect(404))


@case("proxy")
def fork_5xx_and_4xx(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    bob.reply(one, 500)
    bob.expect("ACK")
    mobile.reply(two, 480)
    mobile.expect("ACK")
    alice.ack_negative(invite, alice.expect(480))


@case("proxy")
def fork_3xx_and_4xx(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    bob.reply(one, 486)
    bob.expect("ACK")
    mobile.reply(two, 302, [("Contact", "<sip:else@127.0.0.9>")])
    mobile.expect("ACK")
    alice.ack_negative(invite, alice.expect(302))


@case("proxy")
def fork_two_challenges(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    bob.reply(one, 401, [("WWW-Authenticate", 'Digest realm="bob", nonce="1"')], reason="Unauthorized")
    bob.expect("ACK")
    mobile.reply(two, 407, [("Proxy-Authenticate", 'Digest realm="m", nonce="2"')], reason="Proxy Auth")
    mobile.expect("ACK")
    alice.ack_negative(invite, alice.expect(401))


@case("proxy")
def fork_6xx_ends_it(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    mobile.reply(two, 180)
    alice.expect(180)
    bob.reply(one, 603)
    bob.expect("ACK")
    mobile.reply(mobile.expect("CANCEL"), 200)
    mobile.reply(two, 487)
    mobile.expect("ACK")
    alice.ack_negative(invite, alice.expect(603))


@case("proxy")
def fork_cancelled_by_the_caller(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    bob.reply(one, 180)
    alice.expect(180)
    mobile.reply(two, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    for phone, incoming in ((bob, one), (mobile, two)):
        phone.reply(phone.expect("CANCEL"), 200)
        phone.reply(incoming, 487)
        phone.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("proxy")
def fork_one_silent_one_busy(s: Scene) -> None:
    alice, invite, (_, mobile), (_, two) = forked(s, "mobile")
    mobile.reply(two, 486)
    mobile.expect("ACK")
    alice.ack_negative(invite, alice.expect(408))


@case("proxy")
def fork_two_answers(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")
    mobile.reply(two, 200, body=SDP)
    alice.expect(200)


@case("proxy")
def fork_late_2xx_after_cancel(s: Scene) -> None:
    alice, invite, (bob, mobile), (one, two) = forked(s, "mobile")
    mobile.reply(two, 180)
    alice.expect(180)
    bob.reply(one, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    mobile.reply(mobile.expect("CANCEL"), 481)
    mobile.reply(two, 200, body=SDP)
    alice.expect(200)


@case("proxy")
def fork_of_a_message(s: Scene) -> None:
    alice, bob, mobile = s.parties_named("alice", "bob", "mobile")
    bob.register()
    mobile.register(aor=bob.aor)
    alice.request("MESSAGE", bob.aor, body="to all")
    first, second = bob.expect("MESSAGE"), mobile.expect("MESSAGE")
    bob.reply(first, 404)
    mobile.reply(second, 200)
    alice.expect(200)
