"""Names to addresses as RFC 3263 asks: NAPTR, SRV, A and AAAA, with a cache that keeps to the records' TTLs."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import time
from collections.abc import Callable, Iterable
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from olelo.core.params import CoreParams

#: Answers kept at most; the names come from the wire, so the memory must be bounded.
CACHE_SIZE = 10_000
#: How long a failure is remembered (Kamailio's dns_cache_negative_ttl).
NEGATIVE_TTL = 60.0
#: A whole look-up's deadline in seconds; no message waits longer for a name.
DEADLINE = 5.0
#: A question that takes longer counts as slow.
SLOW = 1.0

_SRV_SERVICE = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp", "ws": "_sip._ws", "wss": "_sips._ws"}
_NAPTR_PROTO = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
Target = tuple[str, str, int]


class Held:
    """An answer that is kept. Times are the clock's; no records: the name has none of that type."""

    __slots__ = ("expires", "permanent", "records", "used")

    def __init__(self, expires: float, records: tuple[Any, ...], used: float, permanent: bool = False) -> None:
        self.expires = expires
        self.records = records
        self.used = used
        self.permanent = permanent


class Resolver:
    """RFC 3263 look-ups. `query(name, type)` may be replaced in tests; it returns records or raises DNSException."""

    def __init__(self, *, naptr: bool = False, ipv6: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self.naptr = naptr
        self.ipv6 = ipv6
        self.clock = clock
        #: answers by (name in lower case, type); shown and edited by the dns.* commands
        self.cache: dict[tuple[str, str], Held] = {}
        #: transports of NAPTR records, most wanted first by their number; negative: not wanted
        self.preferences = {"udp": 30, "tcp": 20, "tls": 10}
        self.naptr_by_rfc = False
        self.search = True
        self.negative_ttl = NEGATIVE_TTL
        self.ttl_limits = (0.0, float(0xFFFFFFFF))
        self._timeout = 0.0
        self._tries = 0
        self._servers = 0
        self._resolver: dns.asyncresolver.Resolver | None = None
        self.caching = True
        #: questions that got no answer, and look-ups that took longer than SLOW seconds
        self.failed = 0
        self.slow = 0

    def configure(self, params: CoreParams) -> None:
        """Take the dns_* parameters of a configuration."""
        self.naptr = bool(params.dns_try_naptr)
        self.ipv6 = bool(params.dns_try_ipv6)
        self.preferences = {"udp": params.dns_udp_pref, "tcp": params.dns_tcp_pref, "tls": params.dns_tls_pref}
        self.naptr_by_rfc = not params.dns_naptr_ignore_rfc
        self.caching = bool(params.use_dns_cache and params.dns_cache_init)
        self.search = bool(params.dns_use_search_list)
        self.negative_ttl = float(params.dns_cache_negative_ttl)
        self.ttl_limits = (float(params.dns_cache_min_ttl), float(params.dns_cache_max_ttl))
        self._timeout = float(max(params.dns_retr_time, 0))
        self._tries = max(params.dns_retr_no, 0)
        self._servers = max(params.dns_servers_no, 0)
        self._resolver = None

    async def query(self, name: str, kind: str) -> tuple[float, tuple[Any, ...]]:
        """(time to live in seconds, records) of one question asked of the system's name servers."""
        if self._resolver is None:
            found = self._resolver = dns.asyncresolver.Resolver()
            found.lifetime = DEADLINE
            if self._servers:
                found.nameservers = list(found.nameservers)[: self._servers]
            if self._timeout:
                found.timeout = self._timeout
                found.lifetime = min(DEADLINE, self._timeout * (self._tries or 1) * max(1, len(found.nameservers)))
        answer = await self._resolver.resolve(name, kind, search=self.search)
        return float(answer.rrset.ttl if answer.rrset is not None else 0), tuple(answer)

    async def ask(self, name: str, kind: str) -> tuple[Any, ...]:
        """The records of one question, from the cache where they are; () where there are none."""
        key = (name.lower(), kind)
        held = self.cache.get(key)
        now = self.clock()
        if held is not None and (held.expires > now or held.permanent):
            held.used = now
            return held.records
        try:
            ttl, records = await self.query(name, kind)
        except (dns.exception.DNSException, OSError, UnicodeError):
            ttl, records = self.negative_ttl, ()
            self.failed += 1
        else:
            ttl = min(max(ttl, self.ttl_limits[0]), self.ttl_limits[1])
        if self.clock() - now > SLOW:
            self.slow += 1
        if not self.caching:
            return records
        if len(self.cache) >= CACHE_SIZE:
            self.cache = {key: held for key, held in self.cache.items() if held.permanent}
        self.cache[key] = Held(now + ttl, records, now)
        return records

    async def resolve(self, host: str, port: int, proto: str) -> list[Target]:
        """(proto, ip, port) in the order to try; [] where the name does not resolve in time.

        proto "" means that the URI named none: NAPTR and SRV may choose it (RFC 3263 section 4.1).
        """
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._resolve(host, port, proto)
        except TimeoutError:
            return []

    async def _resolve(self, host: str, port: int, proto: str) -> list[Target]:
        try:
            return [(proto or "udp", str(ipaddress.ip_address(host)), port)]
        except ValueError:
            found: list[Target] = []
        if not port:
            for transport, service in await self._services(host, proto):
                for target, target_port in ordered(await self.ask(service, "SRV")):
                    found += [(transport, ip, target_port) for ip in await self._addresses(target)]
            if found:
                return found
        return [(proto or "udp", ip, port) for ip in await self._addresses(host)]

    async def _services(self, host: str, proto: str) -> list[tuple[str, str]]:
        if proto:
            return [(proto, f"{_SRV_SERVICE.get(proto, '_sip._udp')}.{host}")]
        if self.naptr:
            found = [
                (_NAPTR_PROTO[r.service.decode().upper()], r)
                for r in sorted(await self.ask(host, "NAPTR"), key=lambda r: (r.order, r.preference))
                if r.service.decode().upper() in _NAPTR_PROTO
            ]
            wanted = [(proto, r) for proto, r in found if self.preferences[proto] >= 0]
            if not self.naptr_by_rfc:  # our own preferences first, as Kamailio by default
                wanted.sort(key=lambda pair: -self.preferences[pair[0]])
            named = [(proto, str(r.replacement).rstrip(".")) for proto, r in wanted]
            if named:
                return named
        return [("udp", f"_sip._udp.{host}"), ("tcp", f"_sip._tcp.{host}")]

    async def _addresses(self, name: str) -> list[str]:
        found = [str(record.address) for record in await self.ask(name, "A")]
        if self.ipv6 and not found:
            found = [str(record.address) for record in await self.ask(name, "AAAA")]
        return found


def ordered(records: Iterable[Any]) -> list[tuple[str, int]]:
    """SRV targets in the order of RFC 2782: by priority, and within one by chance in proportion to the weights."""
    result: list[tuple[str, int]] = []
    rest = sorted(records, key=lambda r: int(r.priority))
    while rest:
        same = [r for r in rest if r.priority == rest[0].priority]
        pick = random.choices(same, weights=[int(r.weight) or 0.01 for r in same])[0]
        rest.remove(pick)
        result.append((str(pick.target).rstrip("."), int(pick.port)))
    return result
