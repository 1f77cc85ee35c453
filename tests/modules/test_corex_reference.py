"""kex, corex and cfgutils compared with the real Kamailio: return codes and what they leave behind."""

from __future__ import annotations

from pathlib import Path

import kamailio_runner
import pytest
from pv_kit import Desk, request
from test_pv_reference import context, ours

from olelo.core.sockets import ListenSocket
from olelo.modules.cfgutils import MODULE as CFGUTILS
from olelo.modules.corex import MODULE as COREX
from olelo.modules.kex import MODULE as KEX
from olelo.modules.pv import MODULE as PV

pytestmark = pytest.mark.reference

HEAD = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "cfgutils.so"
modparam("corex", "alias_subdomains", "kin.example")
modparam("cfgutils", "initial_gflags", 3)
alias=home.example:5060
alias="wide.example"
"""


def _code(call: str) -> list[tuple[str, str]]:
    return [("do", f"{call}; $var(r) = $rc;"), ("show", f"$var(r) after {call.replace(chr(34), chr(39))}")]


STEPS: list[tuple[str, str]] = [
    *_code('is_myself("sip:a@127.0.0.1")'),
    *_code('is_myself("sip:a@127.0.0.1:1")'),
    *_code('is_myself("sip:a@home.example")'),
    *_code('is_myself("sip:a@home.example:5060")'),
    *_code('is_myself("sip:a@home.example:7000")'),
    *_code('is_myself("sip:a@wide.example:7000")'),
    *_code('is_myself("sip:a@HOME.example")'),
    *_code('is_myself("sip:a@x.kin.example")'),
    *_code('is_myself("sip:a@notkin.example")'),
    *_code('is_myself("other.example")'),
    *_code('is_myself("127.0.0.1")'),
    *_code('core_hash("abc", "", 4)'),
    *_code('core_hash("call-id-1@host.example", "tag", 16)'),
    *_code('core_hash("a", "b", 0)'),
    *_code('core_hash("1234", "12345678", 20)'),
    *_code('is_gflag("1")'),
    *_code('is_gflag("2")'),
    *_code("rand_get_prob()"),
    *_code('check_route_exists("NOPE")'),
    *_code('trylock("x")'),
    *_code('setbflag("2")'),
    ("show", "$bf"),
    *_code('isbflagset("2")'),
    *_code('isbflagset("3")'),
    *_code("isdsturiset()"),
    *_code('setdsturi("sip:next.example")'),
    *_code("isdsturiset()"),
    ("show", "$du"),
    *_code('append_branch("sip:b1@h", "0.25")'),
    ("show", "$(branch(uri)[0]) $(branch(q)[0]) $(branch(dst_uri)[0]) $(branch(flags)[0]) $du $bf"),
    *_code("append_branch()"),
    ("show", "$(branch(uri)[1]) $(branch(q)[1]) $(branch(dst_uri)[1]) $(branch(flags)[1]) $du $bf $bR"),
    *_code('append_branch("sip:x@y", "7")'),
    *_code('setxflag("40")'),
    *_code('isxflagset("40")'),
    *_code('setxflag("64")'),
    *_code('setsflag("31")'),
    *_code('issflagset("31")'),
    *_code('resetsflag("31")'),
    *_code('issflagset("31")'),
    *_code("is_faked_msg()"),
    *_code('msg_iflag_set("USE_UAC_FROM")'),
    *_code('msg_iflag_is_set("USE_UAC_FROM")'),
    *_code('is_socket_name("none")'),
    *_code('pv_printf("$var(t)", "made of text")'),
    ("show", "$var(t)"),
    ("do", "$var(s) = 5;"),
    ("show", "$(var(s){sock.host})|"),
    ("do", '$var(s) = "10.0.0.1:5070";'),
    ("show", "$(var(s){sock.host})|$(var(s){sock.port})|$(var(s){sock.proto})|$(var(s){sock.touri})"),
    ("do", '$var(s) = "udp:10.0.0.1";'),
    ("show", "$(var(s){sock.host})|$(var(s){sock.port})|$(var(s){sock.proto})|$(var(s){sock.touri})"),
    ("show", "$lsock(n/none/listen)"),
    *_code('set_send_socket("udp:10.9.9.9:5060")'),
    ("show", "$fs"),
    *_code('set_source_address("udp:192.0.2.44:4444")'),
    ("show", "$si $sp $su"),
    ("do", "resetdsturi(); clear_branches();"),
]


def test_functions(tmp_path: Path) -> None:
    kamailio_runner.needs_kamailio()
    raw = request("OPTIONS", "sip:bob@127.0.0.1")
    theirs, port, source = kamailio_runner.run(tmp_path, STEPS, [raw], HEAD)
    desk = Desk(
        PV,
        KEX,
        COREX,
        CFGUTILS,
        params={"corex": [("alias_subdomains", "kin.example")], "cfgutils": [("initial_gflags", 3)]},
    )
    desk.socket = ListenSocket("udp", "127.0.0.1", port)
    desk.engine.sockets[:] = [desk.socket]
    desk.engine.add_alias(b"home.example", 5060)
    desk.engine.add_alias(b"wide.example")
    mine = ours(desk, context(desk, raw, source), STEPS)
    wrong = [
        f"{STEPS[number][1]}: kamailio {theirs[-1].get(number)!r}, olelo {value!r}"
        for number, value in mine.items()
        if theirs[-1].get(number) != value
    ]
    assert wrong == []
