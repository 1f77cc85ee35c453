"""Variables compared with the real Kamailio: one configuration, a few messages, a few hundred values."""

from __future__ import annotations

import re
from pathlib import Path

import kamailio_runner
import pytest
from pv_kit import Desk, request

from olelo.core.context import RouteContext
from olelo.core.sockets import ListenSocket, Received
from olelo.modules.pv import MODULE
from olelo.script.catalog import RouteKind
from olelo.sip.message import Message

pytestmark = pytest.mark.reference

HEAD = """
loadmodule "pv.so"
loadmodule "xlog.so"
server_id=42
modparam("pv", "shvset", "limit=i:7")
modparam("pv", "shvset", "word=s:abc")
modparam("pv", "varset", "zone=s:eu")
modparam("pv", "avp_aliases", "mail=s:email")
modparam("xlog", "buf_size", 16384)
flags NAT, LOUD:9
my.limit = 5 desc "a limit"
my.label = "text" desc "a label"
"""

PLAIN = (
    "ru rU rUl rd rp rP rz ou oU oUl od op oP du dd dp dP duri ruri fu fU fUl fd fn ft tu tU tUl td tn tt from to "
    "ci cs csb rm rmid mt mts rs rsi rr rv ua ct cT cl rb bs ml mb si siz su sut sas src_ip Ri Rn RAi pr prid "
    "proto af(id) af(name) K(UDP) K(TCP) K(TLS) K(SCTP) K(WS) K(WSS) K(INET) K(INET6) K(IPv4) K(IPv6) true sid "
    "ai pu pU pd pn di dir dip dic re rt au aU ad ar adu aa adn adc adr ado Au AU expires(min) expires(max) "
    "mf mF bf bF sf sF Mf(3) Mf(NAT) Mf(LOUD) Bf(1) Sf(2) br bR ds ruid location_ua fs fsn fsp "
    "msg(len) msg(body) msg(body_len) msg(hdrs) msg(hdrs_len) msg(hdrc) msg(fline) msg(fpart) msg(lpart) msg(buf) "
    "via0(host) via0(port) via0(proto) via0(protoid) via0(branch) via0(rport) via0(received) via0(i) "
    "via1(host) via1(port) via1(proto) via1(branch) via1(rport) via1(received) viaZ(host) viaZ(port) viaZ(branch) "
    "rpl(duri) rpl(dhost) rpl(dport) rpl(dproto) rpl(dprotoid) rpl(cntvia) rpl(cntrr) "
    "nh(u) nh(U) nh(d) nh(p) nh(P) nh(i) version(num) version(full) version(hash) ksr(ver) ksr(verval) "
    "hdr(Via) hdr(v) hdr(From) hdr(Call-ID) hdr(X-Test) hdr(x-test) hdr(Nope) hdr(Contact) hdr(m) hdr(Route) "
    "hdrc(Via) hdrc(X-Test) hdrc(Nope) hdrc(Contact) hfl(Via) hfl(Contact) hfl(Route) hfl(X-Test) hflc(Via) "
    "hflc(Contact) hflc(Route) hflc(Record-Route) hflc(X-Test) hdr(Subject) hdr(s) "
    "var(a) vz(a) vn(a) avp(a) avp(s:a) avp(i:3) shv(limit) shv(word) shv(new) var(zone) avp(mail) "
    "xavp(a) xavp(a=>b) xavu(a=>b) xavi(a=>b) cnt($avp(a)) cnt($xavp(a)) "
    "branch(uri) branch(count) branch(q) sbranch(uri) sbranch(count) snd(ip) sndfrom(ip) rcv(af) "
    "null rc retcode ? _s(a$rU-b) err.class err.level err.info err.rcode err.rreason "
    "sel(via[1].branch) sel(via[1].host) sel(via[1].port) sel(via[2].host) sel(via[2]) sel(via[-1].branch) "
    "sel(ruri) sel(ruri.user) sel(ruri.host) sel(ruri.port) sel(ruri.hostport) sel(ruri.type) sel(ruri.params) "
    "sel(ruri.params.transport) sel(ruri.transport) sel(from) sel(from.uri) sel(from.uri.user) sel(from.tag) "
    "sel(from.name) sel(from.params.tag) sel(to.uri.host) sel(to.tag) sel(contact) sel(contact.uri) "
    "sel(contact.expires) sel(contact.uri.host) sel(contact.name) sel(call_id) sel(cseq) sel(cseq.num) "
    "sel(cseq.method) sel(method) sel(status) sel(reason) sel(msg.len) sel(msg.first_line) sel(msg.type) "
    "sel(msg.flags) sel(msg.body) sel(msg.header) sel(msg.request.uri) sel(msg.request.method) sel(version) "
    "sel(user_agent) sel(content_type) sel(content_length) sel(max_forwards) sel(subject) sel(expires) "
    "sel(src.ip) sel(dst.ip) sel(received.ip) sel(received.proto) sel(dst_uri) sel(dst_uri.host) "
    "sel(dst_uri.hostport) sel(next_hop) sel(next_hop.host) sel(branch.count) sel(rr) sel(rr.uri) "
    "sel(cfg_get.my.limit) sel(cfg_get.my.label) sel(sys.server_id) sel(refer_to.uri) sel(rpid.uri) "
    "sel(cfg_get.core.debug) ccp(my.limit) ccp(my.label) ccp(core.debug)"
).split(" ")

INDEXED = (
    "(hdr(Via)[1]) (hdr(Via)[-1]) (hdr(Via)[-2]) (hdr(Via)[*]) (hdr(X-Test)[1]) (hdr(X-Test)[-1]) (hdr(X-Test)[5]) "
    "(hdr(X-Test)[-5]) (hdr(X-Test)[*]) (hdr(Contact)[1]) (hdr(Contact)[*]) (hfl(Via)[0]) (hfl(Via)[1]) (hfl(Via)[2]) "
    "(hfl(Contact)[0]) (hfl(Contact)[1]) (hfl(Contact)[2]) (hfl(Contact)[9]) (hfl(Route)[0]) (hfl(Route)[1]) "
    "(hfl(X-Test)[1]) (hfl(Record-Route)[1]) (ai[1]) (ai[5]) (avp(a)[*]) (branch(uri)[1])"
).split(" ")

ASSIGNED: list[tuple[str, str]] = [
    ("do", '$var(a) = "text"; $vn(a) = 5; $var(b) = 7;'),
    ("show", "$var(a) $vz(a) $vn(a) $var(b)"),
    ("do", "$var(a) = $null; $vn(a) = $null; $shv(word) = $null; $shv(limit) = 99;"),
    ("show", "$var(a) $vn(a) $shv(word) $shv(limit)"),
    ("do", '$avp(x) = "one"; $avp(s:x) = 2; $avp(x) = "three"; $avp(i:7) = "seven"; $avp(mail) = "m";'),
    ("show", "$avp(x) $(avp(x)[0]) $(avp(x)[1]) $(avp(x)[2]) $(avp(x)[3]) $(avp(x)[*]) $avp(i:7) $avp(7) $avp(email)"),
    ("show", "$(avp(x)[-1])"),
    ("show", "$(avp(x)[-3]) $(avp(x)[-4]) $cnt($avp(x)) $avp(X)"),
    ("do", "$avp(x) = $null;"),
    ("show", "$(avp(x)[*]) $cnt($avp(x))"),
    ("do", '$(avp(x)[*]) = "only";'),
    ("show", "$(avp(x)[*])"),
    ("do", '$(avp(x)[1]) = "indexed";'),
    ("show", "$(avp(x)[*])"),
    ("do", "$(avp(x)[*]) = $null;"),
    ("show", "$avp(x) $cnt($avp(x))"),
    ("do", '$xavp(a=>x) = "1"; $xavp(a[0]=>y) = 2; $xavp(a[0]=>y) = "3"; $xavp(a=>x) = "9"; $xavp(c) = 5;'),
    ("show", "$xavp(a=>x) $xavp(a[0]=>x) $xavp(a[1]=>x) $xavp(a[1]=>y) $xavp(a[1]=>y[1]) $xavp(a[1]=>y[*]) $xavp(c)"),
    ("show", "$xavp(a[-1]=>x) $xavp(a[-2]=>x) $xavp(a[-3]=>x) $xavp(a[5]=>x) $xavp(a[1]=>y[-1]) $xavp(A=>x)"),
    ("show", "$cnt($xavp(a)) $cnt($xavp(a=>y)) $cnt($xavp(a[0]=>y)) $cnt($xavp(a[1])) $cnt($xavp(a[1]=>y[0]))"),
    ("do", '$xavp(a[1]=>y[0]) = "new"; $xavp(c[0]) = 6; $xavp(zz[0]) = 1; $xavp(zz[0]=>q) = 1;'),
    ("show", "$xavp(a[1]=>y[*]) $xavp(c) $xavp(zz) $xavp(zz=>q)"),
    ("do", "$xavp(a[1]=>y) = $null;"),
    ("show", "$xavp(a[1]=>y[*])"),
    ("do", "$xavp(a[-1]) = $null;"),
    ("show", "$cnt($xavp(a)) $xavp(a=>x)"),
    ("do", "$xavp(a[1]) = $null;"),
    ("show", "$cnt($xavp(a)) $xavp(a=>x)"),
    ("do", "$xavp(a) = $null; $xavp(c[*]) = $null;"),
    ("show", "$cnt($xavp(a)) $xavp(a=>x) $cnt($xavp(c))"),
    ("do", '$xavu(u=>x) = 1; $xavu(u=>x) = 2; $xavu(u=>y) = "z"; $xavu(p) = "plain"; $xavi(Name=>Field) = "v";'),
    ("show", "$xavu(u=>x) $xavu(u=>y) $xavu(p) $xavu(p=>x) $xavi(name=>FIELD) $xavi(NAME=>f)"),
    ("do", "$xavu(u=>x) = $null; $xavu(p) = $null;"),
    ("show", "$xavu(u=>x) $xavu(u=>y) $xavu(p)"),
    ("do", 'xavp_params_explode("a=1;b=two;c;d=\\"q r\\"", "pp"); $var(rc) = $rc;'),
    ("show", "$var(rc) $xavp(pp=>a) $xavp(pp=>b) [$xavp(pp=>c)] $xavp(pp=>d)"),
    ("do", 'xavp_params_implode("pp", "$var(out)");'),
    ("show", "$var(out)"),
    (
        "do",
        'xavp_child_seti("pp", "a", "5"); xavp_child_sets("qq", "z", "new"); xavp_child_sets("pp", "b", "changed");',
    ),
    ("do", 'xavp_params_implode("pp", "$var(out)");'),
    ("show", "$var(out) $xavp(qq=>z)"),
    ("do", 'xavp_slist_explode("a, b ,c;d", ",;", "t", "ll");'),
    ("show", "$xavp(ll=>v[0])|$xavp(ll=>v[1])|$xavp(ll=>v[2])|$xavp(ll=>v[3])|$xavp(ll=>v[*])"),
    ("do", 'xavp_copy("ll", "0", "mm"); xavp_copy("pp", "0", "mm");'),
    ("show", "$xavp(mm=>v) $xavp(mm[1]=>a) $cnt($xavp(mm))"),
    ("do", 'xavp_child_rm("pp", "a"); xavp_rm("qq");'),
    ("show", "$xavp(pp=>a) $xavp(qq=>z)"),
    ("do", 'xavu_params_explode("a=1;b=3", "uu");'),
    ("show", "$xavu(uu=>a) $xavu(uu=>b)"),
    ("do", '$var(out) = "before"; xavu_params_implode("uu", "$var(out)");'),
    ("show", "$var(out)|"),
    ("do", '$var(v) = "copied"; pv_var_to_xavp("v", "vv"); $var(v) = "x"; pv_xavp_to_var("vv");'),
    ("show", "$xavp(vv=>v) $var(v)"),
    ("do", "$mf = 5; $Mf(NAT) = 1; $bf = 255; $Bf(0) = 0; $sf = 3; $Sf(1) = 0;"),
    ("show", "$mf $mF $Mf(0) $bf $bF $sf $sF"),
    ("do", '$mf = 0; $sf = 0; $bf = 0; $shv(limit) = 7; $shv(word) = "abc"; $var(v) = 0;'),
]

REQUEST_ONLY: list[tuple[str, str]] = [
    ("show", "$ru"),
    ("do", '$rU = "carol";'),
    ("show", "$ru $rU $ou"),
    ("do", '$rd = "host.example";'),
    ("show", "$ru"),
    ("do", "$rp = 5099;"),
    ("show", "$ru $rp"),
    ("do", "$rp = $null;"),
    ("show", "$ru"),
    ("do", "$rU = $null;"),
    ("show", "$ru $rU"),
    ("do", 'prefix("00");'),
    ("show", "$ru"),
    ("do", 'setuser("0123456789");'),
    ("do", "strip(2);"),
    ("show", "$ru"),
    ("do", "strip_tail(3);"),
    ("show", "$ru"),
    ("do", "strip(50);"),
    ("show", "$ru"),
    ("do", 'setuserpass("u:pw");'),
    ("show", "$ru"),
    ("do", 'sethostport("h2:6000");'),
    ("show", "$ru"),
    ("do", 'sethpt("h3:7000");'),
    ("show", "$ru"),
    ("do", "userphone();"),
    ("show", "$ru"),
    ("do", "userphone();"),
    ("show", "$ru"),
    ("do", 'setuser("");'),
    ("show", "$ru"),
    ("do", 'setport("1234");'),
    ("show", "$ru"),
    ("do", 'sethost("[2001:db8::1]");'),
    ("show", "$ru $rd $rp"),
    ("do", "revert_uri();"),
    ("show", "$ru"),
    ("do", '$ru = "tel:+1234;phone-context=x";'),
    ("show", "$ru $rU $rd $rz"),
    ("do", 'prefix("9");'),
    ("show", "$ru"),
    ("do", 'sethost("gw.example");'),
    ("show", "$ru $rU"),
    ("show", "$rz $rUl $rd $rp"),
    ("do", '$rU = "777";'),
    ("show", "$ru"),
    ("do", "strip(1);"),
    ("show", "$ru"),
    ("do", '$rd = "gw2";'),
    ("show", "$ru"),
    ("do", '$ru = "sip:+15;isub=1@gw;user=phone;a=b";'),
    ("show", "$rz $rU $rd"),
    ("do", 'prefix("0");'),
    ("show", "$ru"),
    ("do", '$rp = "7";'),
    ("show", "$ru"),
    ("do", '$ru = "sip:a;x=y:pw@h;z=1";'),
    ("show", "$ru $rU $rUl $nh(U)"),
    ("do", '$rd = "new";'),
    ("show", "$ru"),
    ("do", '$ru = "sip:a;x=y@h;z=1";'),
    ("do", '$rU = "b";'),
    ("show", "$ru"),
    ("do", '$ru = "sip:a;x=y@h;z=1";'),
    ("do", '$rp = "1";'),
    ("show", "$ru"),
    ("do", '$ru = "sips:a@b";'),
    ("show", "$rp $rP $rz $nh(p)"),
    ("do", '$ru = "sip:a@b;transport=TLS";'),
    ("show", "$rp $rP $nh(p) $sel(ruri.hostport)"),
    ("do", '$ru = "nonsense";'),
    ("show", "$ru $rU $rd"),
    ("do", "revert_uri();"),
    ("do", '$du = "sip:10.0.0.9:5070;transport=tcp";'),
    ("show", "$du $dd $dp $dP $nh(u) $nh(i) $sel(dst_uri.hostport)"),
    ("do", "$du = $null;"),
    ("show", "$du"),
    ("do", '$br = "sip:b1@h";'),
    ("do", '$sbranch(uri) = "sip:b2@h"; $sbranch(q) = 500; $sbranch(flags) = 3; sbranch_append();'),
    ("show", "$branch(count) $branch(uri) $(branch(uri)[1]) $(branch(q)[1]) $(branch(flags)[1]) $(branch(uri)[-1])"),
    ("show", "$br|$bR|$ds"),
    ("do", '$(branch(dst_uri)[1]) = "sip:next"; $(branch(path)[1]) = "<sip:p;lr>";'),
    ("show", "$(branch(dst_uri)[1]) $(branch(path)[1]) $branch(dst_uri)"),
    ("do", "$(branch(uri)[0]) = $null;"),
    ("show", "$branch(count) $branch(uri)"),
    ("do", "sbranch_set_ruri();"),
    ("show", "$ru $bf"),
    ("do", "sbranch_reset(); $bf = 0;"),
    ("show", "$sbranch(uri)"),
    ("do", "remove_branch(0); revert_uri();"),
    ("show", "$branch(count) $ru"),
]


def messages(port: int = 5060) -> list[tuple[str, bytes]]:
    credentials = (
        'Proxy-Authorization: Digest username="bob@biloxi.example", realm="r1", nonce="n", uri="sip:x", '
        'response="0123456789abcdef0123456789abcdef", algorithm=MD5, cnonce="c", opaque="o", qop=auth, nc=00000001\r\n'
    )
    rich = (
        "Route: <sip:r1.example;lr>, <sip:r2.example;lr>\r\n"
        "Record-Route: <sip:rr1;lr>\r\nRecord-Route: <sip:rr2;lr>,<sip:rr3;lr>\r\n"
        'Contact: "C, D" <sip:bob@192.0.2.1:5070>;expires=60;q=0.5, <sip:two@x>\r\n'
        "m: <sip:three@x>;expires=10\r\n"
        "X-Test: first\r\nX-Test:   second  \r\nx-test: third\r\n"
        'P-Asserted-Identity: "Bob" <sip:+1555@x>, <tel:+1556>\r\n'
        'P-Preferred-Identity: "P" <sip:pref@h>\r\n'
        "Diversion: <sip:div@h>;reason=busy;counter=2;privacy=full\r\n"
        'Remote-Party-ID: "R" <sip:rpid@h>;party=calling\r\n'
        "Refer-To: <sip:ref@h?Replaces=x>\r\n"
        "Expires: 300\r\ns: the subject\r\nUser-Agent: Phone 1.0\r\n" + credentials
    )
    reply = (
        "SIP/2.0 183 Session Progress\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bKa\r\n"
        "Via: SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bKb;received=192.0.2.9;rport=4000;i=a1\r\n"
        "Via: SIP/2.0/TLS last.example;branch=z9hG4bKc\r\n"
        'From: <sip:a@b>;tag=1\r\nTo: "T" <sip:c@d;transport=tcp>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n'
        "Record-Route: <sip:rr1;lr>,<sip:rr2;lr>\r\nContact: sip:plain@x;expires=5\r\n"
        "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    )
    return [
        ("plain", request("OPTIONS", "sip:bob@127.0.0.1")),
        ("rich", request("INVITE", headers=rich, body="v=0\r\ns=-\r\n")),
        (
            "vias",
            request("MESSAGE", "sip:h", "Via: SIP/2.0/TCP p2.example;branch=z9hG4bK2, SIP/2.0/TLS [2001:db8::3]\r\n"),
        ),
        ("star", request("REGISTER", "sip:reg.example;x=1", "Contact: *\r\nExpires: 0\r\n", sender="sip:u@h;tag=z")),
        (
            "tel",
            request(
                "SUBSCRIBE",
                "tel:+4930;phone-context=de",
                sender="<tel:+44>;tag=1",
                target="Name Two <sip:t@h;a=b>;tag=t",
            ),
        ),
        ("reply", reply.encode()),
    ]


#: Steps whose value differs, with the reason: (message or "*", text of the step).
_BLANKS = "blanks at the end of a header's value are no part of it (RFC 3261 section 7.3.1)"
_ORDER = "Kamailio turns the order of several contacts in one line round"
_COMMA = "Kamailio leaves the comma of the list at the end of a Via"
GAPS: dict[tuple[str, str], str] = {
    ("*", "$(avp(x)[-1])"): "documented as the last value, but Kamailio 5.6.3 finds only the first by a negative index",
    ("*", "$var(out)|"): "documented, but fails in Kamailio 5.6.3",
    ("rich", "$(hdr(X-Test)[1])"): _BLANKS,
    ("rich", "$(hdr(X-Test)[*])"): _BLANKS,
    ("rich", "$(hfl(X-Test)[1])"): _BLANKS,
    ("rich", "$hfl(Contact)"): _ORDER,
    ("rich", "$(hfl(Contact)[0])"): _ORDER,
    ("rich", "$(hfl(Contact)[1])"): _ORDER,
    ("rich", "$sel(contact.uri)"): _ORDER,
    ("rich", "$sel(contact.expires)"): _ORDER,
    ("rich", "$sel(contact.uri.host)"): _ORDER,
    ("rich", "$sel(contact.name)"): _ORDER,
    ("vias", "$sel(via[2])"): _COMMA,
    ("vias", "$(hfl(Via)[1])"): _COMMA,
}


def steps() -> list[tuple[str, str]]:
    shown = [("show", "$" + name) for name in (*PLAIN, *INDEXED)]
    return [*shown, *ASSIGNED]


def ours(desk: Desk, ctx: RouteContext, plan: list[tuple[str, str]]) -> dict[int, str]:
    found: dict[int, str] = {}
    ctx.rc = 1
    for number, (kind, text) in enumerate(plan):
        if kind == "show":
            found[number] = desk.text(ctx, text)
            ctx.rc = 1  # xlog's
        else:
            act(desk, ctx, text)
    return found


_SET = re.compile(r'(\$\S+) = ("(?:[^"\\]|\\.)*"|\$null|\$rc|-?\d+)\Z')
_CALL = re.compile(r"(\w+)\((.*)\)\Z")


def act(desk: Desk, ctx: RouteContext, text: str) -> None:
    """Do what a `do` step says: assignments of constants and calls with constants, several in a row."""
    for statement in re.findall(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+', text):
        statement = statement.strip()
        if not statement:
            continue
        assignment = _SET.match(statement)
        if assignment is not None:
            raw = assignment[2]
            if raw == "$null":
                value: str | int | None = None
            elif raw == "$rc":
                value = ctx.rc
            else:
                value = raw[1:-1].replace('\\"', '"') if raw.startswith('"') else int(raw)
            desk.set(ctx, assignment[1], value)
            continue
        call = _CALL.match(statement)
        assert call is not None, statement
        args: list[str | int] = []
        for raw in re.findall(r'"(?:[^"\\]|\\.)*"|-?\d+', call[2]):
            args.append(raw[1:-1].replace('\\"', '"') if raw.startswith('"') else int(raw))
        spec = desk.function(call[1], len(args))
        converted = [int(arg) if spec.args[i].kind.value == "int" else arg for i, arg in enumerate(args)]
        code = desk.call(ctx, call[1], *converted)
        if spec.module:
            ctx.rc = code


def desk_like(port: int) -> Desk:
    settings: list[tuple[str, int | str]] = [
        ("shvset", "limit=i:7"),
        ("shvset", "word=s:abc"),
        ("varset", "zone=s:eu"),
        ("avp_aliases", "mail=s:email"),
    ]
    desk = Desk(MODULE, params={"pv": settings})
    desk.socket = ListenSocket("udp", "127.0.0.1", port)
    desk.engine.sockets[:] = [desk.socket]
    desk.engine.flag_names.update({"NAT": 0, "LOUD": 9})
    desk.engine.params.server_id = 42
    desk.engine.params.debug = -1
    desk.engine.globals["my"] = {"limit": 5, "label": "text"}
    return desk


def context(desk: Desk, raw: bytes, source: int) -> RouteContext:
    return RouteContext(
        desk.engine, Message.parse(raw), Received("udp", "127.0.0.1", source, desk.socket), RouteKind.REQUEST
    )


def compare(folder: Path, plan: list[tuple[str, str]], cases: list[tuple[str, bytes]]) -> list[str]:
    """Lines about every value that differs and is not a known gap, or is one and does not differ."""
    kamailio_runner.needs_kamailio()
    theirs, port, source = kamailio_runner.run(folder, plan, [raw for _, raw in cases], HEAD)
    wrong = []
    desk = desk_like(port)
    for (name, raw), reference in zip(cases, theirs[-len(cases) :], strict=True):
        mine = ours(desk, context(desk, raw, source), plan)
        for number, value in mine.items():
            known = (name, plan[number][1]) in GAPS or ("*", plan[number][1]) in GAPS
            if (reference.get(number) == value) == known:
                wrong.append(f"{name}: {plan[number][1]}: kamailio {reference.get(number)!r}, olelo {value!r}")
    return wrong


def test_values(tmp_path: Path) -> None:
    assert compare(tmp_path, steps(), messages()) == []


def test_request_uri_and_branches(tmp_path: Path) -> None:
    assert compare(tmp_path, REQUEST_ONLY, [case for case in messages() if case[0] in ("plain", "rich")]) == []
