"""Addresses to listen on: -l, listen lines of transports that there are none of, and the sockets that come of it."""

from __future__ import annotations

import pytest

from olelo.core.engine import Engine
from olelo.core.listen import is_address, make_sockets, parse_option
from olelo.core.loader import check
from olelo.modules import all_modules
from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Listen
from olelo.script.parser import parse_text
from olelo.testing.world import FakeServices


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("127.0.0.1", [("", "127.0.0.1", 0, "", 0)]),
        ("udp:127.0.0.1:5080", [("udp", "127.0.0.1", 5080, "", 0)]),
        ("TCP:eth0:5062", [("tcp", "eth0", 5062, "", 0)]),
        ("udp:[::1]:5060/1.2.3.4:5070", [("udp", "[::1]", 5060, "1.2.3.4", 5070)]),
        ("udp:127.0.0.1/sip.example.org", [("udp", "127.0.0.1", 0, "sip.example.org", 0)]),
        ("(eth0, lo):5065", [("", "eth0", 5065, "", 0), ("", "lo", 5065, "", 0)]),
    ],
)
def test_addresses_of_an_option(text: str, found: list[tuple[str, str, int, str, int]]) -> None:
    assert [(x.proto, x.host, x.port, x.advertise_host, x.advertise_port) for x in parse_option(text)] == found


@pytest.mark.parametrize(
    "text", ["", ":5060", "smoke:1.2.3.4", "a:b:c", "1.2.3.4:x", "1.2.3.4/", "1.2.3.4/udp:5.6.7.8"]
)
def test_options_that_are_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="bad"):
        parse_option(text)


def test_addresses_and_names_are_told_apart() -> None:
    assert is_address("[2001:db8::1]")
    assert is_address("10.1.2.3")
    assert not is_address("eth0")


def sockets(*options: str, **params: object) -> list[str]:
    engine = Engine(FakeServices())
    for name, value in params.items():
        engine.params.set(name, value)  # type: ignore[arg-type]
    for text in options:
        engine.listens += parse_option(text)
    addresses = {"": ["127.0.0.1", "192.0.2.1"], "eth0": ["192.0.2.1"], "proxy.example": ["192.0.2.7"]}
    return [f"{s.text} as {s.hostport.decode()}" for s in make_sockets(engine, addresses)]


def test_sockets() -> None:
    assert sockets("udp:127.0.0.1:5080") == ["udp:127.0.0.1:5080 as 127.0.0.1:5080"]
    assert sockets("eth0", port=5070) == [f"{p}:192.0.2.1:5070 as 192.0.2.1:5070" for p in ("udp", "tcp")]
    assert sockets("udp:proxy.example") == ["udp:192.0.2.7:5060 as 192.0.2.7"]
    assert len(sockets()) == 4
    assert sockets("eth0", disable_tcp=1) == ["udp:192.0.2.1:5060 as 192.0.2.1"]
    assert sockets("udp:eth0", "udp:eth0") == ["udp:192.0.2.1:5060 as 192.0.2.1"]
    assert sockets("udp:eth0:5080/1.2.3.4") == ["udp:192.0.2.1:5080 as 1.2.3.4:5080"]
    assert sockets("tls:eth0", "sctp:eth0") == []


def found(listen: str, more: str = "") -> list[tuple[str, str, int, int]]:
    diag = Diagnostics()
    config = parse_text(f"{listen}\n{more}request_route {{ exit; }}\n", diag)
    check(config, diag, all_modules())
    return [(d.severity, d.code, d.pos.line, d.pos.col) for d in diag.found]


@pytest.mark.parametrize("proto", ["tls", "sctp"])
def test_a_transport_whose_module_is_not_loaded_is_left_out_with_a_warning(proto: str) -> None:
    assert found(f"listen={proto}:127.0.0.1:5061") == [("warning", "no-effect", 1, 1)]


@pytest.mark.parametrize("proto", ["tls", "sctp"])
def test_its_module_is_one_error_with_a_place(proto: str) -> None:
    errors = [one for one in found(f"listen={proto}:127.0.0.1:5061", f'loadmodule "{proto}.so"\n') if one[0] == "error"]
    assert errors == [("error", "lacking-module", 2, 1)]


def test_websocket_is_no_transport_to_listen_on() -> None:
    diag = Diagnostics()
    config = parse_text("request_route { exit; }\n", diag)
    config.items.append(Listen(config.routes[0].pos, "ws", "127.0.0.1", 80))
    check(config, diag, all_modules())
    assert [d.code for d in diag.errors] == ["unknown-transport"]
    assert "listen=tcp:127.0.0.1" in diag.errors[0].hint
