"""An engine as the core's commands see it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

from olelo.core.declarations import describe
from olelo.core.dns_cache import DnsView
from olelo.core.engine import Engine
from olelo.rpc.view import AliasInfo, ProcessInfo, SocketInfo, TcpConnection, TcpInfo


class Host(Protocol):
    """What this view needs of the application."""

    @property
    def services(self) -> Any: ...


class LiveEngine:
    """`EngineView` over a running engine."""

    def __init__(self, engine: Engine, host: Host) -> None:
        self._engine = engine
        self._host = host

    @property
    def started_at(self) -> float:
        return self._engine.started_at

    @property
    def arguments(self) -> Sequence[str]:
        return self._engine.arguments

    def now(self) -> float:
        return self._engine.wall()

    def modules(self) -> Sequence[str]:
        return list(self._engine.modules)

    def defines(self) -> Sequence[tuple[str, str | None]]:
        return list(self._engine.defines.items())

    def listen_sockets(self) -> Sequence[SocketInfo]:
        return [SocketInfo(s.proto, s.host, s.port) for s in self._engine.sockets]

    def host_aliases(self) -> Sequence[AliasInfo]:
        return [AliasInfo(host.decode("latin-1"), port, proto) for host, port, proto in sorted(self._engine.aliases)]

    def myself_callbacks(self) -> bool:
        return False

    def processes(self) -> Sequence[ProcessInfo]:
        return [ProcessInfo(os.getpid(), "main process - attendant")]

    def tcp_info(self) -> TcpInfo | None:
        params = self._engine.params
        tcp = self._host.services.tcp
        if params.disable_tcp or tcp is None:
            return None
        return TcpInfo(1, params.tcp_max_connections, params.tls_max_connections, len(tcp.connections))

    def tcp_connections(self) -> Sequence[TcpConnection]:
        tcp = self._host.services.tcp
        if tcp is None:
            return []
        lifetime = self._engine.params.tcp_connection_lifetime
        now = tcp.loop.time()
        return [
            TcpConnection(
                c.number, "tcp", c.state, int(c.last_used + lifetime - now), lifetime,
                c.peer[0], c.peer[1], c.listen.host, c.listen.port,
            )
            for c in tcp.connections.values()
        ]  # fmt: skip

    def tcp_options(self) -> dict[str, int]:
        return {}

    def udp4_raw(self) -> tuple[int, int, int]:
        return 0, 0, 0

    def signal(self, number: int) -> None:
        try:
            os.kill(os.getpid(), number)
        except (OSError, OverflowError) as error:
            raise ValueError(str(error)) from error

    def dns(self) -> DnsView | None:
        return self._host.services.dns_cache() if self._engine.params.use_dns_cache else None

    def module_params(self, module: str) -> dict[str, int | str] | None:
        found = self._engine.modules.get(module)
        if found is None:
            return None
        return {name: getattr(found, attribute) for name, attribute in describe(type(found)).attributes.items()}

    def set_module_param(self, module: str, name: str, value: int) -> None:
        found = self._engine.modules[module]
        attribute = describe(type(found)).attributes[name]
        declared = getattr(type(found), attribute)
        if declared.check is not None:
            declared.check(value)
        setattr(found, attribute, value)
