"""What the core's commands must know about an engine. The engine (or a test) implements `EngineView`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from olelo.core.dns_cache import DnsView


@dataclass(slots=True, frozen=True)
class SocketInfo:
    """A listening socket. ip: its address where `address` is a host name, else ""."""

    proto: str
    address: str
    port: int
    ip: str = ""
    multicast: bool = False
    mhomed: bool = False
    virtual: bool = False


@dataclass(slots=True, frozen=True)
class AliasInfo:
    """A name of ours. proto "" and port 0 match any."""

    address: str
    port: int = 0
    proto: str = ""


@dataclass(slots=True, frozen=True)
class ProcessInfo:
    """A process. rank: Kamailio's (0 main, 1.. workers, negative helpers); status 1: running."""

    pid: int
    description: str
    rank: int = 0
    status: int = 1


@dataclass(slots=True, frozen=True)
class TcpInfo:
    """Figures of the stream transports; readers: processes that read, for us 1."""

    readers: int = 1
    max_connections: int = 0
    max_tls_connections: int = 0
    connections: int = 0
    tls_connections: int = 0
    queued_bytes: int = 0


@dataclass(slots=True, frozen=True)
class TcpConnection:
    """One open connection; times in seconds, proto tcp, tls, ws or wss; state without the CONN_ prefix: OK, INIT, .."""

    id: int
    proto: str
    state: str
    timeout: int
    lifetime: int
    src_ip: str
    src_port: int
    dst_ip: str
    dst_port: int
    references: int = 1


class EngineView(Protocol):
    """The engine, as the core's commands see it. Times are seconds since 1970."""

    @property
    def started_at(self) -> float: ...
    @property
    def arguments(self) -> Sequence[str]: ...

    def now(self) -> float: ...

    def modules(self) -> Sequence[str]:
        """Names of the loaded modules, in the order they were loaded."""

    def defines(self) -> Sequence[tuple[str, str | None]]:
        """Preprocessor names with their values, in the order they were defined."""

    def listen_sockets(self) -> Sequence[SocketInfo]: ...
    def host_aliases(self) -> Sequence[AliasInfo]: ...

    def myself_callbacks(self) -> bool:
        """Whether a module (domain) also says which hosts are ours."""

    def processes(self) -> Sequence[ProcessInfo]: ...

    def tcp_info(self) -> TcpInfo | None:
        """None where streams are switched off (disable_tcp)."""

    def tcp_connections(self) -> Sequence[TcpConnection]: ...

    def tcp_options(self) -> dict[str, int]:
        """Values of core.tcp_options that differ from its defaults, by the names that command shows."""

    def udp4_raw(self) -> tuple[int, int, int]:
        """(udp4_raw, udp4_raw_mtu, udp4_raw_ttl) as configured."""

    def signal(self, number: int) -> None:
        """Do what the signal of that number asks (15: stop). Must return, so that the caller gets an answer.

        Raises ValueError where there is no such signal."""

    def dns(self) -> DnsView | None:
        """None where the DNS cache is off (use_dns_cache=no)."""

    def module_params(self, module: str) -> dict[str, int | str] | None:
        """Parameters of a loaded module with their present values; None where it is not loaded."""

    def set_module_param(self, module: str, name: str, value: int) -> None:
        """Set an integer parameter; raises ValueError(text) where that is refused."""
