"""Names to addresses, with answers made up: NAPTR, SRV, A and AAAA, the cache, and what the dns_* parameters change."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import dns.exception
import pytest

from olelo.core.params import CoreParams
from olelo.net.resolver import Resolver, Target, ordered


def srv(priority: int, weight: int, port: int, target: str) -> SimpleNamespace:
    return SimpleNamespace(priority=priority, weight=weight, port=port, target=target + ".")


def naptr(order: int, service: str, replacement: str) -> SimpleNamespace:
    return SimpleNamespace(order=order, preference=10, service=service.encode(), replacement=replacement + ".")


def address(ip: str) -> SimpleNamespace:
    return SimpleNamespace(address=ip)


RECORDS: dict[tuple[str, str], list[SimpleNamespace]] = {
    ("plain.example", "A"): [address("192.0.2.1"), address("192.0.2.2")],
    ("six.example", "AAAA"): [address("2001:db8::1")],
    ("srv.example", "A"): [address("192.0.2.9")],
    ("_sip._udp.srv.example", "SRV"): [srv(20, 1, 5080, "plain.example"), srv(10, 1, 5070, "six.example")],
    ("_sip._tcp.srv.example", "SRV"): [srv(10, 1, 5071, "plain.example")],
    ("naptr.example", "NAPTR"): [
        naptr(10, "SIP+D2T", "_sip._tcp.srv.example"),
        naptr(20, "SIP+D2U", "_sip._udp.srv.example"),
        naptr(30, "E2U+sip", "else.example"),
    ],
}


class Fake(Resolver):
    """A resolver whose name server is RECORDS. `asked` are the questions that went to it."""

    def __init__(self, **params: int) -> None:
        self.time = 0.0
        super().__init__(clock=lambda: self.time)
        given = CoreParams()
        for name, value in params.items():
            given.set(name, value)
        self.configure(given)
        self.asked: list[tuple[str, str]] = []

    async def query(self, name: str, kind: str) -> tuple[float, tuple[Any, ...]]:
        self.asked.append((name, kind))
        found = RECORDS.get((name, kind))
        if found is None:
            raise dns.exception.DNSException("no such name")
        return 30.0, tuple(found)

    def find(self, host: str, port: int = 0, proto: str = "") -> list[Target]:
        return asyncio.run(self.resolve(host, port, proto))


def test_addresses_and_names() -> None:
    assert Fake().find("192.0.2.7", 5070, "tcp") == [("tcp", "192.0.2.7", 5070)]
    assert Fake().find("plain.example", 5070) == [("udp", "192.0.2.1", 5070), ("udp", "192.0.2.2", 5070)]
    assert Fake().find("six.example", 5070) == [("udp", "2001:db8::1", 5070)]
    assert Fake(dns_try_ipv6=0).find("six.example", 5070) == []
    assert Fake().find("nowhere.example", 5070) == []


def test_services() -> None:
    assert Fake().find("srv.example")[:2] == [("udp", "2001:db8::1", 5070), ("udp", "192.0.2.1", 5080)]
    assert Fake().find("srv.example", 0, "tcp")[0] == ("tcp", "192.0.2.1", 5071)
    assert Fake().find("srv.example", 5099) == [
        ("udp", "192.0.2.9", 5099)
    ]  # with a port, no SRV (RFC 3263 section 4.2)


@pytest.mark.parametrize(
    ("params", "first"),
    [
        ({}, ("udp", "2001:db8::1", 5070)),  # dns_udp_pref is the highest
        ({"dns_tcp_pref": 50}, ("tcp", "192.0.2.1", 5071)),
        ({"dns_naptr_ignore_rfc": 0}, ("tcp", "192.0.2.1", 5071)),  # by the records' order
        ({"dns_udp_pref": -1}, ("tcp", "192.0.2.1", 5071)),
    ],
)
def test_naptr(params: dict[str, int], first: Target) -> None:
    assert Fake(dns_try_naptr=1, **params).find("naptr.example")[0] == first


@pytest.mark.parametrize(
    ("params", "seconds", "asked"),
    [
        ({}, 29, 1),
        ({}, 31, 2),
        ({"dns_cache_min_ttl": 100}, 99, 1),
        ({"dns_cache_max_ttl": 10}, 11, 2),
        ({"use_dns_cache": 0}, 0, 2),
        ({"dns_cache_init": 0}, 0, 2),
    ],
)
def test_answers_are_kept_for_their_time(params: dict[str, int], seconds: float, asked: int) -> None:
    fake = Fake(**params)
    for _ in range(2):
        assert fake.find("plain.example", 5060)
        fake.time += seconds
    assert len(fake.asked) == asked


def test_failures_are_kept_for_dns_cache_negative_ttl() -> None:
    fake = Fake(dns_cache_negative_ttl=5, dns_try_ipv6=0)
    for seconds in (0.0, 4.0, 2.0):
        fake.time += seconds
        assert fake.find("nowhere.example", 5060) == []
    assert len(fake.asked) == 2


def test_targets_of_one_priority_are_all_there() -> None:
    records = [srv(10, weight, 5060 + weight, "x") for weight in (0, 1, 5)] + [srv(5, 1, 1, "first")]
    found = ordered(records)
    assert found[0] == ("first", 1)
    assert sorted(found[1:]) == [("x", 5060), ("x", 5061), ("x", 5065)]
