"""dns.* over the resolver's cache, and dst_blocklist.* (this server keeps no block list: the fault is Kamailio's)."""

from __future__ import annotations

import inspect
import ipaddress
from collections.abc import Awaitable
from typing import Any

from olelo.core.dns_cache import DnsEntry, DnsView
from olelo.core.module import Many, RpcFault
from olelo.rpc.registry import Registry
from olelo.rpc.view import EngineView

#: Record types of dns.* with their numbers (RFC 1035, 2782, 3403, 3596, 6116).
TYPES = {"A": 1, "CNAME": 5, "PTR": 12, "TXT": 16, "AAAA": 28, "SRV": 33, "NAPTR": 35, "EBL": 65300}
_PERMANENT = 2
_NEGATIVE = 1
_MAIN_FIELD = {
    "A": ("ip", "rr_ip"),
    "AAAA": ("ip", "rr_ip"),
    "SRV": ("srv", "rr_name"),
    "NAPTR": ("naptr ", "rr_flags"),
    "CNAME": ("cname", "rr_name"),
    "TXT": ("txt", "rr_txt"),
    "PTR": ("ptr", "rr_name"),
}


class DnsCommands:
    def __init__(self, view: EngineView) -> None:
        self._view = view

    def _cache(self) -> DnsView:
        cache = self._view.dns()
        if cache is None:
            raise RpcFault(500, "dns cache support disabled (see use_dns_cache)")
        return cache

    def mem_info(self) -> Many:
        return Many(self._cache().memory())

    def debug(self) -> Many:
        return Many(part for entry in self._cache().entries() for part in _brief(entry, None))

    def debug_all(self) -> Many:
        parts: list[Any] = []
        for entry in self._cache().entries():
            for index, record in enumerate(entry.records):
                label, name = _MAIN_FIELD.get(entry.type, ("unknown", ""))
                expires = record.get("rr_expires", entry.expires)
                parts += [*_brief(entry, index), label, str(record.get(name, "?")), expires]
        return Many(parts)

    def view(self) -> Many:
        return Many(_full(entry) for entry in self._cache().entries())

    def lookup(self, kind: str, name: str) -> Any:
        cache = self._cache()
        if kind.upper() not in TYPES:
            raise RpcFault(400, "Invalid type")
        found = cache.lookup(kind.upper(), name)
        if inspect.isawaitable(found):
            return _later(found)
        return _found(found)

    def delete(self, kind: str, name: str) -> None:
        cache = self._cache()
        for entry in cache.entries():
            if entry.type == kind and entry.name.lower() == name.lower() and entry.permanent:
                raise RpcFault(400, "Permanent entries cannot be deleted")
        if not cache.delete(kind, name):
            raise RpcFault(400, "Not found")

    def delete_all(self) -> dict[str, str]:
        self._cache().flush(False)
        return {"status": "ok"}

    def delete_all_force(self) -> dict[str, str]:
        self._cache().flush(True)
        return {"status": "ok"}

    def add_address(self, kind: str, name: str, ttl: int, ip: str, flags: int) -> None:
        try:
            (ipaddress.IPv4Address if kind == "A" else ipaddress.IPv6Address)(ip)
        except ValueError:
            raise RpcFault(400, "Failed to add the entry to the cache") from None
        self._add(kind, name, ttl, {"rr_ip": ip}, flags)

    def add_srv(self, name: str, ttl: int, priority: int, weight: int, port: int, target: str, flags: int) -> None:
        record = {"rr_name": target, "rr_port": port, "rr_priority": priority, "rr_weight": weight}
        self._add("SRV", name, ttl, record, flags)

    def _add(self, kind: str, name: str, ttl: int, record: dict[str, Any], flags: int) -> None:
        permanent, negative = bool(flags & _PERMANENT), bool(flags & _NEGATIVE)
        records = () if negative else (record,)
        entry = DnsEntry(name, kind, expires=ttl, permanent=permanent, negative=negative, records=records)
        if not self._cache().add(entry):
            raise RpcFault(400, "Failed to add the entry to the cache")


def _brief(entry: DnsEntry, index: int | None) -> list[Any]:
    flags = (_PERMANENT if entry.permanent else 0) | (_NEGATIVE if entry.negative else 0)
    number = [] if index is None else [index]
    times = [entry.size, entry.references, entry.expires, entry.last_used, flags]
    return [entry.name, TYPES.get(entry.type, 0), *number, *times]


def _full(entry: DnsEntry) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "name": entry.name,
        "type": entry.type,
        "size_bytes": entry.size,
        "reference_counter": entry.references,
        "permanent": "yes" if entry.permanent else "no",
        "expires": 0 if entry.permanent else entry.expires,
        "last_used": entry.last_used,
        "negative_entry": "yes" if entry.negative else "no",
    }
    if entry.records:
        reply["records"] = [
            {
                "rr_idx": index,
                **{name: value for name, value in record.items() if name != "rr_expires"},
                "rr_permanent": "yes" if entry.permanent else "no",
                "rr_expires": 0 if entry.permanent else record.get("rr_expires", entry.expires),
            }
            for index, record in enumerate(entry.records)
        ]
    return reply


def _found(entry: DnsEntry | None) -> dict[str, Any]:
    if entry is None:
        raise RpcFault(400, "Not found")
    return _full(entry)


async def _later(pending: Awaitable[DnsEntry | None]) -> dict[str, Any]:
    return _found(await pending)


def _no_blocklist(*_: Any) -> None:
    raise RpcFault(500, "dst blocklist support disabled")


def register_dns_commands(registry: Registry, view: EngineView) -> None:
    dns = DnsCommands(view)
    add = registry.register
    add("dns.mem_info", dns.mem_info, "", "dns cache memory info.")
    add("dns.debug", dns.debug, "", "dns debug info.")
    add("dns.debug_all", dns.debug_all, "", "complete dns debug dump")
    add("dns.view", dns.view, "", "dns cache dump in a human-readable format", array=True)
    add("dns.lookup", dns.lookup, "SS", "perform a dns lookup")
    add("dns.delete_all", dns.delete_all, "", "deletes all the non-permanent entries from the DNS cache")
    add("dns.delete_all_force", dns.delete_all_force, "", "deletes all entries from the DNS cache, permanent ones too")
    for kind in ("A", "AAAA"):
        add(
            f"dns.add_{kind.lower()}",
            lambda name, ttl, ip, flags, kind=kind: dns.add_address(kind, name, ttl, ip, flags),
            "SdSd",
            f"adds an {kind} record to the DNS cache",
        )
    add("dns.add_srv", dns.add_srv, "SddddSd", "adds an SRV record to the DNS cache")
    for kind in ("A", "AAAA", "SRV", "NAPTR", "CNAME", "TXT", "EBL", "PTR"):
        add(
            f"dns.delete_{kind.lower()}",
            lambda name, kind=kind: dns.delete(kind, name),
            "S",
            f"deletes the {kind} records of a name from the DNS cache",
        )
    docs = {
        "mem_info": "dst blocklist memory usage info.",
        "debug": "dst blocklist debug info.",
        "view": "dst blocklist dump in human-readable format.",
        "delete_all": "Deletes all the entries from the dst blocklist except the permanent ones.",
        "add": "Adds a new entry to the dst blocklist.",
    }
    for name, doc in docs.items():
        add(f"dst_blocklist.{name}", _no_blocklist, "", doc)
