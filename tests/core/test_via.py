"""Our own Via: what is in it by itself, by core parameters, and by the script; over streams and IPv6 too."""

from __future__ import annotations

import pytest

from olelo.core.sockets import ListenSocket
from olelo.testing import Bed, Packet

CONFIG = """
{params}
loadmodule "pv.so"
loadmodule "corex.so"
loadmodule "rr.so"
request_route {{ {script} $du = "sip:192.0.2.2:5060"; forward(); }}
"""


def forwarded(script: str = "", params: str = "", proto: str = "udp") -> Packet:
    net = Bed(CONFIG.format(params=params, script=script))
    alice, bob = net.peer("alice"), net.peer("bob")
    alice.request("OPTIONS", "sip:bob@elsewhere", proto=proto)
    return bob.gets("OPTIONS")


def via(script: str = "", params: str = "", proto: str = "udp") -> str:
    """Our Via without its branch."""
    line = forwarded(script, params, proto).header("Via")
    head, _, rest = line.partition(";branch=")
    return ";".join([head, *rest.split(";")[1:]])


def test_port_5060_is_not_written() -> None:
    assert via() == "SIP/2.0/UDP 192.0.2.100"


def test_the_connection_that_a_request_came_by_is_named() -> None:
    assert via(proto="tcp") == "SIP/2.0/UDP 192.0.2.100;i=1"


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ("advertised_address=203.0.113.9", "203.0.113.9"),
        ("advertised_port=5090", "192.0.2.100:5090"),
        ("advertised_address=203.0.113.9\nadvertised_port=5090", "203.0.113.9:5090"),
        ("listen=udp:192.0.2.100:5070", "192.0.2.100:5070"),
        ("listen=udp:192.0.2.100:5070 advertise 203.0.113.9:5060", "203.0.113.9:5060"),
        ("listen=udp:192.0.2.100:5070 advertise 203.0.113.9", "203.0.113.9:5070"),
        ("listen=udp:192.0.2.100:5060 advertise 203.0.113.9", "203.0.113.9"),
        ("advertised_port=5090\nlisten=udp:192.0.2.100:5070 advertise 203.0.113.9:5060", "203.0.113.9:5090"),
    ],
)
def test_what_is_advertised_stands_in_via(params: str, place: str) -> None:
    assert via(params=params) == "SIP/2.0/UDP " + place


def test_what_the_script_advertises_goes_before_that() -> None:
    params = "advertised_address=203.0.113.9\nadvertised_port=5090"
    assert via('set_advertised_address("192.0.2.77");', params) == "SIP/2.0/UDP 192.0.2.77:5090"
    assert via("set_advertised_port(5099);", params) == "SIP/2.0/UDP 203.0.113.9:5099"


def test_record_route_takes_the_listen_line_first() -> None:
    params = "listen=udp:192.0.2.100:5070 advertise 203.0.113.9:5060\nadvertised_address=203.0.113.1"
    sent = forwarded("record_route();", params)
    assert sent.header("Record-Route") == "<sip:203.0.113.9;lr;ftag=alice1>"
    assert sent.header("Via").startswith("SIP/2.0/UDP 203.0.113.1:5060;")


def test_parameters_stand_in_kamailios_order() -> None:
    script = '$xavp(v=>a) = "1"; $xavp(v[0]=>b) = ""; $xavp(v[0]=>n) = 7; add_local_rport(); via_add_srvid(1); via_add_xavp_params(1);'
    params = 'server_id=9\nxavp_via_params="v"'
    assert via(script, params, "tcp").partition(";")[2] == "i=1;rport;srvid=9;n=7;b;a=1"


def test_parameters_that_hold_line_ends_are_not_added() -> None:
    script = '$xavp(v=>a) = "1\\r\\nX-Evil: yes"; via_add_xavp_params(1);'
    assert via(script, 'xavp_via_params="v"') == "SIP/2.0/UDP 192.0.2.100"


def test_address_and_port_from_an_xavp() -> None:
    script = '$xavp(f=>address) = "198.51.100.3"; $xavp(f[0]=>port) = "5999"; via_use_xavp_fields(1);'
    assert via(script, 'xavp_via_fields="f"') == "SIP/2.0/UDP 198.51.100.3:5999"
    assert via("via_use_xavp_fields(1);", 'xavp_via_fields="f"') == "SIP/2.0/UDP 192.0.2.100"


def test_local_rport_and_force_rport_for_every_message() -> None:
    sent = forwarded(params="local_rport=yes\nforce_rport=yes")
    assert sent.header("Via").endswith(";rport")
    assert sent.msg.vias[1].rport == 5060


def test_ipv6_addresses_stand_in_brackets() -> None:
    socket = ListenSocket("tls", "2001:db8::1", 5061, ("2001:db8::2", 0))
    assert socket.via_head == b"Via: SIP/2.0/TLS [2001:db8::2]:5061;branch="
    assert socket.recorded_out == socket.recorded_in == b"[2001:db8::2]:5061;transport=tls"
    assert (socket.text, socket.uri) == ("tls:[2001:db8::1]:5061", "sip:[2001:db8::1]:5061;transport=tls")


def test_wss_is_recorded_as_ws() -> None:
    assert ListenSocket("wss", "192.0.2.1", 443).recorded_out == b"192.0.2.1:443;transport=ws"
