"""What the tests of the command doors share: an engine's view with fixed facts, a server, kamcmd."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from olelo.core.declarations import bind
from olelo.core.dns_cache import DnsEntry
from olelo.core.stats import Statistics
from olelo.modules.ctl import ControlOptions
from olelo.modules.ctl.address import ControlAddress, parse_address
from olelo.modules.kex import Kex
from olelo.rpc.core_commands import register_core_commands
from olelo.rpc.registry import Registry
from olelo.rpc.server import ControlServer
from olelo.rpc.view import AliasInfo, ProcessInfo, SocketInfo, TcpConnection, TcpInfo

needs_kamcmd = pytest.mark.skipif(shutil.which("kamcmd") is None, reason="kamcmd is not installed")
needs_kamailio = pytest.mark.skipif(
    shutil.which("kamailio") is None or shutil.which("kamcmd") is None, reason="kamailio and kamcmd are not installed"
)


class FixedDns:
    """A DNS cache of two names."""

    def __init__(self) -> None:
        address = {"rr_ip": "192.0.2.1", "rr_expires": 9}
        self.held = [
            DnsEntry("example.org", "A", expires=9, last_used=1, size=100, records=(address,)),
            DnsEntry("fixed.example.org", "AAAA", permanent=True, records=({"rr_ip": "2001:db8::1"},)),
        ]

    def memory(self) -> tuple[int, int]:
        return 200, 512000

    def entries(self) -> Sequence[DnsEntry]:
        return self.held

    def lookup(self, type: str, name: str) -> DnsEntry | None:
        return next((entry for entry in self.held if (entry.type, entry.name) == (type, name)), None)

    def delete(self, type: str, name: str) -> bool:
        before = len(self.held)
        self.held = [entry for entry in self.held if (entry.type, entry.name) != (type, name)]
        return len(self.held) < before

    def flush(self, permanent: bool) -> None:
        self.held = [] if permanent else [entry for entry in self.held if entry.permanent]

    def add(self, entry: DnsEntry) -> bool:
        self.held.append(entry)
        return True


class FixedView:
    """An engine that started 100 000 seconds ago, with one of everything."""

    started_at = 1_700_000_000.0
    arguments: Sequence[str] = ["olelo", "serve", "-f", "x.cfg"]

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.cache: FixedDns | None = FixedDns()
        self.streams: TcpInfo | None = TcpInfo(1, 2048, 2048, 1, 0, 0)
        self.params: dict[str, dict[str, int | str]] = {"ctl": {"mode": 0o600, "user": "kamailio"}}

    def now(self) -> float:
        return self.started_at + 100_000

    def modules(self) -> Sequence[str]:
        return ["ctl", "kex", "sl"]

    def defines(self) -> Sequence[tuple[str, str | None]]:
        return [("WITH_FOO", None), ("BAR", "12")]

    def listen_sockets(self) -> Sequence[SocketInfo]:
        return [
            SocketInfo("udp", "127.0.0.77", 5060),
            SocketInfo("tcp", "sip.example.org", 5060, ip="192.0.2.7", mhomed=True),
        ]

    def host_aliases(self) -> Sequence[AliasInfo]:
        return [AliasInfo("example.org"), AliasInfo("example.net", 5070, "udp")]

    def myself_callbacks(self) -> bool:
        return False

    def processes(self) -> Sequence[ProcessInfo]:
        return [ProcessInfo(4711, "main process"), ProcessInfo(4712, "worker", rank=1)]

    def tcp_info(self) -> TcpInfo | None:
        return self.streams

    def tcp_connections(self) -> Sequence[TcpConnection]:
        return [TcpConnection(3, "tls", "OK", 118, 120, "192.0.2.9", 40000, "192.0.2.7", 5061)]

    def tcp_options(self) -> dict[str, int]:
        return {"connection_lifetime": 3605}

    def udp4_raw(self) -> tuple[int, int, int]:
        return 0, 1500, 64

    def signal(self, number: int) -> None:
        self.signals.append(number)

    def dns(self) -> FixedDns | None:
        return self.cache

    def module_params(self, module: str) -> dict[str, int | str] | None:
        return self.params.get(module)

    def set_module_param(self, module: str, name: str, value: int) -> None:
        if value < 0:
            raise ValueError("negative")
        self.params[module][name] = value


def filled_statistics() -> Statistics:
    statistics = Statistics()
    statistics.counter("sl", "sent_replies").value = 7
    statistics.counter("core", "rcv_requests").value = 3
    statistics.counter("core", "fwd_requests").value = 2
    statistics.computed("shmem", "total_size", lambda: 5_000_000_000)
    return statistics


def filled_registry(view: FixedView | None = None, statistics: Statistics | None = None) -> Registry:
    """The core's commands and stats.* with fixed facts."""
    registry = Registry()
    register_core_commands(registry, view or FixedView())
    engine: Any = SimpleNamespace(stats=Statistics())
    kex = Kex(engine)
    kex.init()
    engine.stats = kex.stats_commands.statistics = statistics or filled_statistics()
    registry.register_all(command for command in bind(kex).rpcs if command.name.startswith("stats."))
    return registry


@asynccontextmanager
async def serving(
    registry: Registry,
    *addresses: str | ControlAddress,
    options: ControlOptions | None = None,
    log: list[str] | None = None,
) -> AsyncIterator[ControlServer]:
    server = ControlServer(registry, options, log.append if log is not None else None)
    try:
        for address in addresses:
            server.open(parse_address(address) if isinstance(address, str) else address)
        yield server
    finally:
        server.close()


async def kamcmd(address: str, *words: str) -> str:
    """What the real kamcmd prints (both outputs)."""
    process = await asyncio.create_subprocess_exec(
        "kamcmd", "-s", address, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return output.decode()


def outline(printed: str) -> list[str]:
    """The structure of what kamcmd printed: braces and member names, values left out."""
    lines = []
    for line in printed.splitlines():
        name, colon, _ = line.strip().partition(": ")
        nested = line.endswith("{")
        lines.append(
            f"{name}:" + ("{" if nested else "") if colon else line.strip() if line.strip() in "{}" else "value"
        )
    return lines


def short_path(directory: Path, name: str) -> str:
    """A path for a unix socket, which may have no more than 107 bytes."""
    path = str(directory / name)
    if len(path) > 100:
        pytest.skip("the temporary directory's name is too long for a unix socket")
    return path
