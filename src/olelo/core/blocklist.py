"""Destinations that have failed, kept for a while so that others are tried first (Kamailio's destination blocklist).

It is off unless the core parameter `use_dst_blocklist` is set. `dst_blocklist_expire` says how long an address stays,
and `dst_blocklist_udp_imask` and its kin which events do not count on a transport.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from olelo.core.sockets import Destination

if TYPE_CHECKING:
    from olelo.core.engine import Engine

# Events, Kamailio's bits.
SEND_FAILED = 2
CONNECT_FAILED = 4
ICMP = 8
TIMEOUT = 16
ANSWERED_503 = 32
PROHIBITED = 64

#: Addresses kept at most; they come from names and registrations of others, so the memory must be bounded.
SIZE = 10_000

_Key = tuple[str, str, int]


class Blocklist:
    """Addresses by transport, IP address and port, each with the event that brought it here and its end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: dict[_Key, tuple[float, int]] = {}

    def add(self, event: int, to: Destination, seconds: float = 0.0) -> None:
        """Note that a destination has failed, for `seconds` or as long as dst_blocklist_expire says."""
        params = self._engine.params
        if not params.use_dst_blocklist or event & int(params.get(f"dst_blocklist_{to.proto}_imask") or 0):
            return
        if len(self._held) >= SIZE:
            self._held.clear()
        end = self._engine.now() + (seconds or params.dst_blocklist_expire)
        self._held[to.proto, to.ip, to.port] = (end, event)

    def holds(self, to: Destination) -> bool:
        """Whether a destination is to be left alone now."""
        if not self._held:
            return False
        key = (to.proto, to.ip, to.port)
        found = self._held.get(key)
        if found is None:
            return False
        if found[0] <= self._engine.now():
            del self._held[key]
            return False
        return bool(self._engine.params.use_dst_blocklist)

    def entries(self) -> list[tuple[str, str, int, float, int]]:
        """(transport, IP address, port, seconds left, event) of all that have not expired."""
        now = self._engine.now()
        return [(*key, end - now, event) for key, (end, event) in self._held.items() if end > now]

    def clear(self) -> None:
        self._held.clear()
