"""What stands on the wire: headers as they are written, routes, and messages that are wrong."""

from __future__ import annotations

from differential.play import Scene, case

LOCAL = "127.0.0.1"


def _relayed(s: Scene, *changes: tuple[str, str], without: str = "") -> None:
    """A MESSAGE from alice to bob with some headers changed, answered 200."""
    alice, bob = s.pair()
    message = alice.make("MESSAGE", bob.aor, body="hello")
    for name, value in changes:
        message = message.with_header(name, value)
    alice.send(message.without(without) if without else message)
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def options_to_the_server(s: Scene) -> None:
    alice = s.party("alice")
    alice.request("OPTIONS", s.server)
    alice.expect(200)


@case("proxy")
def options_to_a_user(s: Scene) -> None:
    alice, bob = s.pair()
    alice.request("OPTIONS", bob.aor)
    bob.reply(bob.expect("OPTIONS"), 200, [("Accept", "application/sdp")])
    alice.expect(200)


@case("proxy")
def message_to_a_user(s: Scene) -> None:
    _relayed(s)


@case("proxy")
def max_forwards_0(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("OPTIONS", bob.aor).with_header("Max-Forwards", "0"))
    alice.expect(483)


@case("proxy")
def max_forwards_1(s: Scene) -> None:
    _relayed(s, ("Max-Forwards", "1"))


@case("proxy")
def max_forwards_absent(s: Scene) -> None:
    _relayed(s, without="Max-Forwards")


@case("proxy")
def max_forwards_not_a_number(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("OPTIONS", bob.aor).with_header("Max-Forwards", "many"))
    s.wait(0.1)


@case("proxy")
def unknown_method(s: Scene) -> None:
    alice, bob = s.pair()
    alice.request("FROBNICATE", bob.aor)
    bob.reply(bob.expect("FROBNICATE"), 501)
    alice.expect(501)


@case("proxy")
def without_rport(s: Scene) -> None:
    alice, bob = s.pair()
    message = alice.make("MESSAGE", bob.aor, body="x")
    alice.send(message.with_header("Via", message.get("Via").replace(";rport", "")))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def via_of_another_host_and_rport(s: Scene) -> None:
    alice, bob = s.pair()
    message = alice.make("MESSAGE", bob.aor, body="x")
    alice.send(message.with_header("Via", message.get("Via").replace(f"{LOCAL}:{alice.port}", "10.1.2.3:5070")))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def via_of_another_host_without_rport(s: Scene) -> None:
    alice, bob = s.pair()
    message = alice.make("MESSAGE", bob.aor, body="x")
    alice.send(message.with_header("Via", f"SIP/2.0/UDP phone.example:{alice.port};branch=z9hG4bK-alice-v"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def two_vias(s: Scene) -> None:
    alice, bob = s.pair()
    message = alice.make("MESSAGE", bob.aor, body="x")
    message.headers.insert(1, ("Via", "SIP/2.0/TCP 10.9.9.9;branch=z9hG4bK-alice-far, SIP/2.0/UDP 10.8.8.8"))
    alice.send(message)
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def via_without_a_branch(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("MESSAGE", bob.aor, body="x").with_header("Via", f"SIP/2.0/UDP {LOCAL}:{alice.port}"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def compact_headers(s: Scene) -> None:
    alice, bob = s.pair()
    text = alice.make("MESSAGE", bob.aor, [("Subject", "short")], "hello").text()
    short = {"Via": "v", "From": "f", "To": "t", "Call-ID": "i", "Content-Length": "l", "Content-Type": "c"}
    for long, one in (short | {"Subject": "s"}).items():
        text = text.replace(f"\n{long}:", f"\n{one}:")
    alice.send(text)
    incoming = bob.expect("MESSAGE")
    bob.reply(incoming, 200)
    alice.expect(200)


@case("proxy")
def folded_headers(s: Scene) -> None:
    _relayed(s, ("Subject", "one\r\n two\r\n\tthree"), ("Accept", "\r\n text/plain,\r\n\ttext/html"))


@case("proxy")
def folded_cseq(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("MESSAGE", bob.aor, body="x").with_header("CSeq", "1\r\n MESSAGE"))
    s.wait(0.1)


@case("proxy")
def folded_from_and_via(s: Scene) -> None:
    alice, bob = s.pair()
    message = alice.make("MESSAGE", bob.aor, body="x")
    message = message.with_header("From", f"\r\n <{alice.aor}>\r\n\t;tag=alice-f-tag")
    alice.send(message.with_header("Via", message.get("Via").replace(";branch", "\r\n ;branch")))
    s.wait(0.1)


@case("proxy")
def odd_spacing_and_case(s: Scene) -> None:
    alice, bob = s.pair()
    text = alice.make("MESSAGE", bob.aor, [("x-ODD", "  spaced  ")], "hello").text()
    alice.send(text.replace("Max-Forwards:", "mAX-fORWARDS :").replace("From: ", "FROM:").replace("To: ", "to:    "))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def display_names_and_comments(s: Scene) -> None:
    alice, bob = s.pair()
    message = alice.make("MESSAGE", bob.aor, body="x").with_header("To", f'"Bob; the \\"other\\"" <{bob.aor};x=1>;y=2')
    alice.send(message.with_header("From", f"Alice A <{alice.aor}>;tag=alice-a-tag;z=3"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def addr_spec_without_brackets(s: Scene) -> None:
    alice, bob = s.pair()
    message = alice.make("MESSAGE", bob.aor, body="x").with_header("To", bob.aor)
    alice.send(message.with_header("From", f"{alice.aor};tag=alice-a-tag"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def leading_empty_lines(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send("\r\n\r\n" + alice.make("OPTIONS", bob.aor).text())
    s.wait(0.1)


@case("proxy")
def keepalive_packets(s: Scene) -> None:
    alice = s.party("alice")
    for packet in ("\r\n\r\n", "\0\0\0\0", "x"):
        alice.send(packet)
    alice.request("OPTIONS", s.server)
    alice.expect(200)


@case("proxy")
def only_line_feeds(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("OPTIONS", bob.aor).text().replace("\r\n", "\n"))
    s.wait(0.1)


def _missing(name: str) -> None:
    def steps(s: Scene) -> None:
        alice, bob = s.pair()
        alice.send(alice.make("MESSAGE", bob.aor, body="hello").without(name))
        s.wait(0.1)

    steps.__name__ = f"missing_{name.lower().replace('-', '_')}"
    case("proxy")(steps)


for _name in ("Via", "From", "To", "Call-ID", "CSeq"):
    _missing(_name)


@case("proxy")
def content_length_too_long(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("MESSAGE", bob.aor, [("Content-Length", "500")], "hello"))
    s.wait(0.1)


@case("proxy")
def content_length_too_short(s: Scene) -> None:
    _relayed(s, ("Content-Length", "2"))


@case("proxy")
def content_length_absent(s: Scene) -> None:
    _relayed(s, ("Content-Length", "\0"))


@case("proxy")
def bad_version(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("MESSAGE", bob.aor, body="x").text().replace(" SIP/2.0\r\n", " SIP/3.0\r\n", 1))
    s.wait(0.1)


@case("proxy")
def cseq_of_another_method(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("MESSAGE", bob.aor, body="x").with_header("CSeq", "1 OPTIONS"))
    s.wait(0.1)


@case("proxy")
def cseq_not_a_number(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("MESSAGE", bob.aor, body="x").with_header("CSeq", "one MESSAGE"))
    s.wait(0.1)


@case("proxy")
def tel_uri(s: Scene) -> None:
    alice = s.party("alice")
    invite = alice.invite("tel:+431234567")
    alice.ack_negative(invite, alice.expect(478))


@case("proxy")
def sips_uri(s: Scene) -> None:
    alice, bob = s.pair()
    alice.request("MESSAGE", bob.aor.replace("sip:", "sips:"), body="x")
    s.wait(0.1)


@case("proxy")
def unknown_scheme(s: Scene) -> None:
    alice = s.party("alice")
    alice.request("OPTIONS", "mailto:alice@example.com")
    s.wait(0.1)


@case("proxy")
def uri_that_is_none(s: Scene) -> None:
    alice = s.party("alice")
    alice.request("OPTIONS", "sip:")
    s.wait(0.1)


@case("proxy")
def preloaded_route_to_us(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    alice.send(alice.make("MESSAGE", bob.contact, [("Route", f"<{s.server};lr>")], "x"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def preloaded_routes_to_another_proxy(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    routes = f"<{s.server};lr>, <sip:{LOCAL}:{bob.port};lr>"
    alice.send(alice.make("MESSAGE", "sip:somebody@example.com", [("Route", routes)], "x"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def route_to_a_strict_router(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    routes = f"<{s.server};lr>, <sip:{LOCAL}:{bob.port}>, <sip:last@{LOCAL}:9;lr>"
    alice.send(alice.make("MESSAGE", "sip:somebody@example.com", [("Route", routes)], "x"))
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def from_a_strict_router(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    message = alice.make("BYE", bob.contact, [("Route", f"<sip:{LOCAL}:{bob.port}>")], uri=f"{s.server};lr")
    alice.send(message.with_header("To", f"<{bob.aor}>;tag=bob-x-tag"))
    s.wait(0.1)


@case("proxy")
def route_of_somebody_else_only(s: Scene) -> None:
    alice, bob = s.pair()
    alice.send(alice.make("MESSAGE", bob.aor, [("Route", f"<sip:{LOCAL}:{bob.port};lr>")], "x"))
    s.wait(0.1)


@case("proxy")
def to_another_domain(s: Scene) -> None:
    alice, bob = s.parties_named("alice", "bob")
    alice.request("MESSAGE", f"sip:x@{LOCAL}:{bob.port};y=1?Subject=s", body="x")
    bob.reply(bob.expect("MESSAGE"), 200)
    alice.expect(200)


@case("proxy")
def call_over_tcp(s: Scene) -> None:
    alice, bob = s.tcp_party("alice"), s.tcp_party("bob")
    bob.register()
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


@case("proxy")
def call_from_tcp_to_udp(s: Scene) -> None:
    alice, bob = s.tcp_party("alice"), s.party("bob")
    bob.register()
    invite = alice.invite(bob.aor)
    incoming = bob.expect("INVITE")
    bob.reply(incoming, 200)
    ok = alice.expect(200)
    alice.within("ACK", invite, ok)
    bob.expect("ACK")
    bob.within("BYE", incoming, bob.make_reply(incoming, 200))
    alice.reply(alice.expect("BYE"), 200)
    bob.expect(200, "BYE")


@case("proxy")
def tcp_in_pieces_and_pipelined(s: Scene) -> None:
    alice = s.tcp_party("alice")
    texts = [alice.make("OPTIONS", s.server, cseq=number, body="b" * number).text() for number in (1, 2, 3)]
    whole = "\r\n\r\n".join(texts)
    alice.send(whole[:37])
    alice.quiet(0.1)
    alice.send(whole[37:])
    for _ in texts:
        alice.expect(200)


@case("proxy")
def tcp_keepalive_double_crlf(s: Scene) -> None:
    alice = s.tcp_party("alice")
    alice.send("\r\n\r\n")
    alice.quiet(0.1)
    alice.request("OPTIONS", s.server)
    alice.expect(200)


def _sane(label: str, *changes: tuple[str, str], gone: str = "", start: str = "") -> None:
    def steps(s: Scene) -> None:
        alice = s.party("alice")
        message = alice.make("OPTIONS", s.server)
        for name, value in changes:
            message = message.with_header(name, value)
        message = message.without(gone) if gone else message
        message.start = start or message.start
        alice.send(message)
        s.wait(0.1)

    steps.__name__ = f"sanity_{label}"
    case("checked")(steps)


_sane("good")
_sane("no_max_forwards", gone="Max-Forwards")
_sane("no_from", gone="From")
_sane("no_call_id", gone="Call-ID")
_sane("proxy_require", ("Proxy-Require", "privacy, path"))
_sane("cseq_method", ("CSeq", "1 INFO"))
_sane("cseq_value", ("CSeq", "4294967296 OPTIONS"))
_sane("content_length", ("Content-Length", "7"))
_sane("expires", ("Expires", "soon"))
_sane("from_uri", ("From", "<sip:>;tag=alice-x-tag"))
_sane("to_uri", ("To", "<nonsense>"))
_sane("digest", ("Authorization", "Digest username=1"))
_sane("duplicate_tags", ("From", "<sip:a@b>;tag=alice-x-tag;tag=alice-y-tag"))
_sane("version", start="OPTIONS sip:127.0.0.1 SIP/2.1")
_sane("scheme", start="OPTIONS http://127.0.0.1 SIP/2.0")
