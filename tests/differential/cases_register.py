"""Registration: what the registrar answers, and where calls then go."""

from __future__ import annotations

from differential.peers import Peer
from differential.play import Scene, case


def fetch(peer: Peer, cseq: int) -> None:
    """Asks for the current contacts."""
    request = peer.make_register(cseq=cseq).without("Contact", "Expires")
    peer.send(request)
    peer.expect(200, "REGISTER")


@case("proxy")
def register_refresh(s: Scene) -> None:
    alice = s.party("alice")
    alice.register()
    alice.register(cseq=2)
    fetch(alice, 3)


@case("proxy")
def register_remove(s: Scene) -> None:
    alice = s.party("alice")
    alice.register()
    alice.register(f"<{alice.contact}>;expires=0", cseq=2)
    fetch(alice, 3)
    alice.invite(alice.aor)
    alice.expect(404)


@case("proxy")
def register_star(s: Scene) -> None:
    alice = s.party("alice")
    alice.register()
    alice.register("<sip:other@127.0.0.1:9>", cseq=2)
    alice.send(alice.make_register("*", cseq=3).with_header("Expires", "0"))
    alice.expect(200)
    fetch(alice, 4)


@case("proxy")
def register_star_without_expires_zero(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register("*"))
    alice.expect(400)


@case("proxy")
def register_star_and_another(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register("*", [("Contact", f"<{alice.contact}>")]).with_header("Expires", "0"))
    alice.expect(400)


@case("proxy")
def register_two_contacts_in_one_header(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(f'"Desk" <{alice.contact}>;q=0.5, <sip:m@127.0.0.1:9>;expires=120')
    fetch(alice, 2)


@case("proxy")
def register_two_contact_headers(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(extra=[("Contact", "<sip:m@127.0.0.1:9;transport=tcp>;q=1.0")])
    alice.register(f"<{alice.contact}>;expires=0", cseq=2)
    fetch(alice, 3)


@case("proxy")
def register_no_contact_at_all(s: Scene) -> None:
    fetch(s.party("alice"), 1)


@case("proxy")
def register_bad_contact(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register("<sip:oops"))
    alice.expect(400)


@case("proxy")
def register_contact_of_another_scheme(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<tel:+4312345>")
    fetch(alice, 2)


@case("proxy")
def register_old_cseq(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(cseq=5)
    alice.send(alice.make_register(cseq=4))
    s.wait(0.1)
    fetch(alice, 6)


@case("proxy")
def register_retransmitted(s: Scene) -> None:
    alice = s.party("alice")
    request = alice.make_register()
    alice.send(request)
    alice.expect(200)
    alice.send(request)
    alice.expect(200)


@case("proxy")
def register_instance_and_methods(s: Scene) -> None:
    alice = s.party("alice")
    instance = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"'
    alice.register(f'<{alice.contact}>;{instance};reg-id=1;methods="INVITE,BYE"', [("Supported", "path, outbound")])
    fetch(alice, 2)


@case("proxy")
def register_bad_expires(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register().with_header("Expires", "soon"))
    alice.expect(200)


@case("proxy")
def register_huge_expires(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(f"<{alice.contact}>;expires=99999999")


@case("proxy")
def register_without_expires(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register().without("Expires"))
    alice.expect(200)


@case("proxy")
def register_user_case_and_escapes(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register(aor=bob.aor.replace("bob", "B%6Fb"))
    alice.invite(bob.aor)
    s.wait(0.1)


@case("proxy")
def register_contact_with_parameters(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register(f'"B" <{bob.contact};line=abc;ob>;q=0.7')
    alice.request("MESSAGE", bob.aor, body="x")
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def register_for_somebody_else(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    alice.register(aor=bob.aor)
    bob.request("MESSAGE", bob.aor, body="x")
    alice.reply(alice.expect("MESSAGE"), 200)
    bob.expect(200)


@case("proxy")
def register_over_tcp(s: Scene) -> None:
    alice = s.tcp_party("alice")
    alice.register()
    fetch(alice, 2)


@case("06-registrar")
def register_twice_on_the_tutorial_registrar(s: Scene) -> None:
    alice = s.party("alice")
    alice.register()
    alice.register(f"<{alice.contact}>;expires=60", cseq=2)
    alice.register(f"<{alice.contact}>;expires=0", cseq=3)
