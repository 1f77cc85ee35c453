"""Core parameters: every name is known, values are checked, aliases mean the same."""

from __future__ import annotations

import pytest

from olelo.core.params import BY_NAME, TABLE, CoreParams, core_param_specs


def test_no_name_stands_twice() -> None:
    names = [name for info in TABLE for name in info.names]
    assert len(names) == len(set(names)) == len(BY_NAME)


def test_defaults_are_the_references() -> None:
    params = CoreParams()
    assert (params.debug, params.children, params.port, params.max_while_loops, params.tcp_connection_lifetime) == (
        0,
        8,
        5060,
        100,
        120,
    )
    assert params.given == set()


def test_every_annotated_attribute_has_a_default() -> None:
    params = CoreParams()
    missing = [name for name in CoreParams.__annotations__ if not hasattr(params, name)]
    assert missing == []


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("debug", 3, "debug", 3),
        ("tcp_async", 0, "tcp_buf_write", 0),
        ("add_rport", 1, "force_rport", 1),
        ("dns_srv_loadbalancing", 1, "dns_srv_lb", 1),
        ("tos", "IPTOS_THROUGHPUT", "tos", 8),
        ("tos", 184, "tos", 184),
        ("udp_mtu_try_proto", "TCP", "udp_mtu_try_proto", "tcp"),
        ("log_facility", "LOG_LOCAL3", "log_facility", "LOG_LOCAL3"),
        ("advertised_address", "203.0.113.9", "advertised_address", "203.0.113.9"),
        ("user", 1000, "user", "1000"),
    ],
)
def test_setting(name: str, value: int | str, attribute: str, expected: int | str) -> None:
    params = CoreParams()
    params.set(name, value)
    assert getattr(params, attribute) == expected
    assert params.get(name) == expected
    assert params.given == {attribute}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("debug", "3"),
        ("log_name", 5),
        ("nonsense", 1),
        ("tos", "IPTOS_WHATEVER"),
        ("tos", 256),
        ("udp_mtu_try_proto", "smoke"),
        ("log_facility", "LOCAL3"),
    ],
)
def test_bad_values_are_refused(name: str, value: int | str) -> None:
    with pytest.raises(ValueError, match=name):
        CoreParams().set(name, value)


def test_lists_collect() -> None:
    params = CoreParams()
    params.set("alias", "one.example")
    params.set("alias", "udp:two.example:5060")
    assert params.alias == ["one.example", "udp:two.example:5060"]
    assert params.get("alias") == "one.example, udp:two.example:5060"
    assert CoreParams().alias == []


def test_tls_switches_agree() -> None:
    params = CoreParams()
    params.set("enable_tls", 1)
    assert params.disable_tls == 0
    params.set("tls_disable", 1)
    assert params.enable_tls == 0


def test_specs_name_every_spelling() -> None:
    specs = core_param_specs()
    assert specs["listen"].type == "any"
    assert specs["children"].type == "int"
    assert specs["server_header"].type == "str"
    assert specs["shm_mem"].noop
    assert not specs["udp_mtu"].noop
    assert all(spec.doc for spec in specs.values())
