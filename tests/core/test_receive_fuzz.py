"""Bytes by chance through the whole hallway, with a script that looks at everything: nothing raises, nothing is a bug."""

from __future__ import annotations

import random

import pytest

from olelo.core.sockets import Received
from olelo.testing import Bed

CONFIG = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
request_route {
    xlog("L_DBG", "$ci $fu $tu $rU $ct $si $hdr(Via) $rb $cl\\n");
    mf_process_maxfwd_header("10");
    force_rport();
    if (has_totag()) { loose_route(); record_route(); t_relay(); exit; }
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    if (is_method("MESSAGE")) { $du = "sip:192.0.2.2"; forward(); exit; }
    append_hf("X-A: 1\\r\\n");
    record_route();
    $du = "sip:192.0.2.2:5060";
    t_relay();
}
reply_route { xlog("L_DBG", "$rs $rm $ct\\n"); }
"""
HEADS = [
    "INVITE sip:bob@192.0.2.2;x=1 SIP/2.0",
    "OPTIONS sip:192.0.2.100 SIP/2.0",
    "BYE sip:bob@192.0.2.2 SIP/2.0",
    "ACK sip:bob@192.0.2.2 SIP/2.0",
    "CANCEL sip:bob@192.0.2.2 SIP/2.0",
    "MESSAGE sip:bob@192.0.2.2 SIP/2.0",
    "SIP/2.0 200 OK",
    "SIP/2.0 180 Ringing",
    "SIP/2.0 486 Busy Here",
]
REST = (
    "Via: SIP/2.0/UDP 192.0.2.100;branch=z9hG4bK1.0;i=1a, SIP/2.0/TCP 192.0.2.1:5060;rport;branch=z9hG4bK2\r\n"
    'From: "A, B" <sip:alice@example.org;p=1>;tag=a\r\nTo: <sip:bob@example.org>{tag}\r\nCall-ID: c1@x\r\nCSeq: 1 {method}\r\n'
    "Route: <sip:192.0.2.100;lr;r2=on>, <sip:192.0.2.2;lr>\r\nRecord-Route: <sip:1.2.3.4;lr>\r\nMax-Forwards: 70\r\n"
    "Contact: <sip:alice@192.0.2.1:5060;ob>;expires=60\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\r\n"
)


def seeds() -> list[bytes]:
    found = []
    for head in HEADS:
        method = head.split()[0] if head[:3] != "SIP" else "INVITE"
        for tag in ("", ";tag=b"):
            found.append((head + "\r\n" + REST.format(method=method, tag=tag)).encode())
    return found


def changed(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(out))
        kind = chance.randrange(4)
        if kind == 0:
            out[at] = chance.randrange(256)
        elif kind == 1:
            del out[at : at + chance.randrange(1, 12)]
        elif kind == 2:
            out[at:at] = chance.choice([b"<", b">", b'"', b";", b",", b":", b"\r\n", b"\0", b"@", b"%00", b"[", b"="])
        else:
            out[at:at] = out[at : at + 30]
        if not out:
            break
    return bytes(out)


@pytest.mark.parametrize("number", range(16))
def test_nothing_that_comes_is_a_bug(number: int) -> None:
    net = Bed(CONFIG)
    chance = random.Random(number)
    everything = seeds()
    for turn in range(300):
        proto = "tcp" if turn % 3 == 0 else "udp"
        socket = next(s for s in net.engine.sockets if s.proto == proto)
        data = changed(chance.choice(everything), chance)
        net.receiver.receive(data, Received(proto, "192.0.2.1", 5060, socket, 7 if proto == "tcp" else 0))
        if turn % 50 == 0:
            net.advance(1.0)
    net.advance(60.0)
    assert [line for line in net.log if "Traceback" in line] == []
    alice = net.peer("alice", ("192.0.2.77", 5060))
    alice.request("OPTIONS", "sip:192.0.2.100")
    alice.gets(200)
