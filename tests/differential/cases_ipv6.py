"""IPv6: addresses in brackets, and calls between ::1 and 127.0.0.1."""

from __future__ import annotations

from differential.play import Scene, case


@case("ipv6")
def register_over_ipv6(s: Scene) -> None:
    alice = s.ipv6_party("alice")
    alice.register()
    s.command("ul.lookup", "location", alice.user)


@case("ipv6")
def call_over_ipv6(s: Scene) -> None:
    alice, bob = s.ipv6_party("alice"), s.ipv6_party("bob")
    bob.register()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    sent = bob.reply(incoming, 200)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")
    bob.within("BYE", incoming, sent, 1)
    alice.reply(alice.expect("BYE"), 200)
    bob.expect(200, "BYE")


@case("ipv6")
def call_from_ipv4_to_ipv6(s: Scene) -> None:
    alice, bob = s.party("alice"), s.ipv6_party("bob")
    bob.register()
    invite = alice.invite(f"sip:{bob.user}@127.0.0.1:{s.port}")
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 200)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")
    alice.within("BYE", invite, ok)
    bob.reply(bob.expect("BYE"), 200)
    alice.expect(200, "BYE")


@case("ipv6")
def call_from_ipv6_to_ipv4_cancelled(s: Scene) -> None:
    alice, bob = s.ipv6_party("alice"), s.party("bob")
    bob.register()
    invite = alice.invite(f"sip:{bob.user}@[::1]:{s.port}")
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(200, "CANCEL")
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(487))


@case("ipv6")
def busy_over_ipv6(s: Scene) -> None:
    alice, bob = s.ipv6_party("alice"), s.ipv6_party("bob")
    bob.register()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("ipv6")
def nobody_over_ipv6(s: Scene) -> None:
    alice = s.ipv6_party("alice")
    invite = alice.invite(f"sip:nobody@[::1]:{s.port}")
    alice.ack_negative(invite, alice.expect(404))


@case("ipv6")
def options_over_ipv6(s: Scene) -> None:
    alice = s.ipv6_party("alice")
    alice.request("OPTIONS", f"sip:[::1]:{s.port}")
    alice.expect(200)
    alice.request("OPTIONS", f"sip:[0:0:0:0:0:0:0:1]:{s.port}", cseq=2)
    s.wait(0.1)


@case("ipv6")
def via_of_another_ipv6_address(s: Scene) -> None:
    alice = s.ipv6_party("alice")
    message = alice.make("OPTIONS", f"sip:[::1]:{s.port}")
    alice.send(message.with_header("Via", message.get("Via").replace("[::1]", "[2001:db8::7]")))
    alice.expect(200)


@case("ipv6")
def route_of_our_ipv6_address(s: Scene) -> None:
    alice, edge = s.ipv6_party("alice"), s.ipv6_party("edge")
    message = alice.make("BYE", edge.contact, [("Route", f"<sip:[::1]:{s.port};lr>")])
    alice.send(message.with_header("To", f"<{edge.contact}>;tag=z-remote-tag"))
    edge.reply(edge.expect("BYE"), 200)
    alice.expect(200)
