"""The hallway: what reaches the script, what does not, and what happens when a route fails or waits."""

from __future__ import annotations

import pytest

from olelo.testing import Bed

CONFIG = """
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "xlog.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
request_route {{
    xlog("saw $rm\\n");
    {script}
}}
"""


def bed(script: str = 'sl_send_reply("200", "OK");', **more: object) -> Bed:
    return Bed(CONFIG.format(script=script), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"\0"])
def test_keepalives_are_dropped_without_a_word(data: bytes) -> None:
    net = bed()
    phone = net.peer("phone")
    net.receiver.receive(
        data,
        __import__("olelo.core.sockets", fromlist=["Received"]).Received(
            "udp", "192.0.2.1", 5060, net.engine.sockets[0]
        ),
    )
    assert net.log == []
    phone.nothing()


@pytest.mark.parametrize("missing", ["Via", "From", "To", "Call-ID", "CSeq"])
def test_a_request_without_a_core_header_is_dropped_and_counted(missing: str) -> None:
    net = bed()
    phone = net.peer("phone")
    sent = phone.request("OPTIONS", "sip:proxy").sent
    phone.gets(200)
    lines = [line for line in sent.split(b"\r\n") if not line.startswith(missing.encode() + b":")]
    net.receiver.receive(b"\r\n".join(lines), _received(net))
    phone.nothing()
    assert net.engine.stats.get("core", "err_requests") == 1
    assert net.engine.stats.get("core", "bad_msg_hdr") == 0
    assert f"no {missing} header" in net.log[-1]


def _received(net: Bed):  # type: ignore[no-untyped-def]
    from olelo.core.sockets import Received

    return Received("udp", "192.0.2.1", 5060, net.engine.sockets[0])


def test_a_route_that_raises_answers_500_and_harms_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from olelo.modules.maxfwd import Maxfwd

    def explode(self: object, ctx: object, limit: int) -> int:
        raise ZeroDivisionError("a fault in a module")

    monkeypatch.setattr(Maxfwd, "process", _declared(explode))
    net = bed('if ($rU == "bad") { maxfwd_process("10"); } sl_send_reply("200", "OK");')
    phone = net.peer("phone")
    phone.request("OPTIONS", "sip:bad@proxy")
    phone.gets(500)
    phone.request("OPTIONS", "sip:good@proxy")
    phone.gets(200)
    report = net.log[1]
    assert report.startswith("kamailio.cfg:9: request_route failed on Call-ID phone-1@test: ZeroDivisionError")
    assert 'File "kamailio.cfg", line 9, in request_route' in report


def _declared(function):  # type: ignore[no-untyped-def]
    from olelo.modules.maxfwd import Maxfwd

    function.__olelo__ = Maxfwd.process.__olelo__  # type: ignore[attr-defined]
    function.__name__ = "process"
    function.__annotations__ = {"limit": "int"}
    return function


def test_a_500_goes_by_the_transaction_where_there_is_one() -> None:
    net = bed("t_newtran(); $var(x) = 1 / 0; t_relay();")
    phone = net.peer("phone")
    phone.request("OPTIONS", "sip:bob@unknown.example")
    phone.gets(478)


def test_messages_of_a_call_whose_script_waits_queue_behind_it_and_others_do_not() -> None:
    net = bed(
        'if (method=="CANCEL") { sl_send_reply("200", "OK"); exit; } t_relay();',
        names={"slow.example": [("udp", "192.0.2.2", 5060)]},
    )
    net.world.lookup_time = 2.0
    alice, bob = net.peer("alice"), net.peer("bob")
    call = alice.invite("sip:bob@slow.example")
    alice.gets(100)
    alice.cancel(call)
    alice.nothing()  # the CANCEL waits its turn
    net.peer("carol").request("CANCEL", "sip:x@proxy")
    net.peers["carol"].gets(200)
    bob.nothing()
    net.advance(2)
    bob.gets("INVITE")
    alice.gets(200)
    assert net.engine.waiting == {}


def test_a_name_that_does_not_resolve_is_answered_478() -> None:
    net = bed("t_relay();")
    phone = net.peer("phone")
    phone.invite("sip:bob@nowhere.example")
    phone.gets(100)
    assert phone.gets(478).msg.reason == b"Unresolvable destination (478/TM)"


def test_a_reply_of_no_transaction_goes_on_by_its_second_via() -> None:
    net = bed()
    phone, far = net.peer("phone"), net.peer("far")
    reply = (
        "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.100:5060;branch=z9hG4bKx\r\n"
        f"Via: SIP/2.0/UDP {phone.hostport};branch=z9hG4bKy\r\nFrom: <sip:a@proxy>;tag=1\r\nTo: <sip:b@proxy>;tag=2\r\n"
        "Call-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    )
    far.send(reply.encode())
    assert phone.gets(180).headers("Via") == [f"SIP/2.0/UDP {phone.hostport};branch=z9hG4bKy"]
    assert net.engine.stats.get("core", "fwd_replies") == 1


def test_a_configuration_without_request_route_says_so() -> None:
    net = Bed('loadmodule "sl.so"\nreply_route { drop; }')
    phone = net.peer("phone")
    phone.request("OPTIONS", "sip:proxy")
    phone.nothing()
    assert "no request_route" in net.log[-1]
