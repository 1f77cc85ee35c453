"""Still configs/tm.cfg: timers set in each kind of route, routes after a CANCEL, routes within routes, TCP."""

from __future__ import annotations

from differential.cases_tm import accept, call, refuse
from differential.peers import SDP
from differential.play import Scene, case


@case("tm")
def timer_set_in_onreply_route(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "fr-in-reply", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 183)
    alice.expect(183)
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(bob.expect("CANCEL", seconds=1), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def timer_set_in_branch_route(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fr-in-branch", bob, carol)
    bob.expect("INVITE")
    ringing = carol.expect("INVITE")
    carol.reply(ringing, 180)
    alice.expect(180)
    carol.reply(carol.expect("CANCEL", seconds=1.5), 200)
    carol.reply(ringing, 487)
    carol.expect("ACK")
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def timer_set_in_failure_route(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fr-in-failure", bob, carol)
    refuse(bob, 486)
    carol.expect("INVITE")
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def timer_set_and_reset(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "fr-reset", bob)
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def lifetime_set_and_reset(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "max-life-reset", bob)
    alice.ack_negative(invite, alice.expect(408))


@case("tm")
def failure_route_after_a_cancel(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "cancel-failure", bob)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def failure_route_forwards_after_a_cancel(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "cancel-relay", bob, carol)
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
def failure_route_whose_branch_is_dropped(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "branch-drop-in-failure", bob, carol)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def branch_failure_and_failure_route(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "bf-and-f", bob)
    refuse(bob, 404)
    alice.ack_negative(invite, alice.expect(487))


@case("tm")
def failure_routes_one_after_the_other(s: Scene) -> None:
    bob, carol, dave = s.parties_named("bob", "carol", "dave")
    alice, invite = call(s, "nested", bob, carol, dave)
    refuse(bob, 302, (("Contact", "<sip:x@127.0.0.1:9>"),))
    one, two = carol.expect("INVITE"), dave.expect("INVITE")
    carol.reply(one, 486)
    carol.expect("ACK")
    dave.reply(two, 404)
    dave.expect("ACK")
    alice.ack_negative(invite, alice.expect(480))


@case("tm")
def failure_route_answers_and_forwards(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "reply-in-failure-and-relay", bob, carol)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(480))
    s.wait(0.1)


@case("tm")
def looking_for_transactions(s: Scene) -> None:
    alice, invite = call(s, "exists")
    alice.expect(183)
    final = alice.receive(0.2)
    if final is not None and final.status == 480:
        alice.ack_negative(invite, final)


@case("tm")
def routes_armed_and_forgotten(s: Scene) -> None:
    bob = s.party("bob")
    alice, invite = call(s, "on-reply-off", bob)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def tcp_caller_and_udp_callee(s: Scene) -> None:
    alice, bob = s.tcp_party("alice"), s.party("bob")
    invite = alice.request(
        "INVITE",
        "sip:them@example.org",
        [("X-Do", "serial"), ("X-A", bob.contact)],
        SDP,
        uri=f"sip:them@127.0.0.1:{s.port}",
    )
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 200, body=SDP)
    alice.within("ACK", invite, alice.expect(200))
    bob.expect("ACK")


@case("tm")
def tcp_caller_is_refused_and_silent(s: Scene) -> None:
    alice, bob = s.tcp_party("alice"), s.party("bob")
    alice.request(
        "INVITE",
        "sip:them@example.org",
        [("X-Do", "plain"), ("X-A", bob.contact)],
        SDP,
        uri=f"sip:them@127.0.0.1:{s.port}",
    )
    refuse(bob, 486)
    alice.expect(486)
    s.wait(0.7)


@case("tm")
def tcp_caller_cancels(s: Scene) -> None:
    alice, bob = s.tcp_party("alice"), s.party("bob")
    invite = alice.request(
        "INVITE",
        "sip:them@example.org",
        [("X-Do", "plain"), ("X-A", bob.contact)],
        SDP,
        uri=f"sip:them@127.0.0.1:{s.port}",
    )
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
def udp_caller_and_a_silent_tcp_callee(s: Scene) -> None:
    alice, bob = s.party("alice"), s.tcp_party("bob")
    s.wait(0.05)  # the server has taken the connection by then
    alice.request(
        "MESSAGE", "sip:them@example.org", [("X-Do", "short"), ("X-A", bob.contact)], uri=f"sip:them@127.0.0.1:{s.port}"
    )
    alice.expect(408)


@case("tm")
def udp_caller_and_a_tcp_callee_that_is_not_there(s: Scene) -> None:
    bob = s.party("bob")
    alice = s.party("alice")
    message = alice.make(
        "MESSAGE",
        "sip:them@example.org",
        [("X-Do", "short-failure"), ("X-A", bob.contact + ";transport=tcp")],
        uri=f"sip:them@127.0.0.1:{s.port}",
    )
    alice.send(message)
    alice.receive(1.5)


@case("tm")
def bare_invite_without_content_length(s: Scene) -> None:
    bob = s.party("bob")
    alice = s.party("alice")
    invite = alice.make(
        "INVITE",
        "sip:them@example.org",
        [("X-Do", "plain"), ("X-A", bob.contact), ("Content-Length", "\0")],
        uri=f"sip:them@127.0.0.1:{s.port}",
    )
    alice.send(invite)
    refuse(bob, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("tm")
def compact_headers_in_the_invite(s: Scene) -> None:
    bob = s.party("bob")
    alice = s.party("alice")
    invite = alice.make(
        "INVITE",
        "sip:them@example.org",
        [("X-Do", "serial"), ("X-A", bob.contact)],
        SDP,
        uri=f"sip:them@127.0.0.1:{s.port}",
    )
    short = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Contact": "m", "Content-Type": "c"}
    invite.headers = [(short.get(name, name), value) for name, value in invite.headers]
    alice.send(invite)
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
def accepted_after_a_second_try(s: Scene) -> None:
    bob, carol = s.parties_named("bob", "carol")
    alice, invite = call(s, "fr-in-failure", bob, carol)
    refuse(bob, 503)
    accept(s, carol, alice, invite)
