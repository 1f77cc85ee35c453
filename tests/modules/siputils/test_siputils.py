"""siputils without a network: questions, numbers, URIs, contacts."""

from __future__ import annotations

import pytest
from pv_kit import Desk, request

from olelo.core.party import FROM, TO, tag_of, uri_of
from olelo.modules.pv import MODULE as Pv
from olelo.modules.siputils import AUTHORIZED, Siputils
from olelo.modules.sl import Sl
from olelo.sip.message import Message


def desk(**params: int | str) -> Desk:
    return Desk(Sl, Pv, Siputils, params={"siputils": list(params.items())})


@pytest.mark.parametrize(
    ("to", "tag", "uri"),
    [
        ("<sip:a@b>", b"", b"sip:a@b"),
        ("<sip:a@b>;tag=x", b"x", b"sip:a@b"),
        ("<sip:a@b>;tag=x;y=z", b"x", b"sip:a@b"),
        ("<sip:a@b>;y=z;TAG=x", b"x", b"sip:a@b"),
        ("sip:a@b;tag=x", b"x", b"sip:a@b"),
        ("<sip:a@b;tag=x>", b"", b"sip:a@b;tag=x"),
        ('"n" <sip:a@b>;tag=x', b"x", b"sip:a@b"),
        ('"q>;tag=y" <sip:a@b>;tag=x', b"x", b"sip:a@b"),
        ('"q\\">;tag=y" <sip:a@b>', b"", b"sip:a@b"),
        ('<sip:a@b>;p="<c>;tag=y";tag=x', b"x", b"sip:a@b"),
    ],
)
def test_tag_and_uri_are_what_the_parser_finds(to: str, tag: bytes, uri: bytes) -> None:
    msg = Message.parse(request(target=to))
    assert (tag_of(msg, TO), uri_of(msg, TO)) == (tag, uri) == (msg.to.tag, msg.to.uri)
    assert (tag_of(msg, FROM), uri_of(msg, FROM)) == (msg.from_.tag, msg.from_.uri)


def test_questions_about_the_message() -> None:
    place = desk()
    ctx = place.context(request(headers="Supported: timer, PATH\r\n"))
    asked = [
        place.call(ctx, name) for name in ("has_totag", "is_request", "is_reply", "is_first_hop", "is_sip", "is_http")
    ]
    assert asked == [-1, 1, -1, 1, 1, -1]
    assert [place.call(ctx, "is_supported", tag) for tag in ("path", "timer", "gruu", "nonsense")] == [1, 1, -1, -1]
    assert place.call(place.context(request(target="<sip:a@b>;tag=1")), "has_totag") == 1


@pytest.mark.parametrize(
    ("route", "mode", "code"),
    [
        ("", 0, 1),
        ("<sip:127.0.0.1;lr>", 0, 1),
        ("<sip:127.0.0.2:5070;lr>", 0, -1),
        ("<sip:192.0.2.9;lr>", 0, -1),
        ("<sip:proxy.example;lr>", 0, -1),
        ("<sip:proxy.example;lr>", 1, 1),
    ],
)
def test_first_hop_of_replies(route: str, mode: int, code: int) -> None:
    place = desk()
    place.engine.add_alias(b"proxy.example")
    head = f"Record-Route: {route}\r\n" if route else ""
    reply = b"SIP/2.0 200 OK\r\n" + request(headers=head).partition(b"\r\n")[2]
    assert place.call(place.context(reply), "is_first_hop", mode) == code


def test_is_user_believes_authentication_alone() -> None:
    place = desk()
    ctx = place.context(request(headers='Authorization: Digest username="alice", realm="r"\r\n'))
    assert place.call(ctx, "is_user", "alice") == -1
    ctx.store = {AUTHORIZED: b"alice"}
    assert [place.call(ctx, "is_user", name) for name in ("alice", "bob")] == [1, -1]


@pytest.mark.parametrize(("seconds", "code"), [(60, 1), (5, -4)])
def test_age_of_the_date_header(seconds: int, code: int) -> None:
    place = desk()
    place.services.at = 1_795_420_810.0  # ten seconds later
    ctx = place.context(request(headers="Date: Mon, 23 Nov 2026 08:00:00 GMT\r\n"))
    assert place.call(ctx, "hdr_date_check", seconds) == code
    assert place.call(place.context(request()), "hdr_date_check", 5) == -1


def test_numbers_longer_than_e164_allows_by_setting() -> None:
    place = desk(e164_max_len=17)
    ctx = place.context(request())
    place.set(ctx, "$var(n)", "+12345678901234567")
    assert place.call(ctx, "is_e164", "$var(n)") == 1
    assert desk().call(ctx, "is_e164", "$var(n)") == -1


def test_request_uri_parameters() -> None:
    place = desk()
    ctx = place.context(request(uri="sip:alice@example.org;a=1;b;c=2?x=y"))
    ctx.ruri_used = True
    assert [place.call(ctx, "uri_param", "a", v) for v in ("1", "2")] == [1, -1]
    assert place.call(ctx, "uri_param_rm", "B") == 1
    assert place.call(ctx, "add_uri_param", "n=1") == 1
    assert ctx.ruri == b"sip:alice@example.org;a=1;c=2;n=1?x=y"
    assert not ctx.ruri_used


def test_contacts_are_encoded_and_decoded_again() -> None:
    place = desk()
    ctx = place.context(request(headers="Contact: <sip:c:pw@1.2.3.4:5070;transport=tcp>;q=1\r\n"))
    assert place.call(ctx, "encode_contact", "pre", "9.9.9.9") == 1
    sent = ctx.msg.apply_edits()
    assert b"Contact: <sip:pre*c*pw*1.2.3.4*5070*tcp@9.9.9.9>;q=1\r\n" in sent
    back = place.context(sent)
    assert place.call(back, "decode_contact_header") == 1
    assert b"Contact: <sip:c:pw@1.2.3.4:5070;transport=tcp>;q=1\r\n" in back.msg.apply_edits()
    hidden = place.context(request(headers="Contact: <sip:c@1.2.3.4>\r\n"))
    assert place.call(hidden, "contact_param_encode", "np", "sip:me@9.9.9.9") == 1
    again = place.context(hidden.msg.apply_edits())
    assert place.call(again, "contact_param_check", "np") == 1
    assert place.call(again, "contact_param_decode", "np") == 1
    assert b"Contact: <sip:c@1.2.3.4>\r\n" in again.msg.apply_edits()


def test_options_are_answered_with_what_we_can() -> None:
    place = desk(options_support="path")
    ctx = place.context(request("OPTIONS", "sip:example.org"))
    assert place.call(ctx, "options_reply") == 1
    answer = place.services.sent[0][0]
    assert b"Accept: */*\r\nAccept-Encoding: \r\nAccept-Language: en\r\nSupported: path\r\n" in answer
    assert place.call(place.context(request("OPTIONS", "sip:x@example.org")), "options_reply") == -1


def test_charging_vectors() -> None:
    place = desk()
    ctx = place.context(request(headers="P-Charging-Vector: icid-value=abc;orig-ioi=o\r\n"))
    assert [place.get(ctx, f"$pcv({n})") for n in ("value", "orig", "term")] == ["abc", "o", None]
    assert place.call(ctx, "sip_p_charging_vector", "f") == 1
    sent = Message.parse(ctx.msg.apply_edits()).named(b"P-Charging-Vector")
    assert len(sent) == 1
    assert sent[0].endswith(b"; icid-generated-at=127.0.0.1")
    assert len(str(place.get(ctx, "$pcv(value)"))) == 32
