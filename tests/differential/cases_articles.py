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


@case("09-boilerplate")
def boilerplate_cancel(s: Scene) -> None:
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


@case("09-boilerplate")
def boilerplate_busy(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


@case("09-boilerplate")
def boilerplate_not_registered(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    invite = alice.invite(bob.aor)
    alice.ack_negative(invite, alice.expect(404))


@case("09-boilerplate")
def boilerplate_method_not_allowed(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register(f'<{bob.contact}>;methods="INVITE,BYE"')
    alice.request("MESSAGE", bob.aor, body="x")
    alice.expect(405)


@case("09-boilerplate")
def boilerplate_no_answer(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 180)
    bob.reply(bob.expect("CANCEL"), 200)
    bob.reply(incoming, 487)
    alice.ack_negative(invite, alice.expect(408))


@case("09-boilerplate")
def boilerplate_scanner_is_ignored(s: Scene) -> None:
    s.party("alice").request("OPTIONS", s.server, [("User-Agent", "friendly-scanner")])
    s.wait(0.1)


@case("09-boilerplate")
def boilerplate_keepalive(s: Scene) -> None:
    alice = s.party("alice")
    alice.request("OPTIONS", s.server)
    alice.expect(200)


@case("09-boilerplate")
def boilerplate_max_forwards(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make("OPTIONS", s.server).with_header("Max-Forwards", "0"))
    alice.expect(483)


@case("09-boilerplate")
def boilerplate_replies_go_where_the_request_came_from(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make("OPTIONS", s.server).with_header("Via", "SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK-alice-x"))
    alice.expect(200)


@case("09-boilerplate")
def boilerplate_other_domain(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    alice.request("MESSAGE", bob.contact, [("Route", f"<sip:127.0.0.1:{bob.port};lr>")], "x")
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("09-boilerplate")
def boilerplate_malformed(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make("MESSAGE", alice.aor, body="x").with_header("CSeq", "1 INFO"))
    alice.expect(400)


@case("09-boilerplate")
def boilerplate_malformed_reply_is_dropped(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.send(bob.make_reply(incoming, 180).with_header("Content-Length", "77"))
    bob.reply(incoming, 486)
    alice.ack_negative(invite, alice.expect(486))


@case("09-boilerplate")
def boilerplate_subscribe_and_notify(s: Scene) -> None:
    alice, bob = s.pair()
    subscribe = alice.request("SUBSCRIBE", bob.aor, [("Event", "dialog"), ("Expires", "60")])
    incoming = bob.expect("SUBSCRIBE")
    answer = bob.reply(incoming, 202, [("Contact", f"<{bob.contact}>"), ("Expires", "60")], reason="Accepted")
    ok = alice.expect(202)
    assert ok.method == subscribe.method
    bob.within("NOTIFY", incoming, answer)
    alice.reply(alice.expect("NOTIFY"), 200)
    bob.expect(200, "NOTIFY")


@case("09-boilerplate")
def boilerplate_within_no_dialog(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make("INFO", alice.aor).with_header("To", f"<{alice.aor}>;tag=alice-old-tag"))
    alice.expect(404)
