"""Module cfgutils: chance, waiting, global flags, locks, routes by name, and whether the configuration changed."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from olelo.core.context import RouteContext
from olelo.core.module import Module, ModuleError, RpcFault, function, param, rpc, variable
from olelo.script.catalog import Value
from olelo.script.runtime import SOFT_ZERO

if TYPE_CHECKING:
    from olelo.core.engine import Engine

_MASK = 0xFFFFFFFF
#: Longest pause between two looks at a lock, seconds.
_LONGEST_PAUSE = 0.02


def _step(h: int, v: int) -> int:
    return (h + (v ^ (v >> 3))) & _MASK


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def core_hash(first: bytes, second: bytes | None, size: int) -> int:
    """Kamailio's quick hash of one or two texts (core/hash_func.h); size is a power of two, 0 for 32 bits."""
    h = 0
    for text in (first,) if second is None else (first, second):
        whole = len(text) & ~3
        for at in range(0, whole, 4):
            v = (_signed(text[at]) << 24) + (_signed(text[at + 1]) << 16) + (_signed(text[at + 2]) << 8)
            h = _step(h, (v + _signed(text[at + 3])) & _MASK)
        v = 0
        for byte in text[whole:]:
            v = ((v << 8) + _signed(byte)) & _MASK
        h = _step(h, v)
    h = ((h + (h >> 11)) + ((h >> 13) + (h >> 23))) & _MASK
    return h & (size - 1) if size else h


_INVALID = (500, "Invalid Parameters")


class Cfgutils(Module):
    """Tools for the script: chance, waiting, global flags, locks."""

    name = "cfgutils"

    initial_probability = param(10, "Per cent of the calls for which rand_event() is true.")
    initial_gflags = param(0, "Global flags at the start, a bit mask.")
    hash_file = param("", "File whose MD5 is taken at the start, to see later whether it changed.")
    lock_set_size = param(0, "Number of locks as a power of two; 0: no locks. Here each key has its own lock.")

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._probability = 10
        self._gflags = 0
        self._hash = ""
        #: locks by key: tickets of who holds it and who waits, in turn
        self._locks: dict[str, deque[object]] = {}

    def init(self) -> None:
        if not 0 <= self.initial_probability <= 100:
            raise ModuleError("invalid probability in per cent (initial_probability)")
        self._probability = self.initial_probability
        self._gflags = self.initial_gflags & _MASK
        if self.hash_file:
            try:
                self._hash = _md5_of(self.hash_file)
            except OSError as error:
                raise ModuleError(f"could not hash the config file: {error}") from None

    # --- chance ---

    def _random(self) -> int:
        return int.from_bytes(self.engine.services.random_bytes(4), "big") >> 1

    @variable("RANDOM")
    def random(self, ctx: RouteContext) -> Value:
        """A random number from 0 to 2147483647."""
        return self._random()

    @function("rand_event")
    def rand_event(self, ctx: RouteContext) -> int:
        """1 with the probability set, else -1."""
        return 1 if self._random() % 100 < self._probability else -1

    @function("rand_set_prob")
    def rand_set_prob(self, ctx: RouteContext, percent: int) -> int:
        """Set the probability in per cent. Returns 1, or -1 if it is not between 0 and 100."""
        if not 0 <= percent <= 100:
            return -1
        self._probability = percent
        return 1

    @function("rand_reset_prob")
    def rand_reset_prob(self, ctx: RouteContext) -> int:
        """Go back to initial_probability. Returns 1."""
        self._probability = self.initial_probability
        return 1

    @function("rand_get_prob")
    def rand_get_prob(self, ctx: RouteContext) -> int:
        """The probability in per cent, as return code (0 ends the script)."""
        return self._probability

    # --- waiting ---

    @function("sleep", waits=True)
    async def sleep(self, ctx: RouteContext, seconds: int) -> int:
        """Wait some seconds; other messages go on. Returns 1."""
        await self.engine.services.sleep(max(seconds, 0))
        return 1

    @function("usleep", waits=True)
    async def usleep(self, ctx: RouteContext, microseconds: int) -> int:
        """Wait some microseconds; other messages go on. Returns 1."""
        await self.engine.services.sleep(max(microseconds, 0) / 1000000)
        return 1

    # --- process ---

    @function("abort")
    def abort(self, ctx: RouteContext) -> int:
        """Abort the process at once, with a core file where the system writes one."""
        os.abort()

    @function("pkg_status", "pkg_summary", "shm_status", "shm_summary")
    def memory_status(self, ctx: RouteContext) -> int:
        """Log that there are no memory pools to show. Returns 1."""
        self.engine.log(1, "there are no memory pools: see pkg.stats for the memory of the process")
        return 1

    # --- global flags ---

    @function("set_gflag")
    def set_gflag(self, ctx: RouteContext, flag: int) -> int:
        """Set a global flag (0 to 31). Returns 1, -1 for a bad number."""
        if not 0 <= flag <= 31:
            return -1
        self._gflags |= 1 << flag
        return 1

    @function("reset_gflag")
    def reset_gflag(self, ctx: RouteContext, flag: int) -> int:
        """Clear a global flag. Returns 1, -1 for a bad number."""
        if not 0 <= flag <= 31:
            return -1
        self._gflags &= ~(1 << flag)
        return 1

    @function("is_gflag")
    def is_gflag(self, ctx: RouteContext, flag: int) -> int:
        """1 if the global flag is set, else -1."""
        return 1 if 0 <= flag <= 31 and self._gflags >> flag & 1 else -1

    # --- locks ---

    @function("lock", waits=True)
    def lock(self, ctx: RouteContext, key: str) -> int | Awaitable[int]:
        """Take the lock of a key, waiting for it. Returns 1, or -1 if lock_set_size is 0."""
        if not self.lock_set_size:
            return -1
        ticket = object()
        queue = self._locks.get(key)
        if queue is None:
            self._locks[key] = deque((ticket,))
            return 1
        queue.append(ticket)
        return self._wait(queue, ticket)

    async def _wait(self, queue: deque[object], ticket: object) -> int:
        pause = 0.001
        while queue[0] is not ticket:
            await self.engine.services.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return 1

    @function("trylock")
    def trylock(self, ctx: RouteContext, key: str) -> int:
        """Take the lock of a key if it is free. Returns 1, else -1."""
        if not self.lock_set_size or key in self._locks:
            return -1
        self._locks[key] = deque((object(),))
        return 1

    @function("unlock")
    def unlock(self, ctx: RouteContext, key: str) -> int:
        """Give the lock of a key back. Returns 1, or -1 if lock_set_size is 0."""
        if not self.lock_set_size:
            return -1
        queue = self._locks.get(key)
        if queue is not None:
            queue.popleft()
            if not queue:
                del self._locks[key]
        return 1

    # --- routes ---

    @function("check_route_exists")
    def check_route_exists(self, ctx: RouteContext, name: str) -> int:
        """1 if there is a route[name], else -1."""
        return 1 if self.engine.route("route", name) is not None else -1

    @function("route_if_exists", waits=True)
    def route_if_exists(self, ctx: RouteContext, name: str) -> int | Awaitable[int]:
        """Run route[name] and return its code; -1 if there is none."""
        route = self.engine.route("route", name)
        if route is None:
            return -1
        result: Any = route.call(ctx)
        return 0 if result == SOFT_ZERO else result

    @function("core_hash")
    def core_hash(self, ctx: RouteContext, first: str, second: str, bits: int) -> int:
        """A hash of two texts from 1 to 2 to the power of `bits`, as return code."""
        size = 1 << bits if bits > 0 else 2
        other = second.encode("latin-1", "replace") if second else None
        return core_hash(first.encode("latin-1", "replace"), other, size) + 1

    # --- commands ---

    @rpc("cfgutils.set_gflag", "d", usage=_INVALID)
    def rpc_set_gflag(self, mask: int) -> None:
        """Set the global flags of a bit mask."""
        self._gflags |= mask & _MASK

    @rpc("cfgutils.reset_gflag", "d", usage=_INVALID)
    def rpc_reset_gflag(self, mask: int) -> None:
        """Clear the global flags of a bit mask."""
        self._gflags &= ~mask

    @rpc("cfgutils.is_gflag", "d", usage=_INVALID)
    def rpc_is_gflag(self, mask: int) -> str:
        """TRUE if all global flags of a bit mask are set, else FALSE."""
        return "TRUE" if self._gflags & mask == mask else "FALSE"

    @rpc("cfgutils.get_gflags")
    def rpc_get_gflags(self) -> str:
        """The global flags, hexadecimal and decimal."""
        return f"0x{self._gflags:X} ({self._gflags})"

    @rpc("cfgutils.rand_set_prob", "d", usage=_INVALID)
    def rpc_rand_set_prob(self, percent: int) -> None:
        """Set the probability in per cent."""
        if not 0 <= percent <= 100:
            raise RpcFault(500, "Invalid Percent")
        self._probability = percent

    @rpc("cfgutils.rand_reset_prob")
    def rpc_rand_reset_prob(self) -> None:
        """Go back to initial_probability."""
        self._probability = self.initial_probability

    @rpc("cfgutils.rand_get_prob")
    def rpc_rand_get_prob(self) -> str:
        """The probability in per cent."""
        return f"actual probability: {self._probability} percent"

    @rpc("cfgutils.get_config_hash")
    def rpc_get_config_hash(self) -> str:
        """The hash of hash_file as it was at the start."""
        return self._hash

    @rpc("cfgutils.check_config_hash")
    def rpc_check_config_hash(self) -> str:
        """Whether hash_file is still as it was at the start."""
        if not self.hash_file:
            raise RpcFault(500, "No hash file")
        try:
            now = _md5_of(self.hash_file)
        except OSError:
            raise RpcFault(500, "Failed to hash the file") from None
        return "Identical hash" if now == self._hash else "Different hash"


def _md5_of(path: str) -> str:
    return hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest()


MODULE = Cfgutils
