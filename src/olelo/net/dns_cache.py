"""The resolver's cache as the dns.* commands see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.rdata
import dns.rdataclass

from olelo.core.dns_cache import DnsEntry
from olelo.net.resolver import CACHE_SIZE, Held, Resolver

#: Types that dns.add_* may add, with the text form of such a record (RFC 1035 section 5).
_ADDED = {
    "A": "{rr_ip}",
    "AAAA": "{rr_ip}",
    "SRV": "{rr_priority} {rr_weight} {rr_port} {rr_name}.",
}
#: What one name costs, roughly: the key, the tuple and the records' own objects.
_NAME_BYTES = 300
_RECORD_BYTES = 200


class DnsCache:
    """`DnsView` over a resolver. Sizes are estimates in bytes: Python's objects have no size of their own."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def memory(self) -> tuple[int, int]:
        used = sum(_size(held) for held in self._resolver.cache.values())
        return used, CACHE_SIZE * (_NAME_BYTES + _RECORD_BYTES)

    def entries(self) -> Sequence[DnsEntry]:
        return [self._entry(key, held) for key, held in self._resolver.cache.items()]

    def _entry(self, key: tuple[str, str], held: Held) -> DnsEntry:
        now = self._resolver.clock()
        return DnsEntry(
            key[0],
            key[1],
            expires=max(-1, round(held.expires - now)) if not held.permanent else 0,
            last_used=int(now - held.used),
            size=_size(held),
            permanent=held.permanent,
            negative=not held.records,
            records=tuple(_fields(key[1], record) for record in held.records),
        )

    async def lookup(self, type: str, name: str) -> DnsEntry | None:
        try:
            await self._resolver.ask(name, type)
        except ValueError:  # a name that no question can hold
            return None
        key = (name.lower(), type)
        held = self._resolver.cache.get(key)
        return self._entry(key, held) if held is not None and held.records else None

    def delete(self, type: str, name: str) -> bool:
        return self._resolver.cache.pop((name.lower(), type), None) is not None

    def flush(self, permanent: bool) -> None:
        cache = self._resolver.cache
        for key in [key for key, held in cache.items() if permanent or not held.permanent]:
            del cache[key]

    def add(self, entry: DnsEntry) -> bool:
        """Keep an answer that nobody has given, beside those of its kind that are there.

        A permanent entry takes the place of one that is not, never the other way. False where that is refused, where
        it is no record of its type, or where the cache is full.
        """
        cache = self._resolver.cache
        now = self._resolver.clock()
        key = (entry.name.lower(), entry.type)
        held = cache.get(key)
        if held is None:
            if len(cache) >= CACHE_SIZE:
                return False
        elif held.permanent and not entry.permanent:
            return False
        try:
            records = tuple(
                dns.rdata.from_text(dns.rdataclass.IN, entry.type, _ADDED[entry.type].format(**fields))
                for fields in entry.records
            )
        except (dns.exception.DNSException, KeyError, ValueError):
            return False
        if held is not None and records and held.permanent == entry.permanent and held.expires > now:
            records = (*(one for one in held.records if one not in records), *records)
        cache[key] = Held(now + max(0, entry.expires), records, now, entry.permanent)
        return True


def _size(held: Held) -> int:
    return _NAME_BYTES + _RECORD_BYTES * len(held.records)


def _name(name: Any) -> str:
    return str(name).rstrip(".")


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _fields(type: str, record: Any) -> dict[str, Any]:
    """One record's fields, as dns.view names them."""
    if type in ("A", "AAAA"):
        return {"rr_ip": str(record.address)}
    if type == "SRV":
        return {
            "rr_name": _name(record.target),
            "rr_port": int(record.port),
            "rr_priority": int(record.priority),
            "rr_weight": int(record.weight),
        }
    if type == "NAPTR":
        return {
            "rr_order": int(record.order),
            "rr_preference": int(record.preference),
            "rr_flags": _text(record.flags),
            "rr_service": _text(record.service),
            "rr_regexp": _text(record.regexp),
            "rr_replacement": _name(record.replacement),
        }
    if type == "TXT":
        return {"rr_txt": _text(b"".join(record.strings))}
    return {"rr_name": _name(record.target)}
