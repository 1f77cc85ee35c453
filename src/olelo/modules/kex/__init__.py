"""Module kex: flags of script and branches, $du by function, is_myself, debug level; statistics and memory by RPC.

Memory numbers are those of the process: there are no pools per process and for all, as Kamailio has.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from olelo.core.context import RouteContext
from olelo.core.memory import memory_free, memory_peak, memory_total, memory_used
from olelo.core.module import Many, Module, Pairs, RpcFault, function, rpc, variable
from olelo.core.operands import uri_or_none
from olelo.core.stats_commands import STATS_ASKED, STATS_NAMED, StatsCommands
from olelo.script.catalog import PvRef, Value

if TYPE_CHECKING:
    from olelo.core.engine import Engine

_MOD_STATS = (500, 'Module name or "all" needed', '"pkg" or "shm" or "all" needed')


def _zero() -> int:
    return 0


class Kex(Module):
    """Extensions of the core: functions, and commands over statistics and memory."""

    name = "kex"

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._serial = 0
        self._debug: int | None = None

    def init(self) -> None:
        self.stats_commands = StatsCommands(self.engine.stats)
        for member, read in (
            ("total_size", memory_total),
            ("used_size", memory_used),
            ("real_used_size", memory_used),
            ("max_used_size", memory_peak),
            ("free_size", memory_free),
            ("fragments", _zero),
        ):
            self.engine.stats.computed("shmem", member, read, "Memory of the process.")

    # --- flags ---

    @function("setsflag")
    def setsflag(self, ctx: RouteContext, flag: int) -> int:
        """Set a flag of the script (0 to 31), until the route that runs now has ended. Returns 1, -1 for a bad number."""
        if not 0 <= flag <= 31:
            return -1
        ctx.sflags |= 1 << flag
        return 1

    @function("resetsflag")
    def resetsflag(self, ctx: RouteContext, flag: int) -> int:
        """Clear a flag of the script. Returns 1, -1 for a bad number."""
        if not 0 <= flag <= 31:
            return -1
        ctx.sflags &= ~(1 << flag)
        return 1

    @function("issflagset")
    def issflagset(self, ctx: RouteContext, flag: int) -> int:
        """1 if the flag of the script is set, else -1."""
        return 1 if 0 <= flag <= 31 and ctx.sflags >> flag & 1 else -1

    @function("setbflag")
    def setbflag(self, ctx: RouteContext, flag: int, branch: int = 0) -> int:
        """Set a flag of a branch; branch 0 is the Request-URI. Returns 1, -1 for a bad number."""
        return _change_bflag(ctx, flag, branch, True)

    @function("resetbflag")
    def resetbflag(self, ctx: RouteContext, flag: int, branch: int = 0) -> int:
        """Clear a flag of a branch. Returns 1, -1 for a bad number."""
        return _change_bflag(ctx, flag, branch, False)

    @function("isbflagset")
    def isbflagset(self, ctx: RouteContext, flag: int, branch: int = 0) -> int:
        """1 if the flag of the branch is set, else -1."""
        if not 0 <= flag <= 31 or not 0 <= branch <= len(ctx.branches):
            return -1
        flags = ctx.branches[branch - 1].flags if branch else ctx.bflags
        return 1 if flags >> flag & 1 else -1

    # --- next hop ---

    @function("setdsturi")
    def setdsturi(self, ctx: RouteContext, uri: str) -> int:
        """Set the next hop ($du). Returns 1."""
        ctx.dst_uri = uri.encode("latin-1", "replace")
        ctx.ruri_used = False
        return 1

    @function("resetdsturi")
    def resetdsturi(self, ctx: RouteContext) -> int:
        """Forget the next hop. Returns 1."""
        ctx.dst_uri = b""
        return 1

    @function("isdsturiset")
    def isdsturiset(self, ctx: RouteContext) -> int:
        """1 if there is a next hop, else -1."""
        return 1 if ctx.dst_uri else -1

    @function("is_myself")
    def is_myself(self, ctx: RouteContext, uri: str) -> int:
        """1 if the URI, host or address is ours, else -1. Without a port in the URI any port will do."""
        text = uri.encode("latin-1", "replace")
        if uri[:5].lower().startswith(("sip:", "sips:")):
            found = uri_or_none(text)
            if found is None:
                return -1
            return 1 if self.engine.is_myself(found.host, found.port) else -1
        return 1 if text and self.engine.is_myself(text) else -1

    # --- values, log ---

    @function("pv_printf", "avp_printf")
    def pv_printf(self, ctx: RouteContext, target: PvRef, text: str) -> int:
        """Assign text, its variables expanded, to a variable. Returns 1, -1 if it is read-only."""
        if target.set is None:
            return -1
        target.set(ctx, text)
        return 1

    @function("setdebug")
    def setdebug(self, ctx: RouteContext, level: int) -> int:
        """Change the debug level until resetdebug(). Returns 1."""
        if self._debug is None:
            self._debug = self.engine.params.debug
        self.engine.params.debug = level
        return 1

    @function("resetdebug")
    def resetdebug(self, ctx: RouteContext) -> int:
        """Go back to the debug level of the configuration. Returns 1."""
        if self._debug is not None:
            self.engine.params.debug = self._debug
            self._debug = None
        return 1

    @variable("sruid")
    def sruid(self, ctx: RouteContext) -> Value:
        """A new unique identifier at each use."""
        self._serial += 1
        return f"srid-{int(self.engine.started_at):x}-{os.getpid():x}-{self._serial:x}"

    # --- commands: statistics ---

    @rpc("stats.get_statistics", "s*s", array=True, usage=STATS_ASKED)
    def get_statistics(self, *what: str) -> Many:
        """get core and modules stats"""
        return self.stats_commands.get(*what)

    @rpc("stats.fetch", "s*s", usage=STATS_ASKED)
    def fetch(self, *what: str) -> Pairs:
        """fetch core and modules stats as string values"""
        return self.stats_commands.fetch(*what)

    @rpc("stats.fetchn", "s*s", usage=STATS_ASKED)
    def fetchn(self, *what: str) -> Pairs:
        """fetch core and modules stats as number values"""
        return self.stats_commands.fetchn(*what)

    @rpc("stats.reset_statistics", "s*s", usage=STATS_NAMED)
    def reset_statistics(self, *what: str) -> None:
        """reset core and modules stats (silent operation)"""
        self.stats_commands.reset(*what)

    @rpc("stats.clear_statistics", "s*s", usage=STATS_NAMED)
    def clear_statistics(self, *what: str) -> Many:
        """clear core and modules stats (verbose operation)"""
        return self.stats_commands.clear(*what)

    # --- commands: memory ---

    @rpc("pkg.stats", "*Sa", array=True)
    def pkg_stats(self, filter: str = "", value: Any = None) -> Many:
        """Private memory per process, of one if pid, rank or index and its number are given: here there is one."""
        ours = {"pid": os.getpid(), "rank": 0, "index": 0}
        if filter:
            if filter not in ours:
                raise RpcFault(500, "Invalid filter type")
            if not isinstance(value, int):
                raise RpcFault(500, "One more parameter expected")
            if value != ours[filter]:
                if filter == "pid":
                    raise RpcFault(500, "No such pid")
                return Many()
        used = memory_used()
        entry = {
            "entry": 0,
            "pid": os.getpid(),
            "rank": 0,
            "used": used,
            "free": memory_free(),
            "real_used": used,
            "total_size": memory_total(),
            "total_frags": 0,
            "desc": "main process - attendant",
        }
        return Many([entry])

    @rpc("pkg.info")
    def pkg_info(self) -> dict[str, str | int]:
        """Name of the private memory manager, Python's, and the memory there is in bytes."""
        return {"name": "python", "size": memory_total()}

    @rpc("mod.stats", "SS", array=True, usage=_MOD_STATS)
    def mod_stats(self, module: str, kind: str) -> Many:
        """Memory of a module, or of all: pkg, shm or all. Python counts it for the whole process, shown under core."""
        names = ["core", *self.engine.modules] if module.lower() == "all" else [module]
        found: list[Any] = []
        for name in names:
            found.append(f"Module: {name}")
            if kind.lower() in ("pkg", "all"):
                found.append({"Total": memory_used() if name == "core" else 0})
            if kind.lower() in ("shm", "all"):
                found.append({"Total": 0})
        return Many(found)

    @rpc("mod.mem_stats", "SS", array=True, usage=_MOD_STATS)
    def mod_mem_stats(self, module: str, kind: str) -> Many:
        """As mod.stats."""
        return self.mod_stats(module, kind)

    @rpc("mod.mem_statsx", "SS", array=True, usage=_MOD_STATS)
    def mod_mem_statsx(self, module: str, kind: str) -> Many:
        """As mod.stats."""
        return self.mod_stats(module, kind)


def _change_bflag(ctx: RouteContext, flag: int, branch: int, on: bool) -> int:
    if not 0 <= flag <= 31 or not 0 <= branch <= len(ctx.branches):
        return -1
    bit = 1 << flag
    if branch:
        entry = ctx.branches[branch - 1]
        entry.flags = entry.flags | bit if on else entry.flags & ~bit
    else:
        ctx.bflags = ctx.bflags | bit if on else ctx.bflags & ~bit
    return 1


MODULE = Kex
