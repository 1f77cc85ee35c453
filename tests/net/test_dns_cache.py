"""The dns.* commands over a real resolver's cache, with a name server that is a table."""

from __future__ import annotations

import asyncio
from typing import Any

import dns.rdata
import dns.rdataclass
import dns.resolver
import pytest

from olelo.core.module import RpcFault
from olelo.net.dns_cache import DnsCache
from olelo.net.resolver import CACHE_SIZE, NEGATIVE_TTL, Held, Resolver
from olelo.rpc.dns_commands import register_dns_commands
from olelo.rpc.registry import Registry
from rpc.rpc_kit import FixedView

ANSWERS = {
    ("example.org", "A"): ["192.0.2.1", "192.0.2.2"],
    ("example.org", "AAAA"): ["2001:db8::1"],
    ("_sip._udp.example.org", "SRV"): ["10 60 5060 one.example.org."],
    ("example.org", "NAPTR"): ['50 50 "S" "SIP+D2U" "" _sip._udp.example.org.'],
    ("example.org", "TXT"): ['"one " "two"'],
    ("alias.example.org", "CNAME"): ["example.org."],
}


class Table(Resolver):
    """A resolver whose name server is `ANSWERS`, and whose clock is set by hand."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.asked: list[tuple[str, str]] = []
        super().__init__(clock=lambda: self.time)

    async def query(self, name: str, kind: str) -> tuple[float, tuple[Any, ...]]:
        self.asked.append((name, kind))
        texts = ANSWERS.get((name, kind))
        if texts is None:
            raise dns.resolver.NXDOMAIN
        return 60.0, tuple(dns.rdata.from_text(dns.rdataclass.IN, kind, text) for text in texts)


class View(FixedView):
    def __init__(self, resolver: Resolver) -> None:
        super().__init__()
        self.cache = DnsCache(resolver)  # type: ignore[assignment]


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def registry(table: Table) -> Registry:
    found = Registry()
    register_dns_commands(found, View(table))
    return found


def ask(registry: Registry, name: str, *args: Any) -> Any:
    return asyncio.run(registry.answer(name, args))


def fault(registry: Registry, name: str, *args: Any) -> str:
    with pytest.raises(RpcFault) as caught:
        ask(registry, name, *args)
    return caught.value.text


@pytest.mark.parametrize(
    ("kind", "name", "fields"),
    [
        ("A", "example.org", {"rr_ip": "192.0.2.1"}),
        ("aaaa", "EXAMPLE.org", {"rr_ip": "2001:db8::1"}),
        (
            "SRV",
            "_sip._udp.example.org",
            {"rr_name": "one.example.org", "rr_port": 5060, "rr_priority": 10, "rr_weight": 60},
        ),
        ("TXT", "example.org", {"rr_txt": "one two"}),
        ("CNAME", "alias.example.org", {"rr_name": "example.org"}),
    ],
)
def test_lookup_asks_and_shows_the_fields(
    registry: Registry, table: Table, kind: str, name: str, fields: dict[str, Any]
) -> None:
    ANSWERS["EXAMPLE.org", "AAAA"] = ANSWERS["example.org", "AAAA"]
    shown = ask(registry, "dns.lookup", kind, name)
    record = {"rr_idx": 0, **fields, "rr_permanent": "no", "rr_expires": 60}
    assert shown["records"][0] == record
    assert list(shown["records"][0]) == list(record)
    assert (shown["type"], shown["expires"], shown["negative_entry"]) == (kind.upper(), 60, "no")


def test_naptr_fields(registry: Registry) -> None:
    (record,) = ask(registry, "dns.lookup", "NAPTR", "example.org")["records"]
    names = ["rr_order", "rr_preference", "rr_flags", "rr_service", "rr_regexp", "rr_replacement"]
    assert list(record)[1:7] == names
    assert [record[name] for name in names] == [50, 50, "S", "SIP+D2U", "", "_sip._udp.example.org"]


def test_what_was_not_found_is_remembered(registry: Registry, table: Table) -> None:
    assert fault(registry, "dns.lookup", "A", "nosuch.example.org") == "Not found"
    assert fault(registry, "dns.lookup", "A", "nosuch.example.org") == "Not found"
    assert table.asked == [("nosuch.example.org", "A")]
    assert table.failed == 1
    (entry,) = ask(registry, "dns.view")
    assert (entry["negative_entry"], entry["expires"], "records" in entry) == ("yes", NEGATIVE_TTL, False)
    table.time += NEGATIVE_TTL + 1
    assert ask(registry, "dns.view")[0]["expires"] == -1


def test_added_addresses_answer_and_stand_beside_one_another(registry: Registry, table: Table) -> None:
    ask(registry, "dns.add_a", "Own.example.org", 10, "192.0.2.7", 0)
    ask(registry, "dns.add_a", "own.example.org", 10, "192.0.2.8", 0)
    ask(registry, "dns.add_aaaa", "own.example.org", 10, "2001:db8::7", 0)
    targets = asyncio.run(table.resolve("own.example.org", 5060, "udp"))
    assert targets == [("udp", "192.0.2.7", 5060), ("udp", "192.0.2.8", 5060)]
    assert table.asked == []
    table.time += 11
    assert asyncio.run(table.resolve("own.example.org", 5060, "udp")) == []
    assert table.asked == [("own.example.org", "A"), ("own.example.org", "AAAA")]


def test_added_services_lead_to_their_target(registry: Registry, table: Table) -> None:
    ask(registry, "dns.add_srv", "_sip._tcp.own.example.org", 10, 1, 2, 5070, "host.own.example.org", 2)
    ask(registry, "dns.add_a", "host.own.example.org", 10, "192.0.2.7", 2)
    table.time += 1000
    assert asyncio.run(table.resolve("own.example.org", 0, "tcp")) == [("tcp", "192.0.2.7", 5070)]


def test_permanent_entries_stay(registry: Registry, table: Table) -> None:
    ask(registry, "dns.add_a", "own.example.org", 10, "192.0.2.7", 0)
    ask(registry, "dns.add_a", "own.example.org", 10, "192.0.2.8", 2)
    (entry,) = ask(registry, "dns.view")
    assert [record["rr_ip"] for record in entry["records"]] == ["192.0.2.8"]
    assert (entry["permanent"], entry["expires"]) == ("yes", 0)
    assert fault(registry, "dns.add_a", "own.example.org", 10, "192.0.2.9", 0) == "Failed to add the entry to the cache"
    assert fault(registry, "dns.delete_a", "own.example.org") == "Permanent entries cannot be deleted"
    ask(registry, "dns.delete_all")
    assert len(ask(registry, "dns.view")) == 1
    ask(registry, "dns.delete_all_force")
    assert len(ask(registry, "dns.view")) == 0


def test_deleting(registry: Registry, table: Table) -> None:
    ask(registry, "dns.lookup", "A", "example.org")
    ask(registry, "dns.delete_a", "EXAMPLE.ORG")
    assert fault(registry, "dns.delete_a", "example.org") == "Not found"
    ask(registry, "dns.lookup", "A", "example.org")
    assert table.asked == [("example.org", "A")] * 2


@pytest.mark.parametrize("name", ["a b", "\xe9", "a" * 64 + ".org", "", "a..b"])
def test_bad_names_are_refused(registry: Registry, name: str) -> None:
    assert fault(registry, "dns.lookup", "A", name) == "Not found"


def test_a_full_cache_takes_no_more_and_keeps_what_is_permanent(registry: Registry, table: Table) -> None:
    ask(registry, "dns.add_a", "own.example.org", 10, "192.0.2.7", 2)
    for number in range(CACHE_SIZE - 1):
        table.cache[str(number), "A"] = Held(table.time + 60, (), table.time)
    assert fault(registry, "dns.add_a", "more.example.org", 1, "192.0.2.7", 0) == "Failed to add the entry to the cache"
    ask(registry, "dns.lookup", "A", "example.org")
    assert set(table.cache) == {("own.example.org", "A"), ("example.org", "A")}


def test_without_a_cache_nothing_is_kept(table: Table) -> None:
    table.caching = False
    assert len(asyncio.run(table.ask("example.org", "A"))) == 2
    assert table.cache == {}


def test_memory_grows_with_what_is_held(registry: Registry) -> None:
    before, limit = ask(registry, "dns.mem_info")
    ask(registry, "dns.lookup", "A", "example.org")
    after, same = ask(registry, "dns.mem_info")
    assert before == 0 < after < limit == same
