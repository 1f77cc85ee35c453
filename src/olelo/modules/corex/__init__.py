"""Module corex: more of the core for the script: branches, sockets, sending, files, aliases with their subdomains."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING

from olelo.core.context import FAKED, RouteContext
from olelo.core.lookup import parse_phostport
from olelo.core.memory import memory_free, memory_peak, memory_total, memory_used
from olelo.core.module import Many, Module, Pairs, RpcFault, function, param, rpc, variable
from olelo.core.sockets import PROTOCOLS, ListenSocket
from olelo.modules.corex.sending import SendingFunctions
from olelo.modules.corex.sockets import SocketVariables
from olelo.script.catalog import Getter, PvRef, Setter, Value

if TYPE_CHECKING:
    from olelo.core.engine import Engine


def _check_alias(text: str) -> None:
    parse_phostport(text)


class CorexCommands(Module):
    """RPC commands of corex. Memory numbers are those of the process: there are no pools."""

    @rpc("corex.list_sockets", array=True)
    def list_sockets(self) -> Many:
        """Our sockets, by transport."""
        return Many(_socket(sock) for proto in PROTOCOLS for sock in self.engine.sockets if sock.proto == proto)

    @rpc("corex.list_aliases", array=True)
    def list_aliases(self) -> Many:
        """Names that are ours too."""
        return Many(
            Pairs([("PROTO", proto or "*"), ("ADDR", host.decode("latin-1")), ("PORT", port)])
            for host, port, proto in sorted(self.engine.aliases)
        )

    @rpc("corex.debug", "*d")
    def debug(self, level: int | None = None) -> Pairs:
        """The debug level, or old and new one when a number is given."""
        old = self.engine.params.debug
        if level is None:
            return Pairs([("debug", old)])
        self.engine.params.debug = level
        return Pairs([("old", old), ("new", level)])

    @rpc("corex.shm_status")
    def shm_status(self) -> None:
        """Log the memory of the process."""
        self.engine.log(1, f"memory of the process: {memory_used()} bytes")

    @rpc("corex.shm_summary")
    def shm_summary(self) -> None:
        """Log the memory of the process."""
        self.shm_status()

    @rpc("corex.pkg_summary", "Sd", usage=(400, "Selector and value not provided"))
    def pkg_summary(self, selector: str, value: int) -> None:
        """Log the memory of a process, by `pid` or `idx`."""
        if selector.lower() not in ("pid", "idx"):
            raise RpcFault(500, "Unsupported selector type" if len(selector) == 3 else "Unsupported selector")
        if selector.lower() == "idx" and value != 0:
            raise RpcFault(500, "Index value out of range")
        self.shm_status()

    @rpc("shm.info")
    def shm_info(self) -> Pairs:
        """Name and size of the memory manager."""
        return Pairs([("name", "python"), ("size", memory_total())])

    @rpc("shm.stats")
    def shm_stats(self) -> Pairs:
        """Memory of the process, bytes."""
        return Pairs(self._memory("total", "free", "used", "real_used", "max_used", "fragments"))

    @rpc("shm.report")
    def shm_report(self) -> Pairs:
        """Memory of the process, bytes; there are no fragments to tell about."""
        return Pairs(
            self._memory("total_size", "free_size_s", "used_size_s", "real_used_s", "max_used_s", "total_frags")
        )

    @rpc("shm.rprint", "sS")
    def shm_rprint(self, where: str, what: str) -> None:
        """Refused: memory is not kept by the place where it was taken."""
        raise RpcFault(500, "Not supported")

    def _memory(self, total: str, free: str, used: str, real: str, peak: str, fragments: str) -> list[tuple[str, int]]:
        now = memory_used()
        return [
            (total, memory_total()),
            (free, memory_free()),
            (used, now),
            (real, now),
            (peak, memory_peak()),
            (fragments, 0),
        ]


def _socket(sock: ListenSocket) -> Pairs:
    advertised = (sock.via_host, sock.via_port) != (sock.host, sock.port)
    return Pairs(
        [
            ("PROTO", sock.proto),
            ("NAME", sock.host),
            ("ADDRLIST", Pairs([("ADDR", sock.host)])),
            ("PORT", str(sock.port)),
            ("MCAST", "no"),
            ("MHOMED", "no"),
            ("VIRTUAL", "no"),
            ("SOCKNAME", sock.name or "-"),
            ("ADVERTISE", sock.via_host if advertised else "-"),
        ]
    )


class Corex(SendingFunctions, SocketVariables, CorexCommands):
    """More of the core for the script."""

    name = "corex"
    event_routes = ("network:msg", "corex:reply-out")

    alias_subdomains = param(
        "", "A domain of ours with all its subdomains: [proto:]domain[:port].", check=_check_alias, repeat=True
    )
    dns_cache = param("", "A record for the DNS cache.", repeat=True, noop=True)
    nio_intercept = param(0, "1: run event_route[network:msg] for every packet.", noop=True)
    nio_min_msg_len = param(-1, "Shortest packet for network:msg.", noop=True)
    nio_msg_avp = param("", "AVP whose value replaces the packet.", noop=True)
    evcb_reply_out = param("", "Callback before a reply leaves.", noop=True)

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._domains: list[tuple[bytes, int, str]] = []

    def init(self) -> None:
        for text in self.values("alias_subdomains"):
            proto, host, port = parse_phostport(str(text))
            self._domains.append((host.lower().encode("latin-1"), port, proto))
        if self._domains:
            self.engine.myself_checks.append(self.is_subdomain)
        for event in self.event_routes:
            if self.engine.has_event(event):
                self.engine.log(0, f"corex: event_route[{event}] is accepted, but never run")

    def is_subdomain(self, host: bytes, port: int, proto: str) -> bool:
        """Whether a host is a domain of alias_subdomains or below one."""
        for domain, own_port, own_proto in self._domains:
            if own_port and port not in (0, own_port) or own_proto and proto not in ("", own_proto):
                continue
            if host == domain or host.endswith(b"." + domain):
                return True
        return False

    @variable("cfg", inner="required", dynamic=False)
    def cfg(self, inner: str, index: int | str | None) -> tuple[Getter, Setter | None]:
        """Where the script is: line, file (or name), route (DEFAULT_ROUTE for the main one)."""
        if inner not in ("line", "file", "name", "route"):
            raise ValueError(f"{inner!r} is not one of line, file, name, route")

        def get(ctx: RouteContext) -> Value:
            frame = self._route_frame()
            if inner == "line":
                return frame.f_lineno if frame is not None else 0
            if frame is None:
                return None
            return frame.f_code.co_filename if inner != "route" else self._route_name(frame.f_code)

        return get, None

    def _route_frame(self) -> FrameType | None:
        """The frame of the running route: routes are compiled under the names and lines of the configuration."""
        frame: FrameType | None = sys._getframe(1)
        sources = self.engine.sources
        while frame is not None and frame.f_code.co_filename not in sources:
            frame = frame.f_back
        return frame

    def _route_name(self, code: CodeType) -> str | None:
        for (kind, name), route in self.engine.program.routes.items():
            if getattr(route.call, "__code__", None) is code:
                return name or ("DEFAULT_ROUTE" if kind == "request" else kind)
        return None

    @function("is_faked_msg")
    def is_faked_msg(self, ctx: RouteContext) -> int:
        """1 if the message is a copy that a transaction keeps (as in failure_route), else -1."""
        return 1 if ctx.msg_flags & FAKED else -1

    @function("is_incoming")
    def is_incoming(self, ctx: RouteContext) -> int:
        """In event_route[network:msg]: 1 for packets that came in. That event is never run here, so -1."""
        return -1

    @function("file_read")
    def file_read(self, ctx: RouteContext, path: str, target: PvRef) -> int:
        """Read a whole file into a variable. Returns 1, -1 where it cannot be read."""
        if not path or target.set is None:
            return -1
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            self.engine.log(-1, f"cannot read {path}: {os.strerror(error.errno or 0)}")
            return -1
        target.set(ctx, data.decode("latin-1"))
        return 1

    @function("file_write")
    def file_write(self, ctx: RouteContext, path: str, text: str) -> int:
        """Write text to a file, in place of what it held. Returns 1, -1 where it cannot be written or is empty."""
        if not path or not text:
            return -1
        try:
            Path(path).write_bytes(text.encode("latin-1", "replace"))
        except OSError as error:
            self.engine.log(-1, f"cannot write {path}: {os.strerror(error.errno or 0)}")
            return -1
        return 1


MODULE = Corex
