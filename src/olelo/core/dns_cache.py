"""The DNS cache as commands see it; `net/` keeps it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True, frozen=True)
class DnsEntry:
    """A name in the DNS cache. Times in seconds; expires -1: over. records: each one's fields (`rr_ip`, ..)."""

    name: str
    type: str
    expires: int = 0
    last_used: int = 0
    size: int = 0
    references: int = 1
    permanent: bool = False
    negative: bool = False
    records: tuple[dict[str, Any], ...] = field(default=())


class DnsView(Protocol):
    """The DNS cache, as the dns.* commands see it."""

    def memory(self) -> tuple[int, int]:
        """(bytes in use, most that may be used)."""

    def entries(self) -> Sequence[DnsEntry]: ...

    def lookup(self, type: str, name: str) -> DnsEntry | None | Awaitable[DnsEntry | None]:
        """Answer from the cache or ask; None where the name has no such record."""

    def delete(self, type: str, name: str) -> bool: ...

    def flush(self, permanent: bool) -> None:
        """Forget all entries; those added as permanent only if `permanent`."""

    def add(self, entry: DnsEntry) -> bool: ...
