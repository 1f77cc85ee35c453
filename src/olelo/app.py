"""The composition root: the only file that sees every room. It makes an engine of a file and runs it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from olelo import __version__
from olelo.cli.options import DEFAULT_RUN_DIR, ServeOptions
from olelo.core.early import started
from olelo.core.engine import DBG, INFO, NOTICE, WARN, Engine
from olelo.core.listen import is_address, make_sockets, parse_option
from olelo.core.loader import catalog_of, load
from olelo.core.loader import check as check_config
from olelo.core.lookup import parse_phostport
from olelo.core.memory import memory_peak, memory_used
from olelo.core.module import ModuleError
from olelo.core.receive import Receiver
from olelo.modules import all_modules
from olelo.net import process
from olelo.net.log import Log
from olelo.net.pages import use_large_pages
from olelo.net.services import NetServices
from olelo.net.tcp import EXPIRE_EVERY
from olelo.rpc.core_commands import register_core_commands
from olelo.rpc.engine_view import LiveEngine
from olelo.rpc.registry import Registry
from olelo.rpc.server import ControlServer
from olelo.script.catalog import Catalog
from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Config, CoreParam, Int, LoadModule, ModParam, Pos, Str
from olelo.script.parser import parse_file

#: The collector is kept off the packets' path: a full collection over a million bindings would stop every call, and
#: what a call allocates is freed by reference counts, since its cycles are cut when its transactions end. It runs when
#: the server has been quiet, and by itself only where this many containers have piled up, which would be a leak.
GC_THRESHOLDS = (5_000_000, 10, 10)
GC_EVERY = 600.0
GC_QUIET = 5.0


def catalog() -> Catalog:
    """All that Olelo knows, for `olelo modules`."""
    return catalog_of(all_modules())


def check(
    path: str, defines: Mapping[str, str | None], options: ServeOptions | None = None
) -> tuple[Diagnostics, dict[str, str]]:
    """Everything wrong in a configuration, and the text of its files; opens no socket and runs nothing of the file.

    options: what a command line adds to the file.
    """
    diag = Diagnostics()
    substs = options.substs if options is not None else ()
    config = parse_file(path, diag, defines=defines, environ=os.environ, substs=substs)
    if options is not None:
        _apply_options(config, options)
    check_config(config, diag, all_modules())
    return diag, config.sources


def serve(options: ServeOptions) -> int:
    """Run the server until a signal ends it. Returns the exit code."""
    diag = Diagnostics()
    config = parse_file(options.config, diag, defines=options.defines, environ=os.environ, substs=options.substs)
    _apply_options(config, options)
    parent = None
    if options.daemonize and _forks(config):
        problems = Diagnostics(list(diag.found))
        check_config(config, problems, all_modules())
        if problems.errors:
            _show(problems, config, options.config)
            return 1
        parent = process.to_background(options.log_stderr)
    try:
        import uvloop

        loop_factory: Any = uvloop.new_event_loop
    except ImportError:
        loop_factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(_serve(config, diag, options, parent))


def _apply_options(config: Config, options: ServeOptions) -> None:
    """What the command line adds to the file: modules, parameters and addresses, as if they stood at its end."""
    pos = Pos("command line", 1, 1)
    for name in options.loadmodules:
        bare = os.path.basename(name).removesuffix(".so")
        config.items.append(LoadModule(pos, bare, name))
    for module, name, value in options.modparams:
        config.items.append(ModParam(pos, re.escape(module), name, value, pos, pos, pos))
    for text in options.listen:
        config.items += parse_option(text)
    given: list[tuple[str, int | str | None]] = [
        ("debug", options.debug),
        ("server_id", options.server_id),
        ("auto_aliases", None if options.auto_aliases is None else int(options.auto_aliases)),
        ("disable_tcp", 1 if options.disable_tcp else None),
        ("check_via", 1 if options.check_via else None),
        ("rundir", options.run_dir if options.run_dir != DEFAULT_RUN_DIR else None),
    ]
    for name, setting in given:
        if setting is not None:
            item = Int(pos, setting) if isinstance(setting, int) else Str(pos, setting)
            config.items.append(CoreParam(pos, name, [item], pos))


def _forks(config: Config) -> bool:
    """Whether the file lets the server go to the background (fork=yes, which is the default)."""
    forks = True
    for item in config.items:
        if isinstance(item, CoreParam) and item.name == "fork" and item.values:
            forks = bool(getattr(item.values[-1], "value", 1))
    return forks


async def _serve(config: Config, diag: Diagnostics, options: ServeOptions, parent: process.Parent | None) -> int:
    loop = asyncio.get_running_loop()
    log = Log()
    services = NetServices(loop, log)
    status = 1
    try:
        if options.work_dir:
            os.chdir(options.work_dir)
        if options.pid_file and (found := process.running_process(options.pid_file)):
            raise OSError(f"running process found in the pid file {options.pid_file}: {found}")
        engine = load(config, diag, services, all_modules())
        if engine is None:
            _show(diag, config, options.config)
            return status
        server = Server(engine, services, log, options)
        await server.start(own_group=parent is not None)
        status = 0
    except OSError as error:
        print(f"olelo: {error}", file=sys.stderr)
        return status
    finally:
        if parent is not None and status:
            parent.failed(options.failed)
    if parent is not None:
        parent.started()
    await server.stopped.wait()
    await server.stop()
    return 0


def _show(diag: Diagnostics, config: Config, path: str) -> None:
    from olelo.cli import report

    for finding in diag.errors:
        print(report.with_source(finding, config.sources, sys.stderr.isatty()), end="\n\n", file=sys.stderr)
    print(report.summary(diag, path), file=sys.stderr)


class Server:
    """A running engine with its sockets, control doors and signals."""

    def __init__(self, engine: Engine, services: NetServices, log: Log, options: ServeOptions) -> None:
        self.engine = engine
        self.services = services
        self.log = log
        self.options = options
        self.stopped = asyncio.Event()
        self.registry = Registry(lambda text: log.write(-1, text))
        self.control: ControlServer | None = None
        self.receiver = Receiver(engine)

    async def start(self, own_group: bool = False) -> None:
        """Open everything. Raises OSError where an address or file cannot be had. own_group: the process leads a group."""
        engine, options, params = self.engine, self.options, self.engine.params
        engine.pid = os.getpid()
        engine.arguments = options.arguments
        if not (options.log_stderr or params.log_stderror):
            self.log.use_syslog(params.log_name or options.name, params.log_facility or "LOG_DAEMON")
        self.log.color = bool(options.log_color or params.log_color)
        if params.workdir and not options.work_dir:
            os.chdir(params.workdir)
        if params.open_files_limit > 0 and (hindered := process.limit_open_files(params.open_files_limit)):
            engine.log(WARN, f"<core>: {hindered}")
        if params.disable_core_dump:
            process.no_core_dumps()
        uid, gid = process.owner_of(options.user or str(params.user), options.group or str(params.group))
        addresses = interfaces()
        names = host_names(engine, addresses)
        engine.sockets = make_sockets(engine, addresses)
        if not engine.sockets:
            raise OSError("there is no address to listen on")
        for text in [*params.alias, *params.domain, *options.aliases]:
            engine.add_alias(*_alias(text))
        for name, port, proto in names:
            engine.add_alias(name.encode("latin-1"), port, proto)
        engine.control_opener = self._open_control
        live = LiveEngine(engine, self)
        register_core_commands(self.registry, live)
        self.registry.register_all(engine.commands.values())
        await self._prepare()
        await self.services.open(engine.sockets, params, self.receiver.receive, options.max_recv_buffer)
        if self.services.tcp is not None:
            self.services.tcp.on_unsent = engine.send_failed
        self.services.count_in(engine.stats)
        for module in engine.modules.values():
            module.start()
        started(engine)
        self._expire_connections()
        self._watch_signals()
        if options.pid_file:
            process.write_number(options.pid_file, engine.pid, (uid, gid))
        if options.pgid_file and own_group:
            process.write_number(options.pgid_file, os.getpgid(0), (uid, gid))
        process.become(uid, gid)
        if params.auto_aliases:
            self._find_aliases()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        use_large_pages()
        self._collect_when_quiet()
        self._say()

    async def _prepare(self) -> None:
        """Let modules reach what they need before the doors open. Raises OSError where one refuses to start."""
        try:
            for module in self.engine.modules.values():
                await module.prepare()
        except ModuleError as error:
            await self.engine.databases.close()
            raise OSError(str(error)) from None
        # Connections made here would belong to whoever started us: what SQLite keeps beside its file, for one.
        await self.engine.databases.release()

    def _watch_signals(self) -> None:
        """INT and TERM end the server; USR1 logs the memory; HUP and USR2 are taken without effect, as in Kamailio."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopped.set)
        loop.add_signal_handler(signal.SIGUSR1, self._log_memory)
        for number in (signal.SIGHUP, signal.SIGUSR2):
            loop.add_signal_handler(number, self.engine.log, DBG, f"<core>: {number.name} received, ignoring it")

    def _log_memory(self) -> None:
        used = memory_used() // 1024
        self.engine.log(NOTICE, f"<core>: memory status: {used} KiB in use, {memory_peak() // 1024} KiB at most")

    def _find_aliases(self) -> None:
        """auto_aliases: the names of our addresses are ours, too. Asked in the background: name servers may be slow."""
        loop = asyncio.get_running_loop()
        sockets = list(self.engine.sockets)

        def add(name: str, port: int, proto: str) -> None:
            self.engine.add_alias(name.encode("latin-1", "replace"), port, proto)

        def ask() -> None:
            names: dict[str, list[str]] = {}
            for sock in sockets:
                if sock.host not in names:
                    try:
                        name, more, _ = socket.gethostbyaddr(sock.host)
                        names[sock.host] = [name, *more]
                    except (OSError, UnicodeError):
                        names[sock.host] = []  # most addresses have no name
                for name in names[sock.host]:
                    with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                        loop.call_soon_threadsafe(add, name, sock.port, sock.proto)

        threading.Thread(target=ask, name="aliases", daemon=True).start()

    def _say(self) -> None:
        engine = self.engine
        places = ", ".join(s.text for s in engine.sockets)
        engine.log(NOTICE, f"olelo {__version__} runs {self.options.config} on {places}")
        if self.options.without_effect:
            engine.log(INFO, f"<core>: options without effect here: {', '.join(self.options.without_effect)}")
        if not sys.stdout.isatty() or self.options.daemonize:
            return
        first = engine.sockets[0]
        door = f" -s {self.control.listening()[0].name}" if self.control is not None else ""
        program = sys.argv[0]
        print(f"\nOlelo {__version__} is running: {places}")
        print(f"  1. point a phone at {first.via_host}:{first.via_port}, any user name, no password")
        if self.control is not None:
            print(f"  2. see its registration:  {program} cmd{door} ul.dump")
            print("  3. register a second one, and let one call the other by its user name")
        print("Stop with Ctrl-C.\n", flush=True)

    def _collect_when_quiet(self) -> None:
        """Collect garbage at most every GC_EVERY seconds, when no message has come for GC_QUIET seconds."""
        seen = self.engine.message_count
        last = self.engine.now()

        def look() -> None:
            nonlocal seen, last
            now = self.engine.now()
            if self.engine.message_count == seen and now - last >= GC_EVERY:
                gc.collect()
                gc.freeze()
                last = now
            seen = self.engine.message_count

        self.engine.every(GC_QUIET, look)

    def _expire_connections(self) -> None:
        tcp = self.services.tcp
        if tcp is not None:
            self.engine.every(EXPIRE_EVERY, tcp.expire)

    def _open_control(self, addresses: Sequence[Any], options: Any) -> ControlServer:
        control = ControlServer(self.registry, options, lambda text: self.log.write(-1, text))
        for address in addresses:
            if address.is_path:
                os.makedirs(os.path.dirname(address.name) or ".", exist_ok=True)
            control.open(address)
        self.control = control
        return control

    async def stop(self) -> None:
        for module in reversed(list(self.engine.modules.values())):
            module.stop()
        if self.control is not None:
            self.control.close()
        await self.engine.databases.close()
        await self.services.close()
        for path in (self.options.pgid_file, self.options.pid_file):  # the pid file's end says that all is gone
            if path:
                process.remove(path)


def interfaces() -> dict[str, list[str]]:
    """IP addresses by interface name, and all of them under "", loopback first."""
    found: dict[str, list[str]] = {"": ["127.0.0.1"], "lo": ["127.0.0.1"]}
    try:
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        import fcntl
        import struct

        with probe:
            for _, name in socket.if_nameindex():
                request = struct.pack("256s", name[:15].encode())
                try:
                    answer = fcntl.ioctl(probe.fileno(), 0x8915, request)  # SIOCGIFADDR
                except OSError:
                    continue  # an interface without an IPv4 address
                address = socket.inet_ntoa(answer[20:24])
                found.setdefault(name, []).append(address) if name != "lo" else None
                if address not in found[""]:
                    found[""].append(address)
    except OSError:
        return found
    return found


def host_names(engine: Engine, addresses: dict[str, list[str]]) -> list[tuple[str, int, str]]:
    """Look up the hosts of `listen` lines that are names: their addresses are added to `addresses`.

    Returns (name, port, transport): such a name is ours. Raises OSError for a name without address.
    """
    found = []
    for item in engine.listens:
        host = item.host.strip("[]")
        if host in ("", "*") or host in addresses or is_address(host):
            continue
        try:
            infos = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise OSError(
                f"{item.pos.file}:{item.pos.line}:{item.pos.col}: cannot listen on {host}: {error}"
            ) from error
        addresses[host] = [str(infos[0][4][0])]
        found.append((host, item.port, item.proto))
    return found


def _alias(text: str) -> tuple[bytes, int, str]:
    try:
        proto, host, port = parse_phostport(text)
    except ValueError as error:
        raise OSError(f"bad alias: {error}") from error
    return host.encode("latin-1"), port, proto
