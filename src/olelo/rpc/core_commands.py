"""The core's own commands: core.* (Kamailio 5.6, module kex README section 4 and core), modparam.*.

Names, arguments and the fields of the replies in their order are Kamailio's. Where it speaks of things that this
server does not have, the nearest truth stands in: core.shmmem tells the process' memory (see `memory_info`), core.info
and core.flags tell the Python build, core.udp4_raw_info the parameters (raw sockets are never used).
core.echo_delta and modparam.* come from later releases.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import Any

import olelo
from olelo.core.memory import memory_free, memory_peak, memory_total, memory_used
from olelo.core.module import Many, NamedList, RpcFault
from olelo.rpc.dns_commands import register_dns_commands
from olelo.rpc.registry import Registry
from olelo.rpc.view import EngineView

NAME = "olelo"
_UNITS = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30}

#: core.tcp_options in the reference's order, with its defaults.
TCP_OPTIONS = {
    "connect_timeout": 10,
    "send_timeout": 10,
    "connection_lifetime": 120,
    "max_connections(soft)": 2048,
    "max_tls_connections(soft)": 2048,
    "no_connect": 0,
    "fd_cache": 1,
    "async": 1,
    "connect_wait": 1,
    "conn_wq_max": 32768,
    "wq_max": 10485760,
    "defer_accept": 0,
    "delayed_ack": 1,
    "syncnt": 0,
    "linger2": 0,
    "keepalive": 1,
    "keepidle": 0,
    "keepintvl": 0,
    "keepcnt": 0,
    "crlf_ping": 1,
    "accept_aliases": 0,
    "alias_flags": 1,
    "new_conn_alias_flags": 2,
}


def product_version() -> str:
    return str(getattr(olelo, "__version__", "0.1.0"))


def full_version() -> str:
    """As core.version shows it: "olelo 0.1.0 (x86_64/linux)"."""
    return f"{NAME} {product_version()} ({platform.machine()}/{sys.platform})"


def build_flags() -> str:
    return f"ASYNCIO, {platform.python_implementation().upper()}, USE_TCP, USE_TLS, USE_NAPTR"


def clock_text(seconds: float) -> str:
    """Local time as C's ctime: "Mon Nov 23 12:45:54 2026"."""
    return time.asctime(time.localtime(seconds))


def memory_info() -> dict[str, int]:
    """Memory in bytes: total and free of the machine, used (resident now) and the peak of this process."""
    used = memory_used()
    peak = max(used, memory_peak())
    return {
        "total": memory_total(),
        "free": memory_free(),
        "used": used,
        "real_used": used,
        "max_used": peak,
        "fragments": 0,
    }


class CoreCommands:
    """The commands, bound to one engine."""

    def __init__(self, view: EngineView) -> None:
        self.view = view

    def echo(self, *values: str) -> Many:
        return Many(values)

    def printi(self, *values: int) -> Many:
        return Many(values)

    def version(self) -> str:
        return full_version()

    def flags(self) -> str:
        return build_flags()

    def info(self) -> dict[str, str]:
        return {
            "version": f"{NAME} {product_version()}",
            "id": "unknown",
            "compiler": f"{platform.python_implementation()} {platform.python_version()}",
            "compiled": "",
            "flags": build_flags(),
        }

    def runinfo(self) -> dict[str, Any]:
        now = self.view.now()
        up = max(0, int(now) - int(self.view.started_at))
        return {
            "name": NAME,
            "version": product_version(),
            "sourceid": "unknown",
            "compiler": f"{platform.python_implementation()} {platform.python_version()}",
            "compiled": "",
            "time_now": clock_text(now),
            "time_started": clock_text(self.view.started_at),
            "uptime_secs": up,
            "utime_days": f"{up // 86400}d {up % 86400 // 3600}h {up % 3600 // 60}m {up % 60}s",
        }

    def uptime(self) -> dict[str, Any]:
        now = self.view.now()
        return {
            "now": clock_text(now),
            "up_since": clock_text(self.view.started_at),
            "uptime": max(0, int(now) - int(self.view.started_at)),
        }

    def ps(self) -> Many:
        return Many(part for process in self.view.processes() for part in (process.pid, process.description))

    def psx(self) -> Many:
        return Many(
            {"IDX": index, "PID": process.pid, "DSC": process.description}
            for index, process in enumerate(self.view.processes())
        )

    def psa(self) -> Many:
        return Many(
            {
                "index": index,
                "pid": process.pid,
                "status": process.status,
                "rank": process.rank,
                "description": process.description,
            }
            for index, process in enumerate(self.view.processes())
        )

    def pwd(self) -> str:
        try:
            return os.getcwd()
        except OSError:
            raise RpcFault(500, "getcwd Failed") from None

    def arg(self) -> Many:
        return Many(self.view.arguments)

    def kill(self, number: int = 15) -> None:
        try:
            self.view.signal(number)
        except ValueError:
            raise RpcFault(400, f"there is no signal {number}") from None

    def shmmem(self, unit: Any = "") -> dict[str, int]:
        if not isinstance(unit, str):
            unit = ""
        shift = _UNITS.get(unit[:1].lower())
        if shift is None or unit[1:].lower() not in ("", "b"):
            raise RpcFault(500, "bad param, (use b|k|m|g)")
        info = memory_info()
        return {name: value if name == "fragments" else value >> shift for name, value in info.items()}

    def tcp_info(self) -> dict[str, int]:
        info = self.view.tcp_info()
        if info is None:
            raise RpcFault(500, "tcp support disabled")
        return {
            "readers": info.readers,
            "max_connections": info.max_connections,
            "max_tls_connections": info.max_tls_connections,
            "opened_connections": info.connections,
            "opened_tls_connections": info.tls_connections,
            "write_queued_bytes": info.queued_bytes,
        }

    def tcp_options(self) -> dict[str, int]:
        if self.view.tcp_info() is None:
            raise RpcFault(500, "tcp support disabled")
        values = self.view.tcp_options()
        return {name: values.get(name, default) for name, default in TCP_OPTIONS.items()}

    def tcp_list(self) -> Many:
        if self.view.tcp_info() is None:
            raise RpcFault(500, "tcp support disabled")
        return Many(
            {
                "id": connection.id,
                "type": connection.proto.upper(),
                "state": f"CONN_{connection.state}",
                "timeout": connection.timeout,
                "lifetime": connection.lifetime,
                "ref_count": connection.references,
                "src_ip": connection.src_ip,
                "src_port": connection.src_port,
                "dst_ip": connection.dst_ip,
                "dst_port": connection.dst_port,
            }
            for connection in self.view.tcp_connections()
        )

    def udp4_raw_info(self) -> dict[str, int]:
        return dict(zip(("udp4_raw", "udp4_raw_mtu", "udp4_raw_ttl"), self.view.udp4_raw(), strict=True))

    def aliases_list(self) -> dict[str, Any]:
        aliases = NamedList(
            ("alias", {"proto": alias.proto or "*", "address": alias.address, "port": alias.port or "*"})
            for alias in self.view.host_aliases()
        )
        return {"myself_callbacks": _yes(self.view.myself_callbacks()), "aliases": aliases}

    def sockets_list(self) -> NamedList:
        found = NamedList()
        for socket in self.view.listen_sockets():
            entry: dict[str, Any] = {"proto": socket.proto, "address": socket.address}
            if socket.ip and socket.ip != socket.address:
                entry["ipaddress"] = socket.ip
            entry["port"] = str(socket.port)
            entry["mcast"] = _yes(socket.multicast)
            entry["mhomed"] = _yes(socket.mhomed)
            entry["virtual"] = _yes(socket.virtual)
            found.append(("socket", entry))
        return found

    def modules(self) -> Many:
        return Many(reversed(self.view.modules()))

    def ppdefines(self) -> Many:
        return Many(name for name, _ in self.view.defines())

    def ppdefines_full(self) -> Many:
        return Many(
            {"name": name, "type": 0, "value": "none" if value is None else value}
            for name, value in self.view.defines()
        )

    # --- modparam.* ---------------------------------------------------------------------------------------------------

    def _params(self, module: str) -> dict[str, int | str]:
        params = self.view.module_params(module)
        if params is None:
            raise RpcFault(404, f"module {module} not loaded")
        return params

    def _param(self, module: str, name: str) -> int | str:
        params = self._params(module)
        if name not in params:
            raise RpcFault(404, f"parameter {name} not found in module {module}")
        return params[name]

    def modparam_list(self, module: str) -> dict[str, int | str]:
        return self._params(module)

    def modparam_gets(self, module: str, name: str) -> str:
        return str(self._param(module, name))

    def modparam_getn(self, module: str, name: str) -> int:
        value = self._param(module, name)
        if not isinstance(value, int):
            raise RpcFault(400, f"parameter {name} of module {module} is no number")
        return value

    def modparam_setn(self, module: str, name: str, value: int) -> None:
        self.modparam_getn(module, name)
        try:
            self.view.set_module_param(module, name, value)
        except ValueError as error:
            raise RpcFault(400, str(error)) from None


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def register_core_commands(registry: Registry, view: EngineView) -> None:
    """Add core.*, dns.*, dst_blocklist.* and modparam.* to a registry."""
    core = CoreCommands(view)
    add = registry.register
    add("core.prints", core.echo, "*s", "Returns the strings given as parameters.", array=True)
    add("core.printi", core.printi, "*d", "Returns the integers given as parameters.", array=True)
    add("core.echo", core.echo, "*.s", "Returns back its parameters.", array=True)
    add("core.echo_delta", core.echo, "*.s", "Returns back its parameters.", array=True)
    add("core.version", core.version, "", "Returns the version string of the server.")
    add("core.flags", core.flags, "", "Returns the compile flags.")
    add("core.info", core.info, "", "Version and build of the server.")
    add("core.runinfo", core.runinfo, "", "Version, time and uptime of the server.")
    add("core.uptime", core.uptime, "", "Returns uptime of SIP server.")
    add("core.ps", core.ps, "", "Returns the description of running processes.", array=True)
    add("core.psx", core.psx, "", "Returns the detailed description of running processes.", array=True)
    add("core.psa", core.psa, "", "Return all the attributes of running processes.", array=True)
    add("core.pwd", core.pwd, "", "Returns the working directory of server.", array=True)
    add("core.arg", core.arg, "", "Returns the list of command line arguments used on startup.", array=True)
    add("core.kill", core.kill, "*d", "Sends the given signal to server.")
    add(
        "core.shmmem",
        core.shmmem,
        "*a",
        "Returns memory info: total and free of the machine, used by the server. Unit: b (default), k, m or g.",
    )
    add("core.tcp_info", core.tcp_info, "", "Returns tcp related info.")
    add("core.tcp_options", core.tcp_options, "", "Returns active tcp options.")
    add("core.tcp_list", core.tcp_list, "", "Returns tcp connections details.", array=True)
    add("core.udp4_raw_info", core.udp4_raw_info, "", "Returns udp4_raw related info.")
    add("core.aliases_list", core.aliases_list, "", "List local SIP server host aliases")
    add("core.sockets_list", core.sockets_list, "", "List local SIP server listen sockets")
    add("core.modules", core.modules, "", "List loaded modules", array=True)
    add("core.ppdefines", core.ppdefines, "", "List preprocessor defines", array=True)
    add("core.ppdefines_full", core.ppdefines_full, "", "List preprocessor defines with full details", array=True)
    add("modparam.list", core.modparam_list, "s", "List the parameters of a module with their values.")
    add("modparam.gets", core.modparam_gets, "ss", "Value of a module parameter as text.")
    add("modparam.getn", core.modparam_getn, "ss", "Value of an integer module parameter.")
    add("modparam.setn", core.modparam_setn, "ssd", "Set an integer module parameter.")
    register_dns_commands(registry, view)
