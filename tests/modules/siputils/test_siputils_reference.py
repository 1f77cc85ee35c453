"""siputils compared with the reference: return codes, changed URIs and headers."""

from __future__ import annotations

import pytest
from wire_kit import Case, compare, marked, split

MODULES = ["pv", "tm", "sl", "rr", "textops", "xlog", "siputils"]
PARAMS = 'modparam("siputils","options_support","path")\nmodparam("siputils","rpid_avp","$avp(rpid)")\n'
#: Cases in which we differ, and why.
KNOWN: dict[str, str] = {
    'sip_p_charging_vector("r");': "the reference documents that the header is removed, and leaves it",
    "parameter before headers": "the reference loses the URI's length there, and sends nothing",
}

RC = 'append_hf("X-RC: $rc $ru\\r\\n");'
HEADERS = (
    'Contact: "x" <sip:c:pw@1.2.3.4:5070;x=1;transport=tcp>;q=1, sip:d@4.3.2.1;x=2\r\nContact: <sip:e@f;x>\r\n'
    "Supported: timer, gruu\r\nP-Charging-Vector: icid-value=abc;icid-generated-at=1.1.1.1;orig-ioi=o\r\n"
)

SCRIPTS = r"""
has_totag();
is_request();
is_reply();
is_first_hop();
uri_param("a");
uri_param("a","1");
uri_param("A","1");
uri_param("b");
uri_param("zz");
uri_param_any("A");
uri_param_any("b");
uri_param_any("zz");
get_uri_param("a","$var(x)"); append_hf("X: $var(x)\r\n");
get_uri_param("b","$var(y)"); append_hf("X: $var(y)\r\n");
get_uri_param("zz","$var(z)");
add_uri_param("n=1");
uri_param_rm("a");
uri_param_rm("B");
uri_param_rm("zz");
is_uri("sip:a@b");
is_uri("foo");
is_uri("tel:+1");
is_uri("");
is_gruu();
is_gruu("sip:a@b;gr=1");
is_gruu("sip:a@b;gr");
is_gruu("sip:a@b");
tel2sip("tel:+1-2(3).4;Ext=5-6","h.com","$var(t)"); append_hf("X: $var(t)\r\n");
tel2sip("sip:x","h","$var(t)");
$var(u)="sip:a@b:5"; $var(v)="c"; set_uri_user("$var(u)","$var(v)"); append_hf("X: $var(u)\r\n");
$var(u)="sip:b:5"; $var(v)="c"; set_uri_user("$var(u)","$var(v)"); append_hf("X: $var(u)\r\n");
$var(u)="sip:a@b:5"; $var(v)=""; set_uri_user("$var(u)","$var(v)"); append_hf("X: $var(u)\r\n");
$var(u)="sip:a@b:5;x"; $var(v)="c.d"; set_uri_host("$var(u)","$var(v)"); append_hf("X: $var(u)\r\n");
$var(u)="sip:b?x"; $var(v)="c"; set_uri_host("$var(u)","$var(v)"); append_hf("X: $var(u)\r\n");
$var(u)="foo"; $var(v)="c"; set_uri_host("$var(u)","$var(v)"); append_hf("X: $var(u)\r\n");
$var(u)="sip:b"; $var(v)=""; set_uri_host("$var(u)","$var(v)"); append_hf("X: $var(u)\r\n");
$var(n)="+123"; is_e164("$var(n)");
$var(n)="123"; is_e164("$var(n)");
$var(n)="+1"; is_e164("$var(n)");
$var(n)="+123456789012345"; is_e164("$var(n)");
$var(n)="+1234567890123456"; is_e164("$var(n)");
$var(n)="+12a"; is_e164("$var(n)");
$var(n)="sip:+123@x"; is_uri_user_e164("$var(n)");
$var(n)="sip:123@x"; is_uri_user_e164("$var(n)");
$var(n)="sip:x"; is_uri_user_e164("$var(n)");
is_uri_user_e164("$fu");
is_tel_number("123");
is_tel_number("+123");
is_tel_number("+0123");
is_tel_number("12a");
is_tel_number("+");
is_numeric("12");
is_numeric("1a");
is_alphanum("a1");
is_alphanum("a-");
is_alphanumex("a-b","-");
is_alphanumex("a_b","-");
is_alphanumex("a_b","_");
cmp_uri("sip:a@b","sip:a@B");
cmp_uri("sip:a@b","sip:c@b");
cmp_uri("sip:a@b","sip:A@b");
cmp_uri("sip:a@b;transport=udp","sip:a@b");
cmp_uri("sip:a@b;x=1","sip:a@b");
cmp_uri("sip:a@b:5060","sip:a@b");
cmp_uri("sip:a@b","sips:a@b");
cmp_uri("sip:a@b","foo");
cmp_uri("sip:a@b;x=1","sip:a@b;X=1");
cmp_uri("sip:a@b;x=1","sip:a@b;x=2");
cmp_aor("sip:a@b","sip:a@B;x=1");
cmp_aor("sip:a@b","sip:a@c");
cmp_aor("sip:a@b:5060","sip:a@b");
cmp_aor("sip:a@b","sips:a@b");
cmp_aor("sip:a@b","sip:A@b");
cmp_uri("sip:a:p@b","sip:a@b");
cmp_hdr_name("From","from");
cmp_hdr_name("From","f");
cmp_hdr_name("X-A","X-B");
cmp_hdr_name("X-B","X-A");
is_supported("path");
is_supported("timer");
is_supported("GRUU");
is_user("alice");
encode_contact("pre","9.9.9.9");
decode_contact();
decode_contact_header();
contact_param_encode("np","sip:me@9.9.9.9");
contact_param_decode("np");
contact_param_decode_ruri("np");
contact_param_rm("x");
contact_param_rm("X");
contact_param_rm("zz");
$avp(rpid)="<sip:+123@x>"; append_rpid_hf();
$avp(rpid)="<sip:+123@x>"; append_rpid_hf("P","S");
append_rpid_hf();
$avp(rpid)="<sip:+123@x>"; is_rpid_user_e164();
$avp(rpid)="<sip:123@x>"; is_rpid_user_e164();
is_rpid_user_e164();
sip_p_charging_vector("r");
append_hf("X: $pcv(all)|$pcv(value)|$pcv(genaddr)|$pcv(orig)|$pcv(term)\r\n");
"""


def case(name: str, script: str, **special: str) -> Case:
    return Case(name, f"{script} {RC}", **special)  # type: ignore[arg-type]


HIDDEN = "sip:pre*u*p*127.0.0.1*21999*udp@9.9.9.9;x=1"
SPECIAL = [
    *(
        case(f"To: {to}", "has_totag();", to=to)
        for to in (
            "<sip:x@y>;tag=1", "sip:x@y;tag=1", "<sip:x@y;tag=1>", '"a>;tag=1" <sip:x@y>', "<sip:x@y>;tag=", "<sip:x@y>;x=y;TAG=1",
        )
    ),
    case("two Vias", "is_first_hop();", headers="Via: SIP/2.0/UDP 1.1.1.1;branch=z\r\n"),
    case("GRUU", "is_gruu();", ruri="sip:bob@TARGET;gr=1"),
    case("parameter before headers", 'add_uri_param("n=1");', ruri="sip:bob@TARGET?a=b"),
    case("parameter without user", 'add_uri_param("n=1");', ruri="sip:TARGET"),
    case("parameter removed before headers", 'uri_param_rm("a");', ruri="sip:bob@TARGET;x;a;c?a=b"),
    case("decoded", "decode_contact();", ruri=HIDDEN),
    case("decoded without fields", "decode_contact();", ruri="sip:pre*u**127.0.0.1**@9.9.9.9"),
    case("too few fields", "decode_contact();", ruri="sip:pre*u*@9.9.9.9"),
    case("decoded header", "decode_contact_header();", headers=f"Contact: <{HIDDEN}>;q=1\r\n"),
    case("header that hides nothing", "decode_contact_header();", headers="Contact: <sip:x@y>\r\n"),
    case("no header to decode", "decode_contact_header();"),
    case("no header to encode", 'encode_contact("a","b");'),
    case("encoded without user", 'encode_contact("a","b");', headers="Contact: <sip:x>\r\n"),
    case("encoded star", 'encode_contact("a","b");', headers="Contact: *\r\n"),
    case("decoded parameter", 'contact_param_decode("np");', headers="Contact: <sip:me@9;np=c2lwOmFAYg>\r\n"),
    case("no base64", 'contact_param_decode("np");', headers="Contact: <sip:me@9;np=!!>\r\n"),
    case("decoded URI", 'contact_param_decode_ruri("np"); $du="sip:TARGET";', ruri="sip:bob@TARGET;np=c2lwOmFAYg"),
    case("no Contact", 'contact_param_encode("np","sip:x@y");'),
    case("star", 'contact_param_encode("np","sip:x@y");', headers="Contact: *\r\n"),
    case("without brackets", 'contact_param_encode("np","sip:x@y");', headers="Contact: sip:a@b\r\n"),
    Case("OPTIONS", "options_reply();", "OPTIONS", ruri="sip:TARGET", relay=False),
    case("OPTIONS with user", "options_reply();", method="OPTIONS"),
    case("INVITE is no OPTIONS", "options_reply();"),
]  # fmt: skip

CASES = [case(text, text, headers=HEADERS, ruri="sip:bob@TARGET;a=1;b") for text in split(SCRIPTS)] + SPECIAL


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[list[str], list[str]]]:
    return compare(CASES, MODULES, PARAMS, tmp_path_factory.mktemp("siputils"))


@pytest.mark.reference
@pytest.mark.wire
@pytest.mark.parametrize("name", marked([case.name for case in CASES], KNOWN))
def test_what_leaves_is_what_kamailio_sends(results: dict[str, tuple[list[str], list[str]]], name: str) -> None:
    ours, theirs = results[name]
    assert ours == theirs
