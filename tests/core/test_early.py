"""Event routes of the core, log_prefix, the alias in Via; and what core parameters do to answers."""

from __future__ import annotations

import pytest

from olelo.core.early import early_of, started
from olelo.core.sockets import Received
from olelo.testing import Bed

HEAD = """
{params}
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "corex.so"
request_route {{ xlog("request $rm\\n"); sl_send_reply("200", "OK"); }}
{events}
"""


def bed(events: str = "", params: str = "") -> Bed:
    return Bed(HEAD.format(events=events, params=params))


def said(net: Bed) -> list[str]:
    return [line.partition("<script>: ")[2] for line in net.log if "<script>: " in line]


def test_where_nothing_is_wanted_nothing_is_looked_at() -> None:
    assert early_of(bed().engine) is None


def test_a_packet_before_it_is_parsed() -> None:
    event = 'event_route[core:msg-received] { xlog("$rcv(len) $rcv(srcip):$rcv(srcport) $rcv(sproto)\\n"); if ($rcv(len) == 5) drop; }'
    net = bed(event, "received_route_mode=1")
    alice = net.peer("alice")
    sent = alice.request("OPTIONS", "sip:x@proxy").sent
    alice.gets(200)
    net.receiver.receive(b"12345", Received("udp", "192.0.2.9", 99, net.engine.sockets[0]))
    assert said(net) == [f"{len(sent)} 192.0.2.1:5060 udp", "request OPTIONS", "5 192.0.2.9:99 udp"]
    assert not [line for line in net.log if "bad message" in line]


def test_it_runs_only_with_received_route_mode() -> None:
    net = bed('event_route[core:msg-received] { xlog("never\\n"); }')
    net.peer("alice").request("OPTIONS", "sip:x@proxy")
    assert said(net) == ["request OPTIONS"]


def test_a_packet_that_is_no_message() -> None:
    net = bed('event_route[core:receive-parse-error] { xlog("bad from $si: $mb\\n"); }')
    net.receiver.receive(b"nonsense", Received("udp", "192.0.2.9", 99, net.engine.sockets[0]))
    assert said(net) == ["bad from 192.0.2.9: nonsense"]


def test_before_routing() -> None:
    net = bed('event_route[core:pre-routing] { xlog("early $rm\\n"); if ($rm == "INFO") drop; }')
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy")
    alice.gets(200)
    alice.request("INFO", "sip:x@proxy")
    alice.nothing()
    assert said(net) == ["early OPTIONS", "request OPTIONS", "early INFO"]


def test_once_at_the_start() -> None:
    net = bed('event_route[core:worker-one-init] { xlog("up $rm $ci\\n"); }')
    started(net.engine)
    assert said(net) == ["up OPTIONS 123"]


def test_every_line_about_a_message_has_its_prefix() -> None:
    net = bed(params='log_prefix="{$mt $ci} "')
    net.peer("alice").request("OPTIONS", "sip:x@proxy", call_id="c1")
    assert net.log == ["{1 c1} <script>: request OPTIONS"]
    net.engine.log(-1, "later")
    assert net.log[-1] == "later"


def test_a_prefix_that_cannot_be_read_is_said_once() -> None:
    net = bed(params='log_prefix="$nonsense "')
    net.peer("alice").request("OPTIONS", "sip:x@proxy")
    assert len(net.log) == 2
    assert "log_prefix" in net.log[0]


def test_the_alias_in_via_is_taken_where_the_configuration_says_so() -> None:
    for params, aliases in (("tcp_accept_aliases=yes", [(1, 5080)]), ("", [])):
        net = bed(params=params)
        alice = net.peer("alice")
        sent = alice.request("OPTIONS", "sip:x@proxy", proto="tcp").sent
        net.world.aliases.clear()
        alice.send(sent.replace(b"192.0.2.1:5060;branch", b"192.0.2.1:5080;alias;branch", 1), "tcp")
        assert net.world.aliases == aliases


def test_force_tcp_alias() -> None:
    net = Bed('loadmodule "pv.so"\nrequest_route { force_tcp_alias(5999); force_tcp_alias(); exit; }\n')
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy", proto="tcp")
    assert net.world.aliases == [(1, 5999), (1, 5060)]


@pytest.mark.parametrize(("params", "address"), [("reply_to_via=yes", "192.0.2.1"), ("", "192.0.2.66")])
def test_answers_go_to_the_address_in_via(params: str, address: str) -> None:
    net = bed(params=params)
    sent = net.peer("alice").request("OPTIONS", "sip:x@proxy").sent
    net.world.sent.clear()
    net.receiver.receive(sent, Received("udp", "192.0.2.66", 5060, net.engine.sockets[0]))
    assert net.world.sent[-1][2].ip == address


def test_answers_with_kamailios_warning() -> None:
    net = bed(params="sip_warning=yes")
    net.engine.pid = 42
    alice = net.peer("alice")
    alice.request("OPTIONS", "sip:x@proxy")
    assert alice.gets(200).header("Warning") == (
        '392 192.0.2.100:5060 "Noisy feedback tells:  pid=42 req_src_ip=192.0.2.1 req_src_port=5060 '
        'in_uri=sip:x@proxy out_uri=sip:x@proxy via_cnt==1"'
    )


@pytest.mark.parametrize(
    ("script", "flags"),
    [
        ("set_forward_no_connect();", 2),
        ("set_forward_close();", 4),
        ("set_forward_no_connect(); set_forward_close();", 6),
        ("", 0),
    ],
)
@pytest.mark.parametrize("send", ["forward();", "t_relay();"])
def test_what_a_script_wants_of_the_connection(script: str, flags: int, send: str) -> None:
    config = f'loadmodule "tm.so"\nloadmodule "pv.so"\nrequest_route {{ {script} $du = "sip:192.0.2.2;transport=tcp"; {send} }}\n'
    net = Bed(config)
    net.peer("alice").request("OPTIONS", "sip:x@proxy")
    assert net.world.sent[-1][2].flags == flags


@pytest.mark.parametrize(("script", "flags"), [("set_reply_no_connect();", 2), ("set_reply_close();", 4), ("", 0)])
def test_what_a_script_wants_of_an_answers_connection(script: str, flags: int) -> None:
    net = Bed(f'loadmodule "sl.so"\nrequest_route {{ {script} sl_send_reply("200", "OK"); }}\n')
    net.peer("alice").request("OPTIONS", "sip:x@proxy", proto="tcp")
    assert net.world.sent[-1][2].flags == flags
