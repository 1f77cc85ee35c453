"""The registrar's corners: odd contacts, save() and its kin by flag, kamcmd, paths, flows, domains."""

from __future__ import annotations

from collections.abc import Iterable

from differential.peers import Peer
from differential.play import Scene, case
from differential.sip import Message

INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-0000000000{}>"'
Extra = Iterable[tuple[str, str]]


def do(what: str, *extra: tuple[str, str]) -> list[tuple[str, str]]:
    return [("X-Do", what), *extra]


def fetch(peer: Peer, cseq: int, extra: Extra = ()) -> Message:
    """Asks for the current contacts."""
    peer.send(peer.make_register(extra=extra, cseq=cseq).without("Contact", "Expires"))
    return peer.expect(200, "REGISTER")


def ask(peer: Peer, what: str, *extra: tuple[str, str], cseq: int = 1, of: str = "") -> Message:
    """An OPTIONS that makes the script look something up."""
    peer.request("OPTIONS", of or peer.aor, do(what, *extra), cseq=cseq)
    return peer.expect(200, "OPTIONS")


def refused(peer: Peer, status: int, contact: str = "", extra: Extra = (), cseq: int = 1) -> None:
    peer.send(peer.make_register(contact, extra, cseq))
    peer.expect(status, "REGISTER")


# --- contacts, one a case: registered, listed, removed ------------------------------------------------------------

CONTACTS = {
    "without_user": "<sip:127.0.0.1:9>",
    "of_sips": "<sips:a@127.0.0.1:9>",
    "of_tel": "<tel:+43-1-2345;phone-context=x>",
    "of_ipv6": "<sip:a@[2001:db8::1]:5062>",
    "with_escaped_user": "<sip:a%20b%3Ac@127.0.0.1:9>",
    "with_user_params": "<sip:a;x=1;y@127.0.0.1:9>",
    "with_password": "<sip:a:secret@127.0.0.1:9>",
    "with_uri_params": '<sip:a@127.0.0.1:9;transport=udp;x="1";lr>',
    "with_uri_headers": "<sip:a@127.0.0.1:9?Subject=x&Priority=urgent>",
    "with_quoted_name_and_comma": '"Doe, Jane; <x>" <sip:a@127.0.0.1:9>;q=0.1',
    "with_escaped_quote": '"Do\\"e" <sip:a@127.0.0.1:9>',
    "with_plain_name": "Jane Doe <sip:a@127.0.0.1:9>",
    "with_utf8_name": '"J\xc3\xb6rg" <sip:a@127.0.0.1:9>',
    "with_latin1_name": '"J\xf6rg" <sip:a@127.0.0.1:9>',
    "with_utf8_user": "<sip:j\xc3\xb6rg@127.0.0.1:9>",
    "bare": "sip:a@127.0.0.1:9",
    "bare_with_params": "sip:a@127.0.0.1:9;q=0.4;expires=120",
    "with_q_one": "<sip:a@127.0.0.1:9>;q=1",
    "with_q_zero": "<sip:a@127.0.0.1:9>;q=0",
    "with_q_dot": "<sip:a@127.0.0.1:9>;q=.5",
    "with_q_long": "<sip:a@127.0.0.1:9>;q=0.56789",
    "with_empty_q": "<sip:a@127.0.0.1:9>;q=",
    "with_empty_expires": "<sip:a@127.0.0.1:9>;expires=",
    "with_bad_expires": "<sip:a@127.0.0.1:9>;expires=soon",
    "with_short_expires": "<sip:a@127.0.0.1:9>;expires=5",
    "with_negative_expires": "<sip:a@127.0.0.1:9>;expires=-5",
    "with_expires_past_32_bits": "<sip:a@127.0.0.1:9>;expires=99999999999",
    "with_unknown_params": '<sip:a@127.0.0.1:9>;audio;+g.3gpp.smsip;mobility="mobile"',
    "with_instance": f"<sip:a@127.0.0.1:9>;{INSTANCE.format('01')}",
    "with_instance_and_reg_id": f"<sip:a@127.0.0.1:9>;{INSTANCE.format('02')};reg-id=7",
    "with_reg_id_alone": "<sip:a@127.0.0.1:9>;reg-id=7",
    "with_methods": '<sip:a@127.0.0.1:9>;methods="INVITE, BYE,FOO"',
    "with_received": '<sip:a@127.0.0.1:9>;received="sip:127.0.0.1:9"',
    "with_spaces": "  <sip:a@127.0.0.1:9>  ;  q = 0.5 ; expires = 600 ",
    "with_upper_case_params": "<sip:a@127.0.0.1:9>;Q=0.5;EXPIRES=600",
    "with_the_same_param_twice": "<sip:a@127.0.0.1:9>;q=0.5;q=0.6;expires=600;expires=700",
    "of_200_bytes": f"<sip:{'a' * 184}@127.0.0.1:9>",
    "folded": "<sip:a@127.0.0.1:9>\r\n ;q=0.5\r\n\t;expires=600",
    "with_upper_case_host": "<SIP:A@LOCALHOST:9>",
    "with_empty_name": '"" <sip:a@127.0.0.1:9>',
    "with_trailing_comma": "<sip:a@127.0.0.1:9>,",
    "of_many": ",".join(f"<sip:a{n}@127.0.0.1:9>;q=0.{n}" for n in (1, 3, 2)),
    "of_many_one_expired": "<sip:a@127.0.0.1:9>;expires=0,<sip:b@127.0.0.1:9>;expires=90",
    "twice_the_same": "<sip:a@127.0.0.1:9>;q=0.2,<sip:a@127.0.0.1:9>;q=0.8",
    "with_the_same_instance_twice": f"<sip:a@127.0.0.1:9>;{INSTANCE.format('03')},<sip:b@127.0.0.1:9>;{INSTANCE.format('03')}",
}


def _accepted(name: str, value: str) -> None:
    def steps(s: Scene) -> None:
        alice = s.party("alice")
        alice.send(alice.make_register(value))
        s.wait(0.1)
        fetch(alice, 2)
        s.command("ul.lookup", "location", alice.user)
        alice.send(alice.make_register("*", cseq=3).with_header("Expires", "0"))
        alice.expect(200)

    steps.__name__ = f"contact_{name}"
    case("registrar")(steps)


for _name, _value in CONTACTS.items():
    _accepted(_name, _value)

REFUSED = {
    "too_long": f"<sip:{'a' * 190}@127.0.0.1:9>",
    "with_q_above_one": "<sip:a@127.0.0.1:9>;q=1.1",
    "with_bad_q": "<sip:a@127.0.0.1:9>;q=high",
    "with_q_of_two_dots": "<sip:a@127.0.0.1:9>;q=0.5.5",
    "with_bad_reg_id": f"<sip:a@127.0.0.1:9>;{INSTANCE.format('04')};reg-id=x",
    "with_reg_id_zero": f"<sip:a@127.0.0.1:9>;{INSTANCE.format('04')};reg-id=0",
    "of_four": ",".join(f"<sip:a{n}@127.0.0.1:9>" for n in range(4)),
    "of_star_first": "*, <sip:a@127.0.0.1:9>",
    "of_star_last": "<sip:a@127.0.0.1:9>, *",
    "without_close": "<sip:a@127.0.0.1:9",
    "with_open_quote": '"Jane <sip:a@127.0.0.1:9>',
    "empty": "",
    "of_empty_brackets": "<>",
    "of_a_word": "nonsense",
    "with_no_host": "<sip:a@>",
    "with_bad_port": "<sip:a@127.0.0.1:99999>",
}


def _rejected(name: str, value: str) -> None:
    def steps(s: Scene) -> None:
        alice = s.party("alice")
        message = alice.make_register(value)
        if not value:
            message = message.with_header("Contact", "")
        alice.send(message)
        s.wait(0.1)
        fetch(alice, 2)

    steps.__name__ = f"refused_contact_{name}"
    case("registrar")(steps)


for _name, _value in REFUSED.items():
    _rejected(_name, _value)


# --- one phone after another --------------------------------------------------------------------------------------


@case("registrar")
def fourth_contact_is_one_too_many(s: Scene) -> None:
    alice = s.party("alice")
    for number in (1, 2, 3):
        alice.register(f"<sip:a{number}@127.0.0.1:9>", cseq=number)
    refused(alice, 503, "<sip:a4@127.0.0.1:9>", cseq=4)
    alice.register("<sip:a1@127.0.0.1:9>;expires=0,<sip:a4@127.0.0.1:9>", cseq=5)
    alice.register("<sip:a3@127.0.0.1:9>;q=0.9", cseq=6)
    fetch(alice, 7)


@case("registrar")
def limit_of_one_call(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(cseq=1)
    refused(alice, 503, "<sip:b@127.0.0.1:9>", [("X-Max", "1")], cseq=2)
    alice.register("<sip:b@127.0.0.1:9>", [("X-Max", "0")], cseq=3)


@case("registrar")
def only_one_is_kept(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>")
    alice.register("<sip:b@127.0.0.1:9>", cseq=2)
    alice.register("<sip:c@127.0.0.1:9>", do("only"), cseq=3)
    alice.register("<sip:c@127.0.0.1:9>;q=0.5", do("only"), cseq=4)
    alice.register("<sip:d@127.0.0.1:9>,<sip:e@127.0.0.1:9>", do("only"), cseq=5)
    alice.register("<sip:d@127.0.0.1:9>;expires=0", do("only"), cseq=6)


@case("registrar")
def same_call_id_lower_cseq(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(cseq=9)
    refused(alice, 400, cseq=8)
    alice.register(cseq=9)
    alice.register("<sip:new@127.0.0.1:9>", cseq=8)
    fetch(alice, 10)


@case("registrar")
def another_call_id_lower_cseq(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(cseq=9)
    alice.send(alice.make_register(cseq=1).with_header("Call-ID", "another-lower@case"))
    alice.expect(200)
    s.command("ul.lookup", "location", alice.user)


@case("registrar")
def old_cseq_for_one_of_two(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>", cseq=9)
    refused(alice, 400, "<sip:a@127.0.0.1:9>;expires=0,<sip:b@127.0.0.1:9>", cseq=8)
    fetch(alice, 10)


@case("registrar")
def header_expires_zero_contact_not(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>;expires=300,<sip:b@127.0.0.1:9>", [("X-Nothing", "1")])
    message = alice.make_register("<sip:a@127.0.0.1:9>;expires=400,<sip:b@127.0.0.1:9>", cseq=2)
    alice.send(message.with_header("Expires", "0"))
    alice.expect(200)


@case("registrar")
def removal_of_what_is_not_there(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>;expires=0")
    alice.register("<sip:b@127.0.0.1:9>", cseq=2)
    alice.register("<sip:a@127.0.0.1:9>;expires=0", cseq=3)


@case("registrar")
def star_for_nobody(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register("*").with_header("Expires", "0"))
    alice.expect(200)
    refused(alice, 400, "*", cseq=2)


@case("registrar")
def refresh_from_another_port(s: Scene) -> None:
    alice, desk = s.parties_named("alice", "desk")
    alice.register("<sip:a@127.0.0.1:9>")
    desk.register("<sip:a@127.0.0.1:9>", cseq=1, aor=alice.aor)
    s.command("ul.lookup", "location", alice.user)


@case("registrar")
def instance_moves_to_another_address(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(f"<sip:a@127.0.0.1:9>;{INSTANCE.format('05')}")
    alice.register(f"<sip:b@127.0.0.1:9>;{INSTANCE.format('05')}", cseq=2)
    alice.register(f"<sip:c@127.0.0.1:9>;{INSTANCE.format('05')};reg-id=1", cseq=3)
    alice.register(f"<sip:d@127.0.0.1:9>;{INSTANCE.format('05')};reg-id=2", cseq=4)
    fetch(alice, 5)


@case("registrar")
def instance_with_a_new_call_id(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(f"<sip:a@127.0.0.1:9>;{INSTANCE.format('06')};reg-id=1")
    alice.register(f"<sip:b@127.0.0.1:9>;{INSTANCE.format('06')};reg-id=2", cseq=2)
    message = alice.make_register(f"<sip:c@127.0.0.1:9>;{INSTANCE.format('06')};reg-id=1", cseq=1)
    alice.send(message.with_header("Call-ID", "reboot-instance@case"))
    alice.expect(200)


@case("registrar")
def instance_comes_and_goes(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>")
    alice.register(f"<sip:a@127.0.0.1:9>;{INSTANCE.format('07')}", cseq=2)
    alice.register("<sip:a@127.0.0.1:9>", cseq=3)
    fetch(alice, 4)


@case("registrar")
def q_changes_the_order(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>;q=0.9,<sip:b@127.0.0.1:9>;q=0.5,<sip:c@127.0.0.1:9>;q=0.1")
    alice.register("<sip:a@127.0.0.1:9>;q=0.9", cseq=2)
    alice.register("<sip:c@127.0.0.1:9>;q=0.4", cseq=3)


@case("registrar")
def q_from_last_to_first(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>;q=0.9,<sip:b@127.0.0.1:9>;q=0.5,<sip:c@127.0.0.1:9>;q=0.1")
    alice.register("<sip:c@127.0.0.1:9>;q=1.0", cseq=2)


@case("registrar")
def q_from_last_to_middle(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>;q=0.9,<sip:b@127.0.0.1:9>;q=0.5,<sip:c@127.0.0.1:9>;q=0.1")
    alice.register("<sip:c@127.0.0.1:9>;q=0.7", cseq=2)


@case("registrar")
def expires_of_one_call(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(extra=[("X-Expires", "777"), ("X-Q", "450")])
    refused(alice, 400, "<sip:b@127.0.0.1:9>", [("X-Q", "2000")], cseq=2)
    alice.register(extra=[("X-Expires", "0")], cseq=3)
    fetch(alice, 4)


@case("registrar")
def user_with_escapes_and_case(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(aor=alice.aor.replace("alice", "AL%69CE"))
    fetch(alice, 2)


@case("registrar")
def to_without_user(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register(aor=s.server))
    s.wait(0.1)


@case("registrar")
def to_user_too_long(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register(aor=f"sip:{'u' * 200}@127.0.0.1"))
    s.wait(0.1)


@case("registrar")
def to_with_a_bad_escape(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register(aor="sip:a%zz@127.0.0.1"))
    s.wait(0.1)


@case("registrar")
def to_of_a_telephone(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register(aor="tel:+4312345"))
    s.wait(0.1)


@case("registrar")
def long_call_id(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register().with_header("Call-ID", "c" * 300))
    alice.expect(400)


@case("registrar")
def long_user_agent(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(extra=[("User-Agent", "u" * 300)])
    s.command("ul.lookup", "location", alice.user)
    alice.register(extra=[("User-Agent", "phone/1.0 (a, b)")], cseq=2)
    s.command("ul.lookup", "location", alice.user)


@case("registrar")
def two_expires_headers(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(extra=[("Expires", "120")])


@case("registrar")
def register_with_to_tag(s: Scene) -> None:
    alice = s.party("alice")
    message = alice.make_register()
    alice.send(message.with_header("To", message.get("To") + ";tag=x"))
    s.wait(0.1)


# --- save() by its flags ------------------------------------------------------------------------------------------


def _flagged(what: str) -> None:
    def steps(s: Scene) -> None:
        alice = s.party("alice")
        for cseq, contact in enumerate(("", f"<{alice.contact}>;q=0.8", f"<{alice.contact}>;expires=0"), 1):
            alice.send(alice.make_register(contact, do(what), cseq))
            alice.expect(200)
        fetch(alice, 4, do(what))
        alice.send(alice.make_register("<sip:a@127.0.0.1:9>;q=7", do(what), cseq=5))
        alice.receive(0.3)

    steps.__name__ = f"save_{what}"
    case("registrar")(steps)


for _what in ("memory", "quiet", "only", "prepare", "later", "stateful", "both"):
    _flagged(_what)


@case("registrar")
def save_another_address_of_record(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    alice.register(extra=do("uri", ("X-Uri", bob.aor)))
    fetch(alice, 2)
    fetch(alice, 3, do("uri", ("X-Uri", bob.aor)))
    refused(alice, 400, "<sip:b@127.0.0.1:9>", do("uri", ("X-Uri", "nonsense")), cseq=4)


@case("registrar")
def save_for_an_empty_uri(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register(extra=do("uri")))
    s.wait(0.2)


@case("registrar")
def two_tables(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register(extra=do("spare"))
    fetch(bob, 2)
    alice.request("MESSAGE", bob.aor, body="x")
    alice.expect(404)
    alice.request("MESSAGE", bob.aor, do("spare"), body="x", cseq=2)
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)
    s.command("ul.lookup", "spare", bob.user)
    s.command("ul.lookup", "location", bob.user)


@case("registrar")
def stored_under_the_source_address(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    source = f"sip:127.0.0.1:{bob.port}"
    bob.register("<sip:hidden@192.0.2.1:9>", [("X-Received", source), ("X-Nat", "1"), ("X-Attr", "gold")])
    s.command("ul.lookup", "location", bob.user)
    alice.request("MESSAGE", bob.aor, body="x")
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)
    ask(alice, "registered", of=bob.aor, cseq=2)


@case("registrar")
def stored_with_another_socket(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(extra=[("X-Socket", f"tcp:127.0.0.1:{s.port}")])
    s.command("ul.lookup", "location", alice.user)
    alice.register(extra=[("X-Socket", "udp:192.0.2.9:5060")], cseq=2)
    s.command("ul.lookup", "location", alice.user)


@case("registrar")
def socket_header_for_the_next_server(s: Scene) -> None:
    alice, registrar = s.parties_named("alice", "registrar")
    alice.send(alice.make_register(extra=do("sock", ("X-Uri", registrar.contact))))
    registrar.reply(registrar.expect("REGISTER"), 200)
    alice.expect(200)


# --- questions ----------------------------------------------------------------------------------------------------


@case("registrar")
def asked_for_registered(s: Scene) -> None:
    alice = s.party("alice")
    ask(alice, "registered")
    alice.register("<sip:a@127.0.0.1:9>", [("X-Attr", "silver")])
    ask(alice, "registered", cseq=2)
    ask(alice, "registered-uri", ("X-Uri", "sip:nobody@127.0.0.1"), cseq=3)
    ask(alice, "registered-uri", ("X-Uri", alice.aor.replace("alice", "ALICE")), cseq=4)
    ask(alice, "registered-uri", ("X-Uri", "bad uri"), cseq=5)


@case("registrar")
def asked_for_registered_by_details(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>", [("X-Received", "sip:127.0.0.1:7"), ("X-Attr", "silver")])
    alice.register("<sip:b@127.0.0.1:9>;q=0.1", cseq=2)
    good = f"{s.slug}-alice-reg@case"
    right = [("X-Callid", good), ("X-Received", "sip:127.0.0.1:7"), ("X-Contact", "sip:a@127.0.0.1:9")]
    ask(alice, "registered-match", *right)
    ask(alice, "registered-match", ("X-Callid", "x"), ("X-Received", "x"), ("X-Contact", "sip:b@127.0.0.1:9"), cseq=2)
    ask(alice, "registered-match", cseq=3)


@case("registrar")
def asked_to_unregister(s: Scene) -> None:
    alice = s.party("alice")
    ask(alice, "unregister")
    alice.register()
    ask(alice, "unregister", cseq=2)
    fetch(alice, 3)


@case("registrar")
def asked_to_unregister_one(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>,<sip:b@127.0.0.1:9>")
    ask(alice, "unregister-one")
    fetch(alice, 2)


@case("registrar")
def asked_for_all_contacts(s: Scene) -> None:
    alice = s.party("alice")
    ask(alice, "fetch")
    extra = [("Path", "<sip:127.0.0.1:9;lr>"), ("User-Agent", "phone"), ("Allow", "INVITE, ACK"), ("X-Nat", "1")]
    alice.register(f"<sip:a@127.0.0.1:9>;q=0.7;{INSTANCE.format('08')};reg-id=3", extra)
    alice.register("<sip:b@127.0.0.1:9>", cseq=2)
    ask(alice, "fetch", cseq=2)


@case("registrar")
def asked_over_tcp(s: Scene) -> None:
    alice = s.tcp_party("alice")
    alice.register()
    s.command("ul.lookup", "location", alice.user)


# --- calls to what is registered ----------------------------------------------------------------------------------


@case("registrar")
def method_that_no_phone_takes(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register(f'<{bob.contact}>;methods="INVITE,ACK,BYE,CANCEL"')
    alice.request("MESSAGE", bob.aor, body="x")
    alice.expect(404)
    alice.request("SUBSCRIBE", bob.aor, cseq=2)
    alice.expect(404)


@case("registrar")
def method_that_one_phone_takes(s: Scene) -> None:
    alice, bob, desk = s.parties_named("alice", "bob", "desk")
    bob.register(f'<{bob.contact}>;methods="INVITE,ACK,BYE,CANCEL";q=0.9')
    desk.register(extra=[("Allow", "INVITE, MESSAGE")], aor=bob.aor)
    alice.request("MESSAGE", bob.aor, body="x")
    desk.reply(desk.expect("MESSAGE"), 200)
    alice.expect(200)


@case("registrar")
def phone_behind_a_path(s: Scene) -> None:
    alice, edge, bob = s.parties_named("alice", "edge", "bob")
    bob.register("<sip:bob@192.0.2.1:9>", [("Path", f"<sip:127.0.0.1:{edge.port};lr>"), ("Supported", "path")])
    alice.request("MESSAGE", bob.aor, body="x")
    edge.reply(edge.expect("MESSAGE"), 200)
    alice.expect(200)


@case("registrar")
def phone_behind_two_paths_with_received(s: Scene) -> None:
    alice, edge, bob = s.parties_named("alice", "edge", "bob")
    first = f"<sip:edge@127.0.0.1:{edge.port};lr;received=sip:127.0.0.1:{bob.port}%3Btransport%3Dudp>"
    bob.register("<sip:bob@192.0.2.1:9>", [("Path", first), ("Path", "<sip:192.0.2.7;lr>, <sip:192.0.2.8;lr>")])
    s.command("ul.lookup", "location", bob.user)
    alice.invite(bob.aor)
    edge.reply(edge.expect("INVITE"), 404)
    edge.expect("ACK")
    alice.expect(404)


@case("registrar")
def path_that_is_no_loose_router(s: Scene) -> None:
    alice = s.party("alice")
    refused(alice, 400, extra=[("Path", "<sip:127.0.0.1:9>")])
    refused(alice, 400, extra=[("Path", "nonsense")], cseq=2)


@case("registrar")
def contacts_as_branches_only(s: Scene) -> None:
    alice, bob, desk = s.parties_named("alice", "bob", "desk")
    bob.register()
    desk.register(aor=bob.aor)
    alice.request("MESSAGE", bob.aor, do("dset"), body="x")
    bob.reply(bob.expect("MESSAGE"), 486)
    desk.reply(desk.expect("MESSAGE"), 200)
    alice.expect(200)


@case("registrar")
def branches_looked_up_too(s: Scene) -> None:
    alice, bob, carol = s.parties_named("alice", "bob", "carol")
    bob.register()
    carol.register()
    alice.request("MESSAGE", bob.aor, do("branches", ("X-Uri", carol.aor)), body="x")
    bob.reply(bob.expect("MESSAGE"), 486)
    carol.reply(carol.expect("MESSAGE"), 200)
    alice.expect(200)


@case("registrar")
def only_the_branch_is_registered(s: Scene) -> None:
    alice, bob, carol = s.parties_named("alice", "bob", "carol")
    carol.register()
    alice.request("MESSAGE", f"sip:bob@127.0.0.1:{bob.port}", do("branches", ("X-Uri", carol.aor)), body="x")
    bob.reply(bob.expect("MESSAGE"), 486)
    carol.reply(carol.expect("MESSAGE"), 200)
    alice.expect(200)


@case("registrar")
def lookup_of_another_uri(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register()
    alice.request("MESSAGE", f"sip:0@127.0.0.1:{s.port}", do("uri", ("X-Uri", bob.aor)), body="x")
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)
    alice.request("MESSAGE", bob.aor, do("uri", ("X-Uri", "x y")), body="x", cseq=2)
    alice.expect(404)


@case("registrar")
def highest_q_first_then_the_rest(s: Scene) -> None:
    alice, bob, desk = s.parties_named("alice", "bob", "desk")
    bob.register(f"<{bob.contact}>;q=0.4")
    desk.register(f"<{desk.contact}>;q=0.9", aor=bob.aor)
    invite = alice.request("INVITE", bob.aor, do("serial"), "v=0\r\n")
    incoming = desk.expect("INVITE")
    desk.reply(incoming, 200)
    answer = alice.expect(200)
    alice.send(alice.within("ACK", invite, answer))
    desk.expect("ACK")
    bob.quiet(0.1)


# --- kamcmd -------------------------------------------------------------------------------------------------------


@case("registrar")
def commands_add_and_remove(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    s.command("ul.add", "location", bob.user, bob.contact, "300", "1.0", "s:0", "0", "0", "8191")
    s.command("ul.lookup", "location", bob.user)
    s.command("ul.lookup", "location", f"{bob.user.upper()}@anywhere.example")
    alice.request("MESSAGE", bob.aor, body="x")
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)
    s.command(
        "ul.add",
        "location",
        bob.user,
        bob.contact,
        "0",
        "0.5",
        "<sip:192.0.2.1;lr>",
        "0",
        "64",
        "1",
        "sip:192.0.2.5",
        ".",
    )
    s.command("ul.lookup", "location", bob.user)
    s.command("ul.rm_contact", "location", bob.user, "sip:nothing@127.0.0.1")
    s.command("ul.rm_contact", "location", bob.user, bob.contact)
    s.command("ul.rm_contact", "location", bob.user, bob.contact)
    s.command("ul.lookup", "location", bob.user)


@case("registrar")
def commands_that_are_wrong(s: Scene) -> None:
    alice = s.party("alice")
    alice.register()
    for words in (
        ("ul.lookup",),
        ("ul.lookup", "location"),
        ("ul.lookup", "nowhere", alice.user),
        ("ul.lookup", "location", "nobody"),
        ("ul.rm", "location"),
        ("ul.rm", "nowhere", "x"),
        ("ul.rm", "location", "nobody"),
        ("ul.rm_contact", "location", "nobody", "sip:a"),
        ("ul.add", "location"),
        ("ul.add", "nowhere", "a", "sip:a@127.0.0.1", "1", "1.0", "s:0", "0", "0", "1"),
        ("ul.add", "location", "a", "sip:a@127.0.0.1", "soon", "1.0", "s:0", "0", "0", "1"),
        ("ul.flush",),
        ("ul.db_users", "location"),
        ("ul.db_contacts", "location"),
        ("ul.db_expired_contacts", "location"),
        ("ul.db_users",),
        ("ul.show_contact", "location", alice.user),
    ):
        s.command(*words)


@case("registrar")
def command_removes_a_user(s: Scene) -> None:
    alice = s.party("alice")
    alice.register()
    s.command("ul.rm", "location", f"{alice.user}@127.0.0.1")
    fetch(alice, 2)


@case("dump")
def command_shows_everything(s: Scene) -> None:
    alice = s.party("alice")
    s.command("ul.dump")
    alice.register("<sip:a@127.0.0.1:9>")
    s.command("ul.dump")
    s.command("ul.dump", "brief")
    s.command("stats.get_statistics", "usrloc:", "registrar:")


@case("callid")
def one_call_id_is_one_contact(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:b@127.0.0.1:9>")
    alice.register("<sip:c@127.0.0.1:9>", cseq=2)
    alice.send(alice.make_register("<sip:c@127.0.0.1:9>", cseq=1).with_header("Call-ID", "second-one@case"))
    alice.expect(200)
    fetch(alice, 3)


# --- outbound, GRUU, minimum --------------------------------------------------------------------------------------


@case("outbound")
def outbound_flow(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(f"<{alice.contact};ob>;{INSTANCE.format('11')};reg-id=1", [("Supported", "path, outbound, gruu")])
    alice.register(f"<sip:b@127.0.0.1:9;ob>;{INSTANCE.format('11')};reg-id=2", [("Supported", "outbound")], cseq=2)
    alice.register(f"<sip:c@127.0.0.1:9>;{INSTANCE.format('11')};reg-id=2", cseq=3)


@case("outbound")
def outbound_required(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(f"<{alice.contact}>;{INSTANCE.format('12')};reg-id=1", [("Require", "outbound")])


def _over_an_edge(peer: Peer, contact: str, *extra: tuple[str, str]) -> Message:
    message = peer.make_register(contact, extra)
    message.headers.insert(1, ("Via", "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bK-edge"))
    return message


@case("outbound")
def outbound_over_an_edge_without_path(s: Scene) -> None:
    alice = s.party("alice")
    contact = f"<{alice.contact}>;{INSTANCE.format('13')};reg-id=1"
    alice.send(_over_an_edge(alice, contact, ("Supported", "outbound")))
    alice.expect(439)
    alice.send(_over_an_edge(alice, contact))
    alice.expect(200)


@case("outbound")
def outbound_over_an_edge_with_path(s: Scene) -> None:
    alice = s.party("alice")
    contact = f"<{alice.contact}>;{INSTANCE.format('14')};reg-id=1"
    path = ("Path", "<sip:192.0.2.99;lr;ob>")
    alice.send(_over_an_edge(alice, contact, path, ("Supported", "outbound, path")))
    alice.expect(200)


@case("outbound")
def outbound_path_without_support(s: Scene) -> None:
    alice = s.party("alice")
    refused(alice, 420, extra=[("Path", "<sip:192.0.2.99;lr>")])


@case("outbound")
def outbound_path_of_our_own(s: Scene) -> None:
    alice, bob, edge = s.parties_named("alice", "bob", "edge")
    own = f"<sip:127.0.0.1:{s.port};lr>"
    bob.register(extra=[("Path", own), ("Supported", "path")])
    alice.request("MESSAGE", bob.aor, body="x")
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)
    bob.register(extra=[("Path", f"{own},<sip:127.0.0.1:{edge.port};lr>"), ("Supported", "path")], cseq=2)
    alice.request("MESSAGE", bob.aor, body="x", cseq=2)
    edge.reply(edge.expect("MESSAGE"), 200)
    alice.expect(200)


@case("outbound")
def interval_too_brief(s: Scene) -> None:
    alice = s.party("alice")
    refused(alice, 423, f"<{alice.contact}>;expires=60")
    alice.register(f"<{alice.contact}>;expires=120", cseq=2)
    refused(alice, 423, f"<{alice.contact}>;expires=60", cseq=3)
    alice.register(f"<{alice.contact}>;expires=0", cseq=4)


@case("outbound")
def only_the_first_contact_is_called(s: Scene) -> None:
    alice, bob, desk = s.parties_named("alice", "bob", "desk")
    bob.register(f"<{bob.contact}>;q=0.2")
    desk.register(f"<{desk.contact}>;q=0.7", aor=bob.aor)
    alice.request("MESSAGE", bob.aor, body="x")
    desk.reply(desk.expect("MESSAGE"), 486)
    alice.expect(486)


def _gruu(answer: Message, which: str) -> str:
    return answer.get("Contact").partition(f'{which}-gruu="')[2].partition('"')[0]


@case("outbound")
def call_to_a_public_gruu(s: Scene) -> None:
    alice, bob, desk = s.parties_named("alice", "bob", "desk")
    answer = bob.register(f"<{bob.contact}>;{INSTANCE.format('15')};q=0.1", [("Supported", "gruu")])
    desk.register(aor=bob.aor)
    alice.request("MESSAGE", bob.aor, body="x", uri=_gruu(answer, "pub"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)
    alice.request("MESSAGE", bob.aor, body="x", uri=_gruu(answer, "pub") + "0", cseq=2)
    alice.expect(404)


@case("outbound")
def call_to_a_temporary_gruu(s: Scene) -> None:
    alice, bob, desk = s.parties_named("alice", "bob", "desk")
    answer = bob.register(f"<{bob.contact}>;{INSTANCE.format('16')}", [("Supported", "gruu")])
    desk.register(aor=bob.aor)
    alice.request("MESSAGE", bob.aor, body="x", uri=_gruu(answer, "temp"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("paths")
def outbound_is_a_must_without_supported(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register())
    s.wait(0.1)


@case("paths")
def outbound_is_a_must(s: Scene) -> None:
    alice = s.party("alice")
    refused(alice, 421, extra=[("Supported", "path")])
    alice.register(f"<{alice.contact}>;{INSTANCE.format('17')};reg-id=1", [("Supported", "outbound")], cseq=2)


@case("paths")
def one_contact_by_two_paths(s: Scene) -> None:
    alice = s.party("alice")
    common = ("Supported", "outbound, path")
    alice.register("<sip:a@127.0.0.1:9>", [common, ("Path", "<sip:192.0.2.1;lr>")])
    alice.register("<sip:a@127.0.0.1:9>", [common, ("Path", "<sip:192.0.2.2;lr>")], cseq=2)
    alice.register("<sip:a@127.0.0.1:9>;q=0.3", [common, ("Path", "<sip:192.0.2.1;lr>")], cseq=3)
    alice.register("<sip:a@127.0.0.1:9>;q=0.5", [common], cseq=4)
    s.command("ul.lookup", "location", alice.user)


# --- addresses of record with a domain ----------------------------------------------------------------------------


def _at(peer: Peer, domain: str) -> str:
    return f"sip:{peer.user}@{domain}"


@case("domains")
def one_name_in_two_domains(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register(aor=_at(bob, "a.example"))
    alice.request("MESSAGE", _at(bob, "b.example"), body="x")
    alice.expect(404)
    alice.request("MESSAGE", _at(bob, "A.Example"), body="x", cseq=2)
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)
    alice.request("MESSAGE", _at(bob, "sip.a.example"), body="x", cseq=3)
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)
    alice.request("MESSAGE", _at(bob, "a.example").replace("bob", "Bob"), body="x", cseq=4)
    alice.expect(404)
    s.command("ul.lookup", "location", bob.user)
    s.command("ul.lookup", "location", f"{bob.user}@a.example")
    s.command("ul.rm", "location", bob.user)


@case("domains")
def newest_contact_first(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>;q=0.1")
    alice.register("<sip:b@127.0.0.1:9>;q=0.9", cseq=2)
    alice.register("<sip:a@127.0.0.1:9>;q=0.1", cseq=3)


@case("domains")
def one_contact_of_two_call_ids(s: Scene) -> None:
    alice = s.party("alice")
    alice.register("<sip:a@127.0.0.1:9>")
    alice.send(alice.make_register("<sip:a@127.0.0.1:9>").with_header("Call-ID", "two-of-them@case"))
    alice.expect(200)
    alice.send(alice.make_register("<sip:a@127.0.0.1:9>;expires=0", cseq=2).with_header("Call-ID", "two-of-them@case"))
    alice.expect(200)


@case("domains")
def domain_without_user(s: Scene) -> None:
    alice = s.party("alice")
    alice.send(alice.make_register(aor="sip:b.example"))
    alice.expect(200)
    alice.request("MESSAGE", "sip:b.example;x=1", body="x")
    alice.receive(0.2)


# --- what the timer does ------------------------------------------------------------------------------------------


def _keepalive(peer: Peer, other: Peer, cseq: int = 2) -> None:
    """One keepalive comes and is answered; then the contact goes, so that no more come."""
    asked = other.expect("OPTIONS")
    other.reply(asked, 200)
    peer.register(f"<{peer.contact}>;expires=0", cseq=cseq)


@case("keepalive")
def keepalive_to_a_phone_behind_a_nat(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(extra=[("X-Received", f"sip:127.0.0.1:{alice.port}")])
    _keepalive(alice, alice)


@case("keepalive")
def keepalive_by_path(s: Scene) -> None:
    alice, edge = s.parties_named("alice", "edge")
    path = [
        ("Path", f"<sip:127.0.0.1:{edge.port};lr>, <sip:192.0.2.1;lr>"),
        ("X-Received", f"sip:127.0.0.1:{edge.port}"),
    ]
    alice.register(extra=path)
    _keepalive(alice, edge)


@case("keepalive")
def no_keepalive_without_the_flag(s: Scene) -> None:
    alice = s.party("alice")
    alice.register()
    s.wait(2.3)
    s.command("ul.lookup", "location", alice.user)


@case("keepalive")
def contact_that_expires(s: Scene) -> None:
    alice = s.party("alice")
    alice.register(f"<{alice.contact}>;expires=1")
    s.wait(3.3)
    s.command("ul.lookup", "location", alice.user)
    fetch(alice, 2)
