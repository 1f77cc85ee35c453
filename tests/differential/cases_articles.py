"""The steps of the tutorial: examples/articles."""

from __future__ import annotations

from differential.play import Scene, case


@case("01-log")
def log_only_sends_nothing(s: Scene) -> None:
    s.party("alice").request("OPTIONS", f"sip:101@127.0.0.1:{s.port}")


@case("02-501")
def everything_is_501(s: Scene) -> None:
    alice = s.party("alice")
    invite = alice.invite(f"sip:101@127.0.0.1:{s.port}")
    alice.ack_negative(invite, alice.expect(501))
    alice.request("MESSAGE", f"sip:101@127.0.0.1:{s.port}", body="hello", cseq=2)
    alice.expect(501, "MESSAGE")


@case("03-invite-480")
def invite_480_and_the_rest_501(s: Scene) -> None:
    alice = s.party("alice")
    invite = alice.invite(f"sip:101@127.0.0.1:{s.port}")
    alice.ack_negative(invite, alice.expect(480))
    alice.request("OPTIONS", f"sip:101@127.0.0.1:{s.port}", cseq=2)
    alice.expect(501)


@case("04-route-501")
def a_route_returns(s: Scene) -> None:
    alice = s.party("alice")
    alice.request("OPTIONS", f"sip:101@127.0.0.1:{s.port}")
    alice.expect(501)


@case("05-route-501-exit")
def a_route_exits(s: Scene) -> None:
    alice = s.party("alice")
    alice.request("OPTIONS", f"sip:101@127.0.0.1:{s.port}")
    alice.expect(501)


@case("06-registrar")
def registrar_only(s: Scene) -> None:
    alice = s.party("alice")
    alice.register()
    invite = alice.invite(alice.aor)
    alice.ack_negative(invite, alice.expect(480))


@case("07-first-call")
def first_call_without_cancel_or_bye(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    alice.cancel(invite)
    alice.expect(501, "CANCEL")
    bob.reply(incoming, 200)
    alice.within("ACK", invite, alice.expect(200))


@case("08-404")
def not_registered_404(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    invite = alice.invite(bob.aor)
    alice.ack_negative(invite, alice.expect(404))


@case("08-404")
def registered_call_is_relayed(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 200)
    bye = alice.within("BYE", invite, alice.expect(200))
    assert bye.method == "BYE"
    alice.expect(501, "BYE")


@case("09-boilerplate")
def plain_call(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    alice.expect(180)
    bob.reply(incoming, 200)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")
    alice.within("BYE", invite, ok)
    bob.reply(bob.expect("BYE"), 200)
    alice.expect(200, "BYE")
