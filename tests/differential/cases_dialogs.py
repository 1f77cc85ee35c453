"""Requests of every method and shape, route sets, answers that are unusual, calls over TCP."""

from __future__ import annotations

from collections.abc import Callable

from differential.peers import SDP, Peer
from differential.play import Scene, case
from differential.sip import Message, address


def answered(s: Scene, alice: Peer, bob: Peer, body: str = "") -> tuple[Message, Message, Message, Message]:
    """A call that stands: (INVITE sent, INVITE received, 200 sent, 200 received)."""
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    sent = bob.reply(incoming, 200, body=body)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")
    return invite, incoming, sent, ok


def hang_up(alice: Peer, bob: Peer, invite: Message, ok: Message, cseq: int = 9) -> None:
    alice.within("BYE", invite, ok, cseq)
    bob.reply(bob.expect("BYE"), 200)
    alice.expect(200, "BYE")


# --- methods, to a registered phone -------------------------------------------------------------------------------

METHODS = {
    "subscribe": ("SUBSCRIBE", [("Event", "presence"), ("Expires", "60")]),
    "notify": ("NOTIFY", [("Event", "message-summary"), ("Subscription-State", "active")]),
    "refer": ("REFER", [("Refer-To", "<sip:carol@127.0.0.1?Replaces=a%40b>")]),
    "publish": ("PUBLISH", [("Event", "presence"), ("SIP-If-Match", "x")]),
    "info": ("INFO", [("Info-Package", "dtmf")]),
    "prack": ("PRACK", [("RAck", "1 1 INVITE")]),
    "update": ("UPDATE", []),
    "bye_without_tag": ("BYE", []),
    "options": ("OPTIONS", [("Accept", "application/sdp")]),
    "own": ("X-FOO.bar", []),
    "of_64_letters": ("M" * 64, []),
    "in_lower_case": ("invite", []),
    "of_one_letter": ("M", []),
}


def _method(label: str, method: str, extra: list[tuple[str, str]]) -> None:
    def steps(s: Scene) -> None:
        alice, bob = s.pair()
        alice.request(method, bob.aor, extra, body="hello")
        bob.reply(bob.expect(method), 200)
        alice.expect(200)

    steps.__name__ = f"method_{label}"
    case("proxy")(steps)


for _label, (_name, _extra) in METHODS.items():
    _method(_label, _name, _extra)


# --- requests out of shape: what comes back, and what comes through -----------------------------------------------

Change = Callable[[Message, Peer], Message | str]
SHAPES: dict[str, Change] = {}


def shape(change: Change) -> Change:
    SHAPES[change.__name__.strip("_")] = change
    return change


def _put(label: str, name: str, value: str) -> None:
    """The header with another value, or added."""
    SHAPES[label] = lambda m, p: m.with_header(name, value)


def _add(label: str, name: str, value: str) -> None:
    """One more header at the end."""
    SHAPES[label] = lambda m, p: Message(m.start, [*m.headers, (name, value)], m.body)


def _line(label: str, replace: Callable[[str], str]) -> None:
    """Another first line."""
    SHAPES[label] = lambda m, p: Message(replace(m.start), m.headers, m.body)


def _text(label: str, replace: Callable[[str], str]) -> None:
    """The message changed as text."""
    SHAPES[label] = lambda m, p: replace(m.text())


_add("two_from", "From", "<sip:b@c>;tag=x-y-tag")
_add("two_to", "To", "<sip:b@c>")
_add("two_call_ids", "Call-ID", "another@case")
_add("two_cseqs", "CSeq", "77 MESSAGE")
_add("two_max_forwards", "Max-Forwards", "3")
_add("two_content_lengths", "Content-Length", "5")
_add("two_content_types", "Content-Type", "text/html")
_add("empty_header", "X-Empty", "")
_add("header_name_with_odd_letters", "X-!%*_+`'~.", "y")
_add("header_of_8000_bytes", "X-Long", "x" * 8000)
_add("header_in_utf8", "Subject", "Gr\xc3\xbc\xc3\x9fe")
_add("header_in_latin1", "Subject", "Gr\xfc\xdfe")
_add("header_with_nul", "Subject", "a\0b")
_add("header_with_tabs", "Subject", "\ta\tb\t")
_add("header_with_quotes", "Subject", '"open')
_add("reason_header", "Reason", 'Q.850;cause=16;text="a, b"')
_add("p_asserted_identity", "P-Asserted-Identity", '"A" <sip:a@b>, <tel:+1>')
_add("unknown_require", "Require", "nothing-known")
_add("unknown_proxy_require", "Proxy-Require", "nothing-known")
_add(
    "authorization_of_another",
    "Proxy-Authorization",
    'Digest username="a", realm="b", nonce="c", uri="d", response="e"',
)
_add("expires_in_words", "Expires", "tomorrow")
_add("compact_subject", "s", "x")
SHAPES["hundred_headers"] = lambda m, p: Message(m.start, m.headers + [(f"X-{n}", str(n)) for n in range(100)], m.body)
_put("from_without_tag", "From", "<sip:a@b>")
_put("from_without_brackets", "From", "sip:a@b;tag=z-from-tag")
_put("from_with_empty_tag", "From", "<sip:a@b>;tag=")
_put("from_anonymous", "From", '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=z-from-tag')
_put("from_with_comma_in_name", "From", '"Doe, J" <sip:a@b>;tag=z-from-tag')
_put("from_of_tel", "From", "<tel:+4312345>;tag=z-from-tag")
_put("from_of_another_scheme", "From", "<urn:service:sos>;tag=z-from-tag")
_put("from_with_params_inside", "From", "<sip:a@b;user=phone;x=1>;tag=z-from-tag;y=2")
_put("from_unclosed", "From", "<sip:a@b;tag=z-from-tag")
_put("from_of_a_word", "From", "nobody;tag=z-from-tag")
_put("from_empty", "From", "")
_put("to_unclosed", "To", "<sip:a@b")
_put("to_of_another_scheme", "To", "<mailto:a@b>")
_put("to_with_utf8_name", "To", '"J\xc3\xb6rg" <sip:a@b>')
_put("to_with_folded_name", "To", '"A\r\n B" <sip:a@b>')
_put("to_empty", "To", "")
_put("call_id_with_odd_letters", "Call-ID", "a!b%c'd*e+f~g(h)<i>:\\\"/[]?{}-shape@case")
_put("call_id_with_spaces", "Call-ID", "a b c@case")
_put("call_id_of_500_bytes", "Call-ID", "c" * 500)
_put("call_id_empty", "Call-ID", "")
_put("cseq_zero", "CSeq", "0 MESSAGE")
_put("cseq_with_zeros", "CSeq", "00007 MESSAGE")
_put("cseq_of_31_bits", "CSeq", "2147483647 MESSAGE")
_put("cseq_of_32_bits", "CSeq", "4294967295 MESSAGE")
_put("cseq_of_33_bits", "CSeq", "4294967296 MESSAGE")
_put("cseq_negative", "CSeq", "-1 MESSAGE")
_put("cseq_without_method", "CSeq", "1")
_put("cseq_with_tab", "CSeq", "1\tMESSAGE")
_put("cseq_with_rest", "CSeq", "1 MESSAGE x")
_put("cseq_of_another_case", "CSeq", "1 message")
_put("max_forwards_with_spaces", "Max-Forwards", "  70  ")
_put("max_forwards_255", "Max-Forwards", "255")
_put("max_forwards_300", "Max-Forwards", "300")
_put("max_forwards_negative", "Max-Forwards", "-1")
_put("content_length_negative", "Content-Length", "-1")
_put("content_length_in_words", "Content-Length", "five")
_put("content_length_twice_in_one", "Content-Length", "5, 5")
_put("content_length_with_zeros", "Content-Length", "0005")
_put("content_length_huge", "Content-Length", "99999999999")
_put("content_type_empty", "Content-Type", "")
_put("no_content_type", "Content-Type", "\0")
_line("ruri_with_headers", lambda line: line.replace(" SIP/2.0", "?Subject=x&Priority=urgent SIP/2.0"))
_line("ruri_with_params", lambda line: line.replace(" SIP/2.0", ";user=phone;x=1 SIP/2.0"))
_line("ruri_with_password", lambda line: line.replace("@", ":secret@"))
_line("ruri_with_escapes", lambda line: line.replace("bob", "b%6Fb"))
_line("ruri_with_bad_escape", lambda line: line.replace("bob", "b%zzb"))
_line("ruri_in_upper_case", lambda line: line.replace("bob", "BOB"))
_line("ruri_with_scheme_in_upper_case", lambda line: line.replace("sip:", "SIP:"))
_line("ruri_in_brackets", lambda line: line.replace("sip:", "<sip:").replace(" SIP", "> SIP"))
_line("ruri_with_user_params", lambda line: line.replace("@", ";phone-context=x@"))
_line("ruri_with_a_space", lambda line: line.replace("bob", "b b"))
_line("ruri_with_an_empty_user", lambda line: line.replace(line.partition("sip:")[2].partition("@")[0], ""))
_line("ruri_with_port_0", lambda line: line.rpartition(":")[0] + ":0 SIP/2.0")
_line("ruri_with_port_too_high", lambda line: line.rpartition(":")[0] + ":70000 SIP/2.0")
_line("ruri_with_empty_port", lambda line: line.rpartition(":")[0] + ": SIP/2.0")
_line("ruri_with_two_ats", lambda line: line.replace("@", "@@"))
_line("ruri_of_700_bytes", lambda line: line.replace(" SIP/2.0", ";x=" + "y" * 600 + " SIP/2.0"))
_line("first_line_with_two_spaces", lambda line: line.replace(" ", "  "))
_line("first_line_with_a_tab", lambda line: line.replace(" ", "\t"))
_line("first_line_with_trailing_space", lambda line: line + " ")
_line("first_line_with_leading_space", lambda line: " " + line)
_line("first_line_with_lower_case_version", lambda line: line.replace("SIP/2.0", "sip/2.0"))
_line("first_line_of_version_3", lambda line: line.replace("SIP/2.0", "SIP/3.0"))
_line("first_line_without_version", lambda line: line.replace(" SIP/2.0", ""))
_line("first_line_without_uri", lambda line: "MESSAGE SIP/2.0")
_text("header_without_colon", lambda text: text.replace("Max-Forwards: 70", "Max-Forwards: 70\r\nNoColonHere"))
_text("header_without_name", lambda text: text.replace("Max-Forwards: 70", "Max-Forwards: 70\r\n: value"))
_text("header_with_space_before_colon", lambda text: text.replace("Max-Forwards: 70", "Max-Forwards : 70"))
_text("header_without_space", lambda text: text.replace("Max-Forwards: 70", "Max-Forwards:70"))
_text("no_empty_line", lambda text: text.partition("\r\n\r\n")[0] + "\r\n")
_text("cut_in_a_header", lambda text: text[: text.index("CSeq") + 6])
_text("body_longer_than_said", lambda text: text + "and more")
_text("one_bare_line_feed", lambda text: text.replace("Max-Forwards: 70\r\n", "Max-Forwards: 70\n"))
_text("one_bare_carriage_return", lambda text: text.replace("Max-Forwards: 70\r\n", "Max-Forwards: 70\r"))


def _via(label: str, change: Callable[[str], str]) -> None:
    SHAPES[f"via_{label}"] = lambda m, p: m.with_header("Via", change(m.get("Via")))


_via("with_spaces", lambda via: via.replace("SIP/2.0/UDP", "SIP / 2.0 / UDP").replace(";", " ; "))
_via("in_lower_case", lambda via: via.replace("SIP/2.0/UDP", "sip/2.0/udp"))
_via("of_another_transport", lambda via: via.replace("UDP", "TLS"))
_via("of_an_unknown_transport", lambda via: via.replace("UDP", "PIGEON"))
_via("without_rport", lambda via: via.replace(";rport", ""))
_via("with_a_wrong_rport", lambda via: via.replace(";rport", ";rport=9"))
_via("with_received", lambda via: via + ";received=192.0.2.200")
_via("with_maddr_and_ttl", lambda via: via + ";maddr=127.0.0.1;ttl=1")
_via("with_other_params", lambda via: via + ';x;y="a;b"')
_via("with_an_old_branch", lambda via: via.replace("z9hG4bK", ""))
_via("with_an_empty_branch", lambda via: via.partition("branch=")[0] + "branch=;rport")
_via("with_a_long_branch", lambda via: via.replace("branch=", "branch=z9hG4bK-" + "l" * 300))
_via("with_a_comment", lambda via: via + " (a comment)")
_via("of_ipv6", lambda via: "SIP/2.0/UDP [2001:db8::9]:5060" + via[via.index(";") :])
_via("without_host", lambda via: "SIP/2.0/UDP " + via[via.index(";") :])
_via("with_a_bad_port", lambda via: via.replace("127.0.0.1:", "127.0.0.1:9"))
_via("of_two_in_one_line", lambda via: via + ", SIP/2.0/UDP 192.0.2.50;branch=z9hG4bK-second")
_via("empty", lambda via: "")


def _shaped(label: str, change: Change) -> None:
    def steps(s: Scene) -> None:
        alice, bob = s.pair()
        alice.send(change(alice.make("MESSAGE", bob.aor, body="hello"), alice))
        message = bob.receive(0.25)
        if message is not None and message.method == "MESSAGE":
            bob.reply(message, 200)
        s.wait(0.05)

    steps.__name__ = f"shape_{label}"
    case("proxy")(steps)


for _label, _change in SHAPES.items():
    _shaped(_label, _change)


# --- answers ------------------------------------------------------------------------------------------------------

STATUSES = (
    202,
    204,
    299,
    300,
    301,
    380,
    400,
    401,
    402,
    405,
    406,
    410,
    413,
    414,
    415,
    416,
    420,
    421,
    423,
    480,
    481,
    482,
    483,
)
STATUSES += (484, 485, 488, 489, 491, 493, 500, 501, 502, 504, 505, 513, 600, 604, 606, 699)  # fmt: skip


def _invite_answered(status: int) -> None:
    def steps(s: Scene) -> None:
        alice, bob = s.pair()
        invite = alice.invite(bob.aor)
        extra = [("Contact", "<sip:elsewhere@127.0.0.1:9>")] if 300 <= status < 400 else []
        bob.reply(bob.expect("INVITE"), status, extra, reason=f"It is {status}")
        if status < 300:
            ok = alice.expect(status)
            alice.within("ACK", invite, ok)
            bob.expect("ACK")
            return
        bob.expect("ACK")
        alice.receive(1.0)
        final = alice.receive(1.0)
        if final is not None and final.status >= 300:
            alice.ack_negative(invite, final)

    steps.__name__ = f"invite_answered_{status}"
    case("proxy")(steps)


for _status in STATUSES:
    _invite_answered(_status)


def _message_answered(label: str, line: str, *extra: tuple[str, str]) -> None:
    def steps(s: Scene) -> None:
        alice, bob = s.pair()
        alice.request("MESSAGE", bob.aor, body="hello")
        reply = bob.make_reply(bob.expect("MESSAGE"), 200, extra)
        reply.start = line
        bob.send(reply)
        alice.receive(0.3)

    steps.__name__ = f"reply_{label}"
    case("proxy")(steps)


_message_answered("without_reason", "SIP/2.0 200 ")
_message_answered("without_reason_and_space", "SIP/2.0 200")
_message_answered("with_utf8_reason", "SIP/2.0 200 D'accord \xc3\xa9")
_message_answered("with_long_reason", "SIP/2.0 200 " + "r" * 300)
_message_answered("of_status_99", "SIP/2.0 99 Too low")
_message_answered("of_status_700", "SIP/2.0 700 Too high")
_message_answered("of_status_1000", "SIP/2.0 1000 Too long")
_message_answered("of_no_status", "SIP/2.0 OK")
_message_answered("of_another_version", "SIP/1.0 200 OK")
_message_answered("with_two_spaces", "SIP/2.0  200  OK")
_message_answered("with_headers", "SIP/2.0 200 OK", ("X-One", "1"), ("Warning", '399 x "y"'), ("X-One", "2"))
_message_answered(
    "with_two_contacts", "SIP/2.0 300 Choose", ("Contact", "<sip:a@127.0.0.1:9>;q=0.1, <sip:b@127.0.0.1:9>")
)


def _reply_shaped(label: str, change: Callable[[Message], Message]) -> None:
    def steps(s: Scene) -> None:
        alice, bob = s.pair()
        alice.request("MESSAGE", bob.aor, body="hello")
        bob.send(change(bob.make_reply(bob.expect("MESSAGE"), 200)))
        alice.receive(0.3)
        s.wait(0.05)

    steps.__name__ = f"reply_{label}"
    case("proxy")(steps)


_reply_shaped("without_to_tag", lambda m: m.with_header("To", m.get("To").partition(";")[0]))
_reply_shaped("with_another_call_id", lambda m: m.with_header("Call-ID", "not-the-same@case"))
_reply_shaped("with_another_cseq", lambda m: m.with_header("CSeq", "99 MESSAGE"))
_reply_shaped("with_another_method", lambda m: m.with_header("CSeq", "1 OPTIONS"))
_reply_shaped("with_another_from", lambda m: m.with_header("From", "<sip:x@y>;tag=z-other-tag"))
_reply_shaped("without_call_id", lambda m: m.without("Call-ID"))
_reply_shaped("without_to", lambda m: m.without("To"))
_reply_shaped(
    "with_vias_in_one_line", lambda m: Message(m.start, [("Via", ", ".join(m.all("Via"))), *m.without("Via").headers])
)
_reply_shaped("with_compact_vias", lambda m: Message(m.start, [("v" if n == "Via" else n, v) for n, v in m.headers]))
_reply_shaped("with_the_top_via_alone", lambda m: Message(m.start, [("Via", m.get("Via")), *m.without("Via").headers]))
_reply_shaped("with_another_branch", lambda m: m.with_header("Via", m.get("Via") + "x"))
_reply_shaped("with_a_body", lambda m: Message(m.start, [*m.headers, ("Content-Type", "text/plain")], "hello yourself"))


@case("proxy")
def provisionals_in_a_row(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    for status in (100, 101, 180, 181, 182, 183, 199, 180):
        bob.reply(incoming, status)
    bob.reply(incoming, 200)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")


@case("proxy")
def early_dialogs_of_two_tags(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    for number in ("one", "two"):
        reply = bob.make_reply(incoming, 180)
        bob.send(reply.with_header("To", f"{incoming.get('To')};tag={number}-x-tag"))
        alice.expect(180)
    reply = bob.make_reply(incoming, 200)
    bob.send(reply.with_header("To", f"{incoming.get('To')};tag=two-x-tag"))
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")


@case("proxy")
def two_answers_of_one_branch(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    for number in ("one", "two"):
        reply = bob.make_reply(incoming, 200)
        bob.send(reply.with_header("To", f"{incoming.get('To')};tag={number}-x-tag"))
        ok = alice.expect(200)
        alice.within("ACK", invite, ok)
        bob.expect("ACK")


@case("proxy")
def ringing_after_the_answer(s: Scene) -> None:
    alice, bob = s.pair()
    invite, incoming, _, ok = answered(s, alice, bob)
    bob.reply(incoming, 180)
    s.wait(0.1)
    hang_up(alice, bob, invite, ok)


@case("proxy")
def provisional_of_a_message(s: Scene) -> None:
    alice, bob = s.pair()
    alice.request("MESSAGE", bob.aor, body="x")
    incoming = bob.expect("MESSAGE")
    bob.reply(incoming, 100)
    bob.reply(incoming, 180)
    bob.reply(incoming, 200)
    alice.expect(200)


# --- authentication and redirection, end to end -------------------------------------------------------------------


def _challenged(status: int, header: str, answer: str) -> None:
    def steps(s: Scene) -> None:
        alice, bob = s.pair()
        invite = alice.invite(bob.aor)
        challenge = (header, 'Digest realm="b, c", nonce="n", algorithm=MD5, qop="auth"')
        bob.reply(bob.expect("INVITE"), status, [challenge], reason="Who are you")
        bob.expect("ACK")
        alice.ack_negative(invite, alice.expect(status))
        credentials = (
            'Digest username="alice", realm="b, c", nonce="n", uri="sip:x", response="r", qop=auth, nc=00000001'
        )
        again = alice.make("INVITE", bob.aor, [(answer, credentials)], SDP, cseq=2)
        alice.send(again)
        bob.reply(bob.expect("INVITE"), 200)
        ok = alice.expect(200)
        alice.within("ACK", again, ok)
        bob.expect("ACK")

    steps.__name__ = f"challenged_with_{status}_and_tried_again"
    case("proxy")(steps)


_challenged(401, "WWW-Authenticate", "Authorization")
_challenged(407, "Proxy-Authenticate", "Proxy-Authorization")


@case("proxy")
def redirected_and_followed_by_the_caller(s: Scene) -> None:
    alice, bob, carol = *s.pair(), s.party("carol")
    invite = alice.invite(bob.aor)
    bob.reply(bob.expect("INVITE"), 302, [("Contact", f"<{carol.contact}>;q=0.5, <sip:other@192.0.2.1>;q=0.1")])
    bob.expect("ACK")
    moved = alice.expect(302)
    alice.ack_negative(invite, moved)
    again = alice.make("INVITE", bob.aor, (), SDP, cseq=2, uri=address(moved.get("Contact").partition(",")[0]))
    alice.send(again)
    carol.reply(carol.expect("INVITE"), 486)
    carol.expect("ACK")
    alice.ack_negative(again, alice.expect(486))


# --- within dialogs -----------------------------------------------------------------------------------------------


@case("proxy")
def reinvite_refused(s: Scene) -> None:
    alice, bob = s.pair()
    invite, _, _, ok = answered(s, alice, bob)
    again = alice.within("INVITE", invite, ok, 2)
    bob.reply(bob.expect("INVITE"), 488)
    bob.expect("ACK")
    refusal = alice.expect(488)
    ack = alice.make_within("ACK", again, ok)
    alice.send(ack.with_header("Via", again.get("Via")).with_header("To", refusal.get("To")))
    hang_up(alice, bob, invite, ok)


@case("proxy")
def reinvite_of_the_callee_refused(s: Scene) -> None:
    alice, bob = s.pair()
    _, incoming, sent, _ = answered(s, alice, bob)
    again = bob.within("INVITE", incoming, sent, 1)
    alice.reply(alice.expect("INVITE"), 491)
    alice.expect("ACK")
    refusal = bob.expect(491)
    ack = bob.make_within("ACK", incoming, sent)
    ack.headers = [(n, "1 ACK" if n == "CSeq" else v) for n, v in ack.headers]
    bob.send(ack.with_header("Via", again.get("Via")).with_header("To", refusal.get("To")))


@case("proxy")
def glare(s: Scene) -> None:
    alice, bob = s.pair()
    invite, incoming, sent, ok = answered(s, alice, bob)
    alice.within("UPDATE", invite, ok, 2)
    bob.within("UPDATE", incoming, sent, 1)
    bob.reply(bob.expect("UPDATE"), 491)
    alice.reply(alice.expect("UPDATE"), 491)
    alice.expect(491)
    bob.expect(491)


@case("proxy")
def both_hang_up_at_once(s: Scene) -> None:
    alice, bob = s.pair()
    invite, incoming, sent, ok = answered(s, alice, bob)
    alice.within("BYE", invite, ok, 2)
    bob.within("BYE", incoming, sent, 1)
    bob.reply(bob.expect("BYE"), 200)
    alice.reply(alice.expect("BYE"), 200)
    alice.expect(200, "BYE")
    bob.expect(200, "BYE")


def _inside(method: str, extra: list[tuple[str, str]], status: int, by_callee: bool) -> None:
    def steps(s: Scene) -> None:
        alice, bob = s.pair()
        invite, incoming, sent, ok = answered(s, alice, bob)
        first, second = (bob, alice) if by_callee else (alice, bob)
        message = bob.make_within(method, incoming, sent, 1) if by_callee else alice.make_within(method, invite, ok, 2)
        message.headers += extra
        message.body = "signal=5"
        first.send(message)
        second.reply(second.expect(method), status)
        first.expect(status)

    steps.__name__ = f"{method.lower()}_within_a_call_by_the_{'callee' if by_callee else 'caller'}"
    case("proxy")(steps)


for _by_callee in (False, True):
    _inside("INFO", [("Content-Type", "application/dtmf-relay")], 200, _by_callee)
    _inside("REFER", [("Refer-To", "<sip:c@d>")], 202, _by_callee)
    _inside("NOTIFY", [("Event", "refer"), ("Content-Type", "message/sipfrag")], 200, _by_callee)
    _inside("MESSAGE", [("Content-Type", "text/plain")], 415, _by_callee)
    _inside("OPTIONS", [], 200, _by_callee)
    _inside("SUBSCRIBE", [("Event", "dialog")], 489, _by_callee)
    _inside("BYE", [("Reason", "SIP;cause=200")], 481, _by_callee)
    _inside("UNKNOWN", [], 501, _by_callee)


@case("proxy")
def subscription_with_notifies(s: Scene) -> None:
    alice, bob = s.pair()
    subscribe = alice.request("SUBSCRIBE", bob.aor, [("Event", "dialog"), ("Expires", "60")])
    incoming = bob.expect("SUBSCRIBE")
    sent = bob.reply(incoming, 200, [("Contact", f"<{bob.contact}>"), ("Expires", "60")])
    ok = alice.expect(200)
    for number in (1, 2):
        notify = bob.make_within("NOTIFY", incoming, sent, number)
        notify.headers += [("Event", "dialog"), ("Subscription-State", "active")]
        bob.send(notify)
        alice.reply(alice.expect("NOTIFY"), 200)
        bob.expect(200, "NOTIFY")
    alice.within("SUBSCRIBE", subscribe, ok, 2)
    bob.reply(bob.expect("SUBSCRIBE"), 200)
    alice.expect(200)


@case("proxy")
def early_update_and_prack(s: Scene) -> None:
    alice, bob = s.pair()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 183, [("RSeq", "1"), ("Require", "100rel")])
    progress = alice.expect(183)
    prack = alice.make_within("PRACK", invite, progress, 2)
    prack.headers.append(("RAck", "1 1 INVITE"))
    alice.send(prack)
    bob.reply(bob.expect("PRACK"), 200)
    alice.expect(200, "PRACK")
    alice.within("UPDATE", invite, progress, 3)
    bob.reply(bob.expect("UPDATE"), 200)
    alice.expect(200, "UPDATE")
    bob.reply(incoming, 200)
    ok = alice.expect(200, "INVITE")
    alice.within("ACK", invite, ok)
    bob.expect("ACK")


# --- route sets ---------------------------------------------------------------------------------------------------


def _routed(label: str, routes: Callable[[Scene, Peer], list[str]], config: str = "proxy") -> None:
    """A request within a dialog, with these Route headers; the edge is the party behind us."""

    def steps(s: Scene) -> None:
        alice, edge = s.parties_named("alice", "edge")
        message = alice.make("BYE", edge.contact, [("Route", route) for route in routes(s, edge)])
        alice.send(message.with_header("To", f"<{edge.contact}>;tag=z-remote-tag"))
        came = edge.receive(0.25)
        if came is not None:
            edge.reply(came, 200)
        s.wait(0.05)

    steps.__name__ = f"route_{label}"
    case(config)(steps)


def _own(s: Scene, more: str = ";lr") -> str:
    return f"<sip:127.0.0.1:{s.port}{more}>"


def _edge(edge: Peer, more: str = ";lr") -> str:
    return f"<sip:127.0.0.1:{edge.port}{more}>"


_routed("own", lambda s, e: [_own(s)])
_routed("own_with_lr_on", lambda s, e: [_own(s, ";lr=on")])
_routed("own_without_lr", lambda s, e: [_own(s, "")])
_routed("own_with_transport", lambda s, e: [_own(s, ";transport=udp;lr")])
_routed("own_with_user", lambda s, e: [f"<sip:me@127.0.0.1:{s.port};lr>"])
_routed("own_with_ftag", lambda s, e: [_own(s, ";lr;ftag=abc;x=1")])
_routed("own_with_name", lambda s, e: [f'"Us, we" {_own(s)}'])
_routed("own_without_brackets", lambda s, e: [f"sip:127.0.0.1:{s.port};lr"])
_routed("own_twice", lambda s, e: [_own(s), _own(s, ";lr;r2=on")])
_routed("own_twice_with_r2", lambda s, e: [_own(s, ";r2=on;lr"), _own(s, ";r2=on;lr")])
_routed("own_twice_in_one_line", lambda s, e: [f"{_own(s)}, {_own(s)}"])
_routed("own_and_edge", lambda s, e: [_own(s), _edge(e)])
_routed("own_and_edge_in_one_line", lambda s, e: [f"{_own(s)},{_edge(e)},<sip:192.0.2.1;lr>"])
_routed("own_and_a_strict_edge", lambda s, e: [_own(s), _edge(e, "")])
_routed("own_and_a_strict_edge_and_more", lambda s, e: [_own(s), f"{_edge(e, '')}, <sip:192.0.2.1;lr>"])
_routed("edge_alone", lambda s, e: [_edge(e)])
_routed("edge_and_own", lambda s, e: [_edge(e), _own(s)])
_routed("own_with_header_params", lambda s, e: [_own(s) + ";x=y"])
_routed("own_with_header_params_and_edge", lambda s, e: [_own(s) + ";x=y", _edge(e) + ";z"])
_routed("bad", lambda s, e: ["nonsense"])
_routed("own_and_bad", lambda s, e: [_own(s), "nonsense"])
_routed("unclosed", lambda s, e: [f"<sip:127.0.0.1:{s.port};lr"])
_routed("empty", lambda s, e: [""])
_routed("of_sips", lambda s, e: [f"<sips:127.0.0.1:{s.port};lr>"])
_routed("of_another_port", lambda s, e: [f"<sip:127.0.0.1:{e.port};lr>"])
_routed("of_our_name", lambda s, e: ["<sip:proxy.example;lr>"], "aliased")
_routed("of_our_name_with_port", lambda s, e: ["<sip:sip.proxy.example:5080;lr>"], "aliased")
_routed("of_our_name_with_another_port", lambda s, e: ["<sip:sip.proxy.example:5090;lr>", _edge(e)], "aliased")
_routed("of_our_name_in_upper_case", lambda s, e: ["<sip:PROXY.Example:9999;lr>"], "aliased")
_routed("of_our_name_and_address", lambda s, e: ["<sip:proxy.example;lr>", _own(s), _edge(e)], "aliased")


def _strict(
    label: str, ruri: Callable[[Scene], str], routes: Callable[[Peer], list[str]], config: str = "proxy"
) -> None:
    """From a strict router: we are the Request-URI, the target is the last Route."""

    def steps(s: Scene) -> None:
        alice, edge = s.parties_named("alice", "edge")
        message = alice.make("BYE", edge.contact, [("Route", route) for route in routes(edge)], uri=ruri(s))
        alice.send(message.with_header("To", f"<{edge.contact}>;tag=z-remote-tag"))
        came = edge.receive(0.25)
        if came is not None:
            edge.reply(came, 200)
        s.wait(0.05)

    steps.__name__ = f"strict_{label}"
    case(config)(steps)


_strict("last_hop", lambda s: s.server, lambda e: [f"<{e.contact}>"])
_strict("two_hops", lambda s: s.server, lambda e: [_edge(e, ""), "<sip:target@192.0.2.1>"])
_strict("two_hops_loose", lambda s: s.server, lambda e: [_edge(e), "<sip:target@192.0.2.1>"])
_strict("in_one_line", lambda s: s.server, lambda e: [f"{_edge(e)}, <sip:a@192.0.2.1;lr>, <sip:target@192.0.2.1>"])
_strict("with_ftag", lambda s: f"{s.server};ftag=x;lr", lambda e: [f"<{e.contact}>"])
_strict("of_our_name", lambda s: "sip:proxy.example", lambda e: [f"<{e.contact}>"], "aliased")
_strict("no_route", lambda s: s.server, lambda e: [])


@case("aliased")
def call_by_our_name(s: Scene) -> None:
    alice, bob = s.pair()
    aor = f"sip:{bob.user}@proxy.example"
    invite = alice.invite(aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 200)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")
    hang_up(alice, bob, invite, ok)


@case("proxy")
def invite_that_comes_around_again(s: Scene) -> None:
    """A spiral: the callee's contact leads back to us, under another user."""
    alice, bob, carol = s.parties_named("alice", "bob", "carol")
    carol.register()
    bob.register(f"<{carol.aor}>")
    invite = alice.invite(bob.aor)
    incoming = carol.expect("INVITE")
    carol.reply(incoming, 200)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    carol.expect("ACK")
    alice.within("BYE", invite, ok)
    carol.reply(carol.expect("BYE"), 200)
    alice.expect(200, "BYE")


@case("proxy")
def invite_in_a_loop(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register(f"<{bob.aor}>")
    invite = alice.make("INVITE", bob.aor, (), SDP).with_header("Max-Forwards", "4")
    alice.send(invite)
    alice.expect(100)
    alice.ack_negative(invite, alice.expect(483))


@case("proxy")
def record_routes_of_others_stay(s: Scene) -> None:
    alice, bob = s.pair()
    extra = [("Record-Route", "<sip:192.0.2.1;lr>"), ("Record-Route", "<sip:192.0.2.2;lr>, <sip:192.0.2.3;lr>")]
    invite = alice.invite(bob.aor, extra)
    bob.reply(bob.expect("INVITE"), 486)
    bob.expect("ACK")
    alice.ack_negative(invite, alice.expect(486))


# --- TCP ----------------------------------------------------------------------------------------------------------


@case("proxy")
def tcp_body_of_12000_bytes(s: Scene) -> None:
    alice, bob = s.tcp_party("alice"), s.tcp_party("bob")
    bob.register()
    alice.request("MESSAGE", bob.aor, body="0123456789" * 1200)
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def tcp_without_content_length(s: Scene) -> None:
    alice = s.tcp_party("alice")
    alice.send(alice.make("OPTIONS", s.server).with_header("Content-Length", "\0"))
    s.wait(0.2)


@case("proxy")
def tcp_with_content_length_in_words(s: Scene) -> None:
    alice = s.tcp_party("alice")
    alice.send(alice.make("OPTIONS", s.server).with_header("Content-Length", "none"))
    s.wait(0.2)


@case("proxy")
def tcp_compact_content_length(s: Scene) -> None:
    alice = s.tcp_party("alice")
    alice.send(alice.make("OPTIONS", s.server, [("l", "5")], body="hello"))
    alice.expect(200)
    alice.request("OPTIONS", s.server, cseq=2)
    alice.expect(200)


@case("proxy")
def tcp_fork_to_tcp_and_udp(s: Scene) -> None:
    alice, bob, desk = s.tcp_party("alice"), s.tcp_party("bob"), s.party("desk")
    bob.register(f"<{bob.contact}>;q=0.9")
    desk.register(aor=bob.aor)
    invite = alice.invite(bob.aor)
    incoming, other = bob.expect("INVITE"), desk.expect("INVITE")
    desk.reply(other, 180)
    alice.expect(180)
    bob.reply(incoming, 200)
    ok = alice.expect(200)
    cancel = desk.expect("CANCEL")
    desk.reply(cancel, 200)
    desk.reply(other, 487)
    desk.expect("ACK")
    alice.within("ACK", invite, ok)
    bob.expect("ACK")


@case("proxy")
def tcp_call_cancelled(s: Scene) -> None:
    alice, bob = s.tcp_party("alice"), s.tcp_party("bob")
    bob.register()
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
def tcp_callee_that_is_not_there(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    bob.register("<sip:bob@127.0.0.1:1;transport=tcp>")
    alice.request("MESSAGE", bob.aor, body="x")
    alice.receive(1.5)


@case("proxy")
def udp_call_to_a_tcp_phone(s: Scene) -> None:
    alice, bob = s.party("alice"), s.tcp_party("bob")
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


@case("proxy")
def three_phones_in_the_order_of_q(s: Scene) -> None:
    alice, bob, desk, cell = s.parties_named("alice", "bob", "desk", "cell")
    bob.register(f"<{bob.contact}>;q=0.3")
    desk.register(f"<{desk.contact}>;q=0.9", aor=bob.aor)
    cell.register(f"<{cell.contact}>;q=0.6", aor=bob.aor)
    invite = alice.invite(bob.aor)
    finals = [(phone, phone.expect("INVITE")) for phone in (desk, cell, bob)]
    for (phone, incoming), status in zip(finals, (404, 486, 480), strict=True):
        phone.reply(incoming, status, reason="No")
        phone.expect("ACK")
    alice.ack_negative(invite, alice.receive(1.0) and alice.expect(404))
