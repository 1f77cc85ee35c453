"""Module pv: what variables give and what assigning to them does."""

from __future__ import annotations

import pytest
from pv_kit import Desk, request

from olelo.modules.pv import MODULE
from olelo.script.values import ResolveError
from olelo.sip.digest import Credentials


@pytest.fixture
def desk() -> Desk:
    return Desk(MODULE)


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (
            "$ru $rU $rd $rp $rP $rz $rUl",
            "sip:alice@example.org:5080;transport=udp?x=y alice example.org 5080 udp sip 5",
        ),
        ("$du $dd $dp $dP", "<null> <null> <null> <null>"),
        ("$fu $fU $fd $fn $ft $fUl", 'sip:bob@biloxi.example bob biloxi.example "Bob B." ft1 3'),
        ("$tu $tU $td $tn $tt", "sip:alice@example.org alice example.org <null> <null>"),
        ("$ci $cs $csb $rm $mt $rs $rr", "call-1@biloxi.example 7 7 INVITE INVITE 1 <null> <null>"),
        (
            "$si $sp $su $sut $sas",
            "127.0.0.2 5070 sip:127.0.0.2:5070 sip:127.0.0.2:5070;transport=udp udp:127.0.0.2:5070",
        ),
        ("$Ri $Rp $Ru $Ras $Rn $proto $prid", "127.0.0.1 5060 sip:127.0.0.1:5060 udp:127.0.0.1:5060 <null> udp 1"),
        ("$hdr(call-id) $hdr(i) $hdr(X) $hdrc(Via)", "call-1@biloxi.example call-1@biloxi.example <null> 1"),
        ("$var(a) $vn(a) $avp(a) $shv(a) $null", "0 <null> <null> 0 <null>"),
        ("$K(UDP) $K(INET6) $af(name) $true", "1 10 IPv4 1"),
        ("$cl $bs $rb$cT", "0 0 <null>"),
        ("$nh(u) $nh(d) $nh(p) $nh(P) $nh(i)", "sip:alice@example.org:5080;transport=udp?x=y example.org 5080 udp 0"),
        ("$via0(host) $via0(port) $via0(rport) $via1(host)", "192.0.2.1 5070 <null> <null>"),
    ],
)
def test_reading(desk: Desk, layout: str, expected: str) -> None:
    assert desk.text(desk.context(request()), layout) == expected


@pytest.mark.parametrize(
    ("variable", "value", "ruri"),
    [
        ("$rU", "carol", b"sip:carol@example.org:5080;transport=udp?x=y"),
        ("$rU", None, b"sip:example.org:5080;transport=udp?x=y"),
        ("$rd", "h.example", b"sip:alice@h.example:5080;transport=udp?x=y"),
        ("$rp", 5099, b"sip:alice@example.org:5099;transport=udp?x=y"),
        ("$rp", None, b"sip:alice@example.org;transport=udp?x=y"),
        ("$ru", "sip:new@x", b"sip:new@x"),
        ("$ru", None, b"sip:alice@example.org:5080;transport=udp?x=y"),
    ],
)
def test_changing_the_request_uri(desk: Desk, variable: str, value: str | int | None, ruri: bytes) -> None:
    ctx = desk.context(request())
    ctx.ruri_used = True
    desk.set(ctx, variable, value)
    assert ctx.ruri == ruri
    assert desk.get(ctx, "$ou") == "sip:alice@example.org:5080;transport=udp?x=y"
    assert ctx.ruri_used is (value is None and variable == "$ru")


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("$fU", "dan", b'From: "Bob B." <sip:dan@biloxi.example>;tag=ft1\r\n'),
        ("$fU", None, b'From: "Bob B." <sip:biloxi.example>;tag=ft1\r\n'),
        ("$fu", "sip:x@y", b'From: "Bob B." <sip:x@y>;tag=ft1\r\n'),
        ("$fd", "h", b'From: "Bob B." <sip:bob@h>;tag=ft1\r\n'),
        ("$fn", '"N"', b'From: "N" <sip:bob@biloxi.example>;tag=ft1\r\n'),
        ("$fn", None, b"From: <sip:bob@biloxi.example>;tag=ft1\r\n"),
        ("$tn", '"N"', b'To: "N" <sip:alice@example.org>\r\n'),
        ("$tU", "eve", b"To: <sip:eve@example.org>\r\n"),
    ],
)
def test_changing_from_and_to(desk: Desk, variable: str, value: str | None, line: bytes) -> None:
    ctx = desk.context(request())
    before = desk.get(ctx, variable)
    desk.set(ctx, variable, value)
    assert line in ctx.msg.apply_edits()
    assert desk.get(ctx, variable) == before  # the received message is what is read


def test_avps_are_stacks(desk: Desk) -> None:
    ctx = desk.context(request())
    for value in ("one", 2, "three"):
        desk.set(ctx, "$avp(s:x)", value)
    assert desk.text(ctx, "$avp(x) $(avp(x)[1]) $(avp(x)[-1]) $(avp(x)[*]) $(avp(x)[3])") == (
        "three 2 one three, 2, one <null>"
    )
    assert desk.get(ctx, "$cnt($avp(x))") == 3
    assert desk.get(ctx, "$avp(i:5)") is None
    desk.set(ctx, "$avp(x)", None)
    assert desk.text(ctx, "$(avp(x)[*])") == "2, one"
    desk.set(ctx, "$(avp(x)[*])", "only")
    assert desk.text(ctx, "$(avp(x)[*])") == "only"
    desk.set(ctx, "$(avp(x)[*])", None)
    assert desk.get(ctx, "$avp(x)") is None
    assert ctx.avps == {}


def test_avp_aliases_and_first_values() -> None:
    settings: list[tuple[str, int | str]] = [
        ("avp_aliases", "mail=s:email;tmp=i:53"),
        ("shvset", "debug=i:7"),
        ("varset", "zone=s:eu"),
    ]
    desk = Desk(MODULE, params={"pv": settings})
    ctx = desk.context(request())
    desk.set(ctx, "$avp(mail)", "a@b")
    desk.set(ctx, "$avp(tmp)", 1)
    assert ctx.avps == {"email": ["a@b"], "i:53": [1]}
    assert desk.text(ctx, "$shv(debug) $var(zone) $shv(other)") == "7 eu 0"


def test_vars(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.set(ctx, "$var(a)", "text")
    desk.set(ctx, "$vn(a)", 5)
    assert desk.text(ctx, "$var(a) $vz(a) $vn(a)") == "text text 5"
    desk.set(ctx, "$var(a)", None)
    desk.set(ctx, "$vn(a)", None)
    assert desk.text(ctx, "$var(a) $vn(a)") == "0 <null>"
    desk.set(ctx, "$shv(s)", "kept")
    assert desk.get(desk.context(request()), "$shv(s)") == "kept"


def test_xavps(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.set(ctx, "$xavp(a=>x)", "1")
    desk.set(ctx, "$xavp(a[0]=>y)", "2")
    desk.set(ctx, "$xavp(a[0]=>y)", 3)
    desk.set(ctx, "$xavp(a=>x)", "9")
    layout = "$xavp(a=>x) $xavp(a[1]=>x) $xavp(a[1]=>y) $xavp(a[1]=>y[1]) $xavp(a[1]=>y[*]) $xavp(a[-1]=>x)"
    assert desk.text(ctx, layout) == "9 1 3 2 3, 2 1"
    assert desk.text(ctx, "$cnt($xavp(a)) $cnt($xavp(a=>y)) $cnt($xavp(a[0]=>y)) $cnt($xavp(a[1]))") == "2 2 0 1"
    desk.set(ctx, "$xavp(a[1]=>y[0])", "new")
    assert desk.text(ctx, "$xavp(a[1]=>y[*])") == "new, 2"
    desk.set(ctx, "$xavp(a[1]=>y)", None)
    assert desk.text(ctx, "$xavp(a[1]=>y[*])") == "2"
    desk.set(ctx, "$xavp(a)", None)
    assert desk.text(ctx, "$xavp(a=>x) $cnt($xavp(a))") == "1 1"
    desk.set(ctx, "$xavp(a[*])", None)
    assert desk.get(ctx, "$xavp(a=>x)") is None


def test_xavu_has_one_value_and_xavi_no_case(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.set(ctx, "$xavu(u=>x)", 1)
    desk.set(ctx, "$xavu(u=>x)", 2)
    desk.set(ctx, "$xavu(plain)", "p")
    assert desk.text(ctx, "$xavu(u=>x) $xavu(plain) $xavu(u=>z)") == "2 p <null>"
    desk.set(ctx, "$xavu(u=>x)", None)
    assert desk.get(ctx, "$xavu(u=>x)") is None
    desk.set(ctx, "$xavi(WhatEver=>Foo)", "bar")
    assert desk.get(ctx, "$xavi(whatever=>fOO)") == "bar"


def test_xavp_functions(desk: Desk) -> None:
    ctx = desk.context(request())
    assert desk.call(ctx, "xavp_params_explode", 'a=1;b="two";c', "p") == 1
    assert desk.text(ctx, "$xavp(p=>a) $xavp(p=>b) [$xavp(p=>c)]") == "1 two []"
    assert desk.call(ctx, "xavp_params_implode", "p", "$var(out)") == 1
    assert desk.get(ctx, "$var(out)") == "a=1;b=two;c;"
    assert desk.call(ctx, "xavp_params_implode", "none", "$var(out)") == -1
    assert desk.call(ctx, "xavp_child_seti", "p", "a", 5) == 1
    assert desk.call(ctx, "xavp_child_sets", "q", "z", "new") == 1
    assert desk.text(ctx, "$xavp(p=>a) $xavp(q=>z)") == "5 new"
    assert desk.call(ctx, "xavp_slist_explode", "a, b ,c", ",", "t", "l") == 1
    assert desk.text(ctx, "$xavp(l=>v[0])|$xavp(l=>v[1])|$xavp(l=>v[2])") == "a|b|c"
    assert desk.call(ctx, "xavp_copy", "l", 0, "m") == 1
    assert desk.get(ctx, "$xavp(m=>v[1])") == "b"
    assert desk.call(ctx, "xavp_copy", "p", 0, "m", 1) == -1
    assert desk.call(ctx, "xavp_copy", "p", 0, "m", 0) == 1
    assert desk.get(ctx, "$xavp(m=>a)") == 5
    desk.call(ctx, "xavp_child_rm", "m", "a")
    assert desk.get(ctx, "$xavp(m=>a)") is None
    desk.call(ctx, "xavp_rm", "m")
    assert desk.get(ctx, "$xavp(m=>b)") is None
    desk.set(ctx, "$var(k)", "v")
    assert desk.call(ctx, "pv_var_to_xavp", "k", "vars") == 1
    assert desk.call(ctx, "pv_var_to_xavp", "missing", "vars") == -1
    assert desk.call(ctx, "pv_xavp_to_var", "q") == 1
    assert desk.get(ctx, "$var(z)") == "new"


def test_questions_about_values(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.set(ctx, "$avp(n)", 5)
    desk.set(ctx, "$avp(s)", "")
    answers = [
        desk.call(ctx, "pv_isset", "$avp(n)"),
        desk.call(ctx, "pv_isset", "$avp(none)"),
        desk.call(ctx, "is_int", "$avp(n)"),
        desk.call(ctx, "is_int", "$ru"),
        desk.call(ctx, "is_int", "$rp"),
        desk.call(ctx, "not_empty", "$avp(s)"),
        desk.call(ctx, "not_empty", "$ru"),
        desk.call(ctx, "typeof", "$avp(n)", "int"),
        desk.call(ctx, "typeof", "$ru", "str"),
        desk.call(ctx, "typeof", "$avp(none)", "null"),
        desk.call(ctx, "typeof", "$ru", "int"),
    ]
    assert answers == [1, -1, 1, -1, 1, -1, 1, 1, 1, 1, -1]
    assert desk.call(ctx, "pv_unset", "$avp(n)") == 1
    assert desk.call(ctx, "pv_unset", "$si") == -1
    assert desk.get(ctx, "$avp(n)") is None
    assert desk.call(ctx, "pv_evalx", "$var(r)", "user $rU") == 1
    assert desk.get(ctx, "$var(r)") == "user alice"


def test_branches(desk: Desk) -> None:
    ctx = desk.context(request())
    assert desk.text(ctx, "$branch(count) $br $bR") == "<null> <null> <null>"
    desk.set(ctx, "$br", "sip:b1@h")
    desk.set(ctx, "$sbranch(uri)", "sip:b2@h")
    desk.set(ctx, "$sbranch(q)", 500)
    desk.set(ctx, "$sbranch(send_socket)", "udp:127.0.0.1:5060")
    assert desk.call(ctx, "sbranch_append") == 1
    assert desk.text(ctx, "$branch(count) $(branch(uri)[0]) $(branch(uri)[-1]) $(branch(q)[1])") == (
        "2 sip:b1@h sip:b2@h 500"
    )
    assert desk.get(ctx, "$bR") == "sip:b1@h, <sip:b2@h>;q=0.5"
    assert desk.get(ctx, "$(branch(send_socket)[1])") == "udp:127.0.0.1:5060"
    desk.set(ctx, "$(branch(dst_uri)[1])", "sip:next")
    desk.set(ctx, "$(branch(uri)[0])", None)
    assert desk.text(ctx, "$branch(count) $branch(uri) $branch(dst_uri)") == "1 sip:b2@h sip:next"
    assert desk.call(ctx, "sbranch_set_ruri") == 1
    assert (ctx.ruri, ctx.q) == (b"sip:b2@h", 500)
    desk.call(ctx, "sbranch_reset")
    assert desk.call(ctx, "sbranch_append") == -1


def test_flags(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.engine.flag_names["NAT"] = 5
    desk.set(ctx, "$Mf(NAT)", 1)
    desk.set(ctx, "$bf", 255)
    desk.set(ctx, "$Bf(0)", 0)
    desk.set(ctx, "$sf", 2)
    assert desk.text(ctx, "$mf $mF $Mf(5) $bF $Bf(0) $sF $Sf(1)") == "32 00000020 1 000000fe 0 00000002 1"
    with pytest.raises(ResolveError):
        desk.get(ctx, "$Mf(UNKNOWN)")


def test_sockets(desk: Desk) -> None:
    ctx = desk.context(request())
    assert desk.text(ctx, "$fs $fsn $fsp") == "<null> <null> 0"
    desk.set(ctx, "$fs", "udp:10.9.9.9:5060")
    assert ctx.force_socket is None
    desk.set(ctx, "$fs", "udp:127.0.0.1:5060")
    assert desk.text(ctx, "$fs $fsp") == "udp:127.0.0.1:5060 5060"
    desk.set(ctx, "$fs", None)
    assert ctx.force_socket is None


def test_lists_in_headers(desk: Desk) -> None:
    headers = 'Contact: <sip:a@x>;expires=60, "C, D" <sip:b@x>\r\nX-A: 1\r\nContact: <sip:c@x>;expires=10\r\nx-a: 2\r\n'
    ctx = desk.context(request(headers=headers + "Expires: 300\r\n"))
    assert desk.text(ctx, "$hdrc(X-A) $(hdr(X-A)[-1]) $(hdr(X-A)[*]) $(hdr(X-A)[2])") == "2 2 1,2 <null>"
    assert desk.text(ctx, "$hflc(Contact) $(hfl(m)[1]) $(hfl(Contact)[2])") == (
        '3 "C, D" <sip:b@x> <sip:c@x>;expires=10'
    )
    assert desk.text(ctx, "$expires(min) $expires(max)") == "10 300"


def test_credentials(desk: Desk) -> None:
    line = (
        'Authorization: Digest username="bob@biloxi.example", realm="r", nonce="n1", uri="sip:x", '
        'response="abc", algorithm=MD5, cnonce="cn", opaque="op", qop=auth, nc=00000001\r\n'
    )
    ctx = desk.context(request(headers=line))
    assert desk.text(ctx, "$au $aU $ad $ar $adn $adu $adr $aa $adc $ado $Au $AU") == (
        "bob bob@biloxi.example biloxi.example r n1 sip:x abc MD5 cn op bob@biloxi.example bob"
    )
    ctx.store = {"authorized": Credentials.parse(line.partition(": ")[2].strip().encode())}
    assert desk.text(ctx, "$Au $AU") == "bob@biloxi.example bob"
    plain = desk.context(request())
    assert desk.text(plain, "$au $ar $Au $AU") == "<null> <null> bob@biloxi.example bob"


def test_time(desk: Desk) -> None:
    ctx = desk.context(request())
    assert desk.text(ctx, "$Ts $TV(u) $TV(Sn) $utime(year)-$utime(mon)-$utime(mday) $utimef(%H:%M)") == (
        "1795420800 250000 1795420800.250000 2026-11-23 08:00"
    )
    desk.services.at += 100
    assert desk.text(ctx, "$Ts $TS") == "1795420800 1795420900"


@pytest.mark.parametrize(
    "text", ["$branch(nope)", "$msg(nope)", "$K(XYZ)", "$xavp(=>x)", "$xavp(a[b])", "$avp(i:x)", "$time(x)", "$sel(no)"]
)
def test_bad_names_are_refused_at_load(desk: Desk, text: str) -> None:
    with pytest.raises(ResolveError):
        desk.get(desk.context(request()), text)


def test_shared_variables_by_rpc(desk: Desk) -> None:
    ctx = desk.context(request())
    desk.set(ctx, "$shv(a)", 5)
    assert desk.rpc("pv.shvGet", "a") == [("name", "a"), ("type", "int"), ("value", 5)]
    assert desk.rpc("pv.shvSet", "a", "str", "x") == "Ok. Variable set to new value."
    assert desk.get(ctx, "$shv(a)") == "x"
    assert desk.rpc("pv.shvGet") == [("items", [("shv", [("name", "a"), ("type", "string"), ("value", "x")])])]


def test_a_reply(desk: Desk) -> None:
    raw = (
        b"SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa\r\n"
        b"Via: SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bKb;received=192.0.2.9;rport=4000\r\n"
        b"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    ctx = desk.context(raw)
    assert desk.text(ctx, "$rs $rr $rm $mt $ru $rU $rv") == "180 Ringing INVITE 2 <null> <null> SIP/2.0"
    assert desk.text(ctx, "$rpl(duri) $rpl(cntvia) $nh(d)") == "sip:192.0.2.9:4000;transport=tcp 2 192.0.2.9"
    assert desk.text(ctx, "$viaZ(proto) $via1(received)") == "TCP 192.0.2.9"
