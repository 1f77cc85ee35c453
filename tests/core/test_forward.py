"""Where a request goes and by which socket; what is longer than udp_mtu; replies that belong to no transaction."""

from __future__ import annotations

import pytest

from olelo.core.context import RouteContext
from olelo.core.errors import E_BAD_ADDRESS, E_BAD_URI, E_NO_SOCKET
from olelo.core.forward import connection_of, hop_now
from olelo.core.sockets import Destination, Received
from olelo.script.catalog import RouteKind
from olelo.sip.message import Message
from olelo.testing import Bed

CONFIG = """
{params}
listen=udp:192.0.2.100:5060
listen=udp:192.0.2.101:5070
listen=tcp:192.0.2.100:5060
listen=tcp:192.0.2.101:5070
listen=udp:[2001:db8::1]:5060
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "tm.so"
request_route {{ {script} }}
"""


def bed(script: str = "forward();", params: str = "") -> Bed:
    return Bed(CONFIG.format(params=params, script=script))


def hop(net: Bed, uri: str, **more: object) -> str:
    found = hop_now(net.engine, uri.encode(), None, "", **more)  # type: ignore[arg-type]
    assert isinstance(found, Destination)
    return f"{found.proto}:{found.ip}:{found.port} by {found.socket.text}"


def test_the_socket_that_received_sends() -> None:
    net = bed()
    first, second = net.engine.sockets[:2]
    assert hop(net, "sip:192.0.2.9", near=second) == "udp:192.0.2.9:5060 by udp:192.0.2.101:5070"
    assert hop(net, "sip:192.0.2.9", near=first).endswith("by udp:192.0.2.100:5060")
    assert hop(net, "sip:192.0.2.9;transport=tcp", near=second).endswith("by tcp:192.0.2.100:5060")
    assert hop(net, "sip:[2001:db8::9]", near=second).endswith("by udp:[2001:db8::1]:5060")


def test_a_forced_socket_of_another_transport_means_its_twin() -> None:
    net = bed()
    second, six = net.engine.sockets[1], net.engine.sockets[4]
    found = hop_now(net.engine, b"sip:192.0.2.9;transport=tcp", second, "")
    assert isinstance(found, Destination)
    assert found.socket.text == "tcp:192.0.2.101:5070"
    wrong_family = hop_now(net.engine, b"sip:192.0.2.9", six, "", second)
    assert isinstance(wrong_family, Destination)
    assert wrong_family.socket is second


def test_mhomed_asks_for_the_route_each_time() -> None:
    net = bed(params="mhomed=yes")
    first = net.engine.sockets[0]
    net.world.routes["192.0.2.9"] = "192.0.2.101"
    assert hop(net, "sip:192.0.2.9", near=first).endswith("by udp:192.0.2.101:5070")
    net.world.routes.clear()
    assert hop(net, "sip:192.0.2.9", near=first).endswith("by udp:192.0.2.100:5060")


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("sip:192.0.2.9;transport=tls", E_NO_SOCKET),
        ("sip:192.0.2.9;transport=smoke", E_BAD_URI),
        ("tel:+123", E_BAD_ADDRESS),
        ("mailto:a@b", E_BAD_URI),
    ],
)
def test_where_no_request_can_go(uri: str, error: int) -> None:
    assert hop_now(bed().engine, uri.encode(), None, "") == error


BIG = "X-Big: " + "x" * 1400


@pytest.mark.parametrize("send", ["forward();", "t_relay();"])
@pytest.mark.parametrize(
    ("params", "script", "proto"),
    [
        ("udp_mtu=1300\nudp_mtu_try_proto=TCP", "", "TCP"),
        ("udp_mtu=1300", "udp_mtu_try_proto(TCP);", "TCP"),
        ("udp_mtu=1300", "", "UDP"),
        ("udp_mtu=1300\nudp_mtu_try_proto=TLS", "", "UDP"),
        ("udp_mtu_try_proto=TCP", "", "UDP"),
        ("udp_mtu=9000\nudp_mtu_try_proto=TCP", "", "UDP"),
    ],
)
def test_what_is_longer_than_udp_mtu_goes_another_way(params: str, script: str, proto: str, send: str) -> None:
    net = bed(script + '$du = "sip:192.0.2.2:5060";' + send, params)
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere", BIG)
    assert bob.gets("OPTIONS").header("Via").startswith(f"SIP/2.0/{proto} 192.0.2.100;branch=z9hG4bK")
    assert net.world.sent[-1][2].proto == proto.lower()


def test_what_is_not_longer_stays() -> None:
    net = bed('$du = "sip:192.0.2.2:5060"; forward();', "udp_mtu=1300\nudp_mtu_try_proto=TCP")
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere")
    assert bob.gets("OPTIONS").header("Via").startswith("SIP/2.0/UDP ")


def reply(net: Bed, first: str, second: str) -> None:
    lines = ["SIP/2.0 200 OK", f"Via: {first}", f"Via: {second}", "From: <sip:a@b>;tag=1", "To: <sip:c@d>;tag=2"]
    data = "\r\n".join([*lines, "Call-ID: 1", "CSeq: 1 OPTIONS", "Content-Length: 0", "", ""]).encode()
    net.receiver.receive(data, Received("udp", "192.0.2.2", 5060, net.engine.sockets[0]))


def test_a_stray_reply_goes_back_over_the_connection_that_our_via_names() -> None:
    net = bed()
    reply(net, "SIP/2.0/UDP 192.0.2.100;branch=z9hG4bK1;i=2a", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK2")
    to = net.world.sent[-1][2]
    assert (to.proto, to.ip, to.port, to.conn) == ("tcp", "192.0.2.1", 5060, 42)
    reply(net, "SIP/2.0/UDP 192.0.2.100;branch=z9hG4bK1;i=zz", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK2")
    assert net.world.sent[-1][2].conn == 0


def test_check_via_stops_replies_whose_first_via_is_not_ours() -> None:
    net = bed(params="check_via=yes")
    reply(net, "SIP/2.0/UDP 192.0.2.66;branch=z9hG4bK1", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2")
    assert net.world.sent == []
    reply(net, "SIP/2.0/UDP 192.0.2.100;branch=z9hG4bK1", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2")
    assert len(net.world.sent) == 1


def test_the_number_of_a_connection_is_read_from_via() -> None:
    net = bed()
    alice = net.peer("alice")
    ctx = RouteContext(
        net.engine,
        Message.parse(alice.request("OPTIONS", "sip:x@y").sent),
        Received("udp", "192.0.2.1", 5060, net.engine.sockets[0]),
        RouteKind.REQUEST,
    )
    assert connection_of(ctx.msg.via) == 0
