"""Select expressions."""

from __future__ import annotations

import pytest
from pv_kit import Desk, request

from olelo.core.selects import select

HEADERS = (
    "Via: SIP/2.0/TCP [2001:db8::1]:5090;branch=z9hG4bK2;received=192.0.2.2, SIP/2.0/TLS last.example\r\n"
    'Contact: "C" <sip:c@x:99;t=1>;expires=60;q=0.5\r\n'
    "Route: <sip:a;lr>, <sip:b;lr>\r\n"
    "X-List: one;k=1, two;k=2;z\r\n"
    'Authorization: Digest username="u@d", realm="other", nonce="1", uri="sip:x", response="r"\r\n'
    'Authorization: Digest username="bob@dom", realm="home", nonce="2", uri="sip:x", response="r", qop=auth\r\n'
    "User-Agent: Phone\r\n"
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("@via[1].branch", "z9hG4bK1"),
        ("via.host", "192.0.2.1"),
        ("via[2].host", "[2001:db8::1]"),
        ("via[2].port", "5090"),
        ("v[2].received", "192.0.2.2"),
        ("via[-1].transport", "TLS"),
        ("via[-1].params.branch", None),
        ("via[9]", None),
        ("ruri.user", "alice"),
        ("ruri.hostport", "example.org:5080"),
        ("ruri.params.transport", "udp"),
        ("from.uri.host", "biloxi.example"),
        ("from.tag", "ft1"),
        ("from.name", '"Bob B."'),
        ("contact.uri", "sip:c@x:99;t=1"),
        ("contact.uri.port", "99"),
        ("contact.expires", "60"),
        ("contact.params.q", "0.5"),
        ("to.tag", None),
        ("cseq.num", "7"),
        ("msg.request.method", "INVITE"),
        ("msg.header.user_agent", "Phone"),
        ("msg.h.x_list.nameaddr.params.k", "1"),
        ("hf_value.route", "<sip:a;lr>,<sip:b;lr>"),
        ("hf_value.route[*].uri", "sip:a;lr,sip:b;lr"),
        ("hf_value.x_none", ""),
        ("hf_value.route[2].uri", "sip:b;lr"),
        ("hf_value.x_list[-1].k", "2"),
        ("hf_value.x_list[2].p.z", ""),
        ("hf_value_exists.x_list.one;k=1", None),
        ('authorization["home"].username.user', "bob"),
        ('authorization["home"].qop', "auth"),
        ("authorization.username", "u@d"),
        ("proxy_authorization.username", None),
        ("user_agent", "Phone"),
        ("src.ip_port", "127.0.0.2:5070"),
        ("dst.port", "5060"),
        ("received.proto_ip_port", "udp:127.0.0.1:5060"),
        ("dst_uri", None),
        ("next_hop.host", "example.org"),
        ("branch.count", "0"),
        ("sys.now", "1795420800"),
        ('sys.now.utc."%Y-%m-%d"', "2026-11-23"),
        ("cfg_get.core.debug", 3),
        ("cfg_get.no.such", None),
    ],
)
def test_selects(expression: str, expected: str | int | None) -> None:
    desk = Desk()
    if expression.startswith("hf_value_exists"):
        expression, expected = 'hf_value_exists.x_list."one;k=1"', "1"
    assert select(expression)(desk.context(request(headers=HEADERS))) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "nonsense",
        "via[0].host",
        "via[1].nope",
        "ruri.nope",
        "from.uri.nope",
        "cfg_get.alone",
        "src.nope",
        "msg.nope",
        "a b",
    ],
)
def test_unknown_selects_are_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        select(expression)


def test_bad_messages_give_nothing() -> None:
    desk = Desk()
    ctx = desk.context(b"INVITE sip:x SIP/2.0\r\nContact: <broken\r\nAuthorization: Basic x\r\nVia: junk\r\n\r\n")
    for expression in ("contact.uri", "authorization.username", "via[1].branch", "from.tag", "cseq.num"):
        assert select(expression)(ctx) is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("hf_value2.x_auth.realm", "r,2"),
        ("hf_value2.x_auth.integrity_protected", "yes"),
        ("hf_value2.x_auth.username", "u"),
        ("hf_value.x_na[1].tag", "t1"),
        ("hf_value.x_na.tag", "t1"),
        ("hf_value.x_na[1].q", "x;y"),
        ("hf_value.x_na[2].uri.user", "c"),
        ("hf_value.x_na[9].uri.user", ""),
        ("hf_value.x_na[9].name", ""),
    ],
)
def test_parameters_of_any_header_as_documented(expression: str, expected: str) -> None:
    headers = (
        'X-Auth: Digest username="u", realm="r,2", integrity-protected=yes\r\n'
        'X-Na: "B" <sip:b@h>;tag=t1;q="x;y", sip:c@d\r\n'
    )
    assert select(expression)(Desk().context(request(headers=headers))) == expected
