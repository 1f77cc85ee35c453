"""The composition root: the only file that sees every room. It makes an engine of a file and runs it."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

from olelo import __version__
from olelo.cli.options import ServeOptions
from olelo.core.engine import Engine
from olelo.core.loader import catalog_of, load, make_sockets
from olelo.core.loader import check as check_config
from olelo.core.receive import Receiver
from olelo.core.sockets import ListenSocket
from olelo.modules import all_modules
from olelo.net.log import Log
from olelo.net.pages import use_large_pages
from olelo.net.services import NetServices
from olelo.rpc.core_commands import register_core_commands
from olelo.rpc.engine_view import LiveEngine
from olelo.rpc.registry import Registry
from olelo.rpc.server import ControlServer
from olelo.script.catalog import Catalog
from olelo.script.diagnostics import Diagnostics
from olelo.script.nodes import Config, Listen, LoadModule, ModParam, Pos
from olelo.script.parser import parse_file

#: The collector is kept off the packets' path: a full collection over a million bindings would stop every call, and
#: what a call allocates is freed by reference counts, since its cycles are cut when its transactions end. It runs when
#: the server has been quiet, and by itself only where this many containers have piled up, which would be a leak.
GC_THRESHOLDS = (5_000_000, 10, 10)
GC_EVERY = 600.0
GC_QUIET = 5.0
#: How long the start waits for the names of our addresses (auto_aliases).
REVERSE_SECONDS = 3.0


def catalog() -> Catalog:
    """All that Olelo knows, for `olelo modules`."""
    return catalog_of(all_modules())


def check(path: str, defines: dict[str, str | None]) -> tuple[Diagnostics, dict[str, str]]:
    """Everything wrong in a configuration, and the text of its files; opens no socket and runs nothing of the file."""
    diag = Diagnostics()
    config = parse_file(path, diag, defines=defines, environ=os.environ)
    check_config(config, diag, all_modules())
    return diag, config.sources


def serve(options: ServeOptions) -> int:
    """Run the server until a signal ends it. Returns the exit code."""
    diag = Diagnostics()
    config = parse_file(options.config, diag, defines=options.defines, environ=os.environ)
    _apply_options(config, options)
    if options.daemonize:
        problems = Diagnostics(list(diag.found))
        check_config(config, problems, all_modules())
        if problems.errors:  # said while there is still a terminal to say it on
            _show(problems, config, options.config)
            return 1
        _daemonize(options.pgid_file)
    try:
        import uvloop

        loop_factory: Any = uvloop.new_event_loop
    except ImportError:
        loop_factory = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(_serve(config, diag, options))


def _apply_options(config: Config, options: ServeOptions) -> None:
    """What the command line adds to the file: modules and parameters, as if they stood at its end."""
    pos = Pos("command line", 1, 1)
    for name in options.loadmodules:
        bare = os.path.basename(name).removesuffix(".so")
        config.items.append(LoadModule(pos, bare, name))
    for module, name, value in options.modparams:
        config.items.append(ModParam(pos, re.escape(module), name, value, pos, pos, pos))


async def _serve(config: Config, diag: Diagnostics, options: ServeOptions) -> int:
    loop = asyncio.get_running_loop()
    log = Log()
    services = NetServices(loop, log)
    engine = load(config, diag, services, all_modules())
    if engine is None:
        _show(diag, config, options.config)
        return 1
    server = Server(engine, services, log, options)
    try:
        await server.start()
    except OSError as error:
        print(f"olelo: {error}", file=sys.stderr)
        return 1
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

    async def start(self) -> None:
        """Open everything. Raises OSError where an address or file cannot be had."""
        engine, options, params = self.engine, self.options, self.engine.params
        engine.pid = os.getpid()
        engine.arguments = options.arguments
        if options.debug is not None:
            params.debug = options.debug
        if options.server_id is not None:
            params.server_id = options.server_id
        if options.disable_tcp:
            params.disable_tcp = 1
        if "rundir" not in params.given:
            params.rundir = options.run_dir
        if not (options.log_stderr or params.log_stderror):
            self.log.use_syslog(params.log_name or "olelo", params.log_facility or "LOG_DAEMON")
        if options.work_dir:
            os.chdir(options.work_dir)
        if options.auto_aliases is not None:
            params.auto_aliases = int(options.auto_aliases)
        for text in options.listen:
            engine.listens.append(_listen(text))
        engine.sockets = make_sockets(engine, interfaces())
        if params.auto_aliases:
            for sock, name in await reverse_names(engine.sockets):
                engine.add_alias(name.encode("latin-1", "replace"), sock.port, sock.proto)
        for text in [*params.alias, *options.aliases]:
            _alias(engine, text)
        engine.control_opener = self._open_control
        live = LiveEngine(engine, self)
        register_core_commands(self.registry, live)
        self.registry.register_all(engine.commands.values())
        await self.services.open(engine.sockets, params, self.receiver.receive)
        self.services.count_in(engine.stats)
        for module in engine.modules.values():
            module.start()
        self._expire_connections()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stopped.set)
        if options.pid_file:
            with open(options.pid_file, "w") as file:
                file.write(f"{engine.pid}\n")
        _become(options.user or params.user, options.group or params.group)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        use_large_pages()
        self._collect_when_quiet()
        self._say()

    def _say(self) -> None:
        engine = self.engine
        places = ", ".join(s.text for s in engine.sockets)
        engine.services.log(1, f"olelo {__version__} runs {self.options.config} on {places}")
        if not sys.stdout.isatty():
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
            self.engine.every(10.0, tcp.expire)

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
        await self.services.close()
        if self.options.pid_file and os.path.exists(self.options.pid_file):
            os.unlink(self.options.pid_file)


def _become(user: str, group: str) -> None:
    """Give up root for a user and group, by name or number, once all is open. Raises OSError where that fails."""
    if not (user or group) or os.getuid() != 0:
        return
    import grp
    import pwd

    try:
        if group:
            os.setgid(int(group) if group.isdigit() else grp.getgrnam(group).gr_gid)
        if user:
            entry = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
            if not group:
                os.setgid(entry.pw_gid)
            os.initgroups(entry.pw_name, os.getgid())
            os.setuid(entry.pw_uid)
    except KeyError as error:
        raise OSError(f"there is no user or group {error}") from error


def _daemonize(pgid_file: str) -> None:
    """Go to the background, as `kamailio` without -D does: a session of its own, no terminal."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    if pgid_file:
        with open(pgid_file, "w") as file:
            file.write(f"{os.getpgid(0)}\n")


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


async def reverse_names(sockets: Sequence[ListenSocket]) -> list[tuple[ListenSocket, str]]:
    """The names of our addresses, socket by socket, as far as the system knows them within `REVERSE_SECONDS`."""
    loop = asyncio.get_running_loop()
    hosts = {sock.host for sock in sockets}
    tasks = {host: loop.create_task(loop.getnameinfo((host, 0), socket.NI_NAMEREQD)) for host in hosts}
    if not tasks:
        return []
    await asyncio.wait(tasks.values(), timeout=REVERSE_SECONDS)
    names = {}
    for host, task in tasks.items():
        if task.done() and task.exception() is None:
            names[host] = task.result()[0]
        else:
            task.cancel()
    return [(sock, names[sock.host]) for sock in sockets if sock.host in names]


def _listen(text: str) -> Listen:
    proto, host, port = _split(text)
    return Listen(Pos("command line", 1, 1), proto, host, port)


def _split(text: str) -> tuple[str, str, int]:
    match = re.fullmatch(r"(?:(udp|tcp|tls|sctp|ws|wss):)?(\[[^]]*\]|[^:]*)(?::(\d+))?", text)
    if match is None:
        raise OSError(f"bad address {text!r}: [proto:]host[:port] was expected")
    return match[1] or "", match[2], int(match[3] or 0)


def _alias(engine: Engine, text: str) -> None:
    proto, host, port = _split(text)
    engine.add_alias(host.encode("latin-1"), port, proto)
